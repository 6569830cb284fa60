"""Galaxies with bulges, arms and clumps, drawn with GalSim."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from zoo_core import UsageError

#: Kinds of galaxies and how many there are of each.
KINDS = ("spiral", "elliptical", "edge-on", "irregular")
_SHARES = (0.5, 0.25, 0.1, 0.15)

#: FWHM of the survey's own seeing, a round Gaussian.
SEEING_ARCSEC = 1.3

#: Fluxes of i, r and g for a total of one in each component, before scatter.
_COLOURS = {"old": (1.0, 0.72, 0.36), "disc": (1.0, 0.82, 0.52), "young": (0.75, 0.85, 1.0)}

#: Scatter of a colour, in the logarithm.
_COLOUR_SCATTER = 0.12

#: GalSim keeps tables of a few Sersic indices.
_INDICES = (1.5, 2.0, 2.5, 3.0, 3.5, 4.0)


class Galaxies(NamedTuple):
    """Images without noise under the survey's own seeing, and what they are of.

    ``images`` is ``(n, band, y, x)`` float32, in nmgy; the others ``(n,)``.
    """

    images: np.ndarray
    kind: np.ndarray
    magnitude: np.ndarray
    half_light: np.ndarray


def draw_galaxies(
    count: int, rng: np.random.Generator, *, size: int, pixel_scale_arcsec: float
) -> Galaxies:
    """Draw galaxies of the middle of images.

    Parameters
    ----------
    count : int
        How many.
    rng : numpy.random.Generator
        All random numbers come from it.
    size : int
        Pixels along a side.
    pixel_scale_arcsec : float
        Of a pixel.

    Raises
    ------
    UsageError
        GalSim is not installed.
    """
    galsim = _import_galsim()
    kinds = rng.choice(len(KINDS), size=count, p=_SHARES)
    magnitudes = rng.uniform(13.5, 16.5, count)
    sizes = np.exp(rng.normal(math.log(7.0), 0.35, count)).clip(3.0, 14.0)
    images = np.empty((count, 3, size, size), dtype=np.float32)
    psf = galsim.Gaussian(fwhm=SEEING_ARCSEC)
    for row in range(count):
        parts = _parts(
            galsim, KINDS[kinds[row]], sizes[row], rng, size, pixel_scale_arcsec, psf
        )
        flux = 10.0 ** (0.4 * (22.5 - magnitudes[row]))
        images[row] = flux * _coloured(parts, rng)
    return Galaxies(images, np.array(KINDS)[kinds], magnitudes, sizes)


def _import_galsim() -> Any:
    try:
        import galsim
    except ModuleNotFoundError as error:
        raise UsageError(
            "the simulator of galaxies needs the package 'galsim': pip install "
            "'astrozoo[physics]'. Predicting does not need it."
        ) from error
    return galsim


def _coloured(
    parts: list[tuple[str, float, np.ndarray]], rng: np.random.Generator
) -> np.ndarray:
    """Sum of the components ``(band, y, x)``, each with its colour; a flux of one in i."""
    total = 0.0
    for population, share, image in parts:
        colour = np.array(_COLOURS[population])
        colour = colour * np.exp(rng.normal(0.0, _COLOUR_SCATTER, 3))
        total = total + share * colour[:, None, None] / colour[0] * image
    summed: np.ndarray = np.asarray(total, dtype=np.float32)
    return summed


def _parts(
    galsim: Any,
    kind: str,
    half_light: float,
    rng: np.random.Generator,
    size: int,
    scale: float,
    psf: Any,
) -> list[tuple[str, float, np.ndarray]]:
    """Components: population, share of the flux, image of unit flux."""

    def drawn(profile: Any) -> np.ndarray:
        image = galsim.Convolve(profile, psf).drawImage(
            nx=size, ny=size, scale=scale, method="no_pixel"
        )
        array: np.ndarray = image.array.clip(0.0)
        return array

    angle = rng.uniform(0.0, math.pi)
    offset = rng.uniform(-0.5, 0.5, 2) * scale
    bulge = galsim.Sersic(float(rng.choice(_INDICES)), half_light_radius=0.25 * half_light)
    if kind == "elliptical":
        index, ratio = float(rng.choice(_INDICES[2:])), rng.uniform(0.4, 1.0)
        body = galsim.Sersic(index, half_light_radius=0.8 * half_light)
        return [("old", 1.0, drawn(_turned(galsim, body, ratio, angle, offset)))]
    ratio = rng.uniform(0.08, 0.2) if kind == "edge-on" else rng.uniform(0.35, 1.0)
    seed = int(rng.integers(1, 2**31 - 1))
    knots = galsim.RandomKnots(
        int(rng.integers(8, 60)),
        half_light_radius=1.1 * half_light,
        rng=galsim.BaseDeviate(seed),
    )
    clump = galsim.Gaussian(fwhm=rng.uniform(0.8, 2.5))
    knots = galsim.Convolve(knots, clump)
    young = _turned(galsim, knots, ratio, angle, offset)
    disc = galsim.Exponential(half_light_radius=half_light)
    disc = _turned(galsim, disc, ratio, angle, offset)
    in_knots = rng.uniform(0.03, 0.2)
    if kind == "irregular":
        # Two bodies that do not share a centre, and more clumps.
        shift = rng.uniform(-0.8, 0.8, 2) * half_light
        second = galsim.Exponential(half_light_radius=0.6 * half_light)
        second = _turned(galsim, second, rng.uniform(0.4, 1.0), rng.uniform(0, math.pi), shift)
        return [
            ("disc", 0.6 - in_knots, drawn(disc)),
            ("disc", 0.4 - in_knots, drawn(second)),
            ("young", 2.0 * in_knots, drawn(young)),
        ]
    in_bulge = rng.uniform(0.05, 0.5)
    image = drawn(disc)
    if kind == "spiral":
        arms = arm_pattern(
            size,
            scale,
            half_light,
            ratio=ratio,
            angle=angle,
            arms=int(rng.choice([2, 2, 2, 3, 4])),
            winding=rng.uniform(2.0, 5.0) * rng.choice([-1.0, 1.0]),
            phase=rng.uniform(0.0, 2.0 * math.pi),
            contrast=rng.uniform(0.3, 0.9),
        )
        image = image * arms
        image = image / image.sum()
    shift = galsim.PositionD(*offset)
    return [
        ("disc", 1.0 - in_bulge - in_knots, image),
        ("old", in_bulge, drawn(bulge.shift(shift))),
        ("young", in_knots, drawn(young)),
    ]


def _turned(galsim: Any, profile: Any, ratio: float, angle: float, offset: np.ndarray) -> Any:
    shear = galsim.Shear(q=ratio, beta=angle * galsim.radians)
    return profile.shear(shear).shift(*offset)


def arm_pattern(
    size: int,
    scale: float,
    half_light: float,
    *,
    ratio: float,
    angle: float,
    arms: int,
    winding: float,
    phase: float,
    contrast: float,
) -> np.ndarray:
    """Factor ``(y, x)`` on a disc: logarithmic spiral arms in its plane, of mean about one.

    ``1 + A cos(N theta + w ln(r / R) + phi)``, the form that Metcalf et al. (2019) give their
    discs; it fades towards the middle, where arms wind up without end.
    """
    offsets = (np.arange(size) - (size - 1) / 2) * scale
    x, y = np.meshgrid(offsets, offsets)
    along = x * math.cos(angle) + y * math.sin(angle)
    across = (y * math.cos(angle) - x * math.sin(angle)) / ratio
    radius = np.hypot(along, across)
    theta = np.arctan2(across, along)
    wave = np.cos(arms * theta + winding * np.log((radius + 1e-3) / half_light) + phase)
    fade = 1.0 - np.exp(-((radius / (0.4 * half_light)) ** 2))
    pattern: np.ndarray = 1.0 + contrast * fade * wave
    return pattern
