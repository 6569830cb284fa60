"""The picture of docs/radio.md: simulated radio galaxies of each class.

    python docs/pictures/radio_classes.py docs/pictures/radio-classes.png

The middle 80 pixels, cut at three times the noise and stretched as networks see them.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from zoo_radio.simulation.anatomy import CLASSES
from zoo_radio.simulation.first import RadioGalaxies

from zoo_core.preprocessing import Preprocessing

#: Sources of each class, and the seed.
ALONG, SEED = 9, 6

STEPS = (
    {"op": "sigma_floor", "sigma": 3.0},
    {"op": "peak_scale"},
    {"op": "asinh", "softening": 0.1},
    {"op": "center_crop", "size": [80, 80]},
)


def main() -> None:
    """Draw sources until there are enough of each class, and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    output = parser.parse_args().output

    drawn = RadioGalaxies().draw(20 * ALONG, torch.Generator().manual_seed(SEED))
    steps = Preprocessing.parse(STEPS, channels=1)
    images = steps(drawn.arrays["image"])[:, 0].numpy()
    figure = Figure(figsize=(9.0, 3.2), layout="constrained", facecolor="white")
    for row, name in enumerate(CLASSES):
        chosen = np.flatnonzero(drawn.truth["morphology"] == name)[:ALONG]
        for column, place in enumerate(chosen):
            axes = figure.add_subplot(len(CLASSES), ALONG, row * ALONG + column + 1)
            axes.imshow(images[place], origin="lower", cmap="inferno")
            axes.set(xticks=[], yticks=[])
            if column == 0:
                axes.set_ylabel(name)
    figure.savefig(output, dpi=90)


if __name__ == "__main__":
    main()
