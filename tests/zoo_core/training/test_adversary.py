"""An adversary beside the task: it learns, it counts, and a kill costs nothing."""

import pytest
import torch
from image_toys import cleaner_recipe, image_zoo
from torch import nn

from zoo_core.errors import RecipeError
from zoo_core.training import make_trainer
from zoo_core.training._adversary import Adversary
from zoo_core.training._adversary_settings import AdversarySettings


def weights(trainer):
    return {k: v.clone() for k, v in trainer.average.model.state_dict().items()}


def an_adversary(weight=1.0):
    torch.manual_seed(0)
    settings = AdversarySettings(architecture=None, weight=weight, learning_rate=1e-2)
    return Adversary(nn.Conv2d(2, 1, 3), settings, device="cpu", precision="float32")


def test_it_learns_to_tell_the_two_apart():
    """And then says that outputs like the false ones are false, the true ones true."""
    adversary = an_adversary()
    inputs, true = [torch.randn(8, 1, 9, 9)], torch.ones(8, 1, 9, 9)

    losses = [adversary.learn(inputs, -true, true) for _ in range(60)]

    assert losses[-1] < 0.3 * losses[0]
    assert adversary.fooled(inputs, true).item() < 0.3
    assert adversary.fooled(inputs, -true).item() > 1.0


def test_the_weight_counts_and_its_steps_leave_the_other_network_alone():
    """Half the weight is half the loss; learning sends no gradient to the outputs."""
    outputs = torch.zeros(2, 1, 9, 9, requires_grad=True)
    inputs = [torch.randn(2, 1, 9, 9)]

    an_adversary().learn(inputs, outputs, torch.ones(2, 1, 9, 9))
    assert outputs.grad is None
    whole, half = (an_adversary(w).fooled(inputs, outputs) for w in (1.0, 0.5))
    assert half.item() == pytest.approx(0.5 * whole.item())
    whole.backward()
    assert outputs.grad.abs().sum() > 0


def test_it_changes_what_is_learned(tmp_path):
    """The same recipe with and without it ends with other weights, from the same ones."""
    ended = []
    for adversary in (False, True):
        folder = tmp_path / str(adversary)
        folder.mkdir()
        zoo = image_zoo(folder, adversary=adversary)
        trainer = make_trainer(zoo, cleaner_recipe(zoo), folder / "run")
        before = weights(trainer)
        trainer.run()
        ended.append((before, weights(trainer)))

    (first, plain), (same, judged) = ended
    assert all(torch.equal(first[key], same[key]) for key in first)
    assert any(not torch.equal(plain[key], judged[key]) for key in plain)


def test_a_killed_run_ends_with_the_weights_of_an_uninterrupted_one(tmp_path):
    """State and optimizer of the adversary are in the checkpoint."""
    zoo = image_zoo(tmp_path, adversary=True)
    recipe = cleaner_recipe(zoo, epochs=3)
    whole = make_trainer(zoo, recipe, tmp_path / "whole")
    whole.run()

    def kill(step, steps, loss):
        if step == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_trainer(zoo, recipe, tmp_path / "killed").run(progress=kill)
    resumed = make_trainer(zoo, recipe, tmp_path / "killed")
    assert resumed.epoch == 1
    resumed.run()

    for name, value in weights(whole).items():
        assert torch.equal(value, weights(resumed)[name]), name


@pytest.mark.parametrize("name", ["weight", "learning_rate"])
def test_numbers_that_cannot_be_meant_are_refused(tmp_path, name):
    """By the recipe."""
    zoo = image_zoo(tmp_path, adversary=True)
    path = tmp_path / "cleaner.toml"
    text = path.read_text()
    old = {"weight": "weight = 0.05", "learning_rate": "[adversary]\nweight = 0.05\n"}[name]
    new = {"weight": "weight = 0.0", "learning_rate": f"{old}learning_rate = -1.0\n"}[name]
    text = text.replace("learning_rate = 1e-2\narchitecture", "architecture")
    path.write_text(text.replace(old, new))

    with pytest.raises(RecipeError, match=f"{name} must be above zero"):
        zoo.recipe("cleaner")
