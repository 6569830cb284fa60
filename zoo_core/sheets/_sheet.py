"""A sheet of pixels and words, in a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..plots import NO_DATA, Cell, make_pictures, save_figure, sheet_figure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np

    from ..cards import InputSpec


@dataclass(frozen=True, slots=True)
class Shown:
    """An object on a sheet.

    Parameters
    ----------
    pixels : numpy.ndarray or None
        ``(band, y, x)`` as a model takes it; None where there are none.
    lines : tuple of str
        What stands below.
    is_marked : bool
        Whether it has a frame.
    """

    pixels: np.ndarray | None
    lines: tuple[str, ...]
    is_marked: bool = False


def write_sheet(
    path: str | Path,
    groups: Sequence[Sequence[Shown]],
    spec: InputSpec,
    *,
    title: str = "",
) -> Path:
    """Draw objects in a grid into a PNG file, in place of an older one.

    Parameters
    ----------
    path : path
        With the suffix ``.png``.
    groups : sequence of sequences of Shown
        Each begins a new row.
    spec : InputSpec
        What the pixels are.
    title : str
        Above all.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    objects = [shown for group in groups for shown in group]
    names = [band.name for band in spec.bands]
    made = make_pictures([shown.pixels for shown in objects], names)
    pictures = iter(made)
    # Pictures of files have their first row at the top, images of the sky at the bottom.
    is_upright = {name.lower() for name in names} <= {"grey", "red", "green", "blue"}
    cells = [
        [
            Cell(
                next(pictures),
                shown.lines,
                is_marked=shown.is_marked,
                is_upright=is_upright,
            )
            for shown in group
        ]
        for group in groups
    ]
    has_holes = any(one is not None and (one == NO_DATA).all(-1).any() for one in made)
    told = [title, "pink: no data" if has_holes else ""]
    figure = sheet_figure(cells, title="   ".join(text for text in told if text))
    return save_figure(figure, path)
