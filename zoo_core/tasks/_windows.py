"""Running an image-to-image network over images of any size, in overlapping windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch

#: Windows that are in memory at once.
_AT_ONCE = 64


def run_in_windows(
    engine: Callable[[Sequence[torch.Tensor]], Any],
    images: torch.Tensor,
    *,
    window: Sequence[int],
    halo: int,
) -> torch.Tensor:
    """Outputs ``(n, band, y, x)`` for images ``(n, channel, y, x)`` of any size.

    Beyond the edges of an image its pixels are mirrored, or where it is smaller than that,
    repeated. Each output pixel is taken from one window, at least ``halo`` pixels from its rim.

    Parameters
    ----------
    engine : callable
        Takes windows ``(k, channel, *window)``, gives ``(k, band, *window)``.
    images : torch.Tensor
        ``(n, channel, y, x)``.
    window : sequence of int
        Rows and columns of a window.
    halo : int
        Pixels of its rim that are not kept.
    """
    import torch

    rows, columns = images.shape[2:]
    steps = [length - 2 * halo for length in window]
    counts = [-(-length // step) for length, step in zip((rows, columns), steps, strict=True)]
    whole = [count * step for count, step in zip(counts, steps, strict=True)]
    place_y = _mirrored(rows, halo, whole[0] + 2 * halo).to(images.device)
    place_x = _mirrored(columns, halo, whole[1] + 2 * halo).to(images.device)
    padded = images[:, :, place_y][:, :, :, place_x]
    corners = [
        (number, j * steps[0], i * steps[1])
        for number in range(len(images))
        for j in range(counts[0])
        for i in range(counts[1])
    ]
    out: torch.Tensor | None = None
    inner = slice(halo, window[0] - halo), slice(halo, window[1] - halo)
    for start in range(0, len(corners), _AT_ONCE):
        some = corners[start : start + _AT_ONCE]
        cut = torch.stack(
            [padded[n, :, j : j + window[0], i : i + window[1]] for n, j, i in some]
        )
        found = engine([cut])
        if out is None:
            out = found.new_empty(len(images), found.shape[1], *whole)
        for (n, j, i), one in zip(some, found, strict=True):
            out[n, :, j : j + steps[0], i : i + steps[1]] = one[:, inner[0], inner[1]]
    assert out is not None  # noqa: S101 - for mypy: there are always windows
    return out[:, :, :rows, :columns]


def _mirrored(length: int, before: int, whole: int) -> torch.Tensor:
    """Indices ``(whole,)`` into an axis, mirrored at its ends as often as it takes."""
    import torch

    place = torch.arange(whole) - before
    if length == 1:
        return torch.zeros_like(place)
    period = 2 * (length - 1)
    folded = place.remainder(period)
    return torch.where(folded < length, folded, period - folded)
