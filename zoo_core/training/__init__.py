"""Training: recipes, data, the loop, checkpoints, and the model folder that comes out."""

from ._auxiliary import AuxiliaryTarget
from ._data import SimulatedData
from ._export import export_model
from ._hold import hold_run
from ._recipe import FastVersion, PublishedNumber, Recipe, SeededData, read_recipe
from ._run import make_trainer
from ._settings import TrainingSettings
from ._trainer import Trainer

__all__ = [
    "AuxiliaryTarget",
    "FastVersion",
    "PublishedNumber",
    "Recipe",
    "SeededData",
    "SimulatedData",
    "Trainer",
    "TrainingSettings",
    "export_model",
    "hold_run",
    "make_trainer",
    "read_recipe",
]
