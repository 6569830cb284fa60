"""Checks of a model folder: files, card, terms, and outputs."""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..cards import readme
from ..devices import InferenceEngine
from ..ensembles import plugin_architectures
from ..models import (
    flattened,
    golden_outputs,
    named_outputs,
    shape_difference,
    verify_model,
)
from ..preprocessing import VOCABULARY
from ..weights import parse_tensors, read_verified
from ._check import Check, NotApplicable, require, run_checks
from ._spdx import require_license

if TYPE_CHECKING:
    from .._zoo import Zoo
    from ..registry import ModelFolder
    from ._check import Expected, Outcome

#: What may lie in a model folder: data and text, nothing that is executed when opened.
_SUFFIXES = frozenset({".csv", ".json", ".md", ".png", ".safetensors", ".svg", ".toml", ".txt"})
_REPORTED_ON = ("validation", "test", "independent")

#: Largest difference of the fast engine from the golden output where numbers of reduced
#: precision are used: what the engine itself allows.
_REDUCED_TOLERANCE = 0.08


class Folder:
    """A model folder that is being checked; its card is read when a check needs it."""

    def __init__(self, zoo: Zoo, path: Path):
        self.zoo = zoo
        self.path = path

    @property
    def found(self) -> ModelFolder:
        """The folder with its card; ``CardError`` fails the check that asks."""
        return self.zoo.find(f"file:{self.path}")

    @property
    def embedded(self) -> ModelFolder:
        """The same for checks that need the weights.

        Raises
        ------
        NotApplicable
            They lie elsewhere.
        """
        found = self.found
        if not found.is_embedded and found.card.weights.sources:
            raise NotApplicable(
                f"the weights are fetched from {', '.join(found.card.weights.sources)}"
            )
        return found


def card_is_read_whole(folder: Folder) -> None:
    """The card parses, has no field that nobody reads, and is named like its folder."""
    card = folder.found.card
    require(not card.unknown_fields, f"unknown fields: {', '.join(card.unknown_fields)}")
    require(card.name == folder.path.name, f"the card names its model {card.name!r}")


def names_resolve(folder: Folder) -> None:
    """Plugin, architecture and task are installed; the task is of the card's kind."""
    card, zoo = folder.found.card, folder.zoo
    zoo.plugins.named(card.plugin)
    for name in plugin_architectures(card.architecture):
        zoo.plugins.find("architectures", name)
    kind = zoo.task(card.task).kind
    require(kind == card.task.kind, f"the task is a {kind!r}, the card says {card.task.kind!r}")


def files_are_those_of_the_card(folder: Folder) -> None:
    """Size and hash of weights and golden file; every picture is there."""
    card = folder.found.card
    for ref in card.files if folder.found.is_embedded else ():
        read_verified(folder.path, ref)
    lost = [path for path in card.figures.values() if not (folder.path / path).is_file()]
    require(not lost, f"the card shows pictures that are not there: {', '.join(lost)}")


def files_are_of_known_kinds(folder: Folder) -> None:
    """Nothing that could hold code, such as a pickle or a script, and no links."""
    for root, _, names in os.walk(folder.path):
        for name in names:
            path = Path(root, name)
            require(path.suffix in _SUFFIXES, f"unexpected file {path.name}")
            require(not path.is_symlink(), f"{path.name} is a link")


def weights_are_safetensors(folder: Folder) -> None:
    """The format that cannot hold code, and finite numbers in it."""
    ref = folder.embedded.card.weights.ref
    require(ref.file.endswith(".safetensors"), f"the weights are {ref.file}")
    tensors = parse_tensors(read_verified(folder.path, ref), origin=ref.file)
    bad = [name for name, tensor in tensors.items() if not bool(tensor.isfinite().all())]
    require(not bad, f"weights that are not finite: {', '.join(bad[:5])}")


def terms_are_stated(folder: Folder) -> None:
    """License, limits of use, and what to cite."""
    card = folder.found.card
    require_license(card.weights.license)
    require(card.limits, "the card states no limits of use")
    bad = [entry for entry in card.citation if not entry.startswith("@")]
    require(card.citation and not bad, "citation must hold BibTeX entries")


def metrics_can_be_believed(folder: Folder) -> None:
    """Each with its count and interval, measured on other data than trained on."""
    metrics = folder.found.card.metrics
    # Of weights of others that are fetched, nothing was measured here.
    require(metrics or not folder.found.is_embedded, "the card has no metrics")
    for entry in metrics:
        metric = entry.metric
        require(entry.role in _REPORTED_ON, f"{metric.name} was measured on {entry.role} data")
        require(metric.n > 0, f"{metric.name} was measured on {metric.n} objects")
        require(
            metric.low is not None
            and metric.high is not None
            and metric.low <= metric.value <= metric.high,
            f"{metric} has no interval that holds it",
        )
        require(entry.command, f"{metric.name} names no command that prints it again")


def comparisons_are_fair(folder: Folder) -> None:
    """Each number of another model stands beside one of ours, on the same data."""
    card = folder.found.card
    names = [other.name for other in card.comparisons]
    require(len(set(names)) == len(names), f"two comparisons of one name: {', '.join(names)}")
    for other in card.comparisons:
        own = {
            (entry.metric.name, entry.metric.conditions)
            for entry in card.metrics
            if (entry.data, entry.role) == (other.data, other.role)
        }
        require(own, f"no metric of the card was measured on the data of {other.name!r}")
        require(other.metrics, f"the comparison with {other.name!r} has no numbers")
        require(other.command, f"{other.name!r} names no command that prints it again")
        for metric in other.metrics:
            require(
                (metric.name, metric.conditions) in own,
                f"{other.name}: {metric} has no counterpart among the card's metrics",
            )
            require(
                metric.n > 0
                and metric.low is not None
                and metric.high is not None
                and metric.low <= metric.value <= metric.high,
                f"{other.name}: {metric} has no interval that holds it",
            )


