"""Fitting an architecture that is not trained: one call instead of epochs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ._export import Finetuned
from ._fitter import FitData, call_fit, find_fit
from ._inputs import preprocessing_of_features

if TYPE_CHECKING:
    from .._zoo import Zoo
    from ..cards import InputSpec, TaskRef
    from ..labelled import Examples, Split
    from ..registry import ModelFolder
    from ._options import FinetuneOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What there is to learn from, whatever learns.

    Attributes
    ----------
    examples, split : Examples, Split
        The objects and the parts that they are in.
    spec : InputSpec
        Of the objects, with their size.
    task : TaskRef
        What is to be told.
    data : str
        Where the objects came from, as the user wrote it.
    """

    examples: Examples
    split: Split
    spec: InputSpec
    task: TaskRef
    data: str


def fit_to(
    zoo: Zoo, found: ModelFolder, material: Material, *, name: str, options: FinetuneOptions
) -> Finetuned:
    """Fit an architecture to the training part.

    Parameters
    ----------
    zoo : Zoo
        Finds the function that does it.
    found : ModelFolder
        The architecture, as ``find_origin`` gives it.
    material : Material
        What it is fitted to.
    name : str
        Of the new model.
    options : FinetuneOptions
        ``arguments`` are what the fit is told; ``stretch``, ``resize`` and ``seed`` count too.

    Raises
    ------
    UsageError, InputError
        As the function says: settings, data or a task that it has no use for.
    """
    architecture = found.card.architecture.name
    fit = find_fit(zoo, architecture, options.arguments)
    rows, spec = material.split.train, material.spec
    array = material.examples.arrays[spec.name][rows]
    preprocessing = preprocessing_of_features(
        found.card, spec, array, stretch=options.stretch, resize=options.resize
    )
    data = FitData(
        task=zoo.task(material.task),
        spec=spec,
        array=array,
        labels=material.examples.labels[rows],
        preprocessing=preprocessing,
        seed=options.seed,
    )
    fitted = call_fit(fit, data, options.arguments, architecture=architecture)
    return Finetuned(
        name=name,
        parent=found,
        network=fitted.network.eval(),
        arguments=dict(fitted.arguments),
        task=material.task,
        spec=spec,
        preprocessing=preprocessing,
        examples=material.examples,
        split=material.split,
        options=options,
        plan=None,
        history=[],
        best=0,
        data=material.data,
        has_parent=False,
        fitted=fitted,
    )
