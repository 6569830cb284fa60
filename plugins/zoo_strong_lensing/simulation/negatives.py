"""Non-lenses that look like lenses: one function a kind, each returns component lists.

A *scene* is a dictionary with any of the keys ``sersic``, ``spiral``, ``arcs`` and
``spikes``, each a component list for the painter of that name in ``canvas``. Priors are
our own (see ``population``).
"""

import torch

from . import population
from .canvas import Components
from .draw import Draw

Scene = dict[str, Components]


def elliptical(draw: Draw, owner: torch.Tensor) -> Scene:
    """The lens galaxy without a source: what most candidates are."""
    return {"sersic": population.elliptical(draw, owner)}


def spiral(draw: Draw, owner: torch.Tensor) -> Scene:
    """Bulge and inclined disc with two to four logarithmic arms.

    Bulge index after Metcalf et al. (2019): ``log10 n = 0.4 log10(max(B/T, 0.03)) + 0.1 x``
    with x in (-1, 1), here shifted by 0.6 so that bulges span n of about 0.8 to 4.
    """
    n = len(owner)
    x, y = population.centre(draw, n)
    flux = population.flux_from_magnitude(population.main_magnitude(draw, n))
    bulge_fraction = draw.uniform(n, 0.03, 0.5)
    log_index = 0.4 * torch.log10(bulge_fraction) + 0.1 * draw.uniform(n, -1.0, 1.0) + 0.6
    half_light = draw.clipped_log_normal(n, 1.4, 0.3, 0.6, 2.6)
    angle = draw.angle(n)
    disc = {
        "owner": owner,
        "flux": flux * (1.0 - bulge_fraction),
        "x": x,
        "y": y,
        "half_light": half_light,
        "index": torch.ones(n),
        "axis_ratio": draw.uniform(n, 0.4, 1.0),
        "angle": angle,
        "arms": 2.0 + draw.choice(n, [0.7, 0.15, 0.15]).float(),
        "winding": draw.uniform(n, 2.5, 7.0) * (1.0 - 2.0 * draw.choice(n, [1, 1])),
        "arm_phase": draw.angle(n),
        "contrast": draw.uniform(n, 0.5, 1.3),
    }
    bulge = {
        "owner": owner,
        "flux": flux * bulge_fraction,
        "x": x,
        "y": y,
        "half_light": half_light * draw.uniform(n, 0.12, 0.4),
        "index": torch.pow(10.0, log_index).clamp_(0.6, 4.0),
        "axis_ratio": draw.uniform(n, 0.6, 1.0),
        "angle": angle,
    }
    return {"sersic": bulge, "spiral": disc}


def ring(draw: Draw, owner: torch.Tensor) -> Scene:
    """A ring galaxy: an early-type body and a knotty ring with no lens behind it."""
    n = len(owner)
    body = population.elliptical(draw, owner)
    body["half_light"] = body["half_light"] * 0.6
    ring_light = {
        "owner": owner,
        "flux": body["flux"] * draw.log_uniform(n, 0.08, 0.8),
        "x": body["x"] + draw.normal(n, 0.0, 0.05),
        "y": body["y"] + draw.normal(n, 0.0, 0.05),
        "radius": draw.uniform(n, 0.8, 2.6),
        "width": draw.uniform(n, 0.12, 0.45),
        "axis_ratio": draw.uniform(n, 0.45, 1.0),
        "angle": body["angle"] + draw.normal(n, 0.0, 0.2),
        "mid_angle": draw.angle(n),
        "half_opening": draw.uniform(n, 1.6, 3.1),
        "knots": 1.0 + draw.choice(n, [1, 1, 1, 1, 1]).float(),
        "knot_phase": draw.angle(n),
        "knot_contrast": draw.uniform(n, 0.0, 0.6),
    }
    return {"sersic": body, "arcs": ring_light}


