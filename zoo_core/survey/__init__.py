"""Surveys: a catalogue and large tiles in, a folder of tables out."""

from ._catalog import Catalog, Positions
from ._cut import Cut, cut
from ._engine import Engine, InProcess
from ._finished import Parts, open_parts
from ._match import Match, match
from ._open_catalog import CATALOGS, open_catalog
from ._open_plane import open_plane
from ._parts import Output, Summary, open_output
from ._plane import PixelsRef, Plane
from ._planes import Planes
from ._profile import SurveyProfile
from ._profiles import PROFILES, find_profile
from ._run import SurveyOptions, run_survey
from ._tile import PlaneRef, Tile
from ._tiles import find_tiles, flux_notes

__all__ = [
    "CATALOGS",
    "PROFILES",
    "Catalog",
    "Cut",
    "Engine",
    "InProcess",
    "Match",
    "Output",
    "Parts",
    "PixelsRef",
    "Plane",
    "PlaneRef",
    "Planes",
    "Positions",
    "Summary",
    "SurveyOptions",
    "SurveyProfile",
    "Tile",
    "cut",
    "find_profile",
    "find_tiles",
    "flux_notes",
    "match",
    "open_catalog",
    "open_output",
    "open_parts",
    "open_plane",
    "run_survey",
]
