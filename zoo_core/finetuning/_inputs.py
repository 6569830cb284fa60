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

    Steps = list[dict[str, Any]]

#: How pixel values are brought to what the network takes.
STRETCHES = {
    "parent": "as the parent model does, with the average of its bands for other bands",
    "linear": "mean and deviation of the training data, for each band",
    "asinh": "in units of the noise, asinh, then mean and deviation of the training data",
}

#: Objects that mean and deviation are measured on.
_MEASURED = 512

#: Objects that are looked at for a remark.
_LOOKED_AT = 64

#: Between these lie the deviations, and below the upper one the means, of what networks are
#: given that learn well: of pictures that were normalised as well as of fluxes under an asinh.
_USUAL = (0.02, 20.0)


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
            f"--size takes 1 or {len(spec.size)} lengths for input of the kind {spec.kind}, "
            f"got {len(size)}."
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
    if resize and len(resize) not in (1, len(spec.size)):
        raise UsageError(
            f"--resize takes 1 or {len(spec.size)} lengths for input of the kind {spec.kind}, "
            f"got {len(resize)}."
        )
    lengths = list(resize) * (len(spec.size) if len(resize) == 1 else 1)
    if stretch == "parent":
        steps = _as_parent(card, len(spec.bands), lengths)
    elif stretch == "linear":
        steps = _linear(arrays[spec.name], lengths)
    elif stretch == "asinh":
        steps = _asinh(arrays[spec.name], lengths)
    else:
        raise UsageError(f"the stretch is one of {', '.join(STRETCHES)}, not {stretch!r}.")
    return Preprocessing.parse(steps, channels=len(spec.bands))


def preprocessing_of_features(
    card: Card, spec: InputSpec, array: np.ndarray, *, stretch: str, resize: Sequence[int] = ()
) -> Preprocessing:
    """A preprocessing for an architecture that measures features and has no parent.

    Where no stretch is asked for, the pixels get mean zero and deviation one, and what is
    missing stays missing: statistics that leave it out are better than any number in its
    place. Parameters and errors as ``preprocessing_of_data``.
    """
    if stretch != "parent" or resize:
        stretch = "linear" if stretch == "parent" else stretch
        return preprocessing_of_data(
            card, spec, {spec.name: array}, stretch=stretch, resize=resize
        )
    return Preprocessing.parse([_normalised([], array)], channels=len(spec.bands))


def remark_on_scale(preprocessing: Preprocessing, array: np.ndarray, rows: np.ndarray) -> str:
    """What to say if pixels would reach the network on another scale than networks learn on.

    Parameters
    ----------
    preprocessing : Preprocessing
        Of the new model.
    array : numpy.ndarray
        Data ``(n, channel, *axes)``.
    rows : numpy.ndarray
        Those of the training part.

    Returns
    -------
    str
        Empty where mean and deviation are of the order of one.
    """
    mean, deviation = measure(preprocessing, array[rows[:: 1 + len(rows) // _LOOKED_AT]])
    low, high = _USUAL
    worst = max(max(map(abs, mean)), max(deviation))
    if worst <= high and max(deviation) >= low:
        return ""
    return (
        f"the pixels reach the network with a mean of {mean[0]:g} and a deviation of "
        f"{deviation[0]:g}, which should be near 0 and 1: the parent was trained on data of "
        "another scale. --stretch linear or asinh measures the scale on these."
    )


def _as_parent(card: Card, channels: int, lengths: list[int]) -> Steps:
    """The parent's steps for so many channels."""
    old = card.preprocessing[card.inputs[0].name].to_json()
    steps = [step for step in old if step["op"] not in ("resize", "center_crop")]
    if lengths:
        # Interpolation would spread what is missing.
        steps = [_filled(), {"op": "resize", "size": lengths}, *steps]
    elif not any(step["op"] == "fill_nan" for step in steps):
        # The parent was never given missing pixels.
        steps = [*steps, _filled()]
    if channels == len(card.inputs[0].bands):
        return steps
    # A grey picture is the average of the colours, and so are its mean and deviation.
    return [_averaged(step, channels) if step["op"] == "normalize" else step for step in steps]


def _linear(array: np.ndarray, lengths: list[int]) -> Steps:
    """Normalised first: missing pixels then get the mean, whatever that is."""
    steps = [_normalised([], array), _filled()]
    if lengths:
        # Averages have a smaller deviation than pixels.
        steps.append({"op": "resize", "size": lengths})
        steps.append(_normalised(steps, array))
    return steps


def _asinh(array: np.ndarray, lengths: list[int]) -> Steps:
    """Missing pixels get the median of their image."""
    steps: Steps = [{"op": "subtract_median"}]
    if lengths:
        steps += [_filled(), {"op": "resize", "size": lengths}]
    steps += [{"op": "noise_scale"}, _filled(), {"op": "asinh", "softening": 2.0}]
    return [*steps, _normalised(steps, array)]


def _filled() -> dict[str, Any]:
    return {"op": "fill_nan", "value": 0.0}


def _normalised(steps: Steps, array: np.ndarray) -> dict[str, Any]:
    """A normalisation with the numbers of the data after some steps."""
    before = Preprocessing.parse(steps, channels=array.shape[1])
    mean, deviation = measure(before, array)
    return {"op": "normalize", "mean": mean, "std": deviation}


def _averaged(step: dict[str, Any], channels: int) -> dict[str, Any]:
    """A normalisation with the same numbers for each channel."""
    numbers = {key: sum(step[key]) / len(step[key]) for key in ("mean", "std")}
    return {"op": "normalize", **{key: [value] * channels for key, value in numbers.items()}}


def measure(steps: Preprocessing, array: np.ndarray) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel after some steps; NaN does not count.

    Both to a thousandth of the deviation. That of a band that is the same everywhere is one.
    """
    import numpy as np
    import torch

    rows = np.linspace(0, len(array) - 1, min(_MEASURED, len(array))).astype(int)
    batch = steps(torch.from_numpy(np.ascontiguousarray(array[rows]).astype(np.float32)))
    flat = batch.transpose(0, 1).flatten(1).double()
    means = flat.nanmean(1)
    spread = (flat - means[:, None]).square().nanmean(1).sqrt()
    deviation = [float(f"{value:.4g}") or 1.0 for value in spread.tolist()]
    # As exactly as the deviation asks for, however far from zero the mean is.
    digits = [3 - math.floor(math.log10(value)) for value in deviation]
    mean = [round(value, n) for value, n in zip(means.tolist(), digits, strict=True)]
    return mean, deviation
