"""The light of the lens taken away, in docs/lenses.md: both steps of preprocessing.

    python docs/pictures/lens_light.py docs/pictures/lens-light.png

A column for each simulated lens of `hst-blend`, three bands as HST sees them. From above: the
bands as a colour picture; the bluest band; the same after a Sersic fit was subtracted; what
independent component analysis of the bands keeps; and the arcs as they were simulated. The
four grey ones of a column share one stretch, for which no weights are needed.
"""

import argparse
from pathlib import Path

import torch
from matplotlib.figure import Figure

import zoo_core as zoo
from zoo_core.plots import make_pictures
from zoo_core.preprocessing import Preprocessing
from zoo_core.simulation import concatenate

SEED = 5

#: Columns.
LENSES = 7


def main() -> None:
    """Draw, take away, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    output = parser.parse_args().output

    simulator = zoo.Zoo.discover().simulator("hst-blend")
    drawn = concatenate(simulator.stream(LENSES, seed=SEED))
    images = drawn.arrays["image"]
    first = images[:, :1]
    rows = {
        "bluest band": first,
        "Sersic fit\nsubtracted": removed("subtract_sersic", first),
        "independent\ncomponents": removed("separate_center", images),
        "no lens light": first - drawn.maps["lens_light"][:, None],
    }
    figure = Figure(figsize=(1.15 * LENSES, 1.16 * (1 + len(rows))), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0, hspace=0)
    grid = figure.subplots(1 + len(rows), LENSES)
    names = [band.name for band in simulator.inputs[0].bands]
    for axes, picture in zip(grid[0], make_pictures(list(images.numpy()), names), strict=True):
        axes.imshow(picture, origin="lower", interpolation="nearest")
    for line, (name, some) in zip(grid[1:], rows.items(), strict=True):
        line[0].set_ylabel(name, fontsize=7)
        for axes, image in zip(line, some[:, 0], strict=True):
            level = image.nanmedian()
            axes.imshow((image - level).clamp(0, 1).sqrt(), vmax=1, origin="lower", cmap="gray")
    grid[0, 0].set_ylabel("three bands", fontsize=7)
    for axes in grid.flat:
        axes.set(xticks=[], yticks=[])
    figure.savefig(output, dpi=72)


def removed(step: str, images: torch.Tensor) -> torch.Tensor:
    """What a step of preprocessing leaves."""
    return Preprocessing.parse([{"op": step}], channels=images.shape[1])(images)


if __name__ == "__main__":
    main()
