"""The loop: resumes to the same weights, learns, stops early."""

import copy
import dataclasses

import numpy as np
import pytest
import timm
import torch

from zoo_core.cards import Target
from zoo_core.errors import TrainingDiverged
from zoo_core.finetuning import default_plan, freeze
from zoo_core.finetuning._head import compute_features, fit_head, has_linear_head, put_on
from zoo_core.finetuning._loop import Finetuner, parameter_groups
from zoo_core.finetuning._loss import smoothed_loss
from zoo_core.finetuning._plan import frozen_parameters, head_parameters
from zoo_core.preprocessing import Preprocessing
from zoo_core.tasks import BinaryClassification, MulticlassClassification

STEPS = Preprocessing.parse([{"op": "scale", "factor": 0.01}], channels=3)
TASK = BinaryClassification((Target(name="kind", classes=("dark", "bright")),))


class _Killed(Exception):
    pass


def data(count=40, seed=0):
    """Pictures of two brightnesses, and which."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    pictures = rng.integers(0, 100, (count, 3, 32, 32)) + 60 * labels[:, None, None, None]
    return pictures.astype("u1"), TASK.encode({"kind": labels})


def network(outputs=1):
    torch.manual_seed(4)
    made = timm.create_model("test_resnet", num_classes=outputs, drop_rate=0.2)
    # Fresh blocks end in zeros.
    for parameter in made.parameters():
        if parameter.dim() > 1:
            torch.nn.init.kaiming_normal_(parameter)
    return made


def tuner(folder, *, strategy="full", **changes):
    plan = default_plan(strategy, 40, batch_size=13, precision="float32", **changes)
    made = network()
    if strategy != "scratch":
        freeze(made, frozen_parameters(made, plan))
    return Finetuner(
        made, TASK, preprocessing=STEPS, train=data(), validation=data(20, 1), plan=plan,
        folder=folder,
    )  # fmt: skip


def _weights(trained):
    return trained.average.model.state_dict()


@pytest.mark.parametrize("strategy", ["full", "last-k"])
def test_a_killed_run_ends_with_the_weights_of_an_uninterrupted_one(tmp_path, strategy):
    """Shuffling, augmentation, dropout, optimizer and average go on as they were."""
    whole = tuner(tmp_path / "whole", strategy=strategy, epochs=3)
    whole.run()

    def kill(step, steps, loss):
        if step == 5:
            raise _Killed

    with pytest.raises(_Killed):
        tuner(tmp_path / "killed", strategy=strategy, epochs=3).run(progress=kill)
    torch.manual_seed(99)
    resumed = tuner(tmp_path / "killed", strategy=strategy, epochs=3)
    assert resumed.epoch == 1
    resumed.run()

    for name, value in _weights(whole).items():
        assert torch.equal(value, _weights(resumed)[name]), name
    best = whole.best_network().state_dict()
    for name, value in resumed.best_network().state_dict().items():
        assert torch.equal(value, best[name]), name


def test_it_learns(tmp_path):
    """Brightness is told apart after a few epochs."""
    trained = tuner(tmp_path, epochs=12, augment="dihedral")
    trained.run()

    assert trained.history[-1]["auroc"] > 0.95
    assert trained.history[-1]["validation_loss"] < trained.history[0]["validation_loss"]


def test_it_ends_when_nothing_becomes_better(tmp_path, monkeypatch):
    """After the patience, and the best epoch is what is kept."""
    losses = iter([0.5, 0.4, 0.6, 0.7, 0.8])
    trained = tuner(tmp_path, epochs=5, patience=2)
    monkeypatch.setattr(trained, "_validate", lambda: {"validation_loss": next(losses)})
    kept = {}

    def after(record):
        kept[record["epoch"]] = copy.deepcopy(_weights(trained))

    trained.run(after_epoch=after)

    assert (trained.epoch, trained.best_epoch) == (4, 2)
    for name, value in trained.best_network().state_dict().items():
        assert torch.equal(value, kept[2.0][name])


def test_a_loss_that_is_not_finite_is_told(tmp_path):
    """With what to do."""
    trained = tuner(tmp_path, epochs=2)
    with torch.no_grad():
        next(trained.network.parameters()).fill_(torch.nan)

    with pytest.raises(TrainingDiverged, match="--learning-rate"):
        trained.run()


def test_a_validation_loss_that_is_not_finite_is_told(tmp_path, monkeypatch):
    """It could be no epoch's best."""
    trained = tuner(tmp_path, epochs=2)
    monkeypatch.setattr(trained, "_validate", lambda: {"validation_loss": float("nan")})

    with pytest.raises(TrainingDiverged, match="validation loss became nan in epoch 1"):
        trained.run()


