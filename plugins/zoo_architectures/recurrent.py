"""Recurrent networks for series."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from zoo_core.errors import InputError, UsageError

from ._network import Network

if TYPE_CHECKING:
    import torch


class Recurrent(Network):
    """A recurrent network that reads a series and answers from its last states.

    Parameters
    ----------
    num_bands : int
        Channels of the input.
    num_outputs : int
        Outputs of the head; 0 for the features before it.
    hidden_size : int
        Units of each layer and direction.
    num_layers : int
        Layers, each of which reads the states of the one before.
    bidirectional : bool
        Read the series from its end, too, with units of their own.
    drop_rate : float
        Share of the states between layers that is dropped in training; only with several
        layers.

    Raises
    ------
    UsageError
        No layer or no unit, or dropout with a single layer.
    """

    # The first layer reads the input; a layer's two directions belong together.
    groups: ClassVar[dict[str, object]] = {
        "stem": r"^layers\.\w+_l0(?:_reverse)?$",
        "blocks": r"^layers\.\w+_l(\d+)",
    }
    coarse_groups: ClassVar[dict[str, object]] = {"blocks": r"^layers\."}

    #: Kind of the layers.
    cell: ClassVar[type[nn.LSTM | nn.GRU]]

    def __init__(
        self,
        num_bands: int = 1,
        num_outputs: int = 1,
        hidden_size: int = 64,
        num_layers: int = 1,
        bidirectional: bool = False,
        drop_rate: float = 0.0,
    ):
        super().__init__()
        if num_layers < 1 or hidden_size < 1:
            raise UsageError(
                "a recurrent network needs at least one layer and one unit, got "
                f"num_layers={num_layers} and hidden_size={hidden_size}."
            )
        if drop_rate and num_layers == 1:
            raise UsageError(
                f"drop_rate={drop_rate} acts between layers, and there is only one. Leave it "
                "out or raise num_layers."
            )
        self.layers = self.cell(
            num_bands,
            hidden_size,
            num_layers,
            batch_first=True,
            dropout=drop_rate,
            bidirectional=bidirectional,
        )
        self.neck = nn.Identity()
        self.directions = 2 if bidirectional else 1
        self.num_features = self.directions * hidden_size
        self.reset_classifier(num_outputs)

    def forward_features(
        self, x: torch.Tensor, lengths: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Last states ``(batch, num_features)`` of the last layer.

        Of the backward direction that is the state at the first sample. The arguments are
        those of ``forward``.
        """
        series = x.transpose(1, 2)
        _, states = self.layers(series if lengths is None else _packed(series, lengths))
        last = states[0] if isinstance(states, tuple) else states
        # (layer and direction, batch, unit), the directions of the last layer at the end.
        final: torch.Tensor = last[-self.directions :].transpose(0, 1).flatten(1)
        return final

    def forward(self, x: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        """Outputs ``(batch, num_outputs)`` of series ``(batch, band, time)``.

        Parameters
        ----------
        x : torch.Tensor
            Series of any length, float32.
        lengths : torch.Tensor, optional
            ``(batch,)`` or ``(batch, 1)``: how many samples of each series count, from the
            first on. What comes after them is padding and changes nothing.

        Raises
        ------
        InputError
            A length below 1 or beyond the series.
        """
        return self.forward_head(self.forward_features(x, lengths))


class LSTM(Recurrent):
    """Long short-term memory (Hochreiter & Schmidhuber 1997), with forget gates.

    A layer has ``4 (h i + h**2 + 2 h)`` parameters a direction, with ``i`` inputs and ``h``
    units: torch keeps two biases. Arguments as of ``Recurrent``.

    Examples
    --------
    >>> import torch
    >>> network = LSTM(num_bands=2, num_outputs=3, hidden_size=8, bidirectional=True)
    >>> network(torch.zeros(4, 2, 100)).shape
    torch.Size([4, 3])
    >>> network(torch.zeros(4, 2, 100), torch.tensor([100, 80, 7, 1])).shape
    torch.Size([4, 3])
    """

    cell = nn.LSTM


class GRU(Recurrent):
    """Gated recurrent units (Cho et al. 2014).

    A layer has ``3 (h i + h**2 + 2 h)`` parameters a direction, with ``i`` inputs and ``h``
    units: torch keeps two biases. Arguments as of ``Recurrent``.

    Examples
    --------
    >>> import torch
    >>> network = GRU(num_bands=1, num_outputs=1, hidden_size=8, num_layers=2)
    >>> network(torch.zeros(4, 1, 50)).shape
    torch.Size([4, 1])
    """

    cell = nn.GRU


def _packed(series: torch.Tensor, lengths: torch.Tensor) -> nn.utils.rnn.PackedSequence:
    """Series ``(batch, time, band)`` without their padding."""
    count = lengths.reshape(len(series)).to("cpu").long()
    if len(count) and not 1 <= int(count.min()) <= int(count.max()) <= series.shape[1]:
        raise InputError(
            f"lengths must be from 1 to {series.shape[1]}, the length of the series here; got "
            f"{int(count.min())} to {int(count.max())}."
        )
    return pack_padded_sequence(series, count, batch_first=True, enforce_sorted=False)
