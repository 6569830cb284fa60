"""Checks of a recipe: it parses, its names resolve, its parts fit together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..ensembles import plugin_architectures
from ._check import require
from ._spdx import require_license
from ._uses import Use

if TYPE_CHECKING:
    from ._uses import Uses


def parses_under_its_name(uses: Uses, name: str) -> None:
    """The file is a recipe and makes the model that the manifest announces."""
    recipe = uses.zoo.recipe(name)
    require(recipe.name == name, f"the recipe makes a model {recipe.name!r}")


def names_resolve(uses: Uses, name: str) -> None:
    """Architecture, task, simulator and plugin are installed."""
    recipe, plugins = uses.zoo.recipe(name), uses.zoo.plugins
    for name in plugin_architectures(recipe.architecture):
        plugins.find("architectures", name)
    plugins.find("tasks", recipe.task.name)
    plugins.find("simulators", recipe.simulator)
    plugins.named(recipe.plugin)


def fast_is_shorter(uses: Uses, name: str) -> None:
    """``--fast`` trains fewer steps."""
    recipe = uses.zoo.recipe(name)
    fast, whole = recipe.faster().training.steps, recipe.training.steps
    require(0 < fast < whole, f"--fast takes {fast} steps, the whole recipe {whole}")


def inputs_are_the_simulators(uses: Uses, name: str) -> None:
    """The network is trained on what the recipe says that it takes."""
    use = Use(uses.zoo, uses.zoo.recipe(name))
    drawn = {spec.name: spec for spec in use.simulator.inputs}
    for spec in use.recipe.inputs:
        require(spec.name in drawn, f"the simulator draws no input {spec.name!r}")
        found = drawn[spec.name]
        for what in (
            "kind", "bands", "size", "pixel_scale_arcsec", "cadence_seconds", "off_centre_px",
        ):  # fmt: skip
            here, there = getattr(spec, what), getattr(found, what)
            require(here == there, f"{spec.name}.{what}: recipe {here}, simulator {there}")


def preprocessed_data_is_finite(uses: Uses, name: str) -> None:
    """And of the order of one, as networks like it."""
    use = Use(uses.zoo, uses.zoo.recipe(name))
    for spec, tensor in zip(use.recipe.inputs, use.inputs, strict=True):
        require(bool(tensor.isfinite().all()), f"{spec.name!r} is not finite any more")
        spread = float(tensor.std())
        require(1e-2 < spread < 1e2, f"{spec.name!r} has a standard deviation of {spread:.3g}")


def network_suits_the_task(uses: Uses, name: str) -> None:
    """The outputs of the recipe's network are what its task takes."""
    use = Use(uses.zoo, uses.zoo.recipe(name))
    loss = use.task.loss(use.outputs, use.target)
    require(bool(loss.isfinite()), f"the loss of an untrained network is {loss}")
    columns = {column.name for column in (*use.simulator.truth, *use.simulator.maps)}
    lacking = sorted({target.name for target in use.task.targets} - columns)
    require(not lacking, f"the simulator's truth lacks {', '.join(lacking)}")


def head_keys_are_the_heads(uses: Uses, name: str) -> None:
    """Exactly the parameters that change when a new head is put on."""
    use = Use(uses.zoo, uses.zoo.recipe(name))
    network = use.network()
    head = network.get_classifier()  # type: ignore[operator]
    inside = {id(value) for value in head.state_dict(keep_vars=True).values()}
    own = network.state_dict(keep_vars=True)
    wanted = sorted(key for key, value in own.items() if id(value) in inside)
    require(
        sorted(use.recipe.head_keys) == wanted,
        f"head_keys are {sorted(use.recipe.head_keys)}, the head's are {wanted}",
    )


def terms_are_stated(uses: Uses, name: str) -> None:
    """License, limits of use, and what to cite."""
    recipe = uses.zoo.recipe(name)
    require_license(recipe.license)
    require(recipe.limits, "the recipe states no limits of use")
    bad = [entry for entry in recipe.citation if not entry.startswith("@")]
    require(recipe.citation and not bad, "citation must hold BibTeX entries")


CHECKS = (
    parses_under_its_name,
    names_resolve,
    fast_is_shorter,
    inputs_are_the_simulators,
    preprocessed_data_is_finite,
    network_suits_the_task,
    head_keys_are_the_heads,
    terms_are_stated,
)
