"""Where the tiles of a run were, told so that cutouts of its rows can be made again."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ._cutouts import Cutouts
from ._profiles import find_profile
from ._tiles import find_tiles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..cards import InputSpec
    from ..plugins import PluginManager


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Tiles as they were asked for.

    Parameters
    ----------
    model : str
        Full name of the model that they were cut for.
    tiles : tuple of str
        Patterns, as ``find_tiles`` takes them, from the root of the file system.
    survey : str
        Name of the profile.
    bands : tuple of str
        Bands of the tiles.
    size : tuple of int
        Pixels that were cut; empty for those of the model's card.
    resample : bool
        As ``cut`` takes it.
    """

    model: str
    tiles: tuple[str, ...]
    survey: str
    bands: tuple[str, ...]
    size: tuple[int, ...] = ()
    resample: bool = True

    def to_json(self) -> dict[str, Any]:
        """As a manifest holds it."""
        return {name: getattr(self, name) for name in self.__slots__}


def make_origin(model: str, tiles: Sequence[str], **given: Any) -> Origin:
    """An ``Origin`` of patterns as a user has typed them."""
    absolute = tuple(os.path.abspath(pattern) for pattern in tiles)  # noqa: PTH100 - patterns
    return Origin(model=model, tiles=absolute, **given)


def read_origin(told: Mapping[str, Any]) -> Origin | None:
    """The origin that a manifest tells of; None if it tells of none."""
    try:
        return Origin(
            model=str(told["model"]),
            tiles=tuple(map(str, told["tiles"])),
            survey=str(told["survey"]),
            bands=tuple(map(str, told["bands"])),
            size=tuple(map(int, told["size"])),
            resample=bool(told["resample"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def cutouts_from(origin: Origin, spec: InputSpec, plugins: PluginManager) -> Cutouts:
    """Cut where a run has cut.

    Parameters
    ----------
    origin : Origin
        Of the run.
    spec : InputSpec
        Of the model's image.
    plugins : PluginManager
        May know the profile.

    Raises
    ------
    InputError
        The tiles are not there any more.
    UnknownName
        Nobody knows the profile.
    """
    profile = find_profile(origin.survey, plugins)
    try:
        tiles = find_tiles(origin.tiles, origin.bands, profile)
    except InputError as error:
        raise InputError(
            f"the tiles that the objects were cut from are not where they were: {error} "
            "--tiles and --survey say where they are now.",
            flag=error.flag,
        ) from error
    size = origin.size * (2 if len(origin.size) == 1 else 1)
    sized = replace(spec, size=size) if size else spec
    return Cutouts(tiles, sized, resample=origin.resample)
