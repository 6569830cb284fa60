"""The methods: what they are, how long they are trained, what the challenge says of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

#: Simulators of the sets.
SETS = {"ground": "bologna-ground", "space": "bologna-space"}

#: Backbones of timm that run the race, and on how many cutouts: four minutes of one core each.
BACKBONES = {
    "convnext_atto": 20_000,
    "regnety_002": 28_000,
    "resnet10t": 17_000,
    "efficientnet_b0": 8_000,
}

#: The winner is trained on so many times the cutouts of the race.
LONGER = 8


@dataclass(frozen=True, kw_only=True)
class Method:
    """A way to find lenses.

    Attributes
    ----------
    name : str
        As the table has it.
    architecture, arguments
        Of a network; none for machines on measured features.
    examples : int
        Simulated cutouts that it is trained on or fitted to. 0: the winner of the race, whose
        network and number follow from it.
    optimizer, learning_rate
        Of a network.
    features, kernel
        Of a support vector machine.
    views : str
        One view of a cutout, or ``dihedral``: the mean output of eight.
    challenge : dict of str to tuple of float
        AUROC, TPR0 and TPR10 of the entry by set, from the tables of Metcalf et al. (2019).
    differs : str
        From what the paper describes.
    """

    name: str
    architecture: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    examples: int = 0
    optimizer: str = "adamw"
    learning_rate: float = 1e-3
    features: str = ""
    kernel: str = ""
    views: str = "one"
    challenge: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    differs: str = ""


_SIZE = {"input_size": [101, 101]}

#: Numbers of examples share out four hours of one core: by what a thousand cost (DeepLens 48 s,
#: Swinburne 33, Kapteyn 19, AstrOmatic 16, LASTRO 11, GAMOCLASS 5.5 with the simulation), with
#: more time for the networks that are slow, not as much as they would need to see as many.

METHODS = (
    Method(
        name="CMU DeepLens",
        architecture="deeplens",
        examples=72_000,
        optimizer="muon",
        learning_rate=1.5e-3,
        challenge={"ground": (0.98, 0.09, 0.45), "space": (0.92, 0.22, 0.29)},
        differs="optimised by Muon",
    ),
    Method(
        name="LASTRO EPFL",
        architecture="lastro",
        arguments=_SIZE,
        examples=120_000,
        learning_rate=5e-4,
        views="dihedral",
        challenge={"ground": (0.97, 0.07, 0.11), "space": (0.93, 0.00, 0.08)},
        differs="the mean of eight views' logits, where the paper has the product of scores",
    ),
    Method(
        name="CAS Swinburne",
        architecture="jacobs2017",
        arguments={**_SIZE, "dense": 256},
        examples=50_000,
        challenge={"ground": (0.96, 0.02, 0.08)},
        differs="numbers of maps are ours, dense layers a quarter as wide",
    ),
    Method(
        name="AstrOmatic",
        architecture="astromatic",
        arguments=_SIZE,
        examples=80_000,
        challenge={"ground": (0.96, 0.00, 0.01), "space": (0.91, 0.00, 0.01)},
        differs="where it halves is ours",
    ),
    Method(
        name="GAMOCLASS",
        architecture="gamoclass",
        arguments=_SIZE,
        examples=160_000,
        challenge={"space": (0.92, 0.07, 0.36)},
        differs="widths are ours",
    ),
    Method(
        name="Kapteyn ResNet",
        architecture="resnet18",
        examples=60_000,
        challenge={"space": (0.82, 0.00, 0.00)},
        differs="ResNet-18, as their later search has it; one network, two classes",
    ),
    Method(
        name="Manchester SVM",
        features="gabor",
        kernel="rbf",
        examples=4_000,
        challenge={"ground": (0.93, 0.22, 0.35), "space": (0.81, 0.03, 0.08)},
        differs="Gabor features of the image as it is, not in polar coordinates",
    ),
    Method(
        name="ALL",
        features="hog",
        kernel="linear",
        examples=3_000,
        challenge={"ground": (0.84, 0.01, 0.02), "space": (0.73, 0.05, 0.07)},
        differs="histograms of gradients with a linear machine, not logistic regression",
    ),
    Method(name="best of timm"),
    Method(name="best of timm, eight views", views="dihedral"),
)
