"""Devices: what there is to compute on, and how to run a network on it fast."""

from ._devices import Device, list_devices, pick_device
from ._engine import InferenceEngine
from ._precision import PRECISIONS, default_precision, pick_precision

__all__ = [
    "PRECISIONS",
    "Device",
    "InferenceEngine",
    "default_precision",
    "list_devices",
    "pick_device",
    "pick_precision",
]
