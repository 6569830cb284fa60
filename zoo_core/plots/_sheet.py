"""Contact sheets: many small pictures, each with a few words below it.

The pictures are put onto the sheet pixel by pixel, enlarged by a whole number, so that one
sees the pixels that the network saw.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import OutputError, UsageError
from ._figure import COLOURS, check_folder, empty_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    import matplotlib.figure
    import numpy as np

#: Pictures of a sheet: more could not be told from each other, and would not fit an image.
MOST_PICTURES = 1000

#: Pixels of the sheet.
_SIDE = 144
_LARGEST = 288
_GAP = 12
_LINE = 15
_TITLE = 30

#: Points of the text, and pixels of one of its digits.
_POINTS = 6.5
_DIGIT = 7.6

_PAPER = 255
_BLANK = 232


@dataclass(frozen=True, slots=True)
class Cell:
    """One place of a sheet.

    Parameters
    ----------
    picture : numpy.ndarray or None
        ``(y, x, 3)``, uint8, drawn with its first row at the bottom, as FITS images are;
        None for an empty place.
    lines : tuple of str
        Below it; shortened in the middle where they are too long.
    is_marked : bool
        Whether it has a frame.
    is_upright : bool
        Draw the first row at the top, as of picture files.
    """

    picture: np.ndarray | None
    lines: tuple[str, ...] = ()
    is_marked: bool = False
    is_upright: bool = False


def check_sheet(path: str | Path, count: int) -> None:
    """Make sure that a sheet can be written, before the work that fills it.

    Raises
    ------
    UsageError
        No pictures, or more than a sheet takes.
    OutputError
        The suffix is not ``.png``, or the folder cannot be written into.
    """
    if not 1 <= count <= MOST_PICTURES:
        raise UsageError(f"a sheet takes 1 to {MOST_PICTURES} pictures, not {count}.")
    if Path(path).suffix.lower() != ".png":
        raise OutputError(f"sheets are written as .png, got {Path(path).name!r}.")
    check_folder(Path(path).parent)


def sheet_figure(
    groups: Sequence[Sequence[Cell]], *, title: str = "", columns: int | None = None
) -> matplotlib.figure.Figure:
    """Draw pictures in a grid.

    Parameters
    ----------
    groups : sequence of sequences of Cell
        From left to right and from top to bottom; each group begins a new row.
    title : str
        Above all.
    columns : int, optional
        By default so many that the sheet is a little wider than high.

    Raises
    ------
    ValueError
        There is no cell.
    """
    cells = [cell for group in groups for cell in group]
    if not cells:
        raise ValueError("a sheet needs a picture.")
    columns = columns or min(max(map(len, groups)), math.ceil(math.sqrt(1.6 * len(cells))))
    blocks = [_enlarged(cell) for cell in cells]
    width = max(_SIDE, *(0 if block is None else block.shape[1] for block in blocks))
    height = max(_SIDE, *(0 if block is None else block.shape[0] for block in blocks))
    down = height + _LINE * max(len(cell.lines) for cell in cells) + _GAP
    across = width + _GAP
    places = _places(groups, columns)
    top = _TITLE if title else _GAP
    size = (
        _GAP + across * columns,
        top + down * (1 + max(row for row, _ in places)) + _GAP // 2,
    )
    corners = [(_GAP + column * across, top + row * down) for row, column in places]
    figure = empty_figure(*size)
    figure.figimage(_canvas(size, cells, blocks, corners, (width, height)), origin="upper")
    characters = int((width + _GAP - 4) / _DIGIT)
    for cell, (x, y) in zip(cells, corners, strict=True):
        for number, line in enumerate(cell.lines):
            _write(
                figure,
                size,
                (x, y + height + number * _LINE + 4),
                _shortened(line, characters),
                is_faint=number > 0,
            )
    if title:
        _write(figure, size, (_GAP, 7), _shortened(title, int(size[0] / _DIGIT) - 4), points=8)
    return figure


def _places(groups: Sequence[Sequence[Cell]], columns: int) -> list[tuple[int, int]]:
    """Row and column of each cell."""
    places = []
    row = 0
    for group in groups:
        places += [(row + i // columns, i % columns) for i in range(len(group))]
        row += -(-len(group) // columns)
    return places


def _enlarged(cell: Cell) -> np.ndarray | None:
    """A picture of about the size of a place; large ones are reduced by averaging."""
    import numpy as np

    if cell.picture is None:
        return None
    picture = cell.picture if cell.is_upright else cell.picture[::-1]
    longest = max(picture.shape[:2])
    factor = -(-longest // _LARGEST)
    if factor > 1:
        y, x = (length - length % factor for length in picture.shape[:2])
        parts = picture[:y, :x].reshape(y // factor, factor, x // factor, factor, 3)
        return np.asarray(parts.mean(axis=(1, 3)).round().astype(np.uint8))
    zoom = max(1, round(_SIDE / longest))
    return picture.repeat(zoom, axis=0).repeat(zoom, axis=1)


def _canvas(
    size: tuple[int, int],
    cells: Sequence[Cell],
    blocks: Sequence[np.ndarray | None],
    corners: Sequence[tuple[int, int]],
    place: tuple[int, int],
) -> np.ndarray:
    import numpy as np

    canvas = np.full((size[1], size[0], 3), _PAPER, dtype=np.uint8)
    frame = [int(COLOURS[1][i : i + 2], 16) for i in (1, 3, 5)]
    width, height = place
    for cell, picture, (x, y) in zip(cells, blocks, corners, strict=True):
        block = picture
        if block is None:
            block = np.full((height, width, 3), _BLANK, dtype=np.uint8)
        left, above = x + (width - block.shape[1]) // 2, y + (height - block.shape[0]) // 2
        right, below = left + block.shape[1], above + block.shape[0]
        if cell.is_marked:
            canvas[above - 4 : below + 4, left - 4 : right + 4] = frame
        canvas[above:below, left:right] = block
    return canvas


def _write(
    figure: matplotlib.figure.Figure,
    size: tuple[int, int],
    corner: tuple[int, int],
    text: str,
    *,
    points: float = _POINTS,
    is_faint: bool = False,
) -> None:
    """Write at a corner in pixels from the upper left."""
    figure.text(
        corner[0] / size[0],
        1 - corner[1] / size[1],
        text,
        fontsize=points,
        color="#555555" if is_faint else "black",
        va="top",
        # A dollar in an identifier is a dollar.
        parse_math=False,
    )


def _shortened(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    tail = (most - 1) // 2
    return f"{text[: most - 1 - tail]}…{text[-tail:] if tail else ''}"
