"""Models: a card, a task and a network that is ready for use."""

from ._load import load_model, load_network
from ._model import Model
from ._verify import verify_model

__all__ = ["Model", "load_model", "load_network", "verify_model"]
