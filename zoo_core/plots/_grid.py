"""A number in every cell of a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._figure import label, new_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    import matplotlib.figure
    import numpy as np


def grid_figure(
    values: np.ndarray,
    text: Sequence[Sequence[str]],
    *,
    columns: Sequence[str],
    rows: Sequence[str],
    x: str,
    y: str,
    title: str = "",
    bar: str = "",
    lowest: float = 0.0,
    edges: bool = False,
) -> matplotlib.figure.Figure:
    """Draw values as colours with a text in each cell.

    Parameters
    ----------
    values : numpy.ndarray
        ``(row, column)`` between ``lowest`` and 1; NaN cells stay white. The first row is at
        the bottom with ``edges``, at the top without.
    text : sequence of sequences of str
        What is written in the cells.
    columns, rows : sequence of str
        Names of the cells, or of their edges (one more) with ``edges``.
    x, y, title, bar : str
        Labels of the axes, the picture and the colour bar.
    lowest : float
        Value at the dark end of the colours, below 1.
    edges : bool
        Whether the cells are bins of two quantities.
    """
    import numpy as np

    height, width = values.shape
    cell = 0.86 if edges else 0.8
    size = (max(4.8, 2.5 + cell * width), max(3.4, 1.5 + 0.62 * cell * height + 0.5))
    figure, (axes,) = new_figure(*size)
    axes.grid(visible=False)
    mesh = axes.pcolormesh(
        np.arange(width + 1),
        np.arange(height + 1),
        np.ma.masked_invalid(values),
        cmap="cividis",
        vmin=lowest,
        vmax=1.0,
        edgecolors="white",
        linewidth=1.0,
    )
    offset = 0.0 if edges else 0.5
    slanted = not edges and max(map(len, columns)) > 9
    axes.set_xticks(
        np.arange(len(columns)) + offset,
        columns,
        rotation=35 if slanted else 0,
        ha="right" if slanted else "center",
        rotation_mode="anchor",
    )
    axes.set_yticks(np.arange(len(rows)) + offset, rows)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=3 if edges else 0)
    if not edges:
        axes.invert_yaxis()
    for row in range(height):
        for column in range(width):
            value = values[row, column]
            axes.text(
                column + 0.5,
                row + 0.5,
                text[row][column],
                ha="center",
                va="center",
                fontsize=8.5,
                linespacing=1.3,
                # A little above the middle of the colours black becomes easier to read.
                color="white" if value < lowest + 0.55 * (1.0 - lowest) else "black",
            )
    colours = figure.colorbar(mesh, ax=axes, pad=0.02)
    colours.set_label(bar, fontsize=10)
    colours.ax.tick_params(labelsize=9)
    colours.outline.set_visible(False)
    label(axes, x=x, y=y, title=title)
    return figure
