"""Lenses and sources as Hezaveh et al. (2017) drew them, with sources of our own.

Radii, ellipticities, centres, and the rules that accept a system are those of their public
training code. Their sources were photographs of real galaxies, which are not ours to ship:
here a source is the clumpy Sersic galaxy of ``population.source``.
"""

import torch

from . import canvas, population, sie
from .canvas import Components
from .draw import Draw
from .grid import Grid

#: Einstein radii, arcsec, flat.
RADII_ARCSEC = (0.1, 3.0)

#: Largest ellipticity ``1 - q`` of the mass, flat from zero.
MOST_ELLIPTICAL = 0.9

#: Offset of the lens from the middle of the image along each axis, arcsec: the sum of two
#: uniform numbers, of the ray tracing and of the frame.
OFFSETS_ARCSEC = (0.05, 0.25)

#: What a system must have to be kept: magnification, and share of the flux in the frame.
LEAST_MAGNIFICATION = 2.0
LEAST_IN_FRAME = 0.98

#: How far beyond the tangential caustic a source may lie, arcsec.
_BEYOND_ARCSEC = 0.15

#: The part of the cut (where a source has several images) that the other half is drawn in.
_OF_CUT = 0.7

#: Grid that systems are judged on: wider than the frame, and coarse.
_WIDER = 1.6
_CELLS = 128

#: Proposals for each system that is still missing.
_PROPOSALS = 1.5


def systems(draw: Draw, count: int, *, frame_arcsec: float) -> Components:
    """Lens and source parameters ``(count,)`` as ``canvas.paint_lensed`` takes them.

    Parameters
    ----------
    draw : Draw
        Random numbers.
    count : int
        How many systems.
    frame_arcsec : float
        Side of the image.

    Returns
    -------
    dict of str to torch.Tensor
        Also ``magnification``: total flux of the lensed image over that of the source.
    """
    kept: list[Components] = []
    missing = count
    while missing > 0:
        proposed = _propose(draw, int(missing * _PROPOSALS) + 4)
        magnification, share = _judge(proposed, frame_arcsec)
        proposed["magnification"] = magnification
        is_good = (magnification >= LEAST_MAGNIFICATION) & (share >= LEAST_IN_FRAME)
        kept.append(population.select(proposed, is_good))
        missing -= int(is_good.sum())
    systems = population.select(population.merge(*kept), torch.arange(count))
    systems["owner"] = torch.arange(count)
    return systems


def _propose(draw: Draw, n: int) -> Components:
    ellipticity = draw.uniform(n, 0.0, MOST_ELLIPTICAL)
    mass = {
        "owner": torch.arange(n),
        "einstein_radius": draw.uniform(n, *RADII_ARCSEC),
        "mass_axis_ratio": 1.0 - ellipticity,
        "mass_angle": draw.uniform(n, 0.0, torch.pi),
        "gamma1": torch.zeros(n),
        "gamma2": torch.zeros(n),
    }
    for axis in ("x", "y"):
        mass[axis] = sum(  # type: ignore[assignment]
            draw.uniform(n, -reach, reach) for reach in OFFSETS_ARCSEC
        )
    lens = {**mass, **population.source(draw, mass)}
    lens["source_x"], lens["source_y"] = _source_position(draw, mass)
    return lens


def _source_position(draw: Draw, mass: Components) -> tuple[torch.Tensor, torch.Tensor]:
    """Half uniform around the tangential caustic, half normal within the cut.

    The caustic's cusps are where its critical curve, an ellipse with the semi-axes
    ``theta_E / sqrt(q)`` and ``theta_E sqrt(q)``, crosses the axes of the lens; the cut is as
    far from the centre as light close to it is bent.
    """
    n = len(mass["owner"])
    radius, ratio = mass["einstein_radius"], mass["mass_axis_ratio"]
    root = ratio.sqrt()
    critical = (radius / root, radius * root)
    caustic = [
        (place - bend).abs() + _BEYOND_ARCSEC
        for place, bend in zip(critical, _bends(mass, *critical), strict=True)
    ]
    cut = [_OF_CUT * bend for bend in _bends(mass, 1e-4 * radius, 1e-4 * radius)]
    along, across = draw.in_disc(n, torch.ones(n))
    is_near = draw.choice(n, [1, 1]).bool()
    # A normal position within the cut, with a fifth of its size as the standard deviation
    # of the published code for the smallest and largest of its sources.
    spread = draw.uniform(n, 0.2, 1.0)
    normal = [draw.normal(n, 0.0, 1.0) * spread for _ in range(2)]
    along = torch.where(is_near, along * caustic[0], normal[0].clamp(-1, 1) * cut[0])
    across = torch.where(is_near, across * caustic[1], normal[1].clamp(-1, 1) * cut[1])
    cosine, sine = torch.cos(mass["mass_angle"]), torch.sin(mass["mass_angle"])
    return along * cosine - across * sine, along * sine + across * cosine


def _bends(
    mass: Components, along: torch.Tensor, across: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Deflection on the major axis at ``along`` and on the minor axis at ``across``."""
    radius, ratio = (
        mass[name][:, None, None] for name in ("einstein_radius", "mass_axis_ratio")
    )
    zero = torch.zeros_like(radius)
    on_major, _ = sie.deflection(along[:, None, None], zero, radius, ratio, zero)
    _, on_minor = sie.deflection(zero, across[:, None, None], radius, ratio, zero)
    return on_major[:, 0, 0], on_minor[:, 0, 0]


def _judge(lens: Components, frame_arcsec: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Magnification, and share of the lensed flux that the frame holds, ``(n,)``."""
    wide = Grid(
        size=_CELLS,
        pixel_scale_arcsec=_WIDER * frame_arcsec / _CELLS,
        oversampling=1,
        margin=0,
    )
    image = torch.zeros(len(lens["owner"]), _CELLS, _CELLS)
    canvas.paint_lensed(image, wide, lens, population.CLUMPS)
    total = image.sum(dim=(-2, -1))
    edge = round(_CELLS * (1.0 - 1.0 / _WIDER) / 2.0)
    inner = image[:, edge : _CELLS - edge, edge : _CELLS - edge].sum(dim=(-2, -1))
    return total * wide.step_arcsec**2, inner / total.clamp_min(1e-12)
