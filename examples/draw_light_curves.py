"""Draws the light curves in examples/light-curves again.

    python examples/draw_light_curves.py examples/light-curves

Four stars with two-minute samples. Their variability drifts as in Pearson, Palafox & Griffith
(2018), their noise is white, and planets are those of the simulator `transits`.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from astropy.table import Table
from zoo_exoplanets.simulation.stellar import variability
from zoo_exoplanets.simulation.transit_model import transit_flux

CADENCE_DAYS = 120.0 / 86400.0

#: Planet's orbit in days, its first mid-transit after the first sample, its axis in radii of
#: the star.
PERIOD, FIRST, AXIS = 2.5, 0.7, 12.0

#: As TESS counts days.
BEGIN_BTJD = 1325.3

SEED = 8


@dataclass(frozen=True)
class Star:
    """What is drawn: one line for each file.

    Parameters
    ----------
    file : str
        Its suffix says the format.
    days : float
        Length.
    depth : float
        Of the transit; 0 without a planet.
    noise : float
        Of a sample.
    gap : tuple of float
        Days from and to which there are no samples.
    flare : float
        Height of a flare; 0 for none.
    """

    file: str
    days: float
    depth: float
    noise: float
    gap: tuple[float, float] = (0.0, 0.0)
    flare: float = 0.0


STARS = (
    Star("planet.fits", 6.0, 2500e-6, 1250e-6, gap=(1.6, 2.1)),
    Star("quiet.fits", 6.0, 0.0, 1250e-6, gap=(1.6, 2.1)),
    Star("shallow.csv", 1.5, 1000e-6, 1000e-6),
    Star("flare.ecsv", 1.0, 0.0, 500e-6, flare=5000e-6),
)


def main() -> None:
    """Write a file for each star."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    for star in STARS:
        table(star, rng).write(folder / star.file, overwrite=True)


def table(star: Star, rng: np.random.Generator) -> Table:
    """Times and fluxes, in the columns that TESS's light curves have."""
    days = np.arange(round(star.days / CADENCE_DAYS)) * CADENCE_DAYS
    flux = 1.0 + star.noise * rng.normal(size=len(days))
    flux *= drifting(days, rng)
    if star.depth:
        flux *= transits(days, star.depth)
    if star.flare:
        since = days - 0.4
        flux += np.where(since > 0, star.flare * np.exp(-np.clip(since, 0, None) / 0.02), 0.0)
    is_there = (days < star.gap[0]) | (days >= star.gap[1])
    return Table(
        {
            "TIME": (BEGIN_BTJD + days[is_there]).round(6),
            "PDCSAP_FLUX": (1e4 * flux[is_there]).round(2).astype(np.float32),
        },
        units={"TIME": "d", "PDCSAP_FLUX": "electron / s"},
    )


def drifting(days: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The star by itself."""
    one = {
        "amplitude": 5e-4,
        "period": 0.5,
        "phase": rng.uniform(0.0, np.pi),
        "amplitude_drift": 100.0,
        "period_drift": 100.0,
    }
    drawn = variability(
        torch.from_numpy(days),
        **{name: torch.tensor([value], dtype=torch.float64) for name, value in one.items()},
        steady=torch.tensor([True]),
    )
    return drawn[0].numpy()


def transits(days: np.ndarray, depth: float) -> np.ndarray:
    """A planet on an orbit seen from its edge."""
    drawn = transit_flux(
        torch.from_numpy(days),
        mid_transit=torch.tensor([FIRST]),
        period=torch.tensor([PERIOD]),
        inclination=torch.tensor([np.pi / 2.0]),
        radius_ratio=torch.tensor([depth**0.5]),
        semi_major_axis=AXIS,
        limb_darkening=(0.5, 0.0),
    )
    return drawn[0].numpy()


if __name__ == "__main__":
    main()
