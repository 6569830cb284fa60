"""The decision of a support vector machine."""

from __future__ import annotations

import itertools

import torch
from torch import nn

from zoo_core.errors import UsageError

from ._sizes import check_numbers

KERNELS = ("linear", "rbf")


class KernelMachine(nn.Module):
    """Features to logits, by support vectors.

    Two classes have one decision function; the logit is ``slope * decision + offset``
    (Platt 1999). More have one function for each pair of classes; the score of a class is
    its votes, plus a fraction for how clear they were, and its logit the slope times that.

    What is found by the fit are buffers, which keep float32 when a model is stored; slope
    and offset are the parameters.

    Parameters
    ----------
    num_features, num_outputs, num_support : int
        Lengths. One output is the logit of the second of two classes.
    kernel : str
        ``rbf`` or ``linear``, which needs no support vectors once it is fitted.

    Attributes
    ----------
    support : torch.Tensor
        ``(num_support, num_features)``, of ``rbf``.
    coefficients : torch.Tensor
        ``(pair, num_support)``, of ``linear`` ``(pair, num_features)``.
    intercepts : torch.Tensor
        ``(pair,)``.
    gamma : torch.Tensor
        ``()``, of ``rbf``: the kernel is ``exp(-gamma |x - s|^2)``.
    slope, offset : nn.Parameter
        ``(1,)`` and ``(num_outputs,)``.
    """

    support: torch.Tensor
    coefficients: torch.Tensor
    intercepts: torch.Tensor
    gamma: torch.Tensor

    def __init__(self, num_features: int, num_outputs: int, num_support: int, kernel: str):
        super().__init__()
        if kernel not in KERNELS:
            raise UsageError(f"svm has the kernels {', '.join(KERNELS)}, not {kernel!r}.")
        pairs = max(1, num_outputs * (num_outputs - 1) // 2)
        width = num_features if kernel == "linear" else num_support
        if kernel == "rbf":
            check_numbers("support vectors", num_support, num_features)
        check_numbers("coefficients", pairs, width)
        self.kernel, self.num_outputs = kernel, num_outputs
        if kernel == "rbf":
            self.register_buffer("support", torch.randn(num_support, num_features))
            self.register_buffer("gamma", torch.tensor(1.0 / num_features))
        self.register_buffer("coefficients", torch.randn(pairs, width) / width**0.5)
        self.register_buffer("intercepts", torch.zeros(pairs))
        self.slope = nn.Parameter(torch.ones(1))
        self.offset = nn.Parameter(torch.zeros(num_outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits ``(n, num_outputs)`` of standardised features ``(n, num_features)``."""
        return self.slope * self.scores(x) + self.offset

    def scores(self, x: torch.Tensor) -> torch.Tensor:
        """Scores ``(n, num_outputs)`` before slope and offset: sklearn's decision function.

        Two classes with two outputs have half of it each, with opposite signs.
        """
        decision = self.decide(x)
        if self.num_outputs == 1:
            return decision
        if self.num_outputs == 2:
            return torch.cat([-decision, decision], dim=1) / 2.0
        return votes(decision, self.num_outputs)

    def decide(self, x: torch.Tensor) -> torch.Tensor:
        """Decision functions ``(n, pair)``, float32.

        They are sums of many large terms that cancel, so they are added up in float64 where
        the device has it.
        """
        wide = torch.float32 if x.device.type == "mps" else torch.float64
        values = x.to(wide)
        if self.kernel == "rbf":
            apart = torch.cdist(values, self.support.to(wide))
            values = (-self.gamma.to(wide) * apart.square()).exp()
        found = values @ self.coefficients.to(wide).T + self.intercepts.to(wide)
        return found.to(x.dtype)


def votes(decision: torch.Tensor, classes: int) -> torch.Tensor:
    """Score of each class from the decisions of all pairs, as scikit-learn's ``ovr``.

    Parameters
    ----------
    decision : torch.Tensor
        ``(n, pair)``, pairs in the order (0, 1), (0, 2), ... (1, 2), ...; positive for the
        first class of the pair.
    classes : int
        At least three.

    Returns
    -------
    torch.Tensor
        ``(n, class)``: the pairs that a class won, plus less than a third for by how much.

    Examples
    --------
    >>> votes(torch.tensor([[1.0, 1.0, -1.0]]), 3).argsort().tolist()
    [[1, 2, 0]]
    """
    won = decision.new_zeros(len(decision), classes)
    margin = torch.zeros_like(won)
    for pair, (first, second) in enumerate(itertools.combinations(range(classes), 2)):
        one = decision[:, pair]
        is_first = (one >= 0).to(won.dtype)
        won[:, first] += is_first
        won[:, second] += 1.0 - is_first
        margin[:, first] += one
        margin[:, second] -= one
    return won + margin / (3.0 * (margin.abs() + 1.0))
