"""Components are painted one list at a time on a batch of images.

A *component list* is a dictionary of ``(m,)`` tensors with an ``owner`` column that says
which image each component belongs to; an image may own none or many. All lists are
painted through the same few functions, so every kind of galaxy, lens or not, has light
made by the same code: nothing but its content tells a lens from a non-lens.
"""

from collections.abc import Iterator

import torch

from . import profiles, sie
from .grid import Grid

Components = dict[str, torch.Tensor]

# The cusp of a Sersic profile is sampled finer in a small patch around the centre.
_PATCH = 6
_FINE = 6
_CUSP, _CUSP_FINE = 2.0, 3

_WITHOUT_BANDS = 3

# In several bands, small components are painted in windows of so many sub-pixels, if there is
# less than exp(-9) of the brightness at their half-light radius at its ends.
_WINDOW = 64
_FAINT = 9.0

# Components painted at once, so that a block of 108 x 108 grids stays in the cache.
_BLOCK = 64


def _columns(components: Components, block: slice) -> Components:
    """Columns ``(m, 1, 1)``; of fluxes in several bands ``(m, 1, 1, band)``."""
    return {name: values[block, None, None] for name, values in components.items()}


def _blocks(components: Components) -> Iterator[tuple[torch.Tensor, Components]]:
    count = len(components["owner"])
    for start in range(0, count, _BLOCK):
        block = slice(start, min(start + _BLOCK, count))
        yield components["owner"][block], _columns(components, block)


def _add(
    image: torch.Tensor, owner: torch.Tensor, light: torch.Tensor, flux: torch.Tensor
) -> None:
    """Add light ``(m, y, x)`` times fluxes, of one band or of each, to the owners' images."""
    if image.dim() == _WITHOUT_BANDS:
        image.index_add_(0, owner, light.mul_(flux))
        return
    # The light is the same in all bands, and is what takes the time.
    whole = torch.zeros(len(owner), dtype=torch.int64)
    _add_windows(image, owner, light, flux, whole, whole)


def _add_windows(
    image: torch.Tensor,
    owner: torch.Tensor,
    light: torch.Tensor,
    flux: torch.Tensor,
    row: torch.Tensor,
    column: torch.Tensor,
) -> None:
    """Add light of a part of the image, which begins at a row and a column, in each band."""
    height, width = light.shape[-2:]
    places = zip(owner.tolist(), row.tolist(), column.tolist(), strict=True)
    fluxes = flux.transpose(1, 3)
    for one, in_bands, (place, y, x) in zip(light, fluxes, places, strict=True):
        image[place, :, y : y + height, x : x + width].addcmul_(one, in_bands)


def _like(total: torch.Tensor, flux: torch.Tensor) -> torch.Tensor:
    """Totals ``(m, 1, 1)`` with an axis for the bands, if fluxes have one."""
    return total if flux.dim() == total.dim() else total[..., None]


def _arm_modulation(
    x: torch.Tensor, y: torch.Tensor, radius_squared: torch.Tensor, c: Components
) -> torch.Tensor:
    """``1 + A (2 ((1 + cos(N theta + a ln(r / r_e) + phi)) / 2)^2 - 3/4)``, mean near one.

    Logarithmic arms as in the disc of Metcalf et al. (2019), with the cosine squared to
    make the arms narrower than the gaps; ``theta`` in the plane of the sky.
    """
    phase = torch.atan2(y, x).mul_(c["arms"])
    log_radius = radius_squared.clamp_min(1e-4).log_().mul_(0.5 * c["winding"])
    phase.add_(log_radius).add_(c["arm_phase"] - c["winding"] * torch.log(c["half_light"]))
    wave = phase.cos_().add_(1.0).square_().mul_(0.5).sub_(0.75)
    return wave.mul_(c["contrast"]).add_(1.0)


def paint_sersic(image: torch.Tensor, grid: Grid, components: Components) -> None:
    """Add Sersic components (and spiral arms where ``contrast`` > 0) to ``image`` in place.

    Columns: owner, flux (nJy), x, y, half_light (arcsec), index, axis_ratio, angle
    (radians); optional arms, winding, arm_phase, contrast. ``image`` is surface
    brightness, nJy/arcsec^2, ``(batch, y, x)``; or ``(batch, band, y, x)`` with fluxes
    ``(m, band)``, here and in the functions below.
    """
    if image.dim() != _WITHOUT_BANDS and image.shape[-1] > _WINDOW:
        small = _fits_window(grid, components)
        _paint_small(image, grid, {name: values[small] for name, values in components.items()})
        components = {name: values[~small] for name, values in components.items()}
    x0, y0 = grid.coordinates()
    for owner, c in _blocks(components):
        whole = torch.zeros(len(owner), dtype=torch.int64)
        light = _sersic_light(x0 - c["x"], y0 - c["y"], grid, c, whole, whole)
        _add(image, owner, light, c["flux"])


