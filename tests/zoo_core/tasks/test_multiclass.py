"""Classification into several classes."""

import math

import numpy as np
import pytest
import torch

from zoo_core.errors import CardError, InputError
from zoo_core.tasks import MulticlassClassification, Target

CLASSES = ("elliptical", "spiral", "merger")
TARGET = Target(name="type", classes=CLASSES)
TASK = MulticlassClassification((TARGET,))


def test_encode_takes_indices_and_names():
    """Both give int64 indices."""
    from_numbers = TASK.encode({"type": np.array([2, 0, 1])})
    from_names = TASK.encode({"type": np.array(["merger", "elliptical", "spiral"])})

    assert from_numbers.dtype == from_names.dtype == torch.int64
    assert from_numbers.tolist() == from_names.tolist() == [2, 0, 1]


def test_encode_refuses_an_index_without_a_class():
    """There is no class 3 of three."""
    with pytest.raises(InputError, match=r"3 \(row 1\).*2 or 'merger'"):
        TASK.encode({"type": np.array([2, 3])})


def test_loss_by_hand():
    """Equal logits give ln 3, whatever the truth, in half precision too."""
    loss = TASK.loss(torch.zeros(2, 3, dtype=torch.bfloat16), torch.tensor([0, 2]))

    assert loss.dtype == torch.float32
    assert float(loss) == pytest.approx(math.log(3))


def test_decode_by_hand():
    """Logits 0, 0 and 2 ln 2 at temperature 2: 1/4, 1/4, 1/2."""
    task = MulticlassClassification((TARGET,), {"temperature": 2.0})

    decoded = task.decode(torch.tensor([[0.0, 0.0, 2 * math.log(2)]]))

    assert list(decoded) == [column.name for column in task.columns]
    assert decoded["p_elliptical"] == pytest.approx([0.25])
    assert decoded["p_merger"] == pytest.approx([0.5])
    assert decoded["predicted"].tolist() == ["merger"]
    assert task.num_outputs == 3
    assert task.ranking is None


def test_calibrate_finds_the_temperature():
    """Truth drawn from the logits at temperature 3 gives it back."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 4, (8000, 3))
    noise = rng.gumbel(size=logits.shape)
    target = (logits / 3.0 + noise).argmax(axis=1)

    found = TASK.calibrate(torch.from_numpy(logits), torch.from_numpy(target))

    assert found["temperature"] == pytest.approx(3.0, rel=0.06)


def _predictions(rows):
    values = np.array(rows)
    return {f"p_{name}": values[:, i] for i, name in enumerate(CLASSES)}


def test_metrics_by_hand():
    """Four objects, three right."""
    truth = {"type": np.array(["elliptical", "elliptical", "spiral", "merger"])}
    predictions = _predictions([
        [0.8, 0.1, 0.1], [0.3, 0.5, 0.2], [0.1, 0.7, 0.2], [0.1, 0.3, 0.6],
    ])  # fmt: skip

    metrics = TASK.metrics(truth, predictions)
    found = {m.name: m.value for m in metrics if m.name != "auroc"}
    areas = {m.conditions: m.value for m in metrics if m.name == "auroc"}

    assert found["accuracy"] == 0.75
    assert found["balanced_accuracy"] == pytest.approx((0.5 + 1 + 1) / 3)
    assert found["log_loss"] == pytest.approx(-np.log([0.8, 0.3, 0.7, 0.6]).mean())
    assert found["ece"] == pytest.approx((0.2 + 0.5 + 0.3 + 0.4) / 4)
    assert areas == {
        "class elliptical against the rest": 1.0,
        "class spiral against the rest": 1.0,
        "class merger against the rest": 1.0,
    }
    assert all(m.low <= m.value <= m.high for m in metrics)


def test_a_class_that_is_absent_has_no_area():
    """The rest is still measured; a single class is an error."""
    predictions = _predictions([[0.8, 0.1, 0.1], [0.3, 0.5, 0.2]])

    metrics = TASK.metrics({"type": np.array([0, 1])}, predictions)

    assert [m.name for m in metrics].count("auroc") == 2
    with pytest.raises(InputError, match=r"2 objects of the classes \['spiral'\]"):
        TASK.metrics({"type": np.array([1, 1])}, predictions)


def test_monitor_watches_balanced_accuracy_first():
    """Two of two and one of two right: 3/4."""
    outputs = torch.eye(3)[torch.tensor([0, 0, 1, 2])]

    watched = TASK.monitor(outputs, torch.tensor([0, 0, 1, 1]))

    assert list(watched.items()) == [("balanced_accuracy", 0.75), ("accuracy", 0.75)]


def test_figures_show_the_confusion():
    """The matrix has a row a true class, also for those that are absent."""
    predictions = _predictions([[0.8, 0.1, 0.1], [0.3, 0.5, 0.2]])

    figures = TASK.figures({"type": np.array([0, 1])}, predictions)
    labels = [t.get_text() for t in figures["confusion"].axes[0].get_yticklabels()]

    assert list(figures) == ["confusion", "reliability"]
    assert labels == list(CLASSES)


def test_one_class_is_no_classification():
    """A card needs two classes at least."""
    with pytest.raises(CardError, match="two or more classes"):
        MulticlassClassification((Target(name="type", classes=("galaxy",)),))
