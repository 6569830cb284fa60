"""Models: a card, a task and a network that is ready for use."""

from ._adopt import adopt, random_inputs
from ._golden import flattened, golden_outputs, named_outputs, shape_difference
from ._headless import without_head
from ._load import load_model, load_network
from ._model import Model
from ._verify import verify_model
from ._write import (
    GOLDEN_OBJECTS,
    NO_GOLDEN,
    describe_circumstances,
    finish_folder,
    open_unfinished,
    replacing_folder,
    store_weights,
    write_golden,
)

__all__ = [
    "GOLDEN_OBJECTS",
    "NO_GOLDEN",
    "Model",
    "adopt",
    "describe_circumstances",
    "finish_folder",
    "flattened",
    "golden_outputs",
    "load_model",
    "load_network",
    "named_outputs",
    "open_unfinished",
    "random_inputs",
    "replacing_folder",
    "shape_difference",
    "store_weights",
    "verify_model",
    "without_head",
    "write_golden",
]
