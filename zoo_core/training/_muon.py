"""Muon: momentum steps made orthogonal, for the kernels of convolutions.

After Jordan et al. (2024, https://kellerjordan.github.io/posts/muon/), with the scale of Liu et
al. (2025, arXiv:2502.16982) that makes its learning rate and weight decay those of AdamW.
torch's own takes matrices only. Imported when a training is set up, because it needs torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOMENTUM = 0.95

#: Root mean square of AdamW's steps, in units of the learning rate.
_STEP_SIZE = 0.2

#: Quintic Newton-Schulz iteration that drives singular values from (0, 1] to about one.
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5


class Muon(torch.optim.Optimizer):
    """Steps of equal size in all directions of a kernel, seen as a matrix of outputs.

    Parameters
    ----------
    params : iterable of torch.nn.Parameter
        Each with two axes or more, the first of them the output's.
    lr, weight_decay : float
        As for AdamW.
    """

    def __init__(self, params: Iterable[torch.nn.Parameter], lr: float, weight_decay: float):
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        """Take one step with the gradients that are there."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum"] = torch.zeros_like(parameter)
                momentum = state["momentum"].lerp_(parameter.grad, 1.0 - _MOMENTUM)
                ahead = parameter.grad.lerp(momentum, _MOMENTUM)
                matrix = ahead.flatten(1)
                size = _STEP_SIZE * max(matrix.shape) ** 0.5
                step = orthogonalised(matrix).view_as(parameter)
                parameter.mul_(1.0 - group["lr"] * group["weight_decay"])
                parameter.add_(step, alpha=-group["lr"] * size)


def orthogonalised(matrix: torch.Tensor) -> torch.Tensor:
    """The nearest matrix with orthonormal rows (or columns, if it has fewer), roughly.

    Parameters
    ----------
    matrix : torch.Tensor
        ``(m, n)``, float32.

    Returns
    -------
    torch.Tensor
        The same singular vectors, with singular values of about 0.7 to 1.2; computed in
        bfloat16.
    """
    a, b, c = _COEFFICIENTS
    is_tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if is_tall else matrix).bfloat16()
    x = x / (x.norm() + 1e-7)
    for _ in range(_ITERATIONS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    result: torch.Tensor = (x.T if is_tall else x).to(matrix.dtype)
    return result
