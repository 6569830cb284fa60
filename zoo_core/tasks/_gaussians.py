"""Mixtures of Gaussians as a network states them, one for each object."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import torch

#: Largest logarithm of a width or its inverse, in standard units: exponentials stay finite.
_MOST = 7.0

#: Steps of a bisection: more digits than float32 has, from 20 widths on.
_STEPS = 40


def count_outputs(targets: int, *, components: int, is_full: bool) -> int:
    """Numbers that state a mixture for one object.

    Weights (of more than one component), means, logarithms of the diagonal, and with
    ``is_full`` what is below the diagonal.

    >>> count_outputs(3, components=1, is_full=False)
    6
    >>> count_outputs(3, components=2, is_full=True)
    20
    """
    weights = components if components > 1 else 0
    below = targets * (targets - 1) // 2 if is_full else 0
    return weights + components * (2 * targets + below)


@dataclass(frozen=True)
class Gaussians:
    """Mixtures of Gaussians in standard units.

    Attributes
    ----------
    log_weights : torch.Tensor
        ``(n, component)``, of sum one after the exponential.
    means : torch.Tensor
        ``(n, component, target)``.
    factor : torch.Tensor
        ``(n, component, target, target)``: the lower triangle L of the inverse covariance
        L L^T, with a positive diagonal.
    """

    log_weights: torch.Tensor
    means: torch.Tensor
    factor: torch.Tensor

    @classmethod
    def of(
        cls, outputs: torch.Tensor, targets: int, *, components: int, is_full: bool
    ) -> Gaussians:
        """Read them from outputs ``(n, count_outputs(...))`` of any size."""
        import torch

        outputs = outputs.float()
        count = len(outputs)
        weights = components if components > 1 else 0
        lengths = [weights, components * targets, components * targets]
        parts = list(outputs.split([*lengths, outputs.shape[1] - sum(lengths)], dim=1))
        logits, means, logs, below = parts
        if not weights:
            logits = outputs.new_zeros(count, 1)
        logs = _MOST * torch.tanh(logs.reshape(count, components, targets) / _MOST)
        factor = torch.diag_embed(logs.exp())
        if is_full and targets > 1:
            rows, columns = torch.tril_indices(targets, targets, -1)
            factor[:, :, rows, columns] = below.reshape(count, components, -1)
        return cls(logits.log_softmax(1), means.reshape(count, components, targets), factor)

    def log_probability(self, truth: torch.Tensor) -> torch.Tensor:
        """Logarithm of the density ``(n,)`` at ``(n, target)``."""
        import torch

        off = truth[:, None, :] - self.means
        scaled = torch.einsum("nkij,nki->nkj", self.factor, off)
        logs = self.factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        constant = 0.5 * truth.shape[1] * math.log(2 * math.pi)
        each = self.log_weights + logs - 0.5 * scaled.square().sum(-1) - constant
        joint: torch.Tensor = each.logsumexp(1)
        return joint

    @property
    def mean(self) -> torch.Tensor:
        """``(n, target)``."""
        found: torch.Tensor = (self.log_weights.exp()[:, :, None] * self.means).sum(1)
        return found

    def deviations(self) -> torch.Tensor:
        """Standard deviation of each target in each component, ``(n, component, target)``."""
        import torch

        one = torch.eye(self.factor.shape[-1]).expand_as(self.factor)
        inverse = torch.linalg.solve_triangular(self.factor, one, upper=False)
        found: torch.Tensor = inverse.square().sum(-2).sqrt()
        return found

    def quantiles(self, scores: np.ndarray) -> np.ndarray:
        """Marginal quantiles of each target.

        Parameters
        ----------
        scores : numpy.ndarray
            ``(q,)``, in standard deviations of a normal variable: 0 is the median, -1 and 1
            hold 68.3 % between them.

        Returns
        -------
        numpy.ndarray
            ``(n, target, q)``, float64.
        """
        import torch

        means, widths = self.means.double(), self.deviations().double()
        wanted = torch.as_tensor(scores, dtype=torch.float64)
        each = means[..., None] + widths[..., None] * wanted
        # Between the smallest and the largest of the components' own quantiles.
        low, high = each.amin(1), each.amax(1)
        if means.shape[1] > 1:
            weights = self.log_weights.double().exp()
            level = torch.special.ndtr(wanted)
            for _ in range(_STEPS):
                middle = 0.5 * (low + high)
                score = (middle[:, None] - means[..., None]) / widths[..., None]
                below = torch.einsum("nk,nkjq->njq", weights, torch.special.ndtr(score))
                low = torch.where(below < level, middle, low)
                high = torch.where(below < level, high, middle)
        found: np.ndarray = (0.5 * (low + high)).numpy()
        return found
