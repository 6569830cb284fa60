"""The training loop, its checkpoints and the model folder that comes out of it."""

import dataclasses
import itertools
import json
import math

import pytest
import torch
from toys import Spots, TinyNet, toy_recipe, toy_zoo

from zoo_core.errors import RecipeError, TrainingDiverged, UsageError, WeightsCorrupt
from zoo_core.training import SimulatedData, make_trainer, read_recipe
from zoo_core.training._average import WeightAverage
from zoo_core.training._checkpoint import load_checkpoint, save_checkpoint
from zoo_core.training._schedule import learning_rate_factor


@pytest.fixture
def zoo(tmp_path):
    return toy_zoo(tmp_path)


def _weights(trainer):
    return {k: v.clone() for k, v in trainer.average.model.state_dict().items()}


class _Killed(Exception):
    pass


def _begin(zoo, recipe, folder):
    """A run that was killed after its first epoch."""
    trainer = make_trainer(zoo, recipe, folder)

    def kill(record):
        raise _Killed

    with pytest.raises(_Killed):
        trainer.run(after_epoch=kill)


def test_a_killed_run_ends_with_the_weights_of_an_uninterrupted_one(zoo, tmp_path):
    """A kill in the middle of an epoch costs that epoch and changes nothing."""
    recipe = toy_recipe(zoo)
    whole = make_trainer(zoo, recipe, tmp_path / "whole")
    whole.run()

    def kill(step, steps, loss):
        if step == 13:
            raise _Killed

    with pytest.raises(_Killed):
        make_trainer(zoo, recipe, tmp_path / "killed").run(progress=kill)
    resumed = make_trainer(zoo, recipe, tmp_path / "killed")

    assert resumed.epoch == 1
    resumed.run()
    for name, value in _weights(whole).items():
        assert torch.equal(value, _weights(resumed)[name]), name
    assert [h["epoch"] for h in resumed.history] == [1.0, 2.0, 3.0]


def test_training_learns(zoo, tmp_path):
    """The toy task is nearly solved and the loss has fallen."""
    trainer = make_trainer(zoo, toy_recipe(zoo), tmp_path / "run")
    trainer.run()

    assert trainer.history[-1]["auroc"] > 0.95
    assert trainer.history[-1]["training_loss"] < trainer.history[0]["training_loss"]


def test_history_is_a_table_with_a_row_an_epoch(zoo, tmp_path):
    """history.csv can be plotted without the zoo."""
    trainer = make_trainer(zoo, toy_recipe(zoo), tmp_path / "run")
    trainer.run()
    lines = (tmp_path / "run" / "history.csv").read_text().splitlines()

    assert lines[0].startswith("epoch,training_loss,validation_loss")
    assert len(lines) == 4


def test_a_folder_with_another_run_is_refused(zoo, tmp_path):
    """Checkpoints of two recipes never mix, and the difference is named."""
    _begin(zoo, toy_recipe(zoo), tmp_path / "run")

    with pytest.raises(UsageError, match=r"training\.learning_rate: .* there, 0.5 here"):
        make_trainer(zoo, toy_recipe(zoo, learning_rate=0.5), tmp_path / "run")


def test_a_folder_where_nothing_is_trained_yet_is_free(zoo, tmp_path):
    """A recipe that was mended before its first epoch ended can have the folder."""
    make_trainer(zoo, toy_recipe(zoo), tmp_path / "run")

    assert make_trainer(zoo, toy_recipe(zoo, learning_rate=0.5), tmp_path / "run").epoch == 0


