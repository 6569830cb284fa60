"""Empty axes in the zoo's style, and files.

``matplotlib.pyplot`` keeps every figure and chooses a display; a library must do neither.
Figures are therefore made from the classes, and the style is set on them alone.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import OutputError

if TYPE_CHECKING:
    import matplotlib.axes
    import matplotlib.figure

#: Colours that people with any kind of colour vision tell apart (after Okabe and Ito),
#: the most distinct first.
COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C8C8C",
    "#7A4F01",
)  # fmt: skip

#: Of lines that only guide the eye.
GUIDE = "#8C8C8C"

#: Pixels per inch of a saved picture.
_RESOLUTION = 130


def new_figure(
    width: float = 5.6,
    height: float = 4.2,
    *,
    rows: int = 1,
    heights: tuple[float, ...] | None = None,
) -> tuple[matplotlib.figure.Figure, list[matplotlib.axes.Axes]]:
    """Make a figure with one column of axes that share their horizontal axis.

    Parameters
    ----------
    width, height : float
        Inches.
    rows : int
        Number of axes, from top to bottom.
    heights : tuple of float or None
        Their relative heights; None for equal ones.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    engine = ConstrainedLayoutEngine(w_pad=0.09, h_pad=0.09)
    figure = Figure(figsize=(width, height), dpi=_RESOLUTION, layout=engine)
    FigureCanvasAgg(figure)
    grid = figure.subplots(
        rows, 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights}
    )
    axes = list(grid[:, 0])
    for one in axes:
        _style(one)
    return figure, axes


def new_panels(
    count: int, *, side: float = 3.0, columns: int = 3
) -> tuple[matplotlib.figure.Figure, list[matplotlib.axes.Axes]]:
    """Make a figure with square panels, row by row, that share no axis.

    Parameters
    ----------
    count : int
        Panels.
    side : float
        Inches of a panel.
    columns : int
        Panels of a row at most.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    columns = min(columns, count)
    rows = -(-count // columns)
    engine = ConstrainedLayoutEngine(w_pad=0.09, h_pad=0.09)
    size = (side * columns + 0.6, side * rows + 0.2)
    figure = Figure(figsize=size, dpi=_RESOLUTION, layout=engine)
    FigureCanvasAgg(figure)
    axes = [figure.add_subplot(rows, columns, place + 1) for place in range(count)]
    for one in axes:
        _style(one)
    return figure, axes


def empty_figure(width: int, height: int) -> matplotlib.figure.Figure:
    """Make a figure of so many pixels, without axes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / _RESOLUTION, height / _RESOLUTION), dpi=_RESOLUTION)
    FigureCanvasAgg(figure)
    return figure


def _style(axes: matplotlib.axes.Axes) -> None:
    axes.set_prop_cycle(color=COLOURS)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color="#E4E4E4", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=9, width=0.8)


def label(axes: Any, *, x: str = "", y: str = "", title: str = "") -> None:
    """Write labels and title of axes in the style's sizes."""
    axes.set_xlabel(x, fontsize=10)
    axes.set_ylabel(y, fontsize=10)
    if title:
        axes.set_title(title, fontsize=10.5, loc="left")


def check_folder(folder: Path) -> None:
    """Make a folder for pictures if it is missing, before the work that they show.

    Raises
    ------
    OutputError
        It cannot be made or written into.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Trying is the only sure way: permission bits say nothing about a read-only disc.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError(
            f"no pictures can be written into {folder}: {error.strerror or error}. "
            "Name a folder that you may write to."
        ) from error


def save_figure(figure: matplotlib.figure.Figure, path: str | Path) -> Path:
    """Write a figure as PNG: the whole file or none, and in place of an older one.

    Raises
    ------
    OutputError
        If the suffix is not ``.png`` or the place cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise OutputError(f"pictures are written as .png, got {path.name!r}.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(figure, path)
    except OSError as error:
        raise OutputError(
            f"cannot write the picture {path}: {error.strerror or error}. "
            "Name a folder that you may write to."
        ) from error
    return path


def _write(figure: matplotlib.figure.Figure, path: Path) -> None:
    # Beside the target, because a rename is atomic only within one file system.
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=".png", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            figure.savefig(stream, format="png", dpi=_RESOLUTION)
        # mkstemp makes files that only their owner may read.
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
