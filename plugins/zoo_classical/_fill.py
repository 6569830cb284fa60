"""From what scikit-learn fitted to the tensors of a head."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from ._kernel_machine import KernelMachine
    from ._trees import Trees


#: The largest number of half precision is a little above.
_STEEPEST = 65000.0


def fill_kernel_machine(
    head: KernelMachine, fitted: Any, *, slope: float = 1.0, offset: float = 0.0
) -> None:
    """Take over support vectors, coefficients and intercepts of an ``SVC``.

    Its classes are 0, 1, ...; ``gamma`` must be a number. The slope is rounded to half
    precision, so that storing it in it loses nothing. The offset, of the log-odds of two
    classes, goes into the intercept, which is stored in full: half precision would be too
    coarse where the slope is steep.
    """
    steep = np.float16(min(slope, _STEEPEST))
    intercepts = fitted.intercept_ + (offset / float(steep) if head.num_outputs < 3 else 0.0)
    tensors = {"coefficients": _coefficients(fitted), "intercepts": intercepts}
    if head.kernel == "linear":
        tensors["coefficients"] = fitted.coef_
    else:
        tensors |= {"support": fitted.support_vectors_, "gamma": np.asarray(fitted.gamma)}
    tensors["slope"] = np.array([steep])
    tensors["offset"] = np.zeros(head.num_outputs, np.float16)
    _fill(head, tensors)


def _coefficients(fitted: Any) -> np.ndarray:
    """One row a pair of classes, ``(pair, support)``, zeros where a class has no part."""
    counts = fitted.n_support_
    if len(counts) == 2:
        return np.asarray(fitted.dual_coef_)
    ends = np.cumsum(counts)
    parts = [slice(end - count, end) for end, count in zip(ends, counts, strict=True)]
    pairs = list(itertools.combinations(range(len(counts)), 2))
    found = np.zeros((len(pairs), int(ends[-1])))
    for row, (first, second) in zip(found, pairs, strict=True):
        # libsvm keeps a row for each class but a vector's own, without a gap.
        row[parts[first]] = fitted.dual_coef_[second - 1, parts[first]]
        row[parts[second]] = fitted.dual_coef_[first, parts[second]]
    return found


def tree_shapes(fitted: Any) -> dict[str, int]:
    """Arguments of ``RandomForest`` that a fitted ``RandomForestClassifier`` needs."""
    trees = [one.tree_ for one in fitted.estimators_]
    return {
        "num_trees": len(trees),
        "num_nodes": max(tree.node_count for tree in trees),
        "depth": max(tree.max_depth for tree in trees),
    }


def fill_trees(head: Trees, fitted: Any) -> None:
    """Take over all nodes of a ``RandomForestClassifier`` whose classes are 0, 1, ..."""
    shape = tuple(head.threshold.shape)
    itself = np.broadcast_to(np.arange(shape[1], dtype=np.int32), shape)
    left, right = itself.copy(), itself.copy()
    feature, threshold = np.zeros(shape, np.int32), np.zeros(shape, np.float32)
    probability = np.full(tuple(head.probability.shape), np.float32(0.0))
    for row, one in enumerate(fitted.estimators_):
        tree = one.tree_
        nodes = slice(tree.node_count)
        is_leaf = tree.children_left < 0
        left[row, nodes] = np.where(is_leaf, itself[row, nodes], tree.children_left)
        right[row, nodes] = np.where(is_leaf, itself[row, nodes], tree.children_right)
        feature[row, nodes] = np.where(is_leaf, 0, tree.feature)
        threshold[row, nodes] = _rounded_down(np.where(is_leaf, 0.0, tree.threshold))
        values = tree.value[:, 0, :]
        probability[row, nodes] = values / values.sum(axis=1, keepdims=True)
    _fill(
        head,
        {
            "feature": feature,
            "threshold": threshold,
            "left": left,
            "right": right,
            "probability": probability,
        },
    )


def _rounded_down(values: np.ndarray) -> np.ndarray:
    """The largest float32 that is not above: a float32 is at most one if at most the other."""
    found = values.astype(np.float32)
    above = found > values
    found[above] = np.nextafter(found[above], np.float32(-np.inf))
    return found


def _fill(head: torch.nn.Module, tensors: dict[str, np.ndarray]) -> None:
    own = head.state_dict()
    with torch.no_grad():
        for name, value in tensors.items():
            own[name].copy_(torch.from_numpy(np.array(value)))
