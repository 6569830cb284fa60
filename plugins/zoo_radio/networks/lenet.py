"""The LeNet of Scaife & Porter (2021)."""

from __future__ import annotations

from torch import nn

from zoo_core import UsageError

from ._classifier import Classifier

_LEAST = 12


class RadioLeNet(Classifier):
    """The plain network beside the equivariant ones of Scaife & Porter (2021, MNRAS 503, 2369).

    Two 5 x 5 convolutions of 6 and 16 maps with a margin of one pixel, each with a halving,
    and layers of 120 and 84, dropout before the head. 2,501,346 parameters for the 151 x 151
    pixels that their images are padded to; with the 150 of MiraBest as many, for the halvings
    round down.

    Parameters
    ----------
    num_bands, num_outputs : int
        Channels and outputs.
    input_size : list of int
        Rows and columns, 12 or more.
    dropout : float
        Before the head.

    Raises
    ------
    UsageError
        Images that are too small.
    """

    def __init__(
        self,
        num_bands: int = 1,
        num_outputs: int = 2,
        *,
        input_size: tuple[int, int] | list[int] = (150, 150),
        dropout: float = 0.5,
    ):
        super().__init__()
        if len(input_size) != 2 or min(input_size) < _LEAST:
            raise UsageError(
                f"radio-lenet takes images of {_LEAST} pixels or more a side, got "
                f"{list(input_size)}."
            )
        self.body = nn.Sequential(
            nn.Sequential(nn.Conv2d(num_bands, 6, 5, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            nn.Sequential(nn.Conv2d(6, 16, 5, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        )
        places = 1
        for length in input_size:
            places *= ((length - 2) // 2 - 2) // 2
        self.num_features = 84
        self.neck = nn.Sequential(
            nn.Sequential(nn.Flatten(), nn.Linear(16 * places, 120), nn.ReLU()),
            nn.Sequential(nn.Linear(120, 84), nn.ReLU()),
            nn.Dropout(dropout),
        )
        self.head = nn.Linear(84, num_outputs)
