"""Weights on public hubs that the zoo's own registry has cards for.

``python -m zoo_timm.hub_models registry`` writes their model folders anew.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from zoo_core.cards import CARD_FILE, parse_card, readme

from .cards import Backbone
from .place import of_timm

#: timm's default weights of small and common networks, trained on ImageNet-1k or more.
_IMAGENET = (
    "convnext_nano",
    "efficientnet_b0",
    "mobilenetv2_100",
    "resnet18",
    "resnet50",
    "vit_small_patch16_224",
)

#: Encoders that Zoobot's documentation lists and whose networks timm has.
_ZOOBOT = (
    "convnext_pico",
    "convnext_nano",
    "convnext_tiny",
    "convnext_small",
    "convnext_base",
    "convnext_large",
    "maxvit_rmlp_small_rw_224",
    "maxvit_large_tf_224",
    "resnet18",
    "resnet50",
    "resnet101",
)

_SCALING_LAWS = """@misc{2024arXiv240402973W,
  author = {Walmsley, Mike and others},
  title = {Scaling Laws for Galaxy Images},
  year = 2024,
  eprint = {2404.02973},
  archivePrefix = {arXiv},
}"""

_ZOOBOT_PAPER = """@article{2023JOSS....8.5312W,
  author = {Walmsley, Mike and others},
  title = {Zoobot: Adaptable Deep Learning Models for Galaxy Morphology},
  journal = {Journal of Open Source Software},
  year = 2023,
  volume = 8,
  number = 85,
  pages = {5312},
  doi = {10.21105/joss.05312},
}"""

_IMAGENET_1K = {
    "name": "ImageNet-1k",
    "version": "ILSVRC 2012",
    "kind": "data set",
    "examples": 1_281_167,
}

_GZ_EVO = {
    "name": "GZ Evo",
    "version": "as Zoobot's documentation describes it",
    "kind": "data set",
    "examples": 820_000,
}


def zoobot(network: str) -> Backbone:
    """An encoder of Zoobot, with the preprocessing of Zoobot's own loaders."""
    repository = f"hf://mwalmsley/zoobot-encoder-{network}"
    return Backbone(
        name=f"zoobot-encoder-{network}",
        network=network,
        sources=[repository],
        license="Apache-2.0",
        size=(224, 224),
        has_head=False,
        summary=f"Zoobot's encoder: {network}, trained on Galaxy Zoo votes, features only",
        trained_on=[_GZ_EVO],
        citation=[_SCALING_LAWS, _ZOOBOT_PAPER],
        limits=[
            (
                "Pixel values are brought to 0 to 1 and not normalised, as Zoobot's loaders do "
                "by default; the repository's config.json names ImageNet's mean and deviation."
            ),
            (
                "The repository was first written with a pickle, which is never loaded: it "
                "works here once it holds model.safetensors."
            ),
        ],
    )


def hub_models() -> list[Backbone]:
    """All of them, by name."""
    found = [*map(_imagenet, _IMAGENET), *map(zoobot, _ZOOBOT)]
    return sorted(found, key=lambda backbone: backbone.name)


def _imagenet(network: str) -> Backbone:
    return replace(of_timm(network), trained_on=[_IMAGENET_1K])


def write(folder: Path) -> None:
    """Write card and README of each into a folder of model folders."""
    for backbone in hub_models():
        made: dict[str, Any] = backbone.card()
        model = folder / backbone.name
        model.mkdir(parents=True, exist_ok=True)
        (model / CARD_FILE).write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
        (model / "README.md").write_text(readme(parse_card(made)), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