def test_files_of_something_else_are_left_alone(zoo, tmp_path):
    """A folder that holds other things is refused."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("chapter one")

    with pytest.raises(UsageError, match="holds no run"):
        make_trainer(zoo, toy_recipe(zoo), tmp_path / "run")


def test_another_simulator_version_is_another_run(zoo, tmp_path, monkeypatch):
    """What was begun on other data is not gone on with."""
    _begin(zoo, toy_recipe(zoo), tmp_path / "run")
    monkeypatch.setattr(Spots, "version", "next")

    with pytest.raises(UsageError, match="simulator_version"):
        make_trainer(zoo, toy_recipe(zoo), tmp_path / "run")


def test_prose_of_a_recipe_may_change(zoo, tmp_path):
    """A better sentence about the model does not cost its training."""
    recipe = toy_recipe(zoo)
    _begin(zoo, recipe, tmp_path / "run")
    reworded = dataclasses.replace(recipe, summary="said better", limits=("none",))

    assert make_trainer(zoo, reworded, tmp_path / "run").epoch == 1


def test_a_run_on_its_plateau_can_be_made_longer(zoo, tmp_path):
    """It ends with the weights of a run that was meant to be so long."""
    straight = make_trainer(zoo, toy_recipe(zoo, epochs=4, decay_epochs=1), tmp_path / "a")
    straight.run()

    def stop(record):
        if record["epoch"] == 2:
            raise _Killed

    short = make_trainer(zoo, toy_recipe(zoo, epochs=3, decay_epochs=1), tmp_path / "b")
    with pytest.raises(_Killed):
        short.run(after_epoch=stop)
    longer = make_trainer(zoo, toy_recipe(zoo, epochs=4, decay_epochs=1), tmp_path / "b")

    assert longer.epoch == 2
    longer.run()
    for name, value in _weights(straight).items():
        assert torch.equal(value, _weights(longer)[name]), name
    with pytest.raises(UsageError, match=r"training\.epochs: 4 there, 5 here"):
        make_trainer(zoo, toy_recipe(zoo, epochs=5, decay_epochs=1), tmp_path / "b")


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_damaged_run_file_is_an_error_with_its_name(zoo, tmp_path, content):
    """Not a traceback, and never taken for a fresh folder."""
    _begin(zoo, toy_recipe(zoo), tmp_path / "run")
    (tmp_path / "run" / "run.json").write_text(content)

    with pytest.raises(UsageError, match=r"run\.json"):
        make_trainer(zoo, toy_recipe(zoo), tmp_path / "run")


def test_a_loss_that_is_not_finite_stops_the_run(zoo, tmp_path):
    """A diverged run says so instead of writing NaN weights."""
    trainer = make_trainer(zoo, toy_recipe(zoo), tmp_path / "run")
    with torch.no_grad():
        trainer.model.head.weight.fill_(math.nan)

    with pytest.raises(TrainingDiverged, match="Lower learning_rate"):
        trainer.run()
    assert not (tmp_path / "run" / "checkpoint").exists()


def test_epochs_are_different_data_and_the_same_every_time():
    """Fresh simulations an epoch, reproducible by epoch."""
    zoo_task = _Spotting()
    data = SimulatedData(Spots(), zoo_task, seed=5, examples=80)
    first = [batch.arrays["image"] for batch in data.epoch(0, 16)]
    again = [batch.arrays["image"] for batch in data.epoch(0, 16)]
    second = [batch.arrays["image"] for batch in data.epoch(1, 16)]

    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(first, second, strict=False))
    assert [len(batch) for batch in first] == [16] * 5


def test_images_and_targets_stay_together():
    """Batches cut across chunks keep each image with its own truth."""
    data = SimulatedData(Spots(), _Spotting(), seed=6, examples=96)
    for batch in data.epoch(0, 20):
        middle = batch.arrays["image"][:, 0, 3:6, 3:6].mean(dim=(1, 2))

        assert torch.equal(middle > 1.5, batch.target > 0.5)


class _Spotting:
    target_names = ("spot",)

    def encode(self, truth):
        return torch.from_numpy(truth["spot"]).float()


def _factors(steps, decay):
    return [
        learning_rate_factor(step, steps=steps, warmup=5, decay=decay) for step in range(steps)
    ]


def test_schedule_warms_up_and_ends_at_zero():
    """Rises linearly, peaks at one, falls monotonically."""
    factors = _factors(50, decay=50)

    assert factors[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert all(a > b for a, b in itertools.pairwise(factors[5:]))
    assert factors[-1] < 0.01


def test_schedule_on_the_plateau_does_not_depend_on_the_length():
    """A longer run repeats the plateau of a shorter one and decays as long."""
    short, long = _factors(50, decay=20), _factors(80, decay=20)

    assert short[:31] == long[:31]
    assert long[5:61] == [1.0] * 56
    assert short[30:] == pytest.approx(long[60:])


def test_average_follows_and_does_not_train():
    """The average moves towards the model and stays in eval mode."""
    model = TinyNet()
    average = WeightAverage(model, 0.9)
    start = average.model.head.weight.clone()
    with torch.no_grad():
        model.head.weight.add_(1.0)
    average.update(model, step=10_000)

    torch.testing.assert_close(average.model.head.weight, start + 0.1)
    assert not average.model.training


def test_checkpoint_round_trip(tmp_path):
    """Tensors and state come back as they were."""
    tensors = {"model": {"a": torch.arange(3.0)}, "optimizer": {"a/step": torch.tensor(7.0)}}
    save_checkpoint(tmp_path / "c", tensors, {"epoch": 2})
    groups, state = load_checkpoint(tmp_path / "c")

    assert state == {"epoch": 2}
    assert torch.equal(groups["model"]["a"], torch.arange(3.0))
    assert torch.equal(groups["optimizer"]["a/step"], torch.tensor(7.0))


def test_a_kill_between_the_two_renames_leaves_a_checkpoint(tmp_path):
    """The old checkpoint is found under its fallback name."""
    save_checkpoint(tmp_path / "c", {"model": {"a": torch.zeros(1)}}, {"epoch": 1})
    (tmp_path / "c").rename(tmp_path / "c.old")

    assert load_checkpoint(tmp_path / "c")[1] == {"epoch": 1}


def test_no_checkpoint_is_none_and_a_broken_one_an_error(tmp_path):
    """A damaged checkpoint is never taken for a fresh start."""
    assert load_checkpoint(tmp_path / "c") is None
    save_checkpoint(tmp_path / "c", {"model": {"a": torch.zeros(9)}}, {"epoch": 1})
    path = tmp_path / "c" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-8])

    with pytest.raises(WeightsCorrupt, match="cannot be read"):
        load_checkpoint(tmp_path / "c")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed = 3", "seed = 4", "four different seeds"),
        ("epochs = 3", "epoch = 3", "unknown settings epoch"),
        ('name = "toy"', "", "'name' is missing"),
        ('name = "toy"', 'name = "Toy!"', "no legal model name"),
        ('op = "clip"', 'op = "clop"', "no such operation"),
        ("[fast]", "[slow]\n[fast]", "unknown fields slow"),
        ("epochs = 3", "", "epochs"),
        ("epochs = 3", "epochs = 0", "at least 1"),
        ("batch_size = 16", "batch_size = 999", "less than one batch"),
        ('precision = "float32"', 'precision = "bf16"', "is 'bf16'"),
        ("[architecture]", "[architecture", "cannot be read"),
    ],
)
def test_a_wrong_recipe_is_refused(zoo, tmp_path, old, new, message):
    """File, field and expectation are named."""
    path = tmp_path / "toy.toml"
    path.write_text(path.read_text().replace(old, new, 1))

    with pytest.raises(RecipeError, match=message) as caught:
        read_recipe(path)
    assert "toy.toml" in str(caught.value)


def test_run_json_names_the_model(zoo, tmp_path):
    """A run's folder says whose it is."""
    make_trainer(zoo, toy_recipe(zoo), tmp_path / "run")

    assert json.loads((tmp_path / "run" / "run.json").read_text())["model"] == "toy"


def test_the_end_of_each_epoch_is_an_event(zoo, tmp_path, monkeypatch):
    """From Python as from the command line, after its checkpoint is there."""
    told = []

    def hear(event):
        told.append((event, (tmp_path / "run" / "checkpoint").is_dir()))

    monkeypatch.setattr(zoo.plugins, "send", hear)
    trainer = make_trainer(zoo, toy_recipe(zoo), tmp_path / "run")
    trainer.run()

    assert [event.record for event, _ in told] == trainer.history
    assert {event.model for event, _ in told} == {"toy"}
    assert all(there for _, there in told)