def tested_on_other_data(folder: Folder) -> None:
    """The seeds of training and test data differ, on the card and in the recipe."""
    from ..training import read_recipe

    card = folder.found.card
    trained = {(data.name, data.seed) for data in card.trained_on if data.seed is not None}
    for entry in card.metrics:
        measured = re.search(r"simulator:(\S+).* --seed (\d+)", entry.command)
        if measured:
            used = (measured[1], int(measured[2]))
            require(used not in trained, f"{entry.metric.name} was measured on training data")
    if (folder.path / "recipe.toml").is_file():
        read_recipe(folder.path / "recipe.toml")


def readme_follows_from_the_card(folder: Folder) -> None:
    """README.md is generated, never edited."""
    path = folder.path / "README.md"
    require(path.is_file(), "there is no README.md")
    wanted = readme(folder.found.card)
    require(
        path.read_text(encoding="utf-8") == wanted,
        "README.md is not what zoo_core.cards.readme(card) gives; write that to the file",
    )


def preprocessing_is_known(folder: Folder) -> None:
    """Only named operations, for every input."""
    card = folder.found.card
    require(
        set(card.preprocessing) == {spec.name for spec in card.inputs},
        "preprocessing and inputs have different names",
    )
    for steps in card.preprocessing.values():
        unknown = [name for name, _ in steps.steps if name not in VOCABULARY]
        require(not unknown, f"unknown operations: {', '.join(unknown)}")


def network_is_that_of_the_card(folder: Folder) -> None:
    """The architecture with the card's arguments has as many parameters as the card says."""
    import torch

    card = folder.found.card
    with torch.device("meta"):
        network = folder.zoo.build(card.architecture.name, **card.architecture.arguments)
    count = sum(parameter.numel() for parameter in network.parameters())
    said = card.weights.num_parameters
    require(count == said, f"the network has {count} parameters, the card says {said}")


def head_keys_are_weights(folder: Folder) -> None:
    """The keys that a new head replaces are in the file."""
    card = folder.embedded.card
    tensors = parse_tensors(read_verified(folder.path, card.weights.ref), origin="the weights")
    strange = sorted(set(card.head_keys) - set(tensors))
    require(card.head_keys, "the card names no head keys")
    require(not strange, f"head keys that are not in the weights: {', '.join(strange)}")


def golden_output_is_reproduced(folder: Folder) -> None:
    """In float32, with the parameter count and hashes of the card: ``zoo verify``."""
    failed = [c for c in verify_model(folder.zoo, folder.embedded) if not c.passed]
    require(not failed, "; ".join(f"{c.name}: {c.message}" for c in failed))


def fast_engine_reproduces_golden_output(folder: Folder) -> None:
    """The way ``zoo predict`` runs the network by default gives nearly the same numbers."""
    import torch

    golden = folder.embedded.card.golden
    if golden is None:
        raise NotApplicable("the card has no golden file")
    model = folder.zoo.load(f"file:{folder.path}")
    stored = parse_tensors(read_verified(folder.path, golden.ref), origin="the golden file")
    # One view: what the golden output is of.
    engine = InferenceEngine(model.network, device=model.device)
    output = engine(
        model.prepare({name: stored[f"input.{name}"] for name in model.card.preprocessing})
    )
    outputs, golden_ones = named_outputs(output), golden_outputs(stored)
    problem = shape_difference(outputs, golden_ones)
    require(not problem, problem)
    found, wanted = flattened(outputs), flattened(golden_ones)
    allowed = golden.absolute_tolerance + golden.relative_tolerance * wanted.abs()
    if engine.precision != "float32":
        allowed = torch.maximum(allowed, _REDUCED_TOLERANCE * wanted.abs().clamp_min(1.0))
    difference = (found - wanted).abs()
    require(
        bool((difference <= allowed).all()),
        f"{engine.method} differs by up to {float(difference.max()):.3g}",
    )


CHECKS = (
    card_is_read_whole,
    names_resolve,
    files_are_those_of_the_card,
    files_are_of_known_kinds,
    weights_are_safetensors,
    terms_are_stated,
    metrics_can_be_believed,
    comparisons_are_fair,
    tested_on_other_data,
    readme_follows_from_the_card,
    preprocessing_is_known,
    network_is_that_of_the_card,
    head_keys_are_weights,
    golden_output_is_reproduced,
    fast_engine_reproduces_golden_output,
)


def model_checks(path: str | os.PathLike[str], *, zoo: Zoo | None = None) -> list[Check]:
    """List the checks of a model folder.

    Parameters
    ----------
    path : path
        The model folder.
    zoo : Zoo, optional
        Whose plugins are used; what is installed, if not given.
    """
    if zoo is None:
        from .._zoo import Zoo as Installed

        zoo = Installed.discover()
    folder = Folder(zoo, Path(path).resolve())
    subject = folder.path.name
    return [Check(check.__name__, subject, partial(check, folder)) for check in CHECKS]


def check_model_folder(
    path: str | os.PathLike[str],
    *,
    expected_failures: Expected | None = None,
    zoo: Zoo | None = None,
) -> list[Outcome]:
    """Check a model folder; parameters and errors as ``check_plugin``."""
    return run_checks(model_checks(path, zoo=zoo), expected_failures or {})
