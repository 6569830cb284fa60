"""Folded light curves of planets, and of what a search takes for planets."""

from __future__ import annotations

import math

import numpy as np
import torch

from zoo_core.cards import Band, InputSpec
from zoo_core.simulation import Simulated, Simulator
from zoo_core.tables import Column

from ..folding.views import GLOBAL_BINS, LOCAL_BINS, fold, global_view, local_view
from .imitators import Draw
from .transit_model import transit_flux

#: A quarter of a year of Kepler's long cadence.
DAYS, CADENCE_DAYS = 90.0, 0.02043
LIMB_DARKENING = (0.4, 0.25)
KINDS = ("planet", "eclipsing-binary", "variable", "noise")

_TIME = torch.arange(0.0, DAYS, CADENCE_DAYS, dtype=torch.float64)


class FoldedTransits(Simulator):
    """Global and local views of periodic dips: one half planets, the others three imitators.

    A light curve of 90 days at a cadence of 29.4 minutes, as after the removal of the slow
    variability of its star, is folded at the period of its dips and binned. Periods are
    log-uniform from 1 to 20 days, depths from 100 to 20,000 ppm, and the noise follows from a
    ratio of signal to noise, log-uniform from 8 to 60, of the folded dip. A part of the
    noise, up to a half of the white one, is correlated over three hours.

    Planets pass a Sun-like star with impact parameters up to 0.9. Eclipsing binaries graze it:
    their dips are pointed, and most have a second one, less deep, half an orbit later.
    Variables dip smoothly once a period. Noise is noise, folded so that its lowest part is in
    the middle, as a search would find it.

    All of these priors are ours; no survey's mixture of candidates was simulated.
    """

    name = "folded-transits"
    version = "1"
    summary = "folded light curves of planets, eclipsing binaries, variables and noise"
    inputs = tuple(
        InputSpec(name=name, kind="series", bands=(Band(name="flux"),), size=(bins,))
        for name, bins in (("global_view", GLOBAL_BINS), ("local_view", LOCAL_BINS))
    )
    truth = (
        Column("planet", "1 for a planet, 0 for another cause"),
        Column("kind", ", ".join(KINDS)),
        Column("period", "at which the light curve is folded", "d"),
        Column("duration", "of the dip", "d"),
        Column("depth", "of the dip", "1e-6"),
        Column("signal_to_noise", "of the folded dip"),
    )
    chunk_size = 64

    def draw(self, count: int, generator: torch.Generator) -> Simulated:
        """Draw ``count`` folded light curves; see ``Simulator.draw``."""
        draw = Draw(generator)
        weights = torch.tensor([3.0, 1.0, 1.0, 1.0])
        kinds = torch.multinomial(weights, count, replacement=True, generator=generator)
        period = torch.exp(draw.uniform(count, 0.0, math.log(20.0)))[:, 0]
        depth = 1e-6 * torch.exp(draw.uniform(count, math.log(100.0), math.log(20000.0)))
        ratio = torch.exp(draw.uniform(count, math.log(8.0), math.log(60.0)))
        mid = draw.uniform(count, 0.0, 1.0)[:, 0] * period
        shape, duration = _dips(kinds, period, mid, draw)
        samples = (duration / CADENCE_DAYS * DAYS / period).clamp_min(1.0)
        sigma = depth / ratio * samples.sqrt()[:, None]
        noise = _noise(count, generator, draw.uniform(count, 0.0, 0.5))
        flux = (1.0 - depth * shape + sigma * noise).numpy()
        views: list[list[np.ndarray]] = [[], []]
        for row in range(count):
            orbit, when = float(period[row]), float(mid[row])
            if KINDS[kinds[row]] == "noise":
                when = _lowest(flux[row], orbit)
            folded = fold(_TIME.numpy(), orbit, when)
            views[0].append(global_view(folded, flux[row], orbit))
            views[1].append(local_view(folded, flux[row], orbit, float(duration[row])))
        arrays = {
            spec.name: torch.from_numpy(np.stack(view)[:, None])
            for spec, view in zip(self.inputs, views, strict=True)
        }
        truth = {
            "planet": (kinds == 0).long().numpy(),
            "kind": np.array(KINDS)[kinds.numpy()],
            "period": period.numpy(),
            "duration": duration.numpy(),
            "depth": 1e6 * depth[:, 0].numpy(),
            "signal_to_noise": ratio[:, 0].numpy(),
        }
        return Simulated(arrays=arrays, truth=truth)


