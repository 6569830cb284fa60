"""The picture of a training while it runs: whether it learns too little or too much."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import matplotlib.figure

#: Columns of a history that are no metric.
_OTHERS = frozenset(
    {"epoch", "training_loss", "validation_loss", "learning_rate", "seconds", "penalty"}
)


def curves_figure(
    history: Sequence[dict[str, float]], *, best: int | None = None
) -> matplotlib.figure.Figure:
    """Losses of both sets above, the watched numbers below, over epochs or penalties.

    Parameters
    ----------
    history : sequence of dict
        Rows of ``history.csv``.
    best : int, optional
        Index of the row that is kept; marked by a line.
    """
    from ..plots import new_figure

    x = "penalty" if "penalty" in history[0] else "epoch"
    values = [row[x] for row in history]
    figure, (top, bottom) = new_figure(5.2, 5.2, rows=2, heights=(1.0, 1.0))
    for name, label in (("training_loss", "training"), ("validation_loss", "validation")):
        top.plot(values, [row[name] for row in history], marker=".", label=label)
    for name in (key for key in history[0] if key not in _OTHERS):
        bottom.plot(values, [row[name] for row in history], marker=".", label=name)
    for axes, label in ((top, "loss"), (bottom, "validation")):
        axes.set_ylabel(label)
        if best is not None:
            axes.axvline(values[best], color="0.6", linestyle=":", linewidth=1)
        if x == "penalty":
            axes.set_xscale("log")
            axes.invert_xaxis()
        axes.legend(frameon=False, fontsize=8)
    bottom.set_xlabel(x)
    return figure


def save_curves(
    history: Sequence[dict[str, float]], path: Path, *, best: int | None = None
) -> None:
    """Write the picture; whoever looks sees the old one or the whole new one."""
    from ..plots import save_figure

    fresh = path.with_name(f".{path.name}.new.png")
    save_figure(curves_figure(history, best=best), fresh)
    fresh.replace(path)
