"""Surveys: a catalogue and large tiles in, a folder of tables out."""

from ._catalog import Catalog, Positions
from ._cut import Cut, cut
from ._cutouts import Cutouts
from ._engine import Engine, InProcess
from ._engines import IN_PROCESS, find_engine
from ._finished import Parts, open_parts
from ._maker import WorkerMaker
from ._match import Match, match
from ._open_catalog import CATALOGS, open_catalog
from ._open_plane import open_plane
from ._origin import Origin, cutouts_from, make_origin, read_origin
from ._parts import Output, Summary, open_output
from ._plane import PixelsRef, Plane
from ._planes import Planes
from ._profile import SurveyProfile
from ._profiles import PROFILES, find_profile
from ._run import SurveyOptions, run_survey
from ._tile import PlaneRef, Tile
from ._tiles import find_tiles, flux_notes
from ._windows import Windows
from ._worker import Worker, image_input

__all__ = [
    "CATALOGS",
    "IN_PROCESS",
    "PROFILES",
    "Catalog",
    "Cut",
    "Cutouts",
    "Engine",
    "InProcess",
    "Match",
    "Origin",
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
    "Windows",
    "Worker",
    "WorkerMaker",
    "cut",
    "cutouts_from",
    "find_engine",
    "find_profile",
    "find_tiles",
    "flux_notes",
    "image_input",
    "make_origin",
    "match",
    "open_catalog",
    "open_output",
    "open_parts",
    "open_plane",
    "read_origin",
    "run_survey",
]
