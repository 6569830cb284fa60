"""Pictures: no global state, whole files, and what is drawn is what was measured."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zoo_core.plots
from zoo_core.errors import OutputError
from zoo_core.plots import (
    check_folder,
    confusion_figure,
    grid_figure,
    new_figure,
    reliability_figure,
    ridge_figure,
    roc_figure,
    save_figure,
    score_figure,
)

POSITIVE = np.array([True, True, True, False, False, False])
SCORE = np.array([0.9, 0.8, 0.3, 0.85, 0.2, 0.1])


def _texts(axes):
    return [text.get_text() for text in axes.texts]


def test_pyplot_is_never_imported(tmp_path):
    """A library must not choose a display or keep figures."""
    code = (
        "import sys; from zoo_core.plots import new_figure, save_figure;"
        f"save_figure(new_figure()[0], {str(tmp_path / 'a.png')!r});"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )

    subprocess.run([sys.executable, "-c", code], check=True)


def test_saved_picture_is_a_whole_png(tmp_path):
    """The folder is made, the size is that of the figure at 130 dots per inch."""
    path = save_figure(new_figure(4.0, 3.0)[0], tmp_path / "new" / "a.png")

    with Image.open(path) as image:
        image.load()
        assert image.size == (520, 390)
    assert [p.name for p in path.parent.iterdir()] == ["a.png"]


def test_failed_save_leaves_the_old_picture(tmp_path, monkeypatch):
    """A picture is replaced whole or not at all, and no temporary file stays."""
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    figure, _ = new_figure()

    def fail(stream, **_):
        stream.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(figure, "savefig", fail)
    with pytest.raises(OutputError, match="No space left on device"):
        save_figure(figure, path)

    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_places_that_cannot_be_written_are_errors(tmp_path):
    """A file in place of the folder and another suffix are told."""
    (tmp_path / "file").write_text("")

    with pytest.raises(OutputError, match="cannot write the picture"):
        save_figure(new_figure()[0], tmp_path / "file" / "a.png")
    with pytest.raises(OutputError, match=r"written as \.png, got 'a\.jpg'"):
        save_figure(new_figure()[0], tmp_path / "a.jpg")


def test_a_folder_is_tried_before_the_work(tmp_path):
    """Made with its parents, left empty; a place that cannot be written is an error."""
    check_folder(tmp_path / "new" / "plots")
    assert list((tmp_path / "new" / "plots").iterdir()) == []
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "plots", Path("/proc/plots")):
        with pytest.raises(OutputError, match="Name a folder that you may write to"):
            check_folder(folder)


def test_roc_draws_the_curve_that_was_measured():
    """Completeness before the first false positive is drawn at the left edge."""
    (axes,) = roc_figure(POSITIVE, SCORE, name="lens").axes
    x, y = axes.lines[1].get_data()

    assert axes.get_xlim() == pytest.approx((0.5 / 3, 1.0))
    assert y[x <= 0.5 / 3].max() == pytest.approx(1 / 3)
    assert y[np.isclose(x, 1 / 3)].max() == pytest.approx(1.0)
    assert "0.7778" in axes.get_legend().get_texts()[1].get_text()


def test_roc_marks_rejections_that_the_data_reach():
    """99 % rejection of 100 negatives is one false positive; 99.9 % cannot be measured."""
    score = np.concatenate([[99.5, 98.5, 97.5, 0.5], np.arange(100.0)])
    (axes,) = roc_figure(np.repeat([True, False], [4, 100]), score).axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]

    assert labels[2:] == ["0.500 at 99 % rejection"]


def test_reliability_draws_bins_and_counts():
    """The points are the filled bins of the curve."""
    figure = reliability_figure(POSITIVE, SCORE, x="p", y="share")
    x, y = figure.axes[0].lines[1].get_data()

    assert x == pytest.approx([0.1, 0.2, 0.3, 0.825, 0.9])
    assert y == pytest.approx([0, 0, 1, 0.5, 1])
    assert figure.axes[1].patches[0].get_data().values.sum() == 6


def test_scores_are_shares_of_their_class():
    """Each histogram adds up to one; probabilities of 0 and 1 are inside."""
    (axes,) = score_figure({"a": np.array([0.0, 1.0]), "b": np.array([0.5])}, x="p").axes
    filled = [patch.get_data().values.sum() for patch in axes.patches if patch.get_fill()]

    assert filled == pytest.approx([1.0, 1.0])


def test_ridges_state_the_share_above_the_cut():
    """One row a group; empty groups are left out and the cut itself does not pass."""
    groups = {"lens": np.array([0.9, 0.5, 1.0]), "none": np.array([]), "ring": np.zeros(4)}
    (axes,) = ridge_figure(groups, x="p", cut=0.5, cut_label="cut").axes

    assert [label.get_text() for label in axes.get_yticklabels()] == ["lens", "ring"]
    assert _texts(axes)[:2] == ["66.67 % of 3", "0.00 % of 4"]


def test_grid_writes_every_cell():
    """Texts are where their values are, with edges from the bottom."""
    values = np.array([[0.1, 0.9], [np.nan, 0.5]])
    text = [["a", "b"], ["c", "d"]]
    figure = grid_figure(
        values, text, columns="012", rows="012", x="x", y="y", edges=True, bar="share"
    )
    axes = figure.axes[0]

    places = {t.get_text(): t.get_position() for t in axes.texts}
    assert places == {"a": (0.5, 0.5), "b": (1.5, 0.5), "c": (0.5, 1.5), "d": (1.5, 1.5)}
    assert not axes.yaxis_inverted()


def test_confusion_shows_shares_and_counts():
    """Rows are shares of the true class, from the top; an absent class stays empty."""
    axes = confusion_figure(np.array([[3, 1], [0, 0]]), ["a", "b"]).axes[0]

    assert _texts(axes) == ["0.75\n3", "0.25\n1", "0", "0"]
    assert axes.yaxis_inverted()


@pytest.mark.parametrize("make", [
    lambda: roc_figure(POSITIVE, SCORE),
    lambda: roc_figure(np.array([True, False]), np.array([0.5, 0.5])),
    lambda: reliability_figure(POSITIVE, SCORE, x="p"),
    lambda: reliability_figure(np.array([True]), np.array([1.0]), x="p"),
    lambda: score_figure({"a": SCORE, "b": SCORE}, x="p"),
    lambda: ridge_figure({"a": SCORE}, x="p", cut=1.0, cut_label="cut"),
    lambda: ridge_figure({"a": SCORE}, x="p", cut=-np.inf, cut_label="cut"),
    lambda: confusion_figure(np.zeros((3, 3), dtype=int), ["a", "b", "a long name"]),
])  # fmt: skip
def test_every_picture_can_be_written(make, tmp_path):
    """No warning and no error when drawn, at the extremes too."""
    path = save_figure(make(), tmp_path / "a.png")

    assert path.stat().st_size > 2000


def test_all_is_sorted_and_true():
    """What the package lists is there and in order: constants, classes, functions."""
    names = zoo_core.plots.__all__

    assert names == sorted(names, key=lambda n: (not n.isupper(), n[0].islower(), n))
    assert all(hasattr(zoo_core.plots, name) for name in names)
