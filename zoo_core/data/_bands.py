"""Recognising a band by the many ways in which surveys write it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..cards import Band

#: Photometric letters that mark a file as another band's even if no model names them.
LETTERS = frozenset("ugrizyjhk")

#: What headers say when they say nothing.
_UNSTATED = frozenset({"", "n/a", "na", "none", "null", "undefined", "unknown"})

_SEPARATORS = "_-."


def stated_band(value: object) -> str:
    """The text of a FILTER or BAND header value, empty if it states nothing."""
    text = value.strip() if isinstance(value, str) else ""
    return "" if text.lower() in _UNSTATED else text


def names_band(text: str, band: Band | str) -> bool:
    """Whether a header's text names a band, whatever the survey's manner.

    The text is the band's name or short name, or one of its words is the short name.

    >>> [names_band(text, "lsst-g") for text in ("g", "g.MP9401", "LSST_g", "OCAM_g_SDSS")]
    [True, True, True, True]
    >>> [names_band(text, "lsst-g") for text in ("r.MP9601", "gri", "F475W")]
    [False, False, False]
    """
    name, short = names_of(band)
    text = text.strip().lower()
    return text in (name, short) or short in re.split(r"[^a-z0-9]+", text)


def is_name_of(text: str, band: Band | str) -> bool:
    """Whether an extension's name is the band's name or short name.

    Unlike in a FILTER value a word is not enough: ``PSF_g`` is not the image of g.
    """
    name, short = names_of(band)
    return re.sub(r"[\s_]+", "-", text.strip().lower()) in (re.sub("_", "-", name), short)


def split_stem(stem: str, bands: Iterable[Band | str]) -> tuple[str, str] | None:
    """Find the band that a file's name ends in or contains.

    Parameters
    ----------
    stem : str
        File name without its suffix.
    bands : iterable of Band or str
        Bands to look for before any other photometric letter.

    Returns
    -------
    tuple of str or None
        The stem without the band, and the band as written; None if no part of the stem,
        split at ``_``, ``-`` and ``.``, is a band.

    Examples
    --------
    >>> split_stem("CFHTLS-test_g", ["lsst-g"])
    ('CFHTLS-test', 'g')
    >>> split_stem("sn_lsst-r_7", ["lsst-g", "lsst-r"])
    ('sn_7', 'lsst-r')
    >>> split_stem("cutout-00012", ["lsst-g"]) is None
    True
    """
    wanted = [names_of(band) for band in bands]
    # A number in a file's name is a counter even if a band is called by that number.
    shorts = {short for _, short in wanted if not short.isdigit()}
    for names in ({name for name, _ in wanted}, shorts, LETTERS):
        ends = _last_token(stem, names)
        if ends is not None:
            start, end = ends
            before, after = stem[:start], stem[end:]
            rest = before[:-1] + after if before else after[1:]
            return rest, stem[start:end]
    return None


def names_of(band: Band | str) -> tuple[str, str]:
    """Name and short name in lower case."""
    name = band if isinstance(band, str) else band.name
    return name.lower(), name.rsplit("-", 1)[-1].lower()


def _last_token(stem: str, names: Iterable[str]) -> tuple[int, int] | None:
    """Where the last of the names stands in a stem, between separators."""
    alternatives = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    if not alternatives:
        return None
    edge = re.escape(_SEPARATORS)
    pattern = rf"(?:^|(?<=[{edge}]))(?:{alternatives})(?=[{edge}]|$)"
    found = list(re.finditer(pattern, stem, flags=re.IGNORECASE))
    return found[-1].span() if found else None
