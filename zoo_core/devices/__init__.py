"""Devices: what there is to compute on, and how to run a network on it fast."""

from ._devices import Device, list_devices, pick_device
from ._engine import InferenceEngine
from ._precision import PRECISIONS, default_precision, pick_precision
from ._rows import is_close, join_rows, to_results
from ._successions import successions
from ._views import VIEWS

__all__ = [
    "PRECISIONS",
    "VIEWS",
    "Device",
    "InferenceEngine",
    "default_precision",
    "is_close",
    "join_rows",
    "list_devices",
    "pick_device",
    "pick_precision",
    "successions",
    "to_results",
]
