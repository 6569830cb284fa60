"""Cards for weights that timm or others published in timm's format."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: timm writes licenses in small letters; what is not here is no license that SPDX lists.
_SPDX = {
    "apache-2.0": "Apache-2.0",
    "bsd-3-clause": "BSD-3-Clause",
    "cc-by-4.0": "CC-BY-4.0",
    "cc-by-nc-4.0": "CC-BY-NC-4.0",
    "mit": "MIT",
}

TIMM = """@misc{rw2019timm,
  author = {Ross Wightman},
  title = {PyTorch Image Models},
  year = {2019},
  publisher = {GitHub},
  doi = {10.5281/zenodo.4414861},
}"""

_LIMITS = (
    "Takes pictures of 8 bits, 0 to 255, of exactly this size; it has never seen fluxes.",
    (
        "The weights are fetched from the Hub at the first load, and their hash is recorded "
        "then. They could not be fetched where this card was written: the way was tested with "
        "generated weights of the same network."
    ),
)

#: Values of a picture file, which go from 0 to 255.
_PICTURE_RANGE = 255

#: More than any network of timm has, with and without its head.
_MOST_PARAMETERS = 20_000_000_000
_MOST_TENSORS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Backbone:
    """Published weights of a timm network, used without their head.

    Parameters
    ----------
    name : str
        Of the model here.
    network : str
        timm's name of the network.
    sources : sequence of str
        ``hf://org/name`` of repositories that hold ``model.safetensors``.
    license : str
        Of the weights, as SPDX writes it.
    size : tuple of int
        Height and width of the input in pixels.
    bands : int
        3 for red, green and blue; 1 for grey.
    mean, std : sequence of float or None
        What the pixel values, brought to 0 to 1, are normalised by; None for not at all.
    options : mapping
        Arguments of the architecture besides network, bands and outputs.
    has_head : bool
        Whether the file may hold a head, whose tensors are left out.
    summary : str
        For the card.
    trained_on : sequence of dict
        As cards say it; empty if it is not known.
    citation, limits : sequence of str
        For the card, besides what holds for all backbones.
    """

    name: str
    network: str
    sources: Sequence[str]
    license: str
    size: tuple[int, int]
    summary: str
    bands: int = 3
    mean: Sequence[float] | None = None
    std: Sequence[float] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    has_head: bool = True
    trained_on: Sequence[dict[str, Any]] = ()
    citation: Sequence[str] = ()
    limits: Sequence[str] = ()

    @property
    def head_keys(self) -> list[str]:
        """Tensors of the head that the file may hold."""
        return list(self._described.head_keys) if self.has_head else []

    @property
    def _described(self) -> Described:
        return _describe(self.network, self.bands, json.dumps(dict(self.options)))

    def card(self) -> dict[str, Any]:
        """The card, as ``config.json`` holds it; the hash of the weights is left open."""
        names = ("red", "green", "blue") if self.bands == 3 else ("grey",)
        steps: list[dict[str, Any]] = [
            {"op": "fill_nan", "value": 0.0},
            {"op": "scale", "factor": 1 / _PICTURE_RANGE},
        ]
        if self.mean is not None and self.std is not None:
            steps.append({"op": "normalize", "mean": list(self.mean), "std": list(self.std)})
        return {
            "schema": 1,
            "name": self.name,
            "version": "1",
            "summary": self.summary,
            "plugin": "timm",
            "architecture": {
                "name": "timm",
                "arguments": {
                    "model": self.network,
                    "num_bands": self.bands,
                    "num_outputs": 0,
                    **self.options,
                },
            },
            "task": {"name": "features", "kind": "features", "targets": []},
            "inputs": [
                {
                    "name": "image",
                    "kind": "image",
                    "size": list(self.size),
                    "missing": "refuse",
                    "bands": [{"name": name} for name in names],
                    "preprocessing": steps,
                }
            ],
            "weights": {
                "file": "model.safetensors",
                "sha256": None,
                "size": None,
                "num_parameters": self._described.num_parameters,
                "dtype": "float32",
                "license": self.license,
                "sources": list(self.sources),
            },
            "head_keys": self.head_keys,
            "trained_on": list(self.trained_on),
            "metrics": [],
            "citation": [*self.citation, TIMM],
            "limits": [*self.limits, *_LIMITS],
        }


class Described(NamedTuple):
    """A timm network without its head, and the names of the tensors that the head adds."""

    num_parameters: int
    head_keys: tuple[str, ...]


@functools.lru_cache(maxsize=32)
def _describe(network: str, bands: int, options: str) -> Described:
    """Build a timm network with a head and without; no memory is used for its tensors.

    timm names the classifier's layers, but not what lies in them, such as a batch norm.

    Raises
    ------
    CardError
        timm cannot build it with these options.
    """
    import torch

    from zoo_core.weights import bounded_building

    from .architectures import timm_backbone

    given = json.loads(options)
    told = f" with {options}" if given else ""
    with (
        torch.device("meta"),
        bounded_building(
            parameters=_MOST_PARAMETERS, tensors=_MOST_TENSORS, origin=f"timm's {network}{told}"
        ),
    ):
        bare, full = (
            timm_backbone(network, num_bands=bands, num_outputs=outputs, **given)
            for outputs in (0, 2)
        )
    without = bare.state_dict()
    return Described(
        num_parameters=sum(parameter.numel() for parameter in bare.parameters()),
        head_keys=tuple(name for name in full.state_dict() if name not in without),
    )


def spdx(license: str | None) -> str:
    """A license as timm names it, as SPDX writes it."""
    if not license:
        return "LicenseRef-unknown"
    return _SPDX.get(license, f"LicenseRef-{license}")
