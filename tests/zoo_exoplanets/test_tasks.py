"""What transit detection adds to a binary classification."""

import numpy as np
import pytest
from zoo_exoplanets.tasks import TransitDetection

from zoo_core.plots import save_figure
from zoo_core.tasks import BinaryClassification, Target

TARGET = Target(name="transit", classes=("no-transit", "transit"))
TASK = TransitDetection((TARGET,))


def _curves():
    """Eight light curves, four at depth / noise 1 and four at 2.

    At 1 one of two transits is found, and one of two others is taken for one; at 2 all are
    right.
    """
    score = np.array([0.9, 0.2, 0.8, 0.1, 0.9, 0.7, 0.3, 0.2])
    truth = {
        "transit": np.array([1, 1, 0, 0, 1, 1, 0, 0]),
        "depth_over_noise": np.repeat([1.0, 2.0], 4),
        "kind": np.array(
            ["transit"] * 2 + ["flare", "quiet"] + ["transit"] * 2 + ["quiet"] * 2
        ),
    }
    return truth, {"p_transit": score, "p_no-transit": 1.0 - score}


def _found(metrics):
    return {(m.name, m.conditions): m for m in metrics}


def test_recall_and_accuracy_are_told_by_depth_over_noise():
    """Counted by hand."""
    found = _found(TASK.metrics(*_curves()))

    assert found["recall", "depth/noise = 1"].value == 0.5
    assert found["recall", "depth/noise = 1"].n == 2
    assert found["accuracy", "depth/noise = 1"].value == 0.5
    assert found["recall", "depth/noise = 2"].value == 1.0
    assert found["accuracy", "depth/noise = 2"].value == 1.0
    assert found["recall", "p > 0.5"].value == 0.75


def test_errors_are_shares_of_all():
    """As the paper counts them: one of eight each."""
    found = _found(TASK.metrics(*_curves()))

    assert found["false_positive_share", "p > 0.5"].value == 1 / 8
    assert found["false_negative_share", "p > 0.5"].value == 1 / 8


def test_events_are_told_by_kind():
    """The flare is taken for a transit, the quiet ones are not; quiet alone is no event."""
    truth, predictions = _curves()
    found = _found(TASK.metrics(truth, predictions))

    assert found["false_positive_rate", "kind = flare"].value == 1.0
    assert found["false_positive_rate", "kind = quiet"].value == 0.0
    truth["kind"][2] = "quiet"
    assert not any(m.name == "false_positive_rate" for m in TASK.metrics(truth, predictions))


def test_values_between_steps_are_rounded_and_unknown_ones_left_out():
    """0.9 and 1.1 count at 1; NaN and masked rows are in no step."""
    truth, predictions = _curves()
    truth["depth_over_noise"] = np.ma.masked_equal(
        [0.9, 1.1, 1.0, 1.0, 2.0, 9.0, 2.0, 2.0], 9.0
    )
    truth["depth_over_noise"][6] = np.nan

    found = _found(TASK.metrics(truth, predictions))

    assert found["recall", "depth/noise = 1"].n == 2
    assert found["recall", "depth/noise = 2"].n == 1
    assert found["accuracy", "depth/noise = 2"].n == 2


def test_a_plain_truth_table_works():
    """Without the simulator's columns nothing is said of depths and kinds."""
    truth, predictions = _curves()
    plain = {"transit": truth["transit"]}
    core = BinaryClassification((TARGET,))

    conditions = {m.conditions for m in TASK.metrics(plain, predictions)}

    assert not any("depth" in told or "kind" in told for told in conditions)
    assert list(TASK.figures(plain, predictions)) == list(core.figures(plain, predictions))


@pytest.mark.parametrize("only", [slice(None), slice(0, 4)])
def test_figure_over_depth_over_noise(tmp_path, only):
    """Two curves with intervals, also where there is one step."""
    truth, predictions = (
        {name: values[only] for name, values in table.items()} for table in _curves()
    )
    figures = TASK.figures(truth, predictions)
    axes = figures["depth_over_noise"].axes[0]

    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "transits found (recall)",
        "right of all (accuracy)",
    ]
    assert axes.lines[0].get_xdata().tolist() == ([1.0, 2.0] if only == slice(None) else [1.0])
    save_figure(figures["depth_over_noise"], tmp_path / "figure.png")
