"""The zoo: plugins and registries together, and the verbs that start from a name."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from .errors import UnknownName, UsageError
from .places import split_scheme
from .plugins import PluginManager, discover
from .registry import (
    Lookup,
    Registry,
    embedded_registry,
    find_folder,
    list_folders,
    registries_of,
    user_registry,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import torch

    from .cards import TaskRef
    from .models import Model
    from .places import Place
    from .plugins import Plugin
    from .registry import ModelFolder
    from .simulation import Simulator
    from .tasks import Task
    from .training import Recipe


class Zoo:
    """Everything that is installed: make an empty one in a test, ``discover`` the real one.

    Parameters
    ----------
    plugins : iterable of Plugin
        What may be used.
    registries : iterable of Registry
        Where models are looked for, in this order.
    """

    def __init__(self, plugins: Iterable[Plugin] = (), registries: Iterable[Registry] = ()):
        self.plugins = PluginManager(plugins)
        self.registries = list(registries)

    @classmethod
    def discover(cls) -> Zoo:
        """The installed plugins; the embedded, the plugins' and the user's registries."""
        plugins = discover()
        return cls(plugins, [embedded_registry(), *registries_of(plugins), user_registry()])

    def list_models(self, *, task: str | None = None, plugin: str | None = None) -> Lookup:
        """All models, or those of a task (its name or kind) or a plugin."""
        listing = list_folders(self.registries)
        wanted = tuple(
            item
            for item in listing.found
            if (task is None or task in (item.summary.task, item.summary.kind))
            and (plugin is None or plugin == item.summary.plugin)
        )
        return Lookup(wanted, listing.problems)

    def find(self, name: str, *, accept: bool = False) -> ModelFolder:
        """The model folder of a name.

        Parameters
        ----------
        name : str
            As ``registry.find_folder`` takes it, or ``scheme://rest`` of a place.
        accept : bool
            Take what a place has now, even if it had something else before.
        """
        reference = split_scheme(name)
        if reference is None or reference[0] == "file":
            found = find_folder(name, self.registries)
            return found.pinned(accept=True) if accept else found
        scheme, rest = reference
        return self.place(scheme).find(rest, accept=accept)

    def reach(self, name: str, *, accept: bool = False) -> ModelFolder:
        """The model folder of a name, as ``find``, with the hash of its weights known.

        What a place needs is asked for first, so that a missing network is told before
        anything slow is imported.
        """
        reference = split_scheme(name)
        if reference is not None and reference[0] != "file":
            self.place(reference[0]).require(reference[1])
        return self.find(name, accept=accept).pinned()

    def place(self, scheme: str) -> Place:
        """The place of a scheme.

        Raises
        ------
        UnknownName
            Neither the zoo nor a plugin knows it.
        """
        if scheme == "hf":
            from .places import HubPlace

            return HubPlace()
        place: Place = self.plugins.resolve("places", scheme)()
        return place

    def build(self, architecture: str, **arguments: Any) -> torch.nn.Module:
        """An untrained network: an architecture of a plugin, or ``ensemble`` of several.

        The name of a model with its place, such as ``timm:convnext_nano``, builds a network
        like it, without its weights; arguments that are given replace those of its card.

        Raises
        ------
        UnknownName
            No plugin offers the architecture.
        UsageError
            It does not take one of the arguments, or no bands.
        """
        from .ensembles import ENSEMBLE, build_ensemble

        if architecture == ENSEMBLE:
            return build_ensemble(self.build, **arguments)
        try:
            make = self.plugins.resolve("architectures", architecture)
        except UnknownName:
            if ":" not in architecture:
                raise
            like = self.find(architecture).card.architecture
            return self.build(like.name, **{**like.arguments, **arguments})
        _check_arguments(make, arguments, f"the architecture {architecture!r}")
        for name, least in (("num_bands", 1), ("num_outputs", 0)):
            value = arguments.get(name, least)
            if isinstance(value, int) and value < least:
                raise UsageError(f"{architecture}: {name} is {least} or more, not {value}.")
        network: torch.nn.Module = make(**arguments)
        return network

    def task(self, ref: TaskRef) -> Task:
        """The task that a card or recipe describes.

        Core's own kinds of task can be used under their names; others come from plugins.
        With an argument ``members`` it is the task of an ensemble of so many networks.
        """
        from .ensembles import EnsembleTask
        from .tasks import built_in_task

        make = built_in_task(ref.name) or self.plugins.resolve("tasks", ref.name)
        own = {key: value for key, value in ref.arguments.items() if key != "members"}
        _check_arguments(make, own, f"the task {ref.name!r}", ref.targets, ref.calibration)
        if "members" in ref.arguments:
            return EnsembleTask(make, ref.targets, ref.calibration, **ref.arguments)
        task: Task = make(ref.targets, ref.calibration, **ref.arguments)
        return task

    def simulator(self, name: str, /, **options: Any) -> Simulator:
        """A simulator by name.

        Raises
        ------
        UnknownName
            No plugin offers the simulator.
        UsageError
            It does not take one of the options.
        """
        make = self.plugins.resolve("simulators", name)
        _check_arguments(make, options, f"the simulator {name!r}")
        simulator: Simulator = make(**options)
        return simulator

    def recipe(self, name: str) -> Recipe:
        """A plugin's training recipe by name."""
        from .training import read_recipe

        contribution = self.plugins.find("recipes", name)
        plugin = self.plugins.named(contribution.plugin)
        folder = plugin.manifest.folder if plugin.manifest else None
        if folder is None:
            raise UsageError(plugin.why())
        return read_recipe(folder / contribution.target)

    def load(
        self,
        name: str,
        *,
        device: str = "auto",
        precision: str = "auto",
        threads: int | None = None,
    ) -> Model:
        """Find, verify, build and fill a model; see ``zoo_core.models.Model``."""
        from .models import load_model

        return load_model(self, name, device=device, precision=precision, threads=threads)


def _check_arguments(
    make: Any, arguments: Mapping[str, Any], subject: str, *given: object
) -> None:
    """Raise ``UsageError`` if ``make`` cannot be called with these arguments.

    ``given`` are the positional ones, which are not the caller's choice.
    """
    import inspect

    signature = inspect.signature(make)
    try:
        signature.bind(*given, **arguments)
    except TypeError as error:
        takes = ", ".join(list(signature.parameters)[len(given) :]) or "none"
        raise UsageError(f"{subject} {error}; it takes {takes}.") from error


@functools.cache
def default_zoo() -> Zoo:
    """The zoo behind the module-level functions, discovered on first use."""
    return Zoo.discover()
