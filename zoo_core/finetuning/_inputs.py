"""Inputs of the new model: bands and size of the data, and a preprocessing that fits them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..cards import Band
from ..errors import UsageError
from ..preprocessing import Preprocessing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from ..cards import Card, InputSpec

#: How pixel values are brought to what the network takes.
STRETCHES = {
    "parent": "as the parent model does, with the average of its bands for other bands",
    "linear": "mean and deviation of the training data, for each band",
    "asinh": "in units of the noise, asinh, then mean and deviation of the training data",
}

#: Objects that mean and deviation are measured on.
_MEASURED = 512


def only_input(card: Card) -> InputSpec:
    """The input of a model that has one.

    Raises
    ------
    UsageError
        It has several.
    """
    if len(card.inputs) != 1:
        names = ", ".join(spec.name for spec in card.inputs)
        raise UsageError(
            f"{card.name} takes {len(card.inputs)} inputs ({names}); only models with one "
            "input can be fine-tuned by this command."
        )
    return card.inputs[0]


def input_of_data(
    spec: InputSpec, *, bands: Sequence[str] = (), size: Sequence[int] = ()
) -> InputSpec:
    """The parent's input with the bands and the size of the data.

    Parameters
    ----------
    spec : InputSpec
        Of the parent.
    bands : sequence of str
        Names of the bands in their order; the parent's, if empty.
    size : sequence of int
        Length of each axis; any, if empty. A single length holds for all axes.
    """
    if size and len(size) not in (1, len(spec.size)):
        raise UsageError(
            f"--size takes 1 or {len(spec.size)} lengths for a {spec.kind}, got {len(size)}."
        )
    lengths = tuple(size) * (len(spec.size) if len(size) == 1 else 1)
    return replace(
        spec,
        bands=tuple(Band(name=name) for name in bands) if bands else spec.bands,
        size=lengths or (None,) * len(spec.size),
        pixel_scale_arcsec=None if bands or size else spec.pixel_scale_arcsec,
        missing="fill",
    )


def preprocessing_of_data(
    card: Card,
    spec: InputSpec,
    arrays: Mapping[str, np.ndarray],
    *,
    stretch: str,
    resize: Sequence[int] = (),
) -> Preprocessing:
    """A preprocessing for the data, with numbers that were measured on training data.

    Parameters
    ----------
    card : Card
        Of the parent.
    spec : InputSpec
        Of the data.
    arrays : mapping of str to numpy.ndarray
        Training data ``(n, channel, *axes)``.
    stretch : str
        One of ``STRETCHES``.
    resize : sequence of int
        Pixels along each axis that images are brought to first; as they are, if empty.

    Raises
    ------
    UsageError
        An unknown stretch.
    """
    channels = len(spec.bands)
    old = card.preprocessing[card.inputs[0].name].to_json()
    start: list[dict[str, Any]] = []
    if resize:
        lengths = list(resize) * (len(spec.size) if len(resize) == 1 else 1)
        start = [{"op": "fill_nan", "value": 0.0}, {"op": "resize", "size": lengths}]
    if stretch == "parent":
        steps = [*start, *[step for step in old if step["op"] not in ("resize", "center_crop")]]
        if channels == len(card.inputs[0].bands):
            return Preprocessing.parse(steps, channels=channels)
        # A grey picture is the average of the colours, and so are its mean and deviation.
        steps = [
            _averaged(step, channels) if step["op"] == "normalize" else step for step in steps
        ]
        return Preprocessing.parse(steps, channels=channels)
    if stretch == "linear":
        steps = [*start, {"op": "fill_nan", "value": 0.0}]
    elif stretch == "asinh":
        steps = [
            *start,
            {"op": "subtract_median"},
            {"op": "noise_scale"},
            {"op": "fill_nan", "value": 0.0},
            {"op": "asinh", "softening": 2.0},
        ]
    else:
        raise UsageError(f"the stretch is one of {', '.join(STRETCHES)}, not {stretch!r}.")
    mean, deviation = measure(Preprocessing.parse(steps, channels=channels), arrays[spec.name])
    steps.append({"op": "normalize", "mean": mean, "std": deviation})
    return Preprocessing.parse(steps, channels=channels)


def _averaged(step: dict[str, Any], channels: int) -> dict[str, Any]:
    """A normalisation with the same numbers for each channel."""
    numbers = {key: sum(step[key]) / len(step[key]) for key in ("mean", "std")}
    return {"op": "normalize", **{key: [value] * channels for key, value in numbers.items()}}


def measure(steps: Preprocessing, array: np.ndarray) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel after some steps.

    Both to a thousandth of the deviation. That of a band that is the same everywhere is one.
    """
    import numpy as np
    import torch

    rows = np.linspace(0, len(array) - 1, min(_MEASURED, len(array))).astype(int)
    batch = steps(torch.from_numpy(np.ascontiguousarray(array[rows]).astype(np.float32)))
    flat = batch.transpose(0, 1).flatten(1).double()
    deviation = [float(f"{value:.4g}") or 1.0 for value in flat.std(1).tolist()]
    # As exactly as the deviation asks for, however far from zero the mean is.
    digits = [3 - math.floor(math.log10(value)) for value in deviation]
    mean = [round(value, n) for value, n in zip(flat.mean(1).tolist(), digits, strict=True)]
    return mean, deviation
