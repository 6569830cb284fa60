"""Windows of six hours with and without a transit, on the grid of Pearson et al. (2018)."""

from __future__ import annotations

import math

import numpy as np
import torch

from zoo_core import UsageError
from zoo_core.cards import Band, InputSpec
from zoo_core.simulation import Simulated, Simulator
from zoo_core.tables import Column

from .imitators import IMITATORS, imitate
from .stellar import correlated_noise, variability
from .transit_model import transit_flux

SAMPLES = 180
MID_TRANSIT_DAYS = 1.0
WINDOW_DAYS = 0.25
SEMI_MAJOR_AXIS = 12.0
LIMB_DARKENING = (0.5, 0.0)

#: Depth over the noise of one sample, on the two grids.
DEPTH_OVER_NOISE = {
    "train": tuple(np.linspace(1.5, 4.5, 4).tolist()),
    "test": tuple(np.linspace(0.25, 3.0, 12).tolist()),
}

#: The axes that both grids share; each point of a grid is as likely as any other.
DEPTHS_PPM = (200.0, 500.0, 1000.0, 2500.0, 5000.0, 10000.0)
PERIODS_DAYS = (2.0, 2.5, 3.0, 3.5, 4.0)
INCLINATIONS_DEGREES = (86.0, 87.0, 90.0)
PHASES = tuple(np.linspace(0.0, math.pi, 4).tolist())
AMPLITUDES_PPM = (250.0, 500.0, 1000.0, 2000.0)
VARIABILITY_PERIODS_DAYS = (0.25, 0.5, 1.0)
AMPLITUDE_DRIFTS_DAYS = (-1.0, 1.0, 100.0)
PERIOD_DRIFTS_DAYS = (-3.0, 1.0, 100.0)

#: Largest share of samples that are missing, and samples of a piece.
MOST_MISSING, GAP_SAMPLES = 0.5, 9

TRANSIT, QUIET = "transit", "quiet"


class Transits(Simulator):
    """Light curves of 180 samples in six hours, one half of them with a transit.

    The grid is that of Pearson, Palafox & Griffith (2018): transits of Jupiters and smaller
    planets on circular orbits of 12 stellar radii with linear limb darkening (0.5), in the
    middle of the window; stellar variability whose amplitude and period drift; white noise
    of each sample of depth over ``depth_over_noise``. Light curves without a transit are made
    in the same way, but for the transit. A point of the grid is drawn for each light curve
    by itself, so that any number of them is a fair sample of the grid.

    The samples include both ends of the window and lie 21,600 s / 179 = 120.7 s apart.

    The generator that the authors' published networks were trained with let only curves
    *without* a transit drift in their period, by which most of them can be told. That one is
    here as ``legacy_leak``, to reproduce numbers that were measured on it, and for nothing
    else. Options below it are ours.

    Parameters
    ----------
    grid : str
        ``train``: depth over noise 1.5 to 4.5; ``test``: 0.25 to 3.
    legacy_leak : bool
        Let the label leak: the period of the variability drifts only without a transit.
    red_noise : float
        Standard deviation of correlated noise over that of the white noise, 0 to 10.
    red_noise_hours : float
        Its timescale, 0.1 to 100.
    red_noise_share : float
        Share of light curves that have it, 0 to 1.
    hard_negatives : float
        Share, 0 to 1, of the curves without a transit that show an imitator as high as a
        transit would be deep: a flare, a step, a dropout or a ramp.
    off_centre_minutes : float
        How far from the middle of the window a transit may lie, 0 to 180.
    transit_share : float
        Share of light curves with a transit, 0 to 1.
    gap_share : float
        Share of light curves, 0 to 1, in which up to half of the samples are missing (NaN):
        pieces here and there, or one end.

    Raises
    ------
    UsageError
        One of them is out of its range.
    """

    name = "transits"
    version = "1"
    summary = "light curves of 180 samples in six hours with and without a transit"
    inputs = (
        InputSpec(
            name="series",
            kind="series",
            bands=(Band(name="flux"),),
            size=(SAMPLES,),
            cadence_seconds=120.0,
        ),
    )
    truth = (
        Column("transit", "1 with a transit, 0 without"),
        Column("kind", f"{TRANSIT}, {QUIET}, {', '.join(IMITATORS)}"),
        Column("depth_over_noise", "depth of a transit here over the noise of one sample"),
        Column("depth", "square of the planet's radius over the star's", "1e-6"),
        Column("period", "of the orbit", "d"),
        Column("inclination", "of the orbit", "deg"),
        Column("mid_transit", "since the first sample; NaN without a transit", "d"),
        Column("amplitude", "of the variability, before it drifts", "1e-6"),
        Column("variability_period", "before it drifts", "d"),
    )

    def __init__(
        self,
        grid: str = "train",
        *,
        legacy_leak: bool = False,
        red_noise: float = 0.0,
        red_noise_hours: float = 1.0,
        red_noise_share: float = 1.0,
        hard_negatives: float = 0.0,
        off_centre_minutes: float = 0.0,
        transit_share: float = 0.5,
        gap_share: float = 0.0,
    ):
        if grid not in DEPTH_OVER_NOISE:
            known = ", ".join(map(repr, DEPTH_OVER_NOISE))
            raise UsageError(f"grid must be one of {known}, is {grid!r}.")
        if not isinstance(legacy_leak, bool):
            raise UsageError(f"legacy_leak must be true or false, is {legacy_leak!r}.")
        self.grid = grid
        self.legacy_leak = legacy_leak
        self.red_noise = between(0.0, 10.0, "red_noise", red_noise)
        self.red_noise_hours = between(0.1, 100.0, "red_noise_hours", red_noise_hours)
        self.red_noise_share = between(0.0, 1.0, "red_noise_share", red_noise_share)
        self.hard_negatives = between(0.0, 1.0, "hard_negatives", hard_negatives)
        self.off_centre_minutes = between(0.0, 180.0, "off_centre_minutes", off_centre_minutes)
        self.transit_share = between(0.0, 1.0, "transit_share", transit_share)
        self.gap_share = between(0.0, 1.0, "gap_share", gap_share)

    def draw(self, count: int, generator: torch.Generator) -> Simulated:
        """Draw ``count`` light curves; see ``Simulator.draw``."""
        elapsed = torch.linspace(0.0, WINDOW_DAYS, SAMPLES, dtype=torch.float64)
        pick = _Pick(count, generator)
        transit = pick.uniform() < self.transit_share
        depth, ratio = 1e-6 * pick.of(DEPTHS_PPM), pick.of(DEPTH_OVER_NOISE[self.grid])
        orbit = {
            "period": pick.of(PERIODS_DAYS),
            "inclination": torch.deg2rad(pick.of(INCLINATIONS_DEGREES)),
            "mid_transit": WINDOW_DAYS / 2.0
            + (2.0 * pick.uniform() - 1.0) * self.off_centre_minutes / 1440.0,
        }
        star = {
            "amplitude": 1e-6 * pick.of(AMPLITUDES_PPM),
            "period": pick.of(VARIABILITY_PERIODS_DAYS),
            "phase": pick.of(PHASES),
            "amplitude_drift": pick.of(AMPLITUDE_DRIFTS_DAYS),
            "period_drift": pick.of(PERIOD_DRIFTS_DAYS),
        }
        is_imitator = ~transit & (pick.uniform() < self.hard_negatives)
        kinds = torch.where(is_imitator, pick.index(len(IMITATORS)), -1)
        noise = torch.randn(count, SAMPLES, generator=generator, dtype=torch.float64)
        if self.red_noise:
            days = self.red_noise_hours / 24.0
            red = self.red_noise * correlated_noise(count, elapsed, days, generator)
            if self.red_noise_share < 1.0:
                red[pick.uniform() >= self.red_noise_share] = 0.0
            noise += red
        flux = 1.0 + (depth / ratio)[:, None] * noise
        steady = transit if self.legacy_leak else torch.zeros_like(transit)
        flux *= variability(elapsed, **star, steady=steady)
        flux[transit] *= transit_flux(
            elapsed,
            **{name: values[transit] for name, values in orbit.items()},
            radius_ratio=depth[transit].sqrt(),
            semi_major_axis=SEMI_MAJOR_AXIS,
            limb_darkening=LIMB_DARKENING,
        )
        imitate(flux, kinds, depth, generator)
        if self.gap_share:
            flux[_gaps(pick, self.gap_share)] = torch.nan
        truth = {
            "transit": transit.long().numpy(),
            "kind": _kinds(transit, kinds),
            "depth_over_noise": ratio.numpy(),
            "depth": 1e6 * depth.numpy(),
            "period": orbit["period"].numpy(),
            "inclination": torch.rad2deg(orbit["inclination"]).numpy(),
            "mid_transit": torch.where(transit, orbit["mid_transit"], torch.nan).numpy(),
            "amplitude": 1e6 * star["amplitude"].numpy(),
            "variability_period": star["period"].numpy(),
        }
        return Simulated(arrays={"series": flux.float()[:, None]}, truth=truth)


