"""Colours of the parts of a scene, so that one magnitude becomes a flux in each band.

Means and scatters, in mag, of a few populations over the redshifts that lens surveys look at;
our own choice, near what broad-band surveys see: lens galaxies red, discs between, sources and
knots of young stars blue. Each component has colours of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from .draw import Draw


#: Filters that are known, from blue to red, and the one that magnitudes are in.
FILTERS = "ugrizy"
REFERENCE = "r"

#: u - g, g - r, r - i, i - z, z - y: mean and scatter.
COLOURS = {
    "old": ((1.6, 0.3), (1.2, 0.22), (0.5, 0.1), (0.32, 0.06), (0.15, 0.05)),
    "disc": ((1.2, 0.25), (0.65, 0.18), (0.32, 0.08), (0.2, 0.06), (0.1, 0.05)),
    "blue": ((0.4, 0.3), (0.3, 0.25), (0.15, 0.15), (0.1, 0.1), (0.05, 0.08)),
    "star": ((1.2, 0.4), (0.7, 0.35), (0.35, 0.25), (0.15, 0.12), (0.08, 0.06)),
}

#: A survey of one wide band (Euclid's VIS) is near this filter.
WIDE = {"vis": "i"}


def band_ratios(
    draw: Draw, count: int, population: str, filters: tuple[str, ...]
) -> torch.Tensor:
    """Flux in each band over that in the reference band, ``(count, band)``.

    Parameters
    ----------
    draw : Draw
        Random numbers.
    count : int
        Components.
    population : str
        A key of ``COLOURS``.
    filters : tuple of str
        Letters of ``FILTERS``, or names of ``WIDE``.
    """
    steps = [draw.normal(count, mean, scatter) for mean, scatter in COLOURS[population]]
    # Magnitudes relative to the bluest filter, then to the reference.
    fainter = torch.stack([torch.zeros(count), *steps], dim=1).cumsum(dim=1)
    magnitude = -fainter
    middle = magnitude[:, FILTERS.index(REFERENCE), None]
    places = [FILTERS.index(WIDE.get(name, name)) for name in filters]
    return torch.pow(10.0, -0.4 * (magnitude[:, places] - middle))