def _fits_window(grid: Grid, c: Components) -> torch.Tensor:
    """Which components are too faint to be seen where a window around them ends."""
    reach = (_WINDOW // 2 - 1) * grid.step_arcsec * c["axis_ratio"].sqrt()
    fall = torch.pow(reach / c["half_light"], 1.0 / c["index"]) - 1.0
    return profiles.sersic_b(c["index"]) * fall > _FAINT


def _paint_small(image: torch.Tensor, grid: Grid, components: Components) -> None:
    """As ``paint_sersic``, but in windows around the components."""
    cells = torch.arange(_WINDOW) - grid.middle
    for owner, c in _blocks(components):
        row, column = (_corner(c[axis], grid, _WINDOW) for axis in "yx")
        x = (column[:, None, None] + cells) * grid.step_arcsec - c["x"]
        y = (row[:, None, None] + cells[:, None]) * grid.step_arcsec - c["y"]
        light = _sersic_light(x, y, grid, c, row, column)
        _add_windows(image, owner, light, c["flux"], row, column)


def _corner(position: torch.Tensor, grid: Grid, length: int) -> torch.Tensor:
    """First of ``length`` sub-pixels of the grid around positions, ``(m,)`` int64."""
    first = torch.round(position / grid.step_arcsec + grid.middle) - length // 2
    return first[:, 0, 0].clamp_(0.0, float(grid.subpixels - length)).long()


def _sersic_light(
    x: torch.Tensor,
    y: torch.Tensor,
    grid: Grid,
    c: Components,
    row: torch.Tensor,
    column: torch.Tensor,
) -> torch.Tensor:
    """Components of unit flux on a part of the grid that begins at a row and a column."""
    r2 = profiles.elliptical_radius_squared(x, y, c["axis_ratio"], c["angle"])
    light = profiles.sersic(r2, c["half_light"], c["index"])
    _refine_centre(light, grid, c, row, column)
    return light.mul_(_arm_modulation(x, y, r2, c)) if "contrast" in c else light


def _refine_centre(
    light: torch.Tensor, grid: Grid, c: Components, row: torch.Tensor, column: torch.Tensor
) -> None:
    """Replace the pixels around each component's centre by averages over finer samples."""
    step = grid.step_arcsec
    corner_y, corner_x = (_corner(c[axis], grid, _PATCH) for axis in "yx")
    fine = (torch.arange(_PATCH * _FINE) + 0.5) / _FINE - 0.5
    x = (corner_x[:, None] + fine - grid.middle) * step - c["x"][:, 0]
    y = (corner_y[:, None] + fine - grid.middle) * step - c["y"][:, 0]
    r2 = profiles.elliptical_radius_squared(
        x[:, None, :], y[:, :, None], c["axis_ratio"], c["angle"]
    )
    patch = profiles.sersic(r2, c["half_light"], c["index"])
    if c["flux"].dim() > light.dim():
        _refine_cusp(patch, x, y, step / _FINE, c)
    patch = torch.nn.functional.avg_pool2d(patch[:, None], _FINE)[:, 0]
    cells = torch.arange(_PATCH)
    rows = (corner_y - row)[:, None, None] + cells[:, None]
    columns = (corner_x - column)[:, None, None] + cells
    light[torch.arange(len(light))[:, None, None], rows, columns] = patch


def _refine_cusp(
    patch: torch.Tensor, x: torch.Tensor, y: torch.Tensor, step: float, c: Components
) -> None:
    """The same once more around the centre, where steep profiles are steepest.

    Detector pixels that are not oversampled are too wide for one refinement. ``x`` and ``y``
    are distances from the centre ``(m, cells)``.
    """
    most = patch.shape[-1] - _PATCH
    row, column = (
        (torch.round(-axis[:, 0] / step) - _PATCH // 2).clamp_(0, most).long()
        for axis in (y, x)
    )
    fine = ((torch.arange(_PATCH * _FINE) + 0.5) / _FINE - 0.5) * step
    cells = torch.arange(_PATCH)
    r2 = profiles.elliptical_radius_squared(
        (x.gather(1, column[:, None]) + fine)[:, None, :],
        (y.gather(1, row[:, None]) + fine)[:, :, None],
        c["axis_ratio"],
        c["angle"],
    )
    core = profiles.sersic(r2, c["half_light"], c["index"])
    core = torch.nn.functional.avg_pool2d(core[:, None], _FINE)[:, 0]
    rows, columns = row[:, None, None] + cells[:, None], column[:, None, None] + cells
    patch[torch.arange(len(patch))[:, None, None], rows, columns] = core


def paint_arcs(image: torch.Tensor, grid: Grid, components: Components) -> None:
    """Add rings and ring segments; each is normalised to its flux on the grid.

    Columns: owner, flux, x, y, radius, width, axis_ratio, angle, mid_angle, half_opening,
    knots (number of bright knots around the ring), knot_phase, knot_contrast in [0, 1).
    """
    x0, y0 = grid.coordinates()
    area = grid.step_arcsec**2
    for owner, c in _blocks(components):
        x, y = x0 - c["x"], y0 - c["y"]
        light = profiles.annular_arc(
            x, y, c["radius"], c["width"], c["axis_ratio"], c["angle"],
            c["mid_angle"], c["half_opening"],
        )  # fmt: skip
        knots = torch.cos(c["knots"] * torch.atan2(y, x) + c["knot_phase"])
        light.mul_(1.0 + c["knot_contrast"] * knots)
        total = light.sum(dim=(-2, -1), keepdim=True).clamp_min_(1e-6) * area
        _add(image, owner, light, c["flux"] / _like(total, c["flux"]))


def paint_spikes(image: torch.Tensor, grid: Grid, components: Components) -> None:
    """Add diffraction spikes: ``spikes`` / 2 crossing lines of Lorentzian fall-off.

    Columns: owner, flux, x, y, angle, length (arcsec), width (arcsec), spikes (4 or 6).
    """
    x0, y0 = grid.coordinates()
    area = grid.step_arcsec**2
    for owner, c in _blocks(components):
        x, y = x0 - c["x"], y0 - c["y"]
        light = torch.zeros(len(owner), *image.shape[-2:])
        for line in range(3):
            angle = c["angle"] + line * 2.0 * torch.pi / c["spikes"]
            along = x * torch.cos(angle) + y * torch.sin(angle)
            across = y * torch.cos(angle) - x * torch.sin(angle)
            profile = torch.exp((-0.5 * (across / c["width"]).square()).clamp_min_(-80.0))
            profile = profile / (1.0 + (along / c["length"]).square())
            light += profile * (line < c["spikes"] / 2)
        total = light.sum(dim=(-2, -1), keepdim=True) * area
        _add(image, owner, light, c["flux"] / _like(total, c["flux"]))


def paint_lensed(image: torch.Tensor, grid: Grid, lens: Components, clumps: int) -> None:
    """Add the lensed images of one clumpy Sersic source per lens, of unit *source* flux.

    Columns: owner, x, y (lens centre), einstein_radius, mass_axis_ratio, mass_angle,
    gamma1, gamma2, source_x, source_y, source_half_light, source_index,
    source_axis_ratio, source_angle, source_smooth (fraction in the Sersic body) and, for
    each clump k, clump_x{k}, clump_y{k} (offsets from the source's centre), clump_sigma{k}
    and clump_flux{k} (fractions that with source_smooth add to one).
    """
    x0, y0 = grid.coordinates()
    reach = _CUSP * grid.step_arcsec
    for owner, c in _blocks(lens):
        light, near = _lensed_light(x0 - c["x"], y0 - c["y"], c, clumps, reach)
        which, row, column = torch.nonzero(near, as_tuple=True)
        fine = ((torch.arange(_CUSP_FINE) + 0.5) / _CUSP_FINE - 0.5) * grid.step_arcsec
        few = {name: values[which] for name, values in c.items()}
        x = (x0[0, 0, column, None, None] + fine) - few["x"]
        y = (y0[0, row, 0, None, None] + fine[:, None]) - few["y"]
        refined, _ = _lensed_light(x, y, few, clumps, reach)
        light[which, row, column] = refined.mean(dim=(-2, -1))
        image.index_add_(0, owner, light)


def _lensed_light(
    x: torch.Tensor, y: torch.Tensor, c: Components, clumps: int, reach: float
) -> tuple[torch.Tensor, torch.Tensor]:
    x, y = sie.to_source_plane(
        x,
        y,
        c["einstein_radius"],
        c["mass_axis_ratio"],
        c["mass_angle"],
        c["gamma1"],
        c["gamma2"],
    )
    x, y = x - c["source_x"], y - c["source_y"]
    r2 = profiles.elliptical_radius_squared(x, y, c["source_axis_ratio"], c["source_angle"])
    light = profiles.sersic(r2, c["source_half_light"], c["source_index"])
    light.mul_(c["source_smooth"])
    near = r2 < reach**2
    for k in range(clumps):
        dx, dy = x - c[f"clump_x{k}"], y - c[f"clump_y{k}"]
        spot = profiles.gaussian(dx.square_().add_(dy.square_()), c[f"clump_sigma{k}"])
        light.addcmul_(spot, c[f"clump_flux{k}"])
    return light, near
