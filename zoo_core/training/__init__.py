"""Training: recipes, data, the loop, checkpoints, and the model folder that comes out."""

from ._auxiliary import AuxiliaryTarget
from ._average import WeightAverage
from ._checkpoint import (
    CHECKPOINT,
    has_checkpoint,
    load_checkpoint,
    optimizer_tensors,
    restore_optimizers,
    save_checkpoint,
)
from ._data import SimulatedData
from ._export import export_model
from ._history import write_history
from ._hold import hold_run
from ._recipe import FastVersion, PublishedNumber, Recipe, SeededData, read_recipe
from ._run import make_trainer
from ._settings import TrainingSettings
from ._trainer import Trainer

__all__ = [
    "CHECKPOINT",
    "AuxiliaryTarget",
    "FastVersion",
    "PublishedNumber",
    "Recipe",
    "SeededData",
    "SimulatedData",
    "Trainer",
    "TrainingSettings",
    "WeightAverage",
    "export_model",
    "has_checkpoint",
    "hold_run",
    "load_checkpoint",
    "make_trainer",
    "optimizer_tensors",
    "read_recipe",
    "restore_optimizers",
    "save_checkpoint",
    "write_history",
]
