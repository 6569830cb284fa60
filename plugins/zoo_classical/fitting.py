"""Fitting a classical model to labelled data, with scikit-learn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from zoo_core.errors import InputError, UsageError
from zoo_core.preprocessing import Preprocessing

from ._features import Measured
from ._fill import fill_kernel_machine, fill_trees, tree_shapes
from ._logits import middle_of, platt, scale_of_scores
from .architectures import SVM, RandomForest

if TYPE_CHECKING:
    from zoo_core.tasks import Task

METHODS = ("random-forest", "svm")

_KINDS = ("binary-classification", "multiclass-classification")

#: Settings by which a model would not be what it is stored as.
_FIXED = frozenset({"decision_function_shape", "kernel"})

#: Objects measured at once.
_BATCH = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A model that was fitted.

    Attributes
    ----------
    network : torch.nn.Module
        In eval mode, on the processor.
    architecture : str
        ``svm`` or ``random-forest``.
    arguments : dict
        With these, ``zoo_core.build(architecture, **arguments)`` makes a network that takes
        the state dict of this one.
    chosen : dict
        The point of the grid that was taken.
    score : float
        Its score in the cross-validation: area under the ROC curve for two classes,
        balanced accuracy for more.
    """

    network: torch.nn.Module
    architecture: str
    arguments: dict[str, Any]
    chosen: dict[str, Any]
    score: float


def fit_classical(
    task: Task,
    arrays: Mapping[str, Any] | Any,
    labels: Any,
    *,
    method: str,
    features: str | Iterable[str],
    preprocessing: Preprocessing | Iterable[Mapping[str, Any]] = (),
    seed: int = 0,
    kernel: str = "rbf",
    grid: Mapping[str, list[Any]] | None = None,
    folds: int = 5,
    balanced: bool = False,
    search_objects: int = 3000,
) -> Fitted:
    """Fit a support vector machine or a random forest to labelled objects.

    Features are measured, standardised and given to scikit-learn. Settings are chosen by
    stratified cross-validation among these objects, and the model is then fitted to them
    all. The slope of an svm, which makes its scores logits, comes from decisions on the
    folds that a machine was not fitted to; it is rounded to half precision, in which models
    are stored.

    Parameters
    ----------
    task : Task
        A binary or multiclass classification.
    arrays : array, or mapping of str to array
        The one input: ``(n, band, *axes)``, raw.
    labels : array
        ``(n,)`` class indices or names, as a truth column holds them.
    method : str
        ``svm`` or ``random-forest``.
    features : str or iterable of str
        As the architectures take them.
    preprocessing : Preprocessing or iterable of mappings
        Steps between the raw input and the features, as on a card.
    seed : int
        Of the folds, of the choice of ``search_objects`` and of the forest.
    kernel : str
        Of an svm: ``rbf`` or ``linear``.
    grid : mapping of str to list, optional
        Settings to choose from, by scikit-learn's names: by default ``C`` and ``gamma`` of
        an svm, ``n_estimators`` and ``min_samples_leaf`` of a forest. ``gamma`` is a number.
    folds : int
        Of the cross-validation.
    balanced : bool
        Weigh objects so that all classes count the same in the fit. Logits of an svm stay
        calibrated to the shares of classes in these objects.
    search_objects : int
        Choose the settings and the slope on so many objects if there are more; classes keep
        their shares, but rare ones have an object in each fold at least.

    Returns
    -------
    Fitted
        The network and the arguments that build it.

    Raises
    ------
    UsageError
        Another kind of task, an unknown method, kernel or setting, more than one input.
    InputError
        Labels that do not fit, or fewer objects of a class than folds.
    """
    if method not in METHODS:
        raise UsageError(f"the methods are {', '.join(METHODS)}, not {method!r}.")
    _check_whole("folds", folds, least=2)
    _check_whole("search_objects", search_objects, least=1)
    if task.kind not in _KINDS:
        raise UsageError(
            f"classical models do {' and '.join(_KINDS)}; the task {task.kind!r} is neither."
        )
    raw = _one_input(arrays)
    index = _class_indices(task, labels, len(raw), folds)
    arguments: dict[str, Any] = {
        "num_bands": int(raw.shape[1]),
        "num_outputs": task.num_outputs,
        "features": [features] if isinstance(features, str) else list(features),
        "input_size": [int(length) for length in raw.shape[2:]],
    }
    body = Measured(arguments["features"], arguments["num_bands"], arguments["input_size"])
    # What is wrong with the settings is told before the features are measured.
    estimator, default = _estimator(method, kernel, body.count, seed, balanced=balanced)
    grid = _checked_grid(grid or default, estimator)
    values = _standardised(body, raw, _steps(preprocessing, arguments["num_bands"]))
    rows = _subset(index, search_objects, folds, seed)
    sample = _Sample(values, index, rows, folds, seed)
    chosen, score = sample.search(estimator, grid)
    estimator.set_params(**chosen)
    network: SVM | RandomForest
    if method == "svm":
        fitted = estimator.fit(values, index)
        slope, offset = sample.slope(estimator)
        arguments |= {"kernel": kernel, "num_support": len(fitted.support_)}
        network = SVM(**arguments)
        fill_kernel_machine(network.head, fitted, slope=slope, offset=offset)
    else:
        fitted = estimator.fit(values, index)
        arguments |= tree_shapes(fitted)
        network = RandomForest(**arguments)
        fill_trees(network.head, fitted)
    network.body.load_state_dict(body.state_dict())
    return Fitted(
        network=network.eval(),
        architecture=method,
        arguments=arguments,
        chosen=chosen,
        score=score,
    )


