"""Checks of a survey profile: it is one, under the name of the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._check import require

if TYPE_CHECKING:
    from ._uses import Uses


def is_a_profile_of_its_name(uses: Uses, name: str) -> None:
    """The target makes a ``SurveyProfile`` with the name that the manifest gives it."""
    from ..survey import PROFILES, find_profile

    require(name not in PROFILES, f"{name!r} is a profile of the zoo itself; take another name")
    profile = find_profile(name, uses.zoo.plugins)
    require(profile.name == name, f"it is called {profile.name!r}, the manifest says {name!r}")


def bands_are_short_names(uses: Uses, name: str) -> None:
    """Bands are looked up by their short names in small letters."""
    from ..survey import find_profile

    bands = [band for band, _ in find_profile(name, uses.zoo.plugins).bands]
    wrong = [band for band in bands if band != band.rsplit("-", 1)[-1].lower()]
    require(not wrong, f"no short names in small letters: {', '.join(wrong)}")
    require(len(set(bands)) == len(bands), f"a band is listed twice: {', '.join(bands)}")


CHECKS = (is_a_profile_of_its_name, bands_are_short_names)
