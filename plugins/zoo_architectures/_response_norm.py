"""Local response normalisation, of the networks before batch normalisation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

if TYPE_CHECKING:
    import torch

_CHANNELS = 5
_OFFSET, _FACTOR, _POWER = 2.0, 1e-4, 0.75


class ResponseNorm(nn.Module):
    """Local response normalisation of Krizhevsky et al. (2012, section 3.3).

    Each value is divided by ``(2 + 1e-4 s) ** 0.75`` with ``s`` the sum of the squares of
    the five channels around it. That is ``nn.LocalResponseNorm(5, 5e-4, 0.75, 2.0)``, as
    torch divides its factor by the number of channels; but that one does not run in bfloat16
    on a processor, and here the sums are float32 in any case.

    Examples
    --------
    >>> import torch
    >>> ResponseNorm()(torch.full((1, 1, 1, 1), 2.0 ** 0.75)).round(decimals=3).item()
    1.0
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The normalised maps, ``(batch, channel, y, x)`` as the input."""
        wide = x.float()
        around = _CHANNELS // 2
        squares = nn.functional.pad(wide.square()[:, None], (0, 0, 0, 0, around, around))
        mean = nn.functional.avg_pool3d(squares, (_CHANNELS, 1, 1), stride=1)[:, 0]
        return (wide / (_OFFSET + _FACTOR * _CHANNELS * mean) ** _POWER).type_as(x)
