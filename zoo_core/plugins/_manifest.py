"""A plugin's manifest: the static file that says what the plugin holds.

``zoo.toml`` lies in the plugin's top-level package. Reading it imports nothing of the
plugin::

    api = 1                              # of the plugin interface
    name = "strong-lensing"
    summary = "..."
    hook_module = "zoo_strong_lensing"   # optional: module with hook implementations
    hooks = ["zoo_health_checks"]        # the hooks that it implements
    models = "models"                    # optional: folder of model folders in the package

    [[architectures]]                    # also: tasks, simulators, recipes, ...
    name = "deeplens"
    target = "zoo_strong_lensing.architectures:DeepLens"
    summary = "..."
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, NamedTuple

from ..cards._fields import Fields
from ..errors import PluginError

if TYPE_CHECKING:
    from pathlib import Path

#: The version of the plugin interface that this core speaks.
API = 1

#: What registries and places of the zoo itself are called in ``place/model``.
_RESERVED = frozenset({"embedded", "user", "path"})

#: Kinds of contribution that are looked up by name; one TOML table array each.
KINDS = (
    "architectures",
    "tasks",
    "simulators",
    "recipes",
    "places",
    "survey_profiles",
    "engines",
)


# Named tuples, because importing dataclasses and making one of them costs a list of models
# more start-up time than reading all its files.
class Contribution(NamedTuple):
    """Something that a plugin offers under a name.

    ``target`` is ``package.module:attribute``, imported on first use; for a recipe it is
    the path of a TOML file inside the package. ``fit`` is the like for an architecture that is
    fitted to data as a whole: the function that does it; None for one that is trained.
    """

    kind: str
    name: str
    target: str
    summary: str
    plugin: str
    fit: str | None = None


class Manifest(NamedTuple):
    """A manifest as read. ``folder`` is the plugin's package folder.

    ``hooks`` are the names of the hooks that ``hook_module`` implements: the module is
    imported when one of them is called.
    """

    name: str
    summary: str
    folder: Path
    models: Path | None
    contributions: tuple[Contribution, ...]
    hook_module: str | None = None
    hooks: tuple[str, ...] = ()
    unknown_fields: tuple[str, ...] = ()


class TooNew(PluginError):
    """The plugin was written for a newer interface."""


def read_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Raises
    ------
    TooNew
        The plugin needs a newer plugin interface than this core has.
    PluginError
        The file is missing, no TOML, lacks a field, or names hooks without their module.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PluginError(
            f"the manifest {path.name} is not in the package; with setuptools it must be "
            "listed in [tool.setuptools.package-data]"
        ) from None
    except (OSError, ValueError) as error:
        raise PluginError(f"the manifest {path.name} cannot be read: {error}") from error
    top = Fields(data, path.name, PluginError)
    api = top.integer("api")
    if api > API:
        raise TooNew(
            f"written for plugin interface {api}, this astrozoo speaks {API}; "
            "install a newer astrozoo or an older version of the plugin"
        )
    name = top.text("name")
    if name in _RESERVED:
        raise PluginError(
            f"{path.name}: a plugin cannot be called {name!r}: models would be taken for the "
            "zoo's or the user's own"
        )
    models = top.text("models", None)
    hook_module, hooks = top.text("hook_module", None), top.texts("hooks", [])
    if hooks and hook_module is None:
        raise PluginError(
            f"{path.name}: the field 'hook_module' is missing: the module that implements "
            f"{', '.join(hooks)}"
        )
    contributions = []
    for kind in KINDS:
        for entry in top.each(kind, []):
            contribution = Contribution(
                kind=kind,
                name=entry.text("name"),
                target=entry.text("target"),
                summary=entry.text("summary", ""),
                plugin=name,
                fit=entry.text("fit", None) if kind == "architectures" else None,
            )
            contributions.append(contribution)
    return Manifest(
        name=name,
        summary=top.text("summary", ""),
        folder=path.parent,
        models=None if models is None else path.parent / models,
        contributions=tuple(contributions),
        hook_module=hook_module,
        hooks=hooks,
        unknown_fields=top.unknown(),
    )
