"""Cards for weights that timm or others published in timm's format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    head_keys : sequence of str
        Tensors of the head that the file may hold, which are left out.
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
    head_keys: Sequence[str] = ()
    trained_on: Sequence[dict[str, Any]] = ()
    citation: Sequence[str] = ()
    limits: Sequence[str] = ()

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
                "num_parameters": count_parameters(self.network, self.bands),
                "dtype": "float32",
                "license": self.license,
                "sources": list(self.sources),
            },
            "head_keys": list(self.head_keys),
            "trained_on": list(self.trained_on),
            "metrics": [],
            "citation": [*self.citation, TIMM],
            "limits": [*self.limits, *_LIMITS],
        }


def count_parameters(network: str, bands: int) -> int:
    """Parameters of a timm network without a head; no memory is used for them."""
    import torch

    from .architectures import timm_backbone

    with torch.device("meta"):
        made = timm_backbone(network, num_bands=bands)
    return sum(parameter.numel() for parameter in made.parameters())


def spdx(license: str | None) -> str:
    """A license as timm names it, as SPDX writes it."""
    if not license:
        return "LicenseRef-unknown"
    return _SPDX.get(license, f"LicenseRef-{license}")


def head_keys(classifier: str | tuple[str, ...] | list[str] | None) -> list[str]:
    """Names of the tensors of timm's classifiers, such as ``head.fc``."""
    if not classifier:
        return []
    names = [classifier] if isinstance(classifier, str) else list(classifier)
    return [f"{name}.{kind}" for name in names for kind in ("weight", "bias")]