class _Pick:
    """Draws ``(count,)`` float64 values."""

    def __init__(self, count: int, generator: torch.Generator):
        self.count = count
        self.generator = generator

    def uniform(self) -> torch.Tensor:
        """From 0 to 1."""
        return torch.rand(self.count, generator=self.generator, dtype=torch.float64)

    def index(self, number: int) -> torch.Tensor:
        """Integers from 0 to below ``number``."""
        return torch.randint(number, (self.count,), generator=self.generator)

    def of(self, values: tuple[float, ...]) -> torch.Tensor:
        """One of the values, all equally likely."""
        return torch.tensor(values, dtype=torch.float64)[self.index(len(values))]


def _gaps(pick: _Pick, share: float) -> torch.Tensor:
    """Samples that are missing ``(n, time)``: of a share of the curves, up to half."""
    missing = MOST_MISSING * pick.uniform()[:, None]
    place = torch.arange(SAMPLES, dtype=torch.float64)
    piece = place.long() // GAP_SAMPLES
    order = torch.rand(
        pick.count, int(piece[-1]) + 1, generator=pick.generator, dtype=torch.float64
    )
    in_pieces = order.argsort(dim=1).argsort(dim=1)[:, piece] < missing * (piece[-1] + 1)
    end = (place + 0.5) / SAMPLES
    at_an_end = torch.where(pick.uniform()[:, None] < 0.5, end, 1.0 - end) < missing
    is_missing = torch.where(pick.uniform()[:, None] < 0.5, in_pieces, at_an_end)
    gone: torch.Tensor = is_missing & (pick.uniform() < share)[:, None]
    return gone


def between(lowest: float, highest: float, name: str, value: float) -> float:
    """A number in its range.

    Raises
    ------
    UsageError
        It is none, or outside.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not lowest <= value <= highest:
        raise UsageError(
            f"{name} must be a number from {lowest:g} to {highest:g}, is {value!r}."
        )
    return float(value)


def _kinds(transit: torch.Tensor, kinds: torch.Tensor) -> np.ndarray:
    names = np.array([*IMITATORS, QUIET])
    return np.where(transit.numpy(), TRANSIT, names[kinds.numpy()])
