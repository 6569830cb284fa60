"""Views of one object whose outputs are averaged: flips, quarter turns, smaller angles."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import torch

#: By name, as a card has them.
VIEWS = {
    "one": "the object as it is",
    "dihedral": "all flips and quarter turns of an image, outputs averaged",
    "angles": "an image turned by 0, 22.5, 45 and 67.5 degrees, outputs averaged",
}

#: Degrees of ``angles``: with the flips and quarter turns that a network takes as one already,
#: every 22.5 degrees.
_ANGLES = (0.0, 22.5, 45.0, 67.5)

#: Axes of a batch of images: object, band, y, x.
_IMAGE = 4


def check_views(views: str) -> str:
    """The name, if there is such a set of views.

    Raises
    ------
    UsageError
        There is none.
    """
    if views not in VIEWS:
        raise UsageError(f"views are one of {', '.join(VIEWS)}, not {views!r}.")
    return views


def average_views(
    views: str,
    run: Callable[[Sequence[torch.Tensor]], Any],
    inputs: Sequence[torch.Tensor],
) -> Any:
    """The mean output over views.

    ``dihedral`` are 8 views, 4 of images that are not square. ``angles`` are 4, interpolated
    between pixels, with what comes in from outside as at the edge. All images of an object are
    turned alike; other inputs stay as they are.

    Parameters
    ----------
    views : str
        One of ``VIEWS``.
    run : callable
        The network: ``(n, ...)`` tensors to tensors ``(n, outputs)``, one or several.
    inputs : sequence of torch.Tensor
        Images are ``(n, band, y, x)``.

    Raises
    ------
    UsageError
        The output is no table of numbers, so it turns with the image.
    """
    from torch.utils import _pytree

    total: list[torch.Tensor] = []
    count = 0
    for view in _dihedral(inputs) if views == "dihedral" else _angles(inputs):
        leaves, structure = _pytree.tree_flatten(run(view))
        if any(not hasattr(leaf, "dim") or leaf.dim() > 2 for leaf in leaves):
            raise UsageError(
                "the outputs of this network are no plain numbers, so they cannot be averaged "
                "over views. Its card must say views 'one'."
            )
        total = [a + b for a, b in zip(total, leaves, strict=True)] if total else leaves
        count += 1
    return _pytree.tree_unflatten([leaf / count for leaf in total], structure)


def _dihedral(inputs: Sequence[torch.Tensor]) -> Iterator[list[torch.Tensor]]:
    images = [tensor for tensor in inputs if tensor.dim() == _IMAGE]
    is_square = all(image.shape[2] == image.shape[3] for image in images)
    for turns in range(0, 4, 1 if is_square else 2):
        for flips in (False, True):
            yield [_turned(tensor, turns, flips=flips) for tensor in inputs]


def _angles(inputs: Sequence[torch.Tensor]) -> Iterator[list[torch.Tensor]]:
    for angle in _ANGLES:
        yield [_rotated(tensor, math.radians(angle)) for tensor in inputs]


def _rotated(tensor: torch.Tensor, angle: float) -> torch.Tensor:
    """About the middle, on the same pixels."""
    import torch
    from torch.nn import functional

    if tensor.dim() != _IMAGE or not angle:
        return tensor
    # The grid of torch goes from -1 to 1 along both sides, whatever their lengths.
    ratio = tensor.shape[2] / tensor.shape[3]
    cosine, sine = math.cos(angle), math.sin(angle)
    matrix = torch.tensor([[cosine, -sine * ratio, 0.0], [sine / ratio, cosine, 0.0]])
    grid = functional.affine_grid(
        matrix.to(tensor).expand(len(tensor), 2, 3), list(tensor.shape), align_corners=False
    )
    return functional.grid_sample(tensor, grid, padding_mode="border", align_corners=False)


def _turned(tensor: torch.Tensor, turns: int, *, flips: bool) -> torch.Tensor:
    if tensor.dim() != _IMAGE:
        return tensor
    turned = tensor.rot90(turns, (2, 3))
    return (turned.flip(3) if flips else turned).contiguous()
