"""Finding tiles: which files are which band of which piece of sky."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..data import Problem
from ..data._bands import is_name_of, names_band, split_stem
from ..data._listing import stem_of
from ..errors import InputError
from ._headers import read_headers
from ._names import named_files
from ._profile import beside
from ._tile import PlaneRef, Tile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from ._names import NamedFile
    from ._plane import PixelsRef
    from ._profile import SurveyProfile

_SUFFIXES = (".fits", ".fit", ".fts", ".fits.fz", ".fits.gz", ".fits.bz2", ".fz", ".gz")


class _Candidate(NamedTuple):
    """An image as one band of a tile, and why it cannot be read.

    ``plane`` is None where not even a header says where it lies.
    """

    file: NamedFile
    tile: str
    band: str
    plane: PlaneRef | None
    failure: str


def find_tiles(
    patterns: str | Iterable[str], bands: Sequence[str], profile: SurveyProfile
) -> list[Tile]:
    """Find tiles and read their headers; pixels are not looked at.

    Files that agree in everything but the band are one tile. The band of a file is what
    stands for ``{band}`` in its name; without that in the pattern, what FILTER, BAND or
    EXTNAME say, then what the name holds; a model of one band takes a file that says
    nothing.

    Parameters
    ----------
    patterns : str or iterable of str
        Paths of FITS files with ``*``, ``?``, ``[...]``, ``**`` and ``{band}``.
    bands : sequence of str
        Names of the model's bands, such as ``lsst-g``.
    profile : SurveyProfile
        The conventions of the images.

    Returns
    -------
    list of Tile
        In natural order of their names. One that lacks a band, or of which a file cannot be
        read, is kept with a problem.

    Raises
    ------
    UsageError
        No pattern, or a wrong one.
    InputError
        A pattern matches nothing, no file is of a wanted band, or two files are of the same
        band of a tile.
    """
    patterns = [patterns] if isinstance(patterns, str) else patterns
    files = named_files(patterns, bands, profile)
    tiles: dict[str, dict[str, list[_Candidate]]] = {}
    for file in files:
        for candidate in _candidates(file, bands, profile):
            if candidate.band or candidate.failure:
                of_tile = tiles.setdefault(candidate.tile, {})
                of_tile.setdefault(candidate.band, []).append(candidate)
    if not tiles:
        raise InputError(
            f"none of {len(files)} files is of the band {', '.join(bands)}: neither FILTER, "
            "BAND and EXTNAME nor the names of the files say so. Put {band} into the pattern "
            "in place of the band.",
            flag="not-found",
        )
    return [_tile(name, found, bands) for name, found in tiles.items()]


def flux_notes(tiles: Iterable[Tile], units: Sequence[str | None]) -> tuple[str, ...]:
    """Tell of planes whose flux unit is not known where the model needs one.

    Parameters
    ----------
    tiles : iterable of Tile
        From ``find_tiles``.
    units : sequence of str or None
        The unit of each band of the model.
    """
    unknown = [
        plane
        for tile in tiles
        for plane, unit in zip(tile.planes, units, strict=True)
        if plane is not None and unit and plane.nanojansky is None
    ]
    if not unknown:
        return ()
    note = (
        f"{len(unknown)} images do not say their flux unit (such as "
        f"{unknown[0].image.path.name}): taken as the model's; a --profile may know it"
    )
    return (note,)


def _candidates(
    file: NamedFile, bands: Sequence[str], profile: SurveyProfile
) -> list[_Candidate]:
    """What a file is to its tile; an image of another band has none."""
    tile, band_of_name = _by_name(file, bands, profile)
    try:
        found = read_headers(file.path, profile)
        mask = _beside(file.path, profile.mask_file, profile) or found.mask
        weight = _beside(file.path, profile.weight_file, profile) or found.weight
    except InputError as error:
        return [_Candidate(file, tile, band_of_name, None, str(error))]
    results: dict[str, _Candidate] = {}
    for image in found.images:
        if file.band:
            band = file.band
        elif image.band:
            band = _said_by(image.band, bands, profile)
        else:
            named = (band for band in bands if is_name_of(image.name, band))
            band = next(named, band_of_name)
        plane = PlaneRef(
            image=image.ref,
            shape=image.shape,
            cards=image.cards,
            nanojansky=image.nanojansky,
            mask=mask if found.bits else None,
            bits=found.bits,
            weight=weight,
            no_data=profile.no_data,
        )
        # Behind the first image of a band come its mask, its weight, its model.
        results.setdefault(band, _Candidate(file, tile, band, plane, found.cut_off))
    return list(results.values())


def _beside(
    path: Path, change: tuple[str, str] | None, profile: SurveyProfile
) -> PixelsRef | None:
    """The image in the file beside; None without such a file."""
    other = beside(path, change)
    return None if other is None else read_headers(other, profile).images[0].ref


def _said_by(text: str, bands: Sequence[str], profile: SurveyProfile) -> str:
    """The wanted band that a FILTER or BAND names, by any of its spellings; else nothing."""
    for band in bands:
        if text.lower() in (spelling.lower() for spelling in profile.spellings(band)):
            return band
    return next((band for band in bands if names_band(text, band)), "")


def _by_name(file: NamedFile, bands: Sequence[str], profile: SurveyProfile) -> tuple[str, str]:
    """Tile and band by the file's name, where the pattern has no ``{band}``."""
    if file.band:
        return file.tile, file.band
    stem = stem_of(file.path, _SUFFIXES)
    spellings = {text.lower(): band for band in bands for text in profile.spellings(band)}
    split = split_stem(stem, spellings)
    if split is None:
        return file.tile, bands[0] if len(bands) == 1 else ""
    rest, written = split
    tile = file.tile
    if tile == str(file.path):
        tile = str(file.path.with_name(f"{rest}{file.path.name[len(stem) :]}"))
    return tile, spellings.get(written.lower(), "")


def _tile(name: str, found: dict[str, list[_Candidate]], bands: Sequence[str]) -> Tile:
    for band in bands:
        files = dict.fromkeys(str(candidate.file.path) for candidate in found.get(band, ()))
        if len(found.get(band, ())) > 1:
            raise InputError(
                f"two images for the band {band} of the tile {name}: {' and '.join(files)}. "
                "Name the images by a pattern that leaves one of them out.",
                flag="wrong-bands",
            )
    chosen = [found[band][0] if band in found else None for band in bands]
    planes = tuple(candidate.plane if candidate else None for candidate in chosen)
    every = [*chosen, *found.get("", ())]
    failures = [candidate.failure for candidate in every if candidate and candidate.failure]
    missing = [band for band, candidate in zip(bands, chosen, strict=True) if not candidate]
    problem = None
    if failures:
        problem = Problem("tile-unreadable", "; ".join(failures))
    elif missing:
        told = ", ".join(missing)
        problem = Problem("missing-band", f"no image of the band {told} of {name}")
    return Tile(name, planes, problem)
