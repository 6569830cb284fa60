"""The votes of decision trees."""

from __future__ import annotations

import torch
from torch import nn

from zoo_core.errors import UsageError

from ._sizes import check_numbers

#: Probabilities lie so far from 0 and 1 before their logarithm is taken.
LEAST_PROBABILITY = 1e-6


class Trees(nn.Module):
    """Features to logits, by the mean class probability of many trees.

    Nodes of a tree are numbered from its root, 0. At a node an object goes left if its
    feature is at most the threshold; a leaf leads to itself. The logits are the logarithms
    of the probabilities, for one output the log-odds, times the slope, plus the offset.

    What is found by the fit are buffers, which keep float32 when a model is stored; slope
    and offset are the parameters, 1 and 0 at first and after the fit.

    Parameters
    ----------
    num_features, num_outputs : int
        Lengths. One output is the log-odds of the second of two classes.
    num_trees, num_nodes : int
        Smaller trees are filled up with nodes that nothing leads to.
    depth : int
        Steps from the root to the farthest leaf.

    Attributes
    ----------
    feature, left, right : torch.Tensor
        ``(num_trees, num_nodes)``, int32: index of the feature, and nodes of the same tree.
    threshold : torch.Tensor
        ``(num_trees, num_nodes)``.
    probability : torch.Tensor
        ``(num_trees, num_nodes, class)``.
    slope, offset : nn.Parameter
        ``(1,)`` and ``(num_outputs,)``.
    """

    feature: torch.Tensor
    left: torch.Tensor
    right: torch.Tensor
    threshold: torch.Tensor
    probability: torch.Tensor

    def __init__(
        self, num_features: int, num_outputs: int, num_trees: int, num_nodes: int, depth: int
    ):
        super().__init__()
        classes = max(2, num_outputs)
        check_numbers("probabilities", num_trees, num_nodes, classes)
        if not 0 <= depth < num_nodes:
            raise UsageError(
                f"a tree of {num_nodes} nodes has a depth of 0 to {num_nodes - 1}, not {depth}."
            )
        self.depth, self.num_outputs = depth, num_outputs
        node = torch.arange(num_nodes, dtype=torch.int32)
        shape = (num_trees, num_nodes)
        for name, child in (("left", 2 * node + 1), ("right", 2 * node + 2)):
            child = torch.where(child < num_nodes, child, node)
            self.register_buffer(name, child.expand(shape).clone())
        drawn = torch.randint(num_features, shape)
        self.register_buffer("feature", drawn.to(torch.int32))
        self.register_buffer("threshold", torch.randn(shape))
        self.register_buffer("probability", torch.randn(*shape, classes).softmax(dim=2))
        self.slope = nn.Parameter(torch.ones(1))
        self.offset = nn.Parameter(torch.zeros(num_outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits ``(n, num_outputs)`` of standardised features ``(n, num_features)``."""
        known = self.probabilities(x).clamp(LEAST_PROBABILITY, 1.0)
        logits = known.log()
        if self.num_outputs == 1:
            logits = logits[:, 1:] - logits[:, :1]
        return self.slope * logits + self.offset

    def probabilities(self, x: torch.Tensor) -> torch.Tensor:
        """Mean probability of each class ``(n, class)``."""
        trees, nodes, classes = self.probability.shape
        # Indices of a file from elsewhere stay inside, whatever they are.
        feature = self.feature.long().clamp(0, x.shape[1] - 1).flatten()
        start = nodes * torch.arange(trees, device=x.device)
        left, right = (
            (child.long().clamp(0, nodes - 1) + start[:, None]).flatten()
            for child in (self.left, self.right)
        )
        threshold = self.threshold.flatten()
        at = start.expand(len(x), -1)
        for _ in range(self.depth):
            goes_left = x.gather(1, feature[at]) <= threshold[at]
            at = torch.where(goes_left, left[at], right[at])
        leaves: torch.Tensor = self.probability.reshape(-1, classes)[at]
        return leaves.mean(dim=1)