def merger(draw: Draw, owner: torch.Tensor) -> Scene:
    """Two galaxies of comparable light and one or two tidal tails curving about them."""
    n = len(owner)
    primary = population.elliptical(draw, owner)
    primary["index"] = draw.uniform(n, 1.0, 4.0)
    distance, direction = draw.uniform(n, 0.6, 2.8), draw.angle(n)
    secondary = {
        "owner": owner,
        "flux": primary["flux"] * draw.log_uniform(n, 0.1, 1.0),
        "x": primary["x"] + distance * torch.cos(direction),
        "y": primary["y"] + distance * torch.sin(direction),
        "half_light": draw.clipped_log_normal(n, 0.5, 0.4, 0.2, 1.5),
        "index": draw.uniform(n, 0.8, 4.0),
        "axis_ratio": draw.uniform(n, 0.3, 1.0),
        "angle": draw.angle(n),
    }
    tails = population.repeat_owners(torch.arange(n), 1 + draw.choice(n, [1, 1]))
    m = len(tails)
    tail_light = {
        "owner": owner[tails],
        "flux": primary["flux"][tails] * draw.log_uniform(m, 0.04, 0.4),
        "x": primary["x"][tails] + draw.normal(m, 0.0, 0.4),
        "y": primary["y"][tails] + draw.normal(m, 0.0, 0.4),
        "radius": draw.uniform(m, 0.9, 3.2),
        "width": draw.uniform(m, 0.15, 0.5),
        "axis_ratio": draw.uniform(m, 0.5, 1.0),
        "angle": draw.angle(m),
        "mid_angle": draw.angle(m),
        "half_opening": draw.uniform(m, 0.3, 1.2),
        "knots": draw.choice(m, [1, 1, 1]).float(),
        "knot_phase": draw.angle(m),
        "knot_contrast": draw.uniform(m, 0.0, 0.4),
    }
    return {"sersic": population.merge(primary, secondary), "arcs": tail_light}


def edge_on(draw: Draw, owner: torch.Tensor) -> Scene:
    """A thin disc: half of them alone, half lying tangentially beside an early type."""
    n = len(owner)
    beside = draw.choice(n, [1, 1]).bool()
    host = population.elliptical(draw, owner)
    distance = torch.where(beside, draw.uniform(n, 0.9, 2.8), torch.zeros(n))
    direction = draw.angle(n)
    dimming = torch.where(beside, draw.log_uniform(n, 0.05, 0.5), torch.ones(n))
    tangential = direction + torch.pi / 2 + draw.normal(n, 0.0, 0.4)
    disc = {
        "owner": owner,
        "flux": host["flux"] * dimming,
        "x": host["x"] + distance * torch.cos(direction),
        "y": host["y"] + distance * torch.sin(direction),
        "half_light": draw.clipped_log_normal(n, 0.9, 0.35, 0.4, 2.2),
        "index": draw.uniform(n, 0.8, 1.5),
        "axis_ratio": draw.uniform(n, 0.08, 0.25),
        "angle": tangential,
    }
    return {"sersic": population.merge(population.select(host, beside), disc)}


def group(draw: Draw, owner: torch.Tensor) -> Scene:
    """An early type with two to five members where images of a source would be."""
    host = population.elliptical(draw, owner)
    counts = 2 + draw.choice(len(owner), [0.35, 0.3, 0.2, 0.15])
    members = population.companions(
        draw, population.repeat_owners(owner, counts), reach=(0.7, 3.2), magnitudes=(21.0, 25.0)
    )
    return {"sersic": population.merge(host, members)}


def star(draw: Draw, owner: torch.Tensor) -> Scene:
    """A bright star with four or six diffraction spikes."""
    n = len(owner)
    x, y = population.centre(draw, n)
    flux = population.flux_from_magnitude(draw.uniform(n, 16.5, 21.0))
    share = draw.log_uniform(n, 0.01, 0.08)
    point = {
        "owner": owner,
        "flux": flux * (1.0 - share),
        "x": x,
        "y": y,
        "half_light": torch.full((n,), 0.08),
        "index": torch.full((n,), 0.5),
        "axis_ratio": torch.ones(n),
        "angle": torch.zeros(n),
    }
    spikes = {
        "owner": owner,
        "flux": flux * share,
        "x": x,
        "y": y,
        "angle": draw.angle(n),
        "length": draw.uniform(n, 0.6, 2.0),
        "width": draw.uniform(n, 0.08, 0.18),
        "spikes": 4.0 + 2.0 * draw.choice(n, [2, 1]).float(),
    }
    return {"sersic": point, "spikes": spikes}


def field(draw: Draw, owner: torch.Tensor) -> Scene:
    """A random galaxy of the field, fainter and smaller than the selected ones."""
    galaxy = population.companions(draw, owner, reach=(0.0, 0.3), magnitudes=(20.0, 24.5))
    return {"sersic": galaxy}


#: Functions in the order of ``population.KINDS[1:]``.
MAKERS = (elliptical, spiral, ring, merger, edge_on, group, star, field)