@dataclass(frozen=True, slots=True)
class _Sample:
    """Objects on which settings are chosen: features, class indices, rows, folds."""

    values: np.ndarray
    index: np.ndarray
    rows: np.ndarray
    folds: int
    seed: int

    def search(
        self, estimator: Any, grid: Mapping[str, list[Any]]
    ) -> tuple[dict[str, Any], float]:
        """The best point of the grid and its score."""
        from sklearn.model_selection import GridSearchCV

        is_binary = self.index.max() == 1
        search = GridSearchCV(
            estimator,
            dict(grid),
            scoring="roc_auc" if is_binary else "balanced_accuracy",
            cv=self._split(),
            refit=False,
            error_score="raise",
        )
        try:
            found = search.fit(self.values[self.rows], self.index[self.rows])
        except (TypeError, ValueError) as error:
            reason = " ".join(str(error).split()).rstrip(".")
            raise UsageError(
                f"{type(estimator).__name__} cannot be fitted with {dict(grid)}: {reason}."
            ) from error
        return dict(found.best_params_), float(found.best_score_)

    def slope(self, fitted: Any) -> tuple[float, float]:
        """Slope and offset that make scores logits, from folds that were left out.

        The intercept of a machine of two classes is the least certain of its numbers: where
        ``C`` is small it goes by a few objects of the larger class. Each fold's is therefore
        moved to that of the fitted machine, by the middle of what either says of the objects
        that it was fitted to.
        """
        from sklearn.base import clone

        values, index = self.values[self.rows], self.index[self.rows]
        known = fitted.decision_function(values)
        is_binary = known.ndim == 1
        middle = middle_of(known, index == 1) if is_binary else 0.0
        decision = np.empty_like(known)
        for others, held in self._split().split(values, index):
            machine = clone(fitted).fit(values[others], index[others])
            decision[held] = machine.decision_function(values[held])
            if is_binary:
                own = machine.decision_function(values[others])
                decision[held] += middle - middle_of(own, index[others] == 1)
        if is_binary:
            return platt(decision, index == 1)
        return scale_of_scores(decision, index), 0.0

    def _split(self) -> Any:
        from sklearn.model_selection import StratifiedKFold

        return StratifiedKFold(self.folds, shuffle=True, random_state=self.seed)


def _subset(index: np.ndarray, count: int, folds: int, seed: int) -> np.ndarray:
    """Rows of about so many objects with the same shares of classes; all if there are no more.

    A rare class has as many as there are folds.
    """
    if len(index) <= count:
        return np.arange(len(index))
    generator = np.random.default_rng(seed)
    found = []
    for rows in (np.flatnonzero(index == one) for one in np.unique(index)):
        wanted = max(folds, round(count * len(rows) / len(index)))
        found.append(generator.permutation(rows)[:wanted])
    return np.sort(np.concatenate(found))


def _check_whole(name: str, value: Any, *, least: int) -> None:
    if type(value) is not int or value < least:
        raise UsageError(f"{name} is a whole number, {least} or more, not {value!r}.")


