"""Which files belong to one tile, by their names."""

from __future__ import annotations

import glob
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..data._listing import natural_key
from ..errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ._profile import SurveyProfile

_BAND = "{band}"


class NamedFile(NamedTuple):
    """A file that a pattern matches.

    ``band`` is the wanted band that its name says, empty where the pattern leaves that to
    the header; ``tile`` is the name without what tells the bands apart.
    """

    path: Path
    tile: str
    band: str


def named_files(
    patterns: Iterable[str], bands: Sequence[str], profile: SurveyProfile
) -> list[NamedFile]:
    """The files of some bands that patterns match, in natural order, each once.

    Parameters
    ----------
    patterns : iterable of str
        Paths with ``*``, ``?``, ``[...]``, ``**`` and ``{band}``, which stands for any
        spelling of a wanted band, in large or small letters, the same wherever it comes.
    bands : sequence of str
        The wanted bands.
    profile : SurveyProfile
        Knows the spellings.

    Raises
    ------
    UsageError
        There is no pattern, or it holds another word in braces.
    InputError
        A pattern matches no file; its ``flag`` is ``not-found``.
    """
    found: dict[Path, NamedFile] = {}
    given = list(patterns)
    if not given:
        raise UsageError("no tile was given: --tiles takes paths and patterns of FITS files.")
    for pattern in given:
        _check(pattern)
        matches = [file for file in map(str, _glob(pattern)) if Path(file).is_file()]
        files = [_named(file, pattern, bands, profile) for file in matches]
        kept = [file for file in files if file is not None]
        if not kept:
            raise InputError(_nothing(pattern, matches, bands, profile), flag="not-found")
        for file in kept:
            found.setdefault(file.path.absolute(), file)
    return sorted(found.values(), key=lambda file: natural_key(str(file.path)))


def _check(pattern: str) -> None:
    others = [word for word in re.findall(r"\{[^}/]*\}", pattern) if word != _BAND]
    if others:
        raise UsageError(
            f"{pattern}: {others[0]} means nothing; only {_BAND} stands for something, and * "
            "for any text."
        )


def _glob(pattern: str) -> list[str]:
    # Not Path.glob, which takes no absolute pattern.
    return glob.glob(pattern.replace(_BAND, "*"), recursive=True)  # noqa: PTH207


def _named(
    file: str, pattern: str, bands: Sequence[str], profile: SurveyProfile
) -> NamedFile | None:
    path = Path(file)
    if _BAND not in pattern:
        return NamedFile(path, _tile(str(path), profile), "")
    for band in bands:
        for spelling in profile.spellings(band):
            match = _matched(file, pattern, spelling)
            if match is not None:
                return NamedFile(path, _tile(match, profile), band)
    return None


def _matched(file: str, pattern: str, spelling: str) -> str | None:
    """The file's path with ``{band}`` where the pattern has it; None if it does not fit."""
    expression = glob_expression(pattern, spelling)
    match = re.fullmatch(expression, file, flags=re.IGNORECASE)
    if match is None:
        return None
    text = file
    for group in range(len(match.groups()), 0, -1):
        start, end = match.span(group)
        text = text[:start] + _BAND + text[end:]
    return text


def glob_expression(pattern: str, spelling: str) -> str:
    """A glob pattern as a regular expression, with one group for each ``{band}``.

    >>> glob_expression("t*_{band}?", "g")
    't[^/]*_(g)[^/]'
    """
    pieces = re.split(r"(\{band\}|\*\*/|\*|\?|\[!?\]?[^]]*\])", pattern)
    meanings = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]", _BAND: f"({re.escape(spelling)})"}
    expression = ""
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            expression += re.escape(piece)
        elif piece in meanings:
            expression += meanings[piece]
        else:
            expression += piece.replace("[!", "[^", 1)
    return expression


def _tile(text: str, profile: SurveyProfile) -> str:
    found = re.search(profile.tile_name, Path(text).name) if profile.tile_name else None
    return found.group() if found else text


def _nothing(
    pattern: str, matches: list[str], bands: Sequence[str], profile: SurveyProfile
) -> str:
    if not matches:
        return f"{pattern} matches no file (looked for from {Path.cwd()})."
    spellings = ", ".join(text for band in bands for text in profile.spellings(band))
    return (
        f"{pattern} matches {len(matches)} files, such as {Path(matches[0]).name}, but none "
        f"with a band in place of {_BAND}. Looked for {spellings} (profile "
        f"{profile.name!r}); another --profile may know the survey's names."
    )
