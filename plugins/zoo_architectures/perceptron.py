"""Networks without any notion of neighbouring pixels: the perceptron and the MLP."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from torch import nn

from zoo_core.errors import UsageError

from ._network import Network
from ._sizes import Size, check_exact

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch


class Perceptron(Network):
    """One linear layer over all values of the input (Rosenblatt 1958).

    The outputs are logits, so that with the loss of a classification this is logistic
    regression; Rosenblatt's unit is its sign.

    Parameters
    ----------
    num_bands : int
        Channels of the input.
    num_outputs : int
        Outputs; 0 for the flattened input.
    input_size : int or sequence of int
        Lengths of the axes after batch and band: one number is a series, two are an image.
        Other sizes are refused with ``InputError``.

    Examples
    --------
    >>> import torch
    >>> network = Perceptron(num_bands=1, num_outputs=1, input_size=180)
    >>> network(torch.zeros(2, 1, 180)).shape
    torch.Size([2, 1])
    >>> sum(parameter.numel() for parameter in network.parameters())
    181
    """

    # A single layer: its weights and its thresholds are all that could be told apart.
    groups: ClassVar[dict[str, object]] = {"weights": r"^head\.weight"}
    coarse_groups = groups

    def __init__(self, num_bands: int = 1, num_outputs: int = 1, input_size: Size = 180):
        super().__init__()
        size = _axes(input_size)
        self.num_features = num_bands * math.prod(size)
        self.flatten = nn.Flatten()
        check_exact(self.flatten, "perceptron", size)
        self.neck = nn.Identity()
        self.reset_classifier(num_outputs)

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        """The values ``(batch, band * values)`` of ``(batch, band, *axes)``."""
        values: torch.Tensor = self.flatten(x)
        return values


class MLP(Network):
    """Multilayer perceptron: linear layers with ReLU between, over all values of the input.

    The default is 180-64-32-8-1, a series of 180 values with one output: 13,937 parameters.

    Parameters
    ----------
    num_bands : int
        Channels of the input.
    num_outputs : int
        Outputs; 0 for the activations of the last hidden layer.
    input_size : int or sequence of int
        Lengths of the axes after batch and band: one number is a series, two are an image.
        Other sizes are refused with ``InputError``.
    hidden_sizes : sequence of int
        Units of each hidden layer, from the input on.
    drop_rate : float
        Share of the units of each hidden layer that is dropped in training, 0 to 1.

    Raises
    ------
    UsageError
        No hidden layer, or one without units.

    Examples
    --------
    >>> import torch
    >>> network = MLP(num_bands=3, num_outputs=5, input_size=(9, 9), hidden_sizes=(16, 8))
    >>> network(torch.zeros(2, 3, 9, 9)).shape
    torch.Size([2, 5])
    """

    groups: ClassVar[dict[str, object]] = {
        "stem": r"^hidden\.0\.",
        "blocks": r"^hidden\.(\d+)\.",
    }
    coarse_groups: ClassVar[dict[str, object]] = {"blocks": r"^hidden\."}

    def __init__(
        self,
        num_bands: int = 1,
        num_outputs: int = 1,
        input_size: Size = 180,
        hidden_sizes: Sequence[int] = (64, 32, 8),
        drop_rate: float = 0.0,
    ):
        super().__init__()
        if not hidden_sizes or min(hidden_sizes) < 1:
            raise UsageError(
                "an mlp needs hidden_sizes with at least one unit in each layer, got "
                f"{list(hidden_sizes)}. Without hidden layers it is a 'perceptron'."
            )
        size = _axes(input_size)
        self.flatten = nn.Flatten()
        check_exact(self.flatten, "mlp", size)
        width = num_bands * math.prod(size)
        layers: list[nn.Module] = []
        for hidden in hidden_sizes:
            layers += [nn.Linear(width, hidden), nn.ReLU(), nn.Dropout(drop_rate)]
            width = hidden
        self.hidden = nn.Sequential(*layers)
        self.neck = nn.Identity()
        self.num_features = width
        self.reset_classifier(num_outputs)

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        """The last hidden layer ``(batch, num_features)`` of ``(batch, band, *axes)``."""
        hidden: torch.Tensor = self.hidden(self.flatten(x))
        return hidden


def _axes(size: Size) -> tuple[int, ...]:
    """The lengths of as many axes as there are numbers."""
    found = (size,) if isinstance(size, int) else tuple(size)
    if not found or min(found) < 1:
        raise UsageError(f"input_size must be positive lengths, is {size!r}.")
    return found
