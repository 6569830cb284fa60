"""The surveys that core knows the conventions of, and finding those of plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import PluginError, UnknownName, unknown_name
from ._profile import NANOJANSKY_OF_MAGNITUDE_ZERO, SurveyProfile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..plugins import PluginManager

_SDSS_BANDS = tuple((band, (f"sdss-{band}",)) for band in "ugriz")

#: By name. What is said of a survey here is what its own release documents say.
PROFILES: Mapping[str, SurveyProfile] = {
    profile.name: profile
    for profile in (
        SurveyProfile(
            name="plain",
            summary="Any FITS images: band by FILTER, BAND or file name, flux by BUNIT",
        ),
        SurveyProfile(
            name="sdss-frame",
            summary="SDSS frames, DR8 and later: nanomaggies, sky subtracted",
            bands=_SDSS_BANDS,
            image=(0,),
            nanojansky=3631.0,
        ),
        SurveyProfile(
            name="legacy-brick",
            summary="DESI Legacy Imaging Surveys bricks: nanomaggies, invvar files beside",
            bands=tuple((band, (f"decam-{band}", f"DECam {band}")) for band in "griz"),
            weight_file=("-image-", "-invvar-"),
            nanojansky=3631.0,
        ),
        SurveyProfile(
            name="lsst-calexp",
            summary="HSC and LSST exposures and coadds: image, mask and variance in one file",
            bands=tuple(
                (band, (f"HSC-{band.upper()}", f"LSST-{band}", *other))
                for band, other in (
                    ("u", ()),
                    ("g", ()),
                    ("r", ("HSC-R2",)),
                    ("i", ("HSC-I2",)),
                    ("z", ()),
                    ("y", ()),
                )
            ),
            image=("IMAGE", 1),
            mask="MASK",
            weight="VARIANCE",
            # Pixels that were interpolated over (BAD, SAT, CR) hold a value to be used.
            bad_planes=("NO_DATA", "UNMASKEDNAN"),
            flux_keys=("FLUXMAG0",),
        ),
        SurveyProfile(
            name="kids",
            summary="KiDS coadds: zero point 0, weight files beside",
            bands=(
                *((band, (f"OCAM_{band}_SDSS", f"{band}_SDSS")) for band in "ugr"),
                ("i", ("OCAM_i_SDSS", "i_SDSS", "i1", "i2")),
            ),
            weight_file=("_sci", "_wei"),
            nanojansky=NANOJANSKY_OF_MAGNITUDE_ZERO,
        ),
        SurveyProfile(
            name="euclid",
            summary="Euclid MER mosaics of one tile index: zero point in MAGZERO",
            bands=(
                ("vis", ("VIS",)),
                *((band, (f"NIR-{band.upper()}", f"NIR_{band.upper()}")) for band in "yjh"),
                *(
                    (band, (f"DES-{band.upper()}", f"DECAM_{band}", f"DECAM-{band}"))
                    for band in "griz"
                ),
            ),
            zero_point_keys=("MAGZERO",),
            tile_name=r"TILE\d+",
        ),
    )
}


def find_profile(name: str, plugins: PluginManager | None = None) -> SurveyProfile:
    """A survey profile by name.

    Parameters
    ----------
    name : str
        One of ``PROFILES``, or one that a plugin offers as ``survey_profiles``;
        ``plugin/name`` says whose.
    plugins : PluginManager, optional
        Where to look behind ``PROFILES``.

    Raises
    ------
    UnknownName
        There is none of this name.
    PluginError
        A plugin offers it that cannot be used, or what it offers is no ``SurveyProfile``.
    """
    if name in PROFILES:
        return PROFILES[name]
    kind = "survey_profiles"
    offered = [found.name for found in plugins.contributions(kind)] if plugins else []
    if plugins is None:
        raise unknown_name("survey profile", name, list(PROFILES))
    try:
        contribution = plugins.find(kind, name)
    except UnknownName:
        raise unknown_name("survey profile", name, [*PROFILES, *offered]) from None
    profile = plugins.resolve(kind, name)()
    if not isinstance(profile, SurveyProfile):
        raise PluginError(
            f"the plugin {contribution.plugin!r} offers {contribution.target} as a survey "
            f"profile, but calling it gives a {type(profile).__name__}, not a SurveyProfile."
        )
    return profile