def _one_input(arrays: Any) -> torch.Tensor:
    if isinstance(arrays, Mapping):
        if len(arrays) != 1:
            raise UsageError(
                f"classical models take one input, got {', '.join(arrays) or 'none'}."
            )
        (arrays,) = arrays.values()
    raw = torch.as_tensor(arrays)
    if raw.dim() not in (3, 4) or not len(raw):
        raise InputError(
            "a classical model takes objects (n, band, length) or (n, band, y, x), got the "
            f"shape {tuple(raw.shape)}."
        )
    return raw


def _class_indices(task: Task, labels: Any, count: int, folds: int) -> np.ndarray:
    """Class index of each object, with enough of every class for the folds."""
    target = task.targets[0]
    index: np.ndarray = task.encode({target.name: np.asarray(labels)}).long().numpy()
    if len(index) != count:
        raise InputError(f"there are {count} objects and {len(index)} labels.")
    found = np.bincount(index, minlength=len(target.classes))
    if found.min() < folds:
        told = ", ".join(f"{n} {c}" for c, n in zip(target.classes, found, strict=True))
        raise InputError(
            f"{folds} folds need {folds} objects of each class at least; there are {told}. "
            "Give more objects, or fewer folds (--set folds=2, in Python folds=2)."
        )
    return index


def _steps(
    preprocessing: Preprocessing | Iterable[Mapping[str, Any]], channels: int
) -> Preprocessing:
    if isinstance(preprocessing, Preprocessing):
        return preprocessing
    return Preprocessing.parse(preprocessing, channels=channels)


def _standardised(body: Measured, raw: torch.Tensor, steps: Preprocessing) -> np.ndarray:
    """Measure all objects, set mean and deviation of the layer; give what comes out of it."""
    measured = [body.measure(steps(part.float())) for part in raw.split(_BATCH)]
    values = torch.cat(measured).double()
    known = values.isfinite()
    count = known.sum(dim=0).clamp(min=1)
    mean = torch.where(known, values, 0.0).sum(dim=0) / count
    off = torch.where(known, values - mean, 0.0)
    std = (off.square().sum(dim=0) / count).sqrt()
    # A feature that is the same for all says nothing, whatever its rounding errors are.
    is_constant = std <= 1e-6 * mean.abs()
    body.mean.copy_(mean)
    body.std.copy_(torch.where(is_constant, 1.0, std).clamp(min=1e-30))
    return torch.cat([body.standardise(part) for part in measured]).numpy()


def _estimator(
    method: str, kernel: str, count: int, seed: int, *, balanced: bool
) -> tuple[Any, dict[str, list[Any]]]:
    """An estimator that is not fitted, and the settings to choose from."""
    weight = "balanced" if balanced else None
    if method == "svm":
        from sklearn.svm import SVC

        # The first of equally good ones is taken: the usual one, not the least certain.
        grid: dict[str, list[Any]] = {"C": [1.0, 10.0, 0.1, 100.0]}
        # Numbers that float32 holds: the model then has the very same.
        gammas = [float(np.float32(g / count)) for g in (1.0, 0.1, 10.0)]
        if kernel == "rbf":
            grid["gamma"] = gammas
        elif kernel != "linear":
            raise UsageError(f"svm has the kernels linear, rbf, not {kernel!r}.")
        made = SVC(kernel=kernel, gamma=gammas[0], class_weight=weight, cache_size=500)
        return made, grid
    from sklearn.ensemble import RandomForestClassifier

    estimator = RandomForestClassifier(class_weight=weight, random_state=seed)
    return estimator, {"n_estimators": [100, 300], "min_samples_leaf": [1, 5]}


def _checked_grid(grid: Mapping[str, list[Any]], estimator: Any) -> dict[str, list[Any]]:
    """The grid, if the estimator has its settings and a model can hold them."""
    strange = sorted(set(grid) - set(estimator.get_params()))
    if strange:
        raise UsageError(
            f"{type(estimator).__name__} has no settings {', '.join(strange)}; it has "
            f"{', '.join(sorted(estimator.get_params()))}."
        )
    fixed = sorted(_FIXED & set(grid))
    if fixed:
        raise UsageError(
            f"{', '.join(fixed)} cannot be chosen by the grid. kernel is a setting of its own."
        )
    empty = [name for name, values in grid.items() if not values]
    if empty:
        raise UsageError(f"the grid has no value for {', '.join(empty)}.")
    if any(isinstance(gamma, str) for gamma in grid.get("gamma", [])):
        raise UsageError(
            f"gamma must be numbers, got {grid['gamma']}; features have unit variance, so "
            "'scale' and 'auto' are one over their number."
        )
    return dict(grid)
