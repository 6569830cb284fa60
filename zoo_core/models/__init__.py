"""Models: a card, a task and a network that is ready for use."""

from ._golden import flattened, golden_outputs, named_outputs, shape_difference
from ._load import load_model, load_network
from ._model import Model
from ._verify import verify_model

__all__ = [
    "Model",
    "flattened",
    "golden_outputs",
    "load_model",
    "load_network",
    "named_outputs",
    "shape_difference",
    "verify_model",
]
