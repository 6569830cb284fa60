"""Auxiliary losses: what they ask for, and that they leave nothing in the model."""

import math

import pytest
import torch
from torch import nn
from toys import Spots, TinyNet, toy_recipe, toy_zoo

from zoo_core.errors import RecipeError, UsageError
from zoo_core.training import AuxiliaryTarget, export_model, make_trainer
from zoo_core.training._auxiliary_loss import AuxiliaryLoss

AUXILIARY = """
[[auxiliary]]
map = "light"
layer = "stem"
weight = 2.0

[[auxiliary]]
column = "spot"
classes = ["0", "1"]
layer = "stem.2"
weight = 0.5
"""
MAP = AuxiliaryTarget(source="light", classes=(), layer="0", weight=2.0)
KIND = AuxiliaryTarget(source="spot", classes=("0", "1"), layer="0", weight=0.5)


@pytest.fixture
def zoo(tmp_path):
    zoo = toy_zoo(tmp_path)
    path = tmp_path / "toy.toml"
    path.write_text(path.read_text() + AUXILIARY)
    return zoo


def _edit(tmp_path, old, new):
    path = tmp_path / "toy.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def _identity_loss(target, shape):
    """A loss on a layer that hands its input through."""
    network = nn.Sequential(nn.Identity())
    return network, AuxiliaryLoss(network, target, [torch.zeros(shape)])


def test_a_map_is_averaged_over_the_cells_and_squashed():
    """Hand-computed: one cell of four, logit of the head's bias everywhere."""
    network, loss = _identity_loss(MAP, (1, 3, 2, 1))
    values = torch.tensor([[[0.0, 2.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]])
    network(torch.zeros(1, 3, 2, 1))
    share, logit = math.tanh(0.5), -2.0
    cells = [-share * logit + math.log1p(math.exp(logit)), math.log1p(math.exp(logit))]

    assert loss(values).item() == pytest.approx(sum(cells) / 2, rel=1e-5)


def test_a_map_of_a_series_has_one_axis():
    """Features (n, channel, x) are pooled along x."""
    network, loss = _identity_loss(MAP, (1, 3, 5))
    network(torch.zeros(2, 3, 5))

    assert loss(torch.zeros(2, 10)).dim() == 0


def test_a_class_starts_at_chance():
    """Before any step all classes are equally probable, whatever the features."""
    network, loss = _identity_loss(KIND, (1, 3, 2, 2))
    network(torch.randn(4, 3, 2, 2))

    assert loss(torch.tensor([0, 1, 1, 0])).item() == pytest.approx(math.log(2.0))


def test_classes_are_encoded_by_their_place():
    """Numbers and texts of a truth column become indices."""
    drawn = Spots().chunk(0, seed=1)
    flipped = AuxiliaryTarget(source="spot", classes=("1", "0"), layer="x", weight=1.0)

    assert KIND.encode(drawn).tolist() == drawn.truth["spot"].tolist()
    assert flipped.encode(drawn).tolist() == (1 - drawn.truth["spot"]).tolist()


def test_a_value_that_is_no_class_is_an_error():
    """It is not counted as any of the classes."""
    target = AuxiliaryTarget(source="spot", classes=("0", "2"), layer="x", weight=1.0)

    with pytest.raises(RecipeError, match="holds 1, which is none"):
        target.encode(Spots().chunk(0, seed=1))


def test_gradients_reach_the_layers_below():
    """The features are asked for it, not just the head."""
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU())
    loss = AuxiliaryLoss(network, MAP, [torch.zeros(1, 1, 9, 9)])
    nn.init.ones_(loss.head.weight)
    network(torch.rand(3, 1, 9, 9))
    loss(torch.ones(3, 9, 9)).backward()

    assert network[0].weight.grad.abs().sum().item() > 0


def test_the_model_is_trained_with_it_and_exported_without(zoo, tmp_path):
    """The weights differ from those without it; names and number stay."""
    recipe = toy_recipe(zoo)
    trainer = make_trainer(zoo, recipe, tmp_path / "run")
    trainer.run()
    with_it = trainer.average.model.state_dict()
    _edit(tmp_path, AUXILIARY, "")
    plain = make_trainer(zoo, toy_recipe(zoo), tmp_path / "plain")
    plain.run()
    without = plain.average.model.state_dict()

    assert trainer.auxiliary[0].head.weight.abs().sum().item() > 0
    assert list(with_it) == list(TinyNet().state_dict())
    assert not torch.equal(with_it["head.weight"], without["head.weight"])
    export_model(zoo, recipe, trainer, tmp_path / "registry" / "toy")
    assert zoo.load("toy").card.weights.num_parameters == sum(
        p.numel() for p in TinyNet().parameters()
    )


def test_a_resumed_run_has_the_weights_of_an_uninterrupted_one(zoo, tmp_path):
    """Heads and their optimizer state are in the checkpoint."""
    whole = make_trainer(zoo, toy_recipe(zoo), tmp_path / "whole")
    whole.run()

    def stop(record):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_trainer(zoo, toy_recipe(zoo), tmp_path / "part").run(after_epoch=stop)
    part = make_trainer(zoo, toy_recipe(zoo), tmp_path / "part")
    part.run()

    for name, value in whole.average.model.state_dict().items():
        assert torch.equal(value, part.average.model.state_dict()[name]), name
    assert torch.equal(whole.auxiliary[0].head.weight, part.auxiliary[0].head.weight)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('map = "light"', 'map = "dark"', "no map 'dark'.* it has light"),
        ('column = "spot"', 'column = "dot"', "no truth column 'dot'.* it has spot"),
        ('layer = "stem"', 'layer = "trunk"', "no layer 'trunk'.*stem, head"),
        ('layer = "stem"', 'layer = "head"', "cannot use the layer 'head'"),
        ("weight = 2.0", "weight = 0.0", "above zero"),
        ('classes = ["0", "1"]', 'classes = ["0"]', "nothing to tell"),
        ('classes = ["0", "1"]', "", "'classes' is missing"),
    ],
)
def test_what_does_not_exist_is_refused_before_the_training(zoo, tmp_path, old, new, message):
    """Each message names what was asked for and what there is."""
    _edit(tmp_path, old, new)

    with pytest.raises(RecipeError, match=message):
        make_trainer(zoo, toy_recipe(zoo), tmp_path / "run")


def test_another_weight_is_another_run(zoo, tmp_path):
    """Checkpoints of different losses do not mix."""
    make_trainer(zoo, toy_recipe(zoo, epochs=1), tmp_path / "run").run()
    _edit(tmp_path, "weight = 2.0", "weight = 3.0")

    with pytest.raises(UsageError, match=r"\(auxiliary: .*2\.0.* there, .*3\.0.* here\)"):
        make_trainer(zoo, toy_recipe(zoo, epochs=1), tmp_path / "run")


SECOND = """
[[auxiliary]]
map = "light"
layer = "stem.0"
weight = 1.0
"""


@pytest.mark.parametrize("change", ["order", "one less"])
def test_auxiliary_losses_are_told_apart_by_more_than_their_source(zoo, tmp_path, change):
    """Two may ask for the same map of different layers; their heads are a list."""
    _edit(tmp_path, AUXILIARY, AUXILIARY + SECOND)
    make_trainer(zoo, toy_recipe(zoo, epochs=1), tmp_path / "run").run()
    other = SECOND + AUXILIARY if change == "order" else AUXILIARY
    _edit(tmp_path, AUXILIARY + SECOND, other)

    with pytest.raises(UsageError, match=r"\(auxiliary: "):
        make_trainer(zoo, toy_recipe(zoo, epochs=1), tmp_path / "run")