def test_rates_fall_from_the_head_to_the_stem():
    """By the layer decay; biases and normalisations are not decayed."""
    made = network()
    plan = default_plan("full", 1000, layer_decay=0.5)
    groups = parameter_groups(made, plan)
    scale = {name: group["lr_scale"] for group in groups for name in group["names"]}
    decay = {name: group["weight_decay"] for group in groups for name in group["names"]}

    assert set(scale) == {name for name, _ in made.named_parameters()}
    assert {scale[name] for name in head_parameters(made)} == {1.0}
    stem = next(iter(scale))
    assert scale[stem] == min(scale.values()) == 0.5 ** (len(set(scale.values())) - 1)
    for name, parameter in made.named_parameters():
        assert (decay[name] > 0) == (parameter.dim() > 1)


def test_a_last_batch_of_one_joins_the_one_before(tmp_path):
    """Batch normalisation cannot learn from one object; 40 is 3 x 13 + 1."""
    made = tuner(tmp_path, epochs=1)
    sizes = [len(rows) for rows in made._batches(made._order(0))]

    assert sorted(sizes) == [13, 13, 14]


def test_a_head_on_cached_features_is_the_head_of_the_network(tmp_path):
    """Fitted outputs are what the network then gives; the best penalty is kept."""
    made = network().eval()
    assert has_linear_head(made)
    (pictures, target), (others, truth) = data(), data(20, 1)
    features = [
        compute_features(made, STEPS, x, device="cpu", precision="float32")
        for x in (pictures, others)
    ]
    fit = fit_head(
        TASK, (features[0], target), (features[1], truth), plan=default_plan("head", 40)
    )
    put_on(made, fit)
    losses = [row["validation_loss"] for row in fit.history]

    with torch.inference_mode():
        outputs = made(STEPS(torch.from_numpy(others.astype("f4"))))
    torch.testing.assert_close(float(TASK.loss(outputs, truth)), min(losses), atol=1e-4, rtol=0)
    assert losses.index(min(losses)) == fit.best
    assert fit.history[fit.best]["auroc"] > 0.95


def test_copies_for_a_head_are_augmented():
    """Another seed, other features; none, the plain ones."""
    from zoo_core.finetuning import AUGMENTATIONS

    made = network().eval()
    pictures, _ = data()
    options = {"device": "cpu", "precision": "float32"}
    plain = compute_features(made, STEPS, pictures, **options)
    one, two = (
        compute_features(
            made, STEPS, pictures, augmentation=AUGMENTATIONS["safe"], seed=s, **options
        )
        for s in (1, 2)
    )

    assert plain.shape == one.shape == (40, made.num_features)
    assert not torch.equal(one, plain)
    assert not torch.equal(one, two)


def test_smoothing_and_weights_of_both_classifications():
    """Against formulas written out."""
    logits = torch.tensor([[0.3], [-1.2], [2.0]])
    target = torch.tensor([1.0, 0.0, 1.0])
    smooth = target * 0.9 + 0.05
    p = logits[:, 0].sigmoid()
    each = -(smooth * p.log() + (1 - smooth) * (1 - p).log())
    torch.testing.assert_close(smoothed_loss(TASK, logits, target, smoothing=0.1), each.mean())
    weights = torch.tensor([3.0, 1.0])
    plain = -(target * p.log() + (1 - target) * (1 - p).log())
    torch.testing.assert_close(
        smoothed_loss(TASK, logits, target, weights=weights),
        (plain * torch.tensor([1.0, 3.0, 1.0])).sum() / 5.0,
    )
    three = MulticlassClassification((Target(name="kind", classes=("a", "b", "c")),))
    scores, labels = torch.randn(5, 3), torch.tensor([0, 1, 2, 1, 0])
    torch.testing.assert_close(
        smoothed_loss(three, scores, labels, smoothing=0.3),
        torch.nn.functional.cross_entropy(scores, labels, label_smoothing=0.3),
    )


def test_plans_suit_the_number_of_labels():
    """Few objects are seen often, many a few times; wishes win."""
    few, many = default_plan("full", 100), default_plan("full", 100_000)

    assert few.epochs > many.epochs
    assert few.batch_size < many.batch_size
    assert default_plan("full", 100, epochs=7, batch_size=None).epochs == 7
    assert dataclasses.replace(few, strategy="head").strategy == "head"
