"""Seeded random numbers for the priors: one generator, a few named distributions."""

import math

import torch


class Draw:
    """Draws ``(n,)`` float32 tensors from one ``torch.Generator``.

    Parameters
    ----------
    generator : torch.Generator
        Carries the seed; every draw advances it, so the order of draws is part of the
        simulator's version.
    """

    def __init__(self, generator: torch.Generator):
        self.generator = generator

    def uniform(self, n: int, low: float, high: float) -> torch.Tensor:
        """Uniform on [low, high)."""
        return low + (high - low) * torch.rand(n, generator=self.generator)

    def log_uniform(self, n: int, low: float, high: float) -> torch.Tensor:
        """Uniform in the logarithm between two positive numbers."""
        return torch.exp(self.uniform(n, math.log(low), math.log(high)))

    def normal(self, n: int, mean: float, sigma: float) -> torch.Tensor:
        """Gaussian."""
        return mean + sigma * torch.randn(n, generator=self.generator)

    def clipped_normal(
        self, n: int, mean: float, sigma: float, low: float, high: float
    ) -> torch.Tensor:
        """Gaussian with values outside [low, high] moved to the nearer limit."""
        return self.normal(n, mean, sigma).clamp_(low, high)

    def clipped_log_normal(
        self, n: int, median: float, sigma: float, low: float, high: float
    ) -> torch.Tensor:
        """Log-normal with scatter ``sigma`` in the natural logarithm, clipped."""
        return torch.exp(self.normal(n, math.log(median), sigma)).clamp_(low, high)

    def angle(self, n: int) -> torch.Tensor:
        """Uniform on [0, 2 pi)."""
        return self.uniform(n, 0.0, 2.0 * math.pi)

    def in_disc(self, n: int, radius: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Points uniform in area inside discs of the given radii, ``(n,)`` each."""
        distance = radius * torch.sqrt(self.uniform(n, 0.0, 1.0))
        angle = self.angle(n)
        return distance * torch.cos(angle), distance * torch.sin(angle)

    def choice(self, n: int, weights: list[float]) -> torch.Tensor:
        """Indices ``(n,)`` int64 with the given relative weights."""
        if not n:
            return torch.zeros(0, dtype=torch.int64)
        return torch.multinomial(
            torch.tensor(weights, dtype=torch.float32),
            n,
            replacement=True,
            generator=self.generator,
        )

    def poisson(self, n: int, mean: float, most: int) -> torch.Tensor:
        """Counts ``(n,)`` int64, at most ``most``."""
        counts = torch.poisson(torch.full((n,), mean), generator=self.generator)
        return counts.clamp_(max=most).long()
