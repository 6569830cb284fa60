"""Rows of pictures beside each other, such as true, restored, difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._figure import new_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    import matplotlib.figure
    import numpy as np

_COLOURS = 3


def pictures_figure(
    rows: Sequence[Sequence[np.ndarray]],
    titles: Sequence[str],
    *,
    high: float = 1.0,
    names: Sequence[str] = (),
) -> matplotlib.figure.Figure:
    """Draw images on one scale.

    Three bands are red, green and blue, in this order; of any other number the mean is grey.
    A title that begins with "difference" is drawn around the middle of the scale.

    Parameters
    ----------
    rows : sequence of sequences of numpy.ndarray
        For each row an image ``(band, y, x)`` for each title; all of one size.
    titles : sequence of str
        Of the columns.
    high : float
        What is white; zero is black.
    names : sequence of str
        Of the rows.
    """
    figure, (axes,) = new_figure(1.7 * len(titles), 1.7 * len(rows) + 0.3)
    grid = axes.get_subplotspec().subgridspec(len(rows), len(titles))  # type: ignore[union-attr]
    axes.remove()
    for j, row in enumerate(rows):
        for i, (image, title) in enumerate(zip(row, titles, strict=True)):
            cell = figure.add_subplot(grid[j, i])
            is_difference = title.startswith("difference")
            shift = 0.5 * high if is_difference else 0.0
            cell.imshow(_picture((image + shift) / high), origin="lower")
            cell.set_xticks([])
            cell.set_yticks([])
            if not j:
                cell.set_title(title, fontsize=9)
            if names and not i:
                cell.set_ylabel(names[j], fontsize=8)
    return figure


def _picture(image: np.ndarray) -> np.ndarray:
    """RGB ``(y, x, 3)`` between 0 and 1."""
    import numpy as np

    limited = np.nan_to_num(np.clip(image, 0.0, 1.0))
    if len(limited) == _COLOURS:
        colours: np.ndarray = limited.transpose(1, 2, 0)
        return colours
    grey: np.ndarray = np.repeat(limited.mean(axis=0)[:, :, None], 3, axis=2)
    return grey
