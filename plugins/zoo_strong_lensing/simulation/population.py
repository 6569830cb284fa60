"""Priors of the simulated sky: what is drawn, from where, and for which kind of object.

The published DeepLens priors were not found in any public source, so everything here is
our own choice, made to look like an LSST single exposure in g, except where a line names
a source: the mix of kinds of non-lenses follows in spirit the one that HOLISMOKES XI
states (a third spirals, about a quarter luminous red galaxies, groups, random objects);
bulge Sersic indices and spiral arms follow Metcalf et al. (2019).

Fluxes are nJy (AB zero point 31.4), angles radians, lengths arcsec.
"""

import numpy as np
import torch

from .canvas import Components
from .draw import Draw

#: Kinds of object in the truth table. The first is the positive class.
KINDS = (
    "lens", "elliptical", "spiral", "ring", "merger", "edge-on", "group", "star", "field",
)  # fmt: skip

#: Relative frequency of the non-lenses, in the order of ``KINDS[1:]``. All but the
#: ellipticals and the field galaxies are counted as hard negatives.
NEGATIVE_WEIGHTS = (0.25, 0.25, 0.06, 0.10, 0.08, 0.12, 0.06, 0.08)

#: Non-lenses that imitate arcs, rings or multiple images.
HARD_NEGATIVES = ("spiral", "ring", "merger", "edge-on", "group", "star")

#: Number of clumps on a source's Sersic body.
CLUMPS = 4


def flux_from_magnitude(magnitude: torch.Tensor) -> torch.Tensor:
    """AB magnitude to nJy: ``10^((31.4 - m) / 2.5)``."""
    return torch.pow(10.0, (31.4 - magnitude) / 2.5)


def magnitude_from_flux(flux: torch.Tensor) -> torch.Tensor:
    """NJy to AB magnitude."""
    return 31.4 - 2.5 * torch.log10(flux.clamp_min(1e-6))


def main_magnitude(draw: Draw, n: int) -> torch.Tensor:
    """G magnitude of the central object: the same prior for lenses and non-lenses."""
    return draw.clipped_normal(n, 20.8, 0.9, 18.5, 23.0)


def centre(draw: Draw, n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Offset of the central object from the middle of the cutout: 0.08 arcsec rms an axis."""
    return draw.normal(n, 0.0, 0.08), draw.normal(n, 0.0, 0.08)


def elliptical(draw: Draw, owner: torch.Tensor) -> Components:
    """A luminous early-type galaxy: the light of every lens and of the plain negatives."""
    n = len(owner)
    x, y = centre(draw, n)
    return {
        "owner": owner,
        "flux": flux_from_magnitude(main_magnitude(draw, n)),
        "x": x,
        "y": y,
        "half_light": draw.clipped_log_normal(n, 0.9, 0.4, 0.35, 2.2),
        "index": draw.clipped_normal(n, 4.0, 1.0, 1.5, 6.0),
        "axis_ratio": draw.uniform(n, 0.5, 1.0),
        "angle": draw.angle(n),
    }


def lens_mass(draw: Draw, light: Components) -> Components:
    """SIE and external shear around a galaxy's light.

    Einstein radius flat in [0.6, 2.8] arcsec, so that the completeness map is filled
    evenly; mass axis ratio and angle scatter about those of the light (0.08 and 10
    degrees rms); shear Rayleigh with 0.03 an axis, each component cut at 0.12.
    """
    n = len(light["owner"])
    return {
        "owner": light["owner"],
        "x": light["x"],
        "y": light["y"],
        "einstein_radius": draw.uniform(n, 0.6, 2.8),
        "mass_axis_ratio": (light["axis_ratio"] + draw.normal(n, 0.0, 0.08)).clamp_(0.4, 0.98),
        "mass_angle": light["angle"] + draw.normal(n, 0.0, 0.175),
        "gamma1": draw.clipped_normal(n, 0.0, 0.03, -0.12, 0.12),
        "gamma2": draw.clipped_normal(n, 0.0, 0.03, -0.12, 0.12),
    }


def source(draw: Draw, mass: Components) -> Components:
    """A clumpy Sersic galaxy behind each lens, uniform in area within 0.7 Einstein radii.

    Half-light radius log-normal about 0.28 arcsec, scatter 0.4 in the logarithm, cut at
    0.10 and 0.70. Up to 60 % of the flux sits in four Gaussian clumps.

    The flux is not drawn here: the simulator scales the lensed image to a signal-to-noise
    ratio that is drawn log-uniformly, which sets the magnitude.
    """
    n = len(mass["owner"])
    x, y = draw.in_disc(n, 0.7 * mass["einstein_radius"])
    half_light = draw.clipped_log_normal(n, 0.28, 0.4, 0.10, 0.7)
    clumpy = draw.uniform(n, 0.0, 0.6)
    parts = {
        "source_x": x,
        "source_y": y,
        "source_half_light": half_light,
        "source_index": draw.uniform(n, 0.6, 2.0),
        "source_axis_ratio": draw.uniform(n, 0.35, 1.0),
        "source_angle": draw.angle(n),
        "source_smooth": 1.0 - clumpy,
    }
    weights = torch.stack([draw.uniform(n, 0.0, 1.0) for _ in range(CLUMPS)])
    shares = clumpy * weights / weights.sum(dim=0)
    for k in range(CLUMPS):
        parts[f"clump_x{k}"] = draw.normal(n, 0.0, 0.8) * half_light
        parts[f"clump_y{k}"] = draw.normal(n, 0.0, 0.8) * half_light
        sigma = half_light * draw.uniform(n, 0.15, 0.4)
        parts[f"clump_sigma{k}"] = sigma.clamp_min_(0.04)
        parts[f"clump_flux{k}"] = shares[k]
    return parts


def companions(
    draw: Draw, owner: torch.Tensor, reach: tuple[float, float], magnitudes: tuple[float, float]
) -> Components:
    """Small discs around the centre: chance neighbours and members of groups.

    Distance from the centre uniform in area within ``reach`` (arcsec), magnitude rising
    towards the faint limit as ``10^(0.3 m)``.
    """
    n = len(owner)
    low, high = reach
    distance = torch.sqrt(draw.uniform(n, low**2, high**2))
    angle = draw.angle(n)
    bright, faint = magnitudes
    slope = 0.3 * 2.302585
    span = 1.0 - torch.exp(torch.tensor(-slope * (faint - bright)))
    magnitude = faint + torch.log(1.0 - span * draw.uniform(n, 0.0, 1.0)) / slope
    return {
        "owner": owner,
        "flux": flux_from_magnitude(magnitude),
        "x": distance * torch.cos(angle),
        "y": distance * torch.sin(angle),
        "half_light": draw.clipped_log_normal(n, 0.35, 0.4, 0.12, 1.0),
        "index": draw.uniform(n, 0.7, 3.0),
        "axis_ratio": draw.uniform(n, 0.25, 1.0),
        "angle": draw.angle(n),
    }


def repeat_owners(owner: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """Each owner as often as its count says."""
    return torch.repeat_interleave(owner, counts)


def merge(*parts: Components) -> Components:
    """Concatenate component lists that have the same columns."""
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def select(components: Components, keep: torch.Tensor) -> Components:
    """The components where ``keep`` (bool) holds."""
    return {name: values[keep] for name, values in components.items()}


def kind_names(kinds: torch.Tensor) -> np.ndarray:
    """Names of kind indices, ``(n,)`` strings."""
    names: np.ndarray = np.array(KINDS)[kinds.numpy()]
    return names
