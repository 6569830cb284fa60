"""The starts that are compared, and what each task needs of ``zoo finetune``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .runs import Start

if TYPE_CHECKING:
    from pathlib import Path

    from .tasks import Labelled

#: Our own network of simulated lenses, and its architecture without the weights.
SIMULATED = "resnet-lens"

#: Pixels that images are brought to for the network of ``resnet-lens``, which saw 45.
_SMALL = {"radio": 64, "galaxy-zoo": 48}


def starts_of(task: Labelled, imagenet: Path) -> list[Start]:
    """Scratch, simulation and ImageNet for a task; head and full where there is a start."""
    colours = task.images.shape[1] > 1
    if task.name == "shifted-survey":
        small: dict[str, object] = {"bands": ("lsst-g",), "augment": "dihedral"}
        large: dict[str, object] = {"resize": (96, 96), "stretch": "asinh"}
    else:
        views = "dihedral" if task.name == "radio" else "one"
        side = _SMALL[task.name]
        small = {
            "resize": (side, side), "stretch": "linear", "bands": ("grey",),
            "augment": "strong", "views": views,
        }  # fmt: skip
        large = {"resize": (128, 128), "augment": "strong", "views": views}
    large["bands"] = ("r", "g", "b") if colours else ("grey",)
    if not colours:
        large["stem"] = "sum"
    frozen = {"augment": "dihedral", "copies": 8}
    made = []
    for name, parent, strategy, options in (
        ("scratch", SIMULATED, "scratch", small),
        ("simulation, head", SIMULATED, "head", {**small, **frozen}),
        ("simulation, full", SIMULATED, "full", small),
        ("ImageNet, head", f"file:{imagenet.resolve()}", "head", {**large, **frozen}),
        ("ImageNet, full", f"file:{imagenet.resolve()}", "full", large),
    ):
        is_grey = parent == SIMULATED and colours
        made.append(Start(name, parent, strategy, is_grey, options))
    return made
