"""The picture of docs/lenses.md: what the simulated surveys show.

    python docs/pictures/lens_surveys.py docs/pictures/lens-surveys.png

A row for each simulator: lenses on the left, on the right what can be mistaken for one. One
band is grey, more are Lupton colours, all pictures of a row in one stretch.
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

import zoo_core as zoo
from zoo_core.plots import make_pictures

#: Rows, and pictures on either side.
SIMULATORS = ("kids-lens", "kids-lens-gri", "cfhtls-lens", "bologna-ground", "bologna-space")
SIDE = 6

SEED = 4


def main() -> None:
    """Draw, stretch, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    output = parser.parse_args().output

    figure = Figure(figsize=(11.0, 1.02 * len(SIMULATORS)), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0, hspace=0)
    for row, name in enumerate(SIMULATORS):
        simulator = zoo.Zoo.discover().simulator(name)
        chunk = next(iter(simulator.stream(128, seed=SEED)))
        lens = chunk.truth["lens"] == 1
        # What can be mistaken for a lens, a plain galaxy less than anything else.
        other = ~lens & (chunk.truth["kind"] != "elliptical")
        chosen = [*np.flatnonzero(lens)[:SIDE], *np.flatnonzero(other)[:SIDE]]
        images = list(chunk.arrays["image"].numpy()[chosen])
        pictures = make_pictures(images, [band.name for band in simulator.inputs[0].bands])
        for column, picture in enumerate(pictures):
            # A column left free parts the two sides.
            place = row * (2 * SIDE + 1) + column + (column >= SIDE) + 1
            axes = figure.add_subplot(len(SIMULATORS), 2 * SIDE + 1, place)
            axes.imshow(picture, origin="lower", cmap="gray", interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            if column == 0:
                axes.set_ylabel(name.replace("-", "-\n", 1), fontsize=7)
    figure.savefig(output, dpi=90)
    # 256 colours are enough for it, and a third of the bytes.
    Image.open(output).convert("RGB").quantize(256, kmeans=3).save(output, optimize=True)


if __name__ == "__main__":
    main()
