"""Statistics of a series."""

from __future__ import annotations

import torch

#: What is measured of each band, in this order.
STATISTICS = (
    "mean",
    "std",
    "skewness",
    "kurtosis",
    "amplitude",
    "median_absolute_deviation",
    "von_neumann_ratio",
    "beyond_one_sigma",
    "slope",
    "autocorrelation",
    "deepest",
    "highest",
)


def statistics(series: torch.Tensor) -> torch.Tensor:
    """Twelve numbers of each series, over the values that are finite.

    Parameters
    ----------
    series : torch.Tensor
        ``(n, length)``, float32; values that are not finite are left out.

    Returns
    -------
    torch.Tensor
        ``(n, 12)``, float32, in the order of ``STATISTICS``. NaN where it is not defined,
        such as the skewness of a constant.

    Notes
    -----
    ``kurtosis`` is the excess over a Gaussian; ``amplitude`` is half the range;
    ``von_neumann_ratio`` is the mean squared difference of successive values over the
    variance, 2 for white noise (von Neumann 1941, Ann. Math. Stat. 12, 367);
    ``beyond_one_sigma`` is the fraction farther than a standard deviation from the mean
    (Richards et al. 2011, ApJ 733, 10); ``slope`` is that of the fitted line, per length of
    the series; ``autocorrelation`` is at lag 1; ``deepest`` and ``highest`` are the lowest
    and the highest value, from the median, in median absolute deviations.
    """
    kept = series.isfinite()
    count = kept.sum(dim=1).to(series.dtype)

    def mean(values: torch.Tensor) -> torch.Tensor:
        return torch.where(kept, values, 0.0).sum(dim=1) / count

    level = mean(series)
    off = torch.where(kept, series - level[:, None], 0.0)
    variance = mean(off.square())
    # What rounding leaves of a constant is no variation.
    size = torch.where(kept, series, 0.0).abs().amax(dim=1)
    variance = torch.where(variance.sqrt() <= 1e-6 * size, 0.0, variance)
    spread = variance.sqrt()
    low = torch.where(kept, series, torch.inf).amin(dim=1)
    high = torch.where(kept, series, -torch.inf).amax(dim=1)
    median = torch.where(kept, series, torch.nan).nanmedian(dim=1).values
    away = torch.where(kept, (series - median[:, None]).abs(), torch.nan)
    scatter = away.nanmedian(dim=1).values
    time = torch.linspace(0.0, 1.0, series.shape[1], device=series.device).expand_as(series)
    time = torch.where(kept, time - mean(time)[:, None], 0.0)
    both = kept[:, 1:] & kept[:, :-1]
    pairs = both.sum(dim=1).to(series.dtype)
    step = torch.where(both, off[:, 1:] - off[:, :-1], 0.0).square().sum(dim=1)
    product = torch.where(both, off[:, 1:] * off[:, :-1], 0.0).sum(dim=1)
    return torch.stack(
        [
            level,
            spread,
            mean(off**3) / spread**3,
            mean(off**4) / variance.square() - 3.0,
            (high - low) / 2.0,
            scatter,
            step / pairs / variance,
            mean((off.abs() > spread[:, None]).to(series.dtype)),
            (time * off).sum(dim=1) / time.square().sum(dim=1),
            product / pairs / variance,
            (low - median) / scatter,
            (high - median) / scatter,
        ],
        dim=1,
    )
