"""What a new model starts from: a trained model, or an architecture alone."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..cards import ArchitectureRef, Card, FileRef, TaskRef, Weights
from ..ensembles import ENSEMBLE
from ..errors import UnknownName, UsageError, ZooError
from ..labelled import guess_input
from ..preprocessing import Preprocessing
from ..registry import ModelFolder
from ..simulation import format_options
from ._fitter import find_fit, settings_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._zoo import Zoo
    from ..cards import InputSpec
    from ._options import FinetuneOptions

#: Before a name that is an architecture's, even if a model has it too.
PREFIX = "architecture:"

#: What the data decide about a network.
_FROM_DATA = ("num_bands", "num_outputs")

_UNKNOWN_LICENSE = "LicenseRef-unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a new model begins.

    Attributes
    ----------
    found : ModelFolder
        The trained model; for an architecture a folder that is nowhere, whose card says as
        much as is known of it.
    options : FinetuneOptions
        What is asked for, with what follows from the beginning.
    is_architecture : bool
        There are no weights to begin with.
    is_fitted : bool
        The architecture is fitted to data as a whole, and not trained by gradients.
    """

    found: ModelFolder
    options: FinetuneOptions
    is_architecture: bool = False
    is_fitted: bool = False


def find_origin(zoo: Zoo, name: str, data: str | Path, options: FinetuneOptions) -> Origin:
    """The model of a name, or the architecture if there is no such model.

    Parameters
    ----------
    zoo : Zoo
        Where both are looked for.
    name : str
        As ``Zoo.find`` takes it, or an architecture's, with or without ``architecture:``.
    data : path
        Labelled data, which say what an architecture is built for.
    options : FinetuneOptions
        What is asked for.

    Raises
    ------
    UnknownName
        Neither a model nor an architecture.
    UsageError
        Options that mean nothing for what was found; a model whose architecture is fitted.
    InputError
        The data do not say what they are.
    """
    architecture = name.removeprefix(PREFIX) if name.startswith(PREFIX) else None
    if architecture is None:
        found = _find_model(zoo, name)
        if found is not None:
            _check_model(zoo, found, options)
            return Origin(found=found.pinned(), options=options)
        architecture = name
    is_fitted = zoo.plugins.find("architectures", architecture).fit is not None
    if is_fitted:
        _check_fitted(zoo, architecture, options)
    else:
        options = _from_scratch(architecture, options)
    spec = guess_input(
        data,
        bands=options.bands,
        label=options.label,
        path=options.path,
        group=options.group,
        split=options.split,
        array=options.array,
    )
    return Origin(
        found=nowhere(zoo, architecture, spec, {} if is_fitted else options.arguments),
        options=options,
        is_architecture=True,
        is_fitted=is_fitted,
    )


def fill_in(zoo: Zoo, origin: Origin, spec: InputSpec, num_outputs: int) -> Origin:
    """The origin with the arguments that follow from the data; as it is for a model.

    Parameters
    ----------
    zoo : Zoo
        Builds the architecture, to see whether it can be.
    origin : Origin
        As found.
    spec : InputSpec
        Of the data, with its size.
    num_outputs : int
        That the task needs.

    Raises
    ------
    UsageError
        The architecture cannot be built with what the user set and these.
    """
    if not origin.is_architecture or origin.is_fitted:
        return origin
    card = origin.found.card
    name, options = card.architecture.name, origin.options
    make = zoo.plugins.resolve("architectures", name)
    arguments = {**card.architecture.arguments, "num_bands": len(spec.bands)}
    # Networks for inputs of one size call it so.
    if "input_size" in inspect.signature(make).parameters:
        lengths = options.resize or tuple(int(length or 0) for length in spec.size)
        same = len(lengths) == 1 and len(spec.size) > 1
        arguments.setdefault("input_size", list(lengths) * (len(spec.size) if same else 1))
    _try_to_build(zoo, name, {**arguments, "num_outputs": num_outputs})
    architecture = replace(card.architecture, arguments=arguments)
    return replace(
        origin, found=replace(origin.found, card=replace(card, architecture=architecture))
    )


def _find_model(zoo: Zoo, name: str) -> ModelFolder | None:
    """The model of a name; None where an architecture has it and no model."""
    try:
        return zoo.find(name)
    except UnknownName as error:
        known = zoo.plugins.contributions("architectures")
        if any(name in (c.name, f"{c.plugin}/{c.name}") for c in known):
            return None
        from difflib import get_close_matches

        near = get_close_matches(name, [c.name for c in known], n=2, cutoff=0.6)
        if not near:
            raise
        raise UnknownName(
            f"{error} Of architectures there are {' and '.join(map(repr, near))}."
        ) from error


