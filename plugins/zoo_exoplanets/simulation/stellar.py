"""What a star does by itself: variability that drifts, and correlated noise."""

from __future__ import annotations

import math

import torch


def variability(
    elapsed: torch.Tensor,
    *,
    amplitude: torch.Tensor,
    period: torch.Tensor,
    phase: torch.Tensor,
    amplitude_drift: torch.Tensor,
    period_drift: torch.Tensor,
    steady: torch.Tensor,
) -> torch.Tensor:
    """Factor on the flux ``(n, time)``: a sine whose amplitude and period drift.

    It is::

        1 + A (1 + sin(2 pi t / P_A)) sin(2 pi t / w(t) + phi)
        w(t) = w (1 + sin(2 pi t / P_w))

    Parameters
    ----------
    elapsed : torch.Tensor
        ``(time,)`` since the first sample.
    amplitude, period, phase : torch.Tensor
        ``(n,)``: A, w (in the unit of ``elapsed``) and phi (rad).
    amplitude_drift, period_drift : torch.Tensor
        ``(n,)``: P_A and P_w, negative for a drift downwards.
    steady : torch.Tensor
        ``(n,)`` bool: where the period stays as it is.
    """
    time = 2.0 * math.pi * elapsed
    drifting = 1.0 + torch.sin(time / period_drift[:, None])
    width = period[:, None] * torch.where(steady[:, None], torch.ones_like(drifting), drifting)
    height = amplitude[:, None] * (1.0 + torch.sin(time / amplitude_drift[:, None]))
    return 1.0 + height * torch.sin(time / width + phase[:, None])


def correlated_noise(
    count: int, elapsed: torch.Tensor, timescale: float, generator: torch.Generator
) -> torch.Tensor:
    """Noise ``(count, time)`` of unit variance from a Gaussian process.

    Its covariance is Matern's with nu = 3 / 2, ``(1 + s) exp(-s)`` with ``s`` being
    ``sqrt(3)`` times the lag over the timescale: as granulation, smooth over short times and
    without a period.

    Parameters
    ----------
    count : int
        How many series.
    elapsed : torch.Tensor
        ``(time,)`` float64, ascending.
    timescale : float
        In the unit of ``elapsed``, positive.
    generator : torch.Generator
        Of the random numbers.
    """
    lag = (elapsed[:, None] - elapsed[None, :]).abs() * (math.sqrt(3.0) / timescale)
    covariance = (1.0 + lag) * torch.exp(-lag)
    # Rounding makes the matrix of a long timescale a little less than positive.
    covariance.diagonal().add_(1e-9)
    white = torch.randn(count, len(elapsed), generator=generator, dtype=torch.float64)
    series: torch.Tensor = white @ torch.linalg.cholesky(covariance).T
    return series
