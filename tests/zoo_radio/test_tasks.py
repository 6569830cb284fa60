"""The fusion of pairs: votes of the paper, by hand."""

import numpy as np
import pytest
import torch
from zoo_radio.tasks import STRANGE, PairwiseFusion

from zoo_core.cards import Target

TARGET = (Target(name="morphology", classes=("FRI", "FRII", "bent")),)


def outputs(*rows):
    """Logits for the probabilities of the second class of FRI-FRII, FRI-bent, FRII-bent."""
    second = torch.tensor(rows, dtype=torch.float64)
    return torch.stack([(1 - second).log(), second.log()], dim=2).flatten(1).float()


def test_votes_are_those_of_the_paper():
    """Two agree and one is sure; two agree and none is; no two agree."""
    task = PairwiseFusion(TARGET)

    decoded = task.decode(
        outputs(
            (0.05, 0.20, 0.60),  # FRI 0.95, FRI 0.80, bent 0.60
            (0.95, 0.60, 0.30),  # FRII 0.95, bent, FRII 0.70
            (0.30, 0.80, 0.85),  # FRI, bent 0.80, bent 0.85: nobody is sure
            (0.30, 0.70, 0.20),  # FRI, bent, FRII
        )
    )

    assert decoded["vote"].tolist() == ["FRI", "FRII", "bent?", STRANGE]
    assert decoded["confidence"] == pytest.approx([0.875, 0.825, 0.80, 0.0], abs=1e-4)
    assert decoded["predicted"].tolist()[:3] == ["FRI", "FRII", "bent"]
    assert list(decoded) == [column.name for column in task.columns]


def test_probabilities_are_means_over_the_pairs():
    """Of each class its share in its pairs; all of them add to one."""
    task = PairwiseFusion(TARGET)
    decoded = task.decode(outputs((0.1, 0.4, 0.8)))

    assert decoded["p_FRI"] == pytest.approx([(0.9 + 0.6) / 3], abs=1e-5)
    assert decoded["p_FRII"] == pytest.approx([(0.1 + 0.2) / 3], abs=1e-5)
    assert decoded["p_bent"] == pytest.approx([(0.4 + 0.8) / 3], abs=1e-5)


def test_each_network_learns_from_its_own_classes():
    """The loss of a pair does not hang on objects of the third class."""
    task = PairwiseFusion(TARGET)
    target = torch.tensor([0, 1, 2])
    some = outputs((0.2, 0.3, 0.4), (0.7, 0.5, 0.5), (0.5, 0.9, 0.6))
    other = some.clone()
    other[2, 0:2] += torch.tensor([3.0, -3.0])  # FRI-FRII of a bent source

    expected = (
        -(np.log(0.8) + np.log(0.7)) / 2
        - (np.log(0.7) + np.log(0.9)) / 2
        - (np.log(0.5) + np.log(0.6)) / 2
    ) / 3
    assert float(task.loss(some, target)) == pytest.approx(expected, abs=1e-5)
    assert float(task.loss(other, target)) == pytest.approx(expected, abs=1e-5)


def test_a_batch_without_a_class_has_a_loss():
    """Small batches lack one now and then."""
    task = PairwiseFusion(TARGET)
    loss = task.loss(outputs((0.2, 0.3, 0.4)), torch.tensor([0]))

    assert bool(loss.isfinite())


def test_calibration_and_monitor():
    """Logits three times too large get the temperature three."""
    task = PairwiseFusion(TARGET)
    rng = np.random.default_rng(0)
    second = rng.uniform(0.1, 0.9, (3000, 3))
    target = torch.from_numpy(rng.integers(0, 3, 3000))
    for place, (_, two) in enumerate(task.pairs):
        of_two = target == two
        tilt = rng.uniform(size=3000) < second[:, place]
        second[:, place] = np.where(of_two == torch.from_numpy(tilt), second[:, place],
                                    1 - second[:, place])  # fmt: skip
    made = outputs(*second.tolist())

    plain = task.calibrate(made, target)["temperature"]
    assert task.calibrate(3 * made, target)["temperature"] == pytest.approx(3 * plain, rel=1e-2)
    assert set(task.monitor(made, target)) == {"balanced_accuracy", "accuracy"}
