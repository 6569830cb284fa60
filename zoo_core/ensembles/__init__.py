"""Ensembles: several networks in one model, whose predictions are averaged."""

from ._build import ENSEMBLE, build_ensemble, plugin_architectures
from ._combine import combine
from ._task import EnsembleTask

__all__ = ["ENSEMBLE", "EnsembleTask", "build_ensemble", "combine", "plugin_architectures"]
