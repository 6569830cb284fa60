"""What lens finding adds to a binary classification."""

import numpy as np
import pytest
from zoo_strong_lensing.simulation.population import HARD_NEGATIVES
from zoo_strong_lensing.tasks import BRIGHT, LensFinding

from zoo_core.metrics import wilson
from zoo_core.plots import save_figure
from zoo_core.tasks import BinaryClassification, Target

TARGET = Target(name="lens", classes=("non-lens", "lens"))
TASK = LensFinding((TARGET,))
AT_99 = "at 99 % rejection"


def _sky():
    """Four lenses and 200 non-lenses whose completeness can be counted by eye.

    Non-lenses are 100 ellipticals at p = 0.000 ... 0.495 and 100 rings 0.001 above them,
    so 99 % rejection cuts at the ring at 0.491 and lets two pass: the elliptical at 0.495
    and the ring at 0.496. Among the rings alone, one may pass: the cut is the same.
    """
    steps = np.arange(100) * 0.005
    score = np.concatenate([[0.9, 0.4, 0.4925, 0.8], steps, steps + 0.001])
    nan = np.full(200, np.nan)
    truth = {
        "lens": np.repeat([1, 0], [4, 200]),
        "kind": np.repeat(["lens", "elliptical", "ring"], [4, 100, 100]),
        "einstein_radius": np.concatenate([[1.5, 2.0, 2.0, 1.4], nan]),
        "signal_to_noise": np.concatenate([[25.0, 50.0, 21.0, 90.0], nan]),
    }
    return truth, {"p_lens": score, "p_non-lens": 1.0 - score}


def _found(metrics):
    return {(m.name, m.conditions): m for m in metrics}


def test_the_kind_stays_that_of_core():
    """Everything that works on a binary classification works on this one."""
    assert TASK.kind == BinaryClassification.kind
    assert TASK.ranking == "p_lens"


def test_bright_lenses_are_counted_at_the_cut_of_all_negatives():
    """The lens of exactly 1.4 arcsec is not counted; two of the other three pass 0.491."""
    metric = _found(TASK.metrics(*_sky()))["completeness_99", BRIGHT]

    assert metric.n == 3
    assert metric.value == pytest.approx(2 / 3)
    assert metric.low < metric.value < metric.high


def test_hard_negatives_set_their_own_cut():
    """With the ellipticals raised above all, only the cut of all negatives moves."""
    truth, predictions = _sky()
    predictions["p_lens"][4:104] += 0.5

    found = _found(TASK.metrics(truth, predictions))

    assert "ring" in HARD_NEGATIVES
    assert "elliptical" not in HARD_NEGATIVES
    assert found["completeness_99", BRIGHT].value == 0.0
    assert found["completeness_99", f"{BRIGHT}, hard negatives only"].value == pytest.approx(
        2 / 3
    )
    assert found["completeness_999", f"{BRIGHT}, hard negatives only"].value == pytest.approx(
        1 / 3
    )


def test_false_positives_are_told_by_kind():
    """Of two false positives one is an elliptical and one a ring, of 100 each."""
    found = _found(TASK.metrics(*_sky()))
    ring = found["false_positive_rate", f"kind = ring {AT_99}"]

    assert (ring.value, ring.n) == (0.01, 100)
    assert (ring.low, ring.high) == pytest.approx(wilson(1, 100))
    assert found["false_positive_rate", f"kind = elliptical {AT_99}"].value == 0.01
    assert found["false_positive_share", f"kind = ring {AT_99}"].value == 0.5
    assert found["false_positive_share", f"kind = ring {AT_99}"].n == 2


def test_purity_is_that_of_as_many_of_a_kind_as_lenses():
    """Three of four lenses and one of 100 rings pass: 0.75 / (0.75 + 0.01)."""
    truth, predictions = _sky()
    conditions = f"kind = ring {AT_99}, as many as lenses"
    ring = _found(TASK.metrics(truth, predictions))["purity", conditions]

    assert ring.value == pytest.approx(0.75 / 0.76)
    assert ring.n == 4
    assert ring.low < ring.value < ring.high


def test_purity_does_not_depend_on_how_many_lenses_there_are():
    """The same lenses ten times over are found as often and give the same purity."""
    truth, predictions = _sky()
    rows = np.concatenate([np.tile(np.arange(4), 10), np.arange(4, 204)])
    many = TASK.metrics(
        {name: values[rows] for name, values in truth.items()},
        {name: values[rows] for name, values in predictions.items()},
    )
    few = TASK.metrics(truth, predictions)

    values = [[m.value for m in found if m.name == "purity"] for found in (few, many)]
    assert len(values[0]) == 2
    assert values[0] == pytest.approx(values[1])


def test_a_kind_has_no_purity_where_nothing_passes():
    """No lens and none of the ellipticals above the cut: nothing is divided by zero."""
    truth, predictions = _sky()
    predictions["p_lens"][:104] = 0.0

    kinds = [m.conditions for m in TASK.metrics(truth, predictions) if m.name == "purity"]

    assert kinds == [f"kind = ring {AT_99}, as many as lenses"]