def _check_model(zoo: Zoo, found: ModelFolder, options: FinetuneOptions) -> None:
    """Raise UsageError for what cannot be meant of a trained model."""
    card = found.card
    if card.architecture.name == ENSEMBLE:
        raise UsageError(
            f"{card.name} is an ensemble, which cannot be fine-tuned as one: fine-tune each of "
            "its members on the data, then zoo combine them."
        )
    known = zoo.plugins.contributions("architectures")
    owner, _, short = card.architecture.name.rpartition("/")
    if any(c.name == short and owner in ("", c.plugin) and c.fit for c in known):
        raise UsageError(_refit(zoo, card))
    if options.arguments:
        raise UsageError(
            f"--set {' '.join(format_options(options.arguments))} is for architectures, and "
            f"{card.name} is a trained model, whose layers are as they are. Begin with its "
            f"architecture: zoo finetune {PREFIX}{card.architecture.name}."
        )


def _refit(zoo: Zoo, card: Card) -> str:
    name = card.architecture.name
    known = settings_of(zoo.plugins.resolve_fit(name))
    had = {key: value for key, value in card.architecture.arguments.items() if key in known}
    # As it is typed: several in one text.
    had = {k: ",".join(v) if isinstance(v, list) else v for k, v in had.items()}
    told = "".join(f" --set {text}" for text in format_options(had))
    prefix = PREFIX if card.name == name else ""
    return (
        f"{card.name} is a {name}: it was fitted to its data as a whole, has no layers that "
        "could be kept or trained further, and cannot be fine-tuned. Fit one to these data: "
        f"zoo finetune {prefix}{name} DATA --name NAME{told}."
    )


def _check_fitted(zoo: Zoo, architecture: str, options: FinetuneOptions) -> None:
    """Raise UsageError for what means nothing where nothing is trained."""
    fit = find_fit(zoo, architecture, options.arguments)
    given = [name for name, value in options.settings.items() if value is not None]
    given += ["strategy"] if options.strategy is not None else []
    given += ["stem"] if options.stem != "keep" or options.stem_bands else []
    if given:
        names = ", ".join("--" + name.replace("_", "-") for name in given)
        raise UsageError(
            f"{names}: {architecture} is fitted to the data as a whole, not trained by "
            "gradients, and has no use for that. What can be set of it, by --set KEY=VALUE: "
            f"{', '.join(settings_of(fit))}."
        )


def _from_scratch(architecture: str, options: FinetuneOptions) -> FinetuneOptions:
    """The options of a training that starts from random weights.

    Raises
    ------
    UsageError
        They ask for something of a parent.
    """
    if options.strategy not in (None, "scratch"):
        raise UsageError(
            f"{architecture} is an architecture, without weights that --strategy "
            f"{options.strategy} could keep: --strategy scratch trains all of it. To keep "
            "layers, begin with a trained model ('zoo list')."
        )
    if options.stem != "keep" or options.stem_bands:
        raise UsageError(
            f"{architecture} is an architecture, without a first layer that --stem could "
            "adapt: it is built for the bands of the data."
        )
    taken = [name for name in _FROM_DATA if name in options.arguments]
    if taken:
        raise UsageError(f"--set {', '.join(taken)}: that follows from the data.")
    stretch = "linear" if options.stretch == "parent" else options.stretch
    return replace(options, strategy="scratch", stretch=stretch)


def nowhere(
    zoo: Zoo, architecture: str, spec: InputSpec, arguments: Mapping[str, Any]
) -> ModelFolder:
    """A model folder without files, for an architecture without weights."""
    contribution = zoo.plugins.find("architectures", architecture)
    where = f"{PREFIX}{architecture}"
    card = Card(
        name=contribution.name,
        version="0",
        summary=contribution.summary,
        plugin=contribution.plugin,
        architecture=ArchitectureRef(name=architecture, arguments=dict(arguments)),
        task=TaskRef(name="features", kind="features", targets=(), calibration={}),
        inputs=(spec,),
        preprocessing={spec.name: Preprocessing.parse([], channels=len(spec.bands))},
        weights=Weights(
            ref=FileRef(file="model.safetensors", sha256="", size=0),
            num_parameters=0,
            dtype="",
            license=_UNKNOWN_LICENSE,
        ),
        head_keys=(),
        trained_on=(),
        metrics=(),
        golden=None,
        citation=(),
        limits=(),
    )
    return ModelFolder(where, Path(where), card, made={})


def _try_to_build(zoo: Zoo, name: str, arguments: dict[str, Any]) -> None:
    """Raise UsageError if a network cannot be built, whatever it raises itself."""
    import torch

    told = ", ".join(format_options(arguments))
    try:
        with torch.device("meta"):
            zoo.build(name, **arguments)
    except ZooError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UsageError(f"{name} cannot be built with {told}: {reason}.") from error