def _dips(
    kinds: torch.Tensor, period: torch.Tensor, mid: torch.Tensor, draw: Draw
) -> tuple[torch.Tensor, torch.Tensor]:
    """Dips ``(n, time)`` of depth 1, and their durations ``(n,)`` in days."""
    count = len(kinds)
    axis = 4.2 * period.pow(2.0 / 3.0)  # a star like the Sun, by Kepler's third law
    grazing = kinds == KINDS.index("eclipsing-binary")
    small, large = draw.uniform(count, 0.02, 0.12)[:, 0], draw.uniform(count, 0.25, 0.6)[:, 0]
    radius = torch.where(grazing, large, small)
    impact = torch.where(
        grazing,
        1.0 + large * draw.uniform(count, -0.3, 0.7)[:, 0],
        draw.uniform(count, 0.0, 0.9)[:, 0],
    )
    inclination = torch.acos(impact / axis)
    chord = ((1.0 + radius).square() - impact.square()).sqrt() / (axis * inclination.sin())
    duration = period / math.pi * torch.asin(chord.clamp(max=1.0))

    def dip(when: torch.Tensor) -> torch.Tensor:
        return 1.0 - transit_flux(
            _TIME,
            mid_transit=when,
            period=period,
            inclination=inclination,
            radius_ratio=radius,
            semi_major_axis=axis,
            limb_darkening=LIMB_DARKENING,
        )

    primary = dip(mid)
    deepest = primary.max(dim=1, keepdim=True).values.clamp_min(1e-12)
    shape = primary / deepest
    share = draw.uniform(count, -0.2, 0.9).clamp_min(0.0)
    secondary = share * dip(mid + period / 2.0) / deepest
    shape = shape + torch.where(grazing[:, None], secondary, torch.zeros_like(shape))
    phase = 2.0 * math.pi * (_TIME - mid[:, None]) / period[:, None]
    power = draw.uniform(count, 1.0, 8.0)
    wave = ((1.0 + phase.cos()) / 2.0).pow(power)
    shape = torch.where((kinds == KINDS.index("variable"))[:, None], wave, shape)
    quiet = (kinds == KINDS.index("noise"))[:, None]
    return torch.where(quiet, torch.zeros_like(shape), shape), duration


def _noise(count: int, generator: torch.Generator, red: torch.Tensor) -> torch.Tensor:
    """White noise of unit variance and correlated noise ``red`` ``(n, 1)`` times as strong."""
    from scipy.signal import lfilter

    shape = (2, count, len(_TIME))
    white, source = torch.randn(shape, generator=generator, dtype=torch.float64)
    kept = math.exp(-CADENCE_DAYS / 0.125)
    correlated = lfilter([math.sqrt(1.0 - kept**2)], [1.0, -kept], source.numpy(), axis=1)
    noise: torch.Tensor = white + red * torch.from_numpy(correlated)
    return noise


def _lowest(flux: np.ndarray, period: float) -> float:
    """Time of the lowest part of a folded light curve, of 64."""
    part = np.minimum((np.mod(_TIME.numpy(), period) / period * 64).astype(int), 63)
    count = np.bincount(part, minlength=64)
    mean = np.bincount(part, flux, minlength=64) / np.maximum(count, 1)
    lowest = int(np.where(count > 0, mean, np.inf).argmin())
    return (lowest + 0.5) / 64.0 * period