def test_without_false_positives_there_are_no_shares():
    """Fewer than 100 negatives: none may pass at 99 %, and nothing is divided by zero."""
    truth, predictions = _sky()
    rows = np.arange(54)
    truth = {name: values[rows] for name, values in truth.items()}

    metrics = TASK.metrics(truth, {"p_lens": predictions["p_lens"][rows]})
    names = [m.name for m in metrics]

    assert names.count("false_positive_rate") == 1
    assert "false_positive_share" not in names
    # No hard negative is left, so nothing is said about them.
    assert not any("hard" in m.conditions for m in metrics)


def test_a_plain_truth_table_gives_the_metrics_of_core():
    """Without the columns of the simulator it is a binary classification."""
    truth, predictions = _sky()
    plain = {"lens": truth["lens"]}
    core = BinaryClassification((TARGET,))

    assert TASK.metrics(plain, predictions) == core.metrics(plain, predictions)
    assert list(TASK.figures(plain, predictions)) == list(core.figures(plain, predictions))


def test_no_bright_lens_gives_no_bright_metric():
    """A set of small lenses is measured without those rows, not refused."""
    truth, predictions = _sky()
    truth["einstein_radius"][:4] = 1.0

    assert not any(BRIGHT in m.conditions for m in TASK.metrics(truth, predictions))


@pytest.mark.parametrize("change", [
    lambda truth: truth.update(kind=truth["kind"].astype("S")),
    lambda truth: truth.update(kind=np.char.add(truth["kind"], " ").astype(object)),
    lambda truth: truth.update(lens=np.where(truth["lens"], "lens", "non-lens")),
    lambda truth: truth.update(
        einstein_radius=np.ma.masked_invalid(np.ma.array(truth["einstein_radius"]))
    ),
])  # fmt: skip
def test_tables_from_files_give_the_same(change):
    """Bytes, padding, names for classes and masks are what files make of columns."""
    truth, predictions = _sky()
    expected = TASK.metrics(truth, predictions)

    change(truth)

    assert TASK.metrics(truth, predictions) == expected


def test_completeness_map_by_hand(tmp_path):
    """Cells hold share and count; bins without a lens say so."""
    truth, predictions = _sky()
    figures = TASK.figures(truth, predictions)
    axes = figures["completeness_map"].axes[0]
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    named = {place: text for place, text in cells.items() if text != "none"}

    # Columns are S/N 5, 10, 20, 40, 80, 100; rows radius 0.6, 1.0, 1.4, 1.8, 2.4, 2.8.
    assert named == {
        (2.5, 2.5): "1.000\nn = 1",
        (3.5, 3.5): "0.000\nn = 1",
        (2.5, 3.5): "1.000\nn = 1",
        (4.5, 2.5): "1.000\nn = 1",
    }
    assert len(cells) == 25
    assert "arcsec" in axes.get_ylabel()
    assert list(figures)[-2:] == ["completeness_map", "scores_by_kind"]
    for stem, figure in figures.items():
        save_figure(figure, tmp_path / f"{stem}.png")


def test_scores_by_kind_name_every_kind():
    """One row a kind, lenses first, with the share that passes."""
    axes = TASK.figures(*_sky())["scores_by_kind"].axes[0]

    assert [t.get_text() for t in axes.get_yticklabels()] == ["lens", "elliptical", "ring"]
    assert axes.texts[2].get_text() == "1.00 % of 100"


# ---------------------------------------------------------------- a search


def test_a_search_tells_candidates_and_purity():
    """At the population that the card names, beside all other metrics."""
    from zoo_core.cards import Target

    target = (Target(name="lens", classes=("non-lens", "lens")),)
    search = {"objects": 21789, "lenses": 3, "completeness": [0.5, 1.0], "candidates": [761]}
    task = LensFinding(target, search=search)
    truth = {"lens": np.array([1, 1, 0, 0, 0, 0])}
    predictions = {"p_lens": np.array([0.9, 0.4, 0.5, 0.2, 0.1, 0.1])}
    predictions["p_non-lens"] = 1 - predictions["p_lens"]

    found = {(m.name, m.conditions): m.value for m in task.metrics(truth, predictions)}

    assert found["candidates", "50 % of 3 among 21,789 objects"] == pytest.approx(1.5)
    assert found["candidates", "100 % of 3 among 21,789 objects"] == pytest.approx(
        3 + 0.25 * 21786
    )
    told = "100 % of 3 among 21,789 objects"
    assert found["search_false_positive_rate", told] == pytest.approx(0.25)
    told = "761 candidates, 3 among 21,789 objects"
    assert found["shortlist_completeness", told] == pytest.approx(0.5)


@pytest.mark.parametrize(
    "search",
    [
        {"objects": 10},
        {"objects": 10, "lenses": 20, "completeness": [0.5]},
        {"objects": 10, "lenses": 2, "completeness": []},
        {"objects": 10, "lenses": 2, "completeness": 0.5},
        {"objects": 10, "lenses": 2, "completeness": [0.5], "candidates": 3},
        {"objects": 10, "lenses": 2, "completeness": [0.5], "number": [3]},
    ],
)
def test_a_search_that_cannot_be_meant_is_refused(search):
    """When the card is read."""
    from zoo_core.cards import Target
    from zoo_core.errors import CardError

    target = (Target(name="lens", classes=("non-lens", "lens")),)
    with pytest.raises(CardError, match="a search has objects"):
        LensFinding(target, search=search)
