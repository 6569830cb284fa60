"""How ``zoo finetune`` fits the two: from its data and ``--set`` to ``fit_classical``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo_core.errors import UsageError
from zoo_core.finetuning import FittedNetwork

from ._features import FEATURES
from .fitting import fit_classical

if TYPE_CHECKING:
    from zoo_core.finetuning import FitData

#: What is measured unless something else is asked for, by kind of input.
_FEATURES = {"image": ("hog",), "series": ("statistics",)}


def fit_svm(
    data: FitData,
    *,
    features: Any = None,
    kernel: Any = "rbf",
    grid: Any = None,
    folds: Any = 5,
    balanced: Any = False,
    search_objects: Any = 3000,
) -> FittedNetwork:
    """Fit a support vector machine; parameters and errors as ``fit_classical``.

    ``features`` may be names with commas between them; HOG for images and statistics for
    series, if it is None. A setting of ``grid`` may be one value.
    """
    return _fit(
        data,
        "svm",
        features,
        kernel=_text("kernel", kernel),
        grid=_grid(grid),
        folds=folds,
        balanced=_truth("balanced", balanced),
        search_objects=search_objects,
    )


def fit_random_forest(
    data: FitData,
    *,
    features: Any = None,
    grid: Any = None,
    folds: Any = 5,
    balanced: Any = False,
    search_objects: Any = 3000,
) -> FittedNetwork:
    """Fit a random forest; as ``fit_svm``, without a kernel."""
    return _fit(
        data,
        "random-forest",
        features,
        grid=_grid(grid),
        folds=folds,
        balanced=_truth("balanced", balanced),
        search_objects=search_objects,
    )


def _fit(data: FitData, method: str, features: Any, **settings: Any) -> FittedNetwork:
    names = _names(features, data.spec.kind)
    found = fit_classical(
        data.task,
        data.array,
        data.labels,
        method=method,
        features=names,
        preprocessing=data.preprocessing,
        seed=data.seed,
        **settings,
    )
    chosen = ", ".join(f"{key} {value:.4g}" for key, value in found.chosen.items())
    is_binary = len(data.task.targets[0].classes) == 2
    score = "area under the ROC curve" if is_binary else "balanced accuracy"
    return FittedNetwork(
        network=found.network,
        arguments=found.arguments,
        summary=f"{', '.join(names)}; {chosen}: {score} {found.score:.3f} in "
        f"{settings['folds']}-fold cross-validation",
        record={
            "features": list(names),
            "chosen": found.chosen,
            "cross_validation": {"folds": settings["folds"], "score": score}
            | {"value": found.score},
        },
    )


def _names(features: Any, kind: str) -> tuple[str, ...]:
    """Names of features, however they were written."""
    if features is None:
        if kind not in _FEATURES:
            raise UsageError(
                f"classical models take images and series, and these data are of the kind "
                f"{kind!r}."
            )
        return _FEATURES[kind]
    listed = features.split(",") if isinstance(features, str) else features
    if not isinstance(listed, list | tuple) or not all(isinstance(n, str) for n in listed):
        raise UsageError(
            f"features are names with commas between them, such as hog,morphology, among "
            f"{', '.join(sorted(FEATURES))}; got {features!r}."
        )
    return tuple(name.strip() for name in listed)


def _grid(grid: Any) -> dict[str, list[Any]] | None:
    if grid is None:
        return None
    if not isinstance(grid, dict):
        raise UsageError(
            "grid is an object of settings with the values to choose from, such as "
            f'{{"C": [1, 10]}}; got {grid!r}.'
        )
    return {key: list(v) if isinstance(v, list | tuple) else [v] for key, v in grid.items()}


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{name} is a text, not {value!r}.")
    return value


def _truth(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"{name} is true or false, not {value!r}.")
    return value
