"""What holds for every architecture; shapes without numbers, on the meta device."""

import copy
import functools

import pytest
import torch
from timm.models import group_parameters
from torch import nn

import zoo_core as zoo
from zoo_core import Zoo
from zoo_core.errors import InputError, UsageError

ZOO = Zoo.discover()

# Counts of torchvision 0.29 and timm 1.0 on the meta device, and where neither has the
# network, of its layers by hand; none is a number of a paper. (bands, outputs, parameters).
COUNTS = {
    "perceptron": (1, 1, 181),
    "mlp": (1, 1, 13_937),
    "lenet5": (1, 10, 61_706),
    "alexnet": (3, 1000, 60_965_224),
    "vgg11": (3, 1000, 132_863_336),
    "vgg13": (3, 1000, 133_047_848),
    "vgg16": (3, 1000, 138_357_544),
    "vgg19": (3, 1000, 143_667_240),
    "googlenet": (3, 1000, 6_624_904),
    "inception_v3": (3, 1000, 23_834_568),
    "inception_v4": (3, 1000, 42_679_816),
    "resnet18": (3, 1000, 11_689_512),
    "resnet34": (3, 1000, 21_797_672),
    "resnet50": (3, 1000, 25_557_032),
    # A layer has 4 (h i + h**2 + 2 h) or 3 (...) parameters, the head h + 1, with h = 64.
    "lstm": (1, 1, 4 * (64 + 64**2 + 2 * 64) + 65),
    "gru": (1, 1, 3 * (64 + 64**2 + 2 * 64) + 65),
}

# Options and counts, likewise.
OTHERS = [
    ("lenet5", {"form": "1998"}, 60_000),
    ("alexnet", {"form": "torchvision"}, 61_100_840),
    ("alexnet", {"form": "torchvision", "num_outputs": 2}, 57_012_034),
    ("vgg16", {"batch_norm": True}, 138_365_992),
    ("vgg19", {"batch_norm": True}, 143_678_248),
    ("vgg16", {"num_outputs": 2}, 134_268_738),
    ("vgg19", {"num_outputs": 2}, 139_578_434),
    ("googlenet", {"auxiliary": True}, 13_004_888),
    ("googlenet", {"num_outputs": 2}, 5_601_954),
    ("inception_v3", {"num_outputs": 2}, 21_789_666),
    ("resnet18", {"num_outputs": 2}, 11_177_538),
    ("resnet34", {"num_outputs": 2}, 21_285_698),
    ("resnet50", {"num_outputs": 2}, 23_512_130),
]

OWN = ("perceptron", "mlp", "lenet5", "alexnet", "googlenet", "lstm", "gru")
SERIES = ("perceptron", "mlp", "lstm", "gru")

SMALLEST = {
    "alexnet": 63,
    "googlenet": 15,
    "inception_v3": 75,
    "inception_v4": 75,
    "resnet18": 1,
    "resnet34": 1,
    "resnet50": 1,
    "vgg11": 32,
    "vgg13": 32,
    "vgg16": 32,
    "vgg19": 32,
}

every = pytest.mark.parametrize("name", COUNTS)


@functools.cache
def build(name, **arguments):
    """A network without numbers, in eval mode, that tests share."""
    return fresh(name, **arguments)


def fresh(name, **arguments):
    """One that a test may change."""
    with torch.device("meta"):
        return ZOO.build(f"architectures/{name}", **arguments).eval()


def example(name, bands, count=2):
    """What a network with default sizes takes."""
    if name in SERIES:
        # On this device every step of a recurrent network is slow.
        length = 6 if name in ("lstm", "gru") else 180
        return torch.zeros(count, bands, length, device="meta")
    size = 32 if name == "lenet5" else max(64, SMALLEST[name])
    return torch.zeros(count, bands, size, size, device="meta")


def size_of(network):
    """Number of parameters."""
    return sum(parameter.numel() for parameter in network.parameters())


def test_all_are_listed_with_a_summary():
    """The manifest offers these and no others."""
    found = [
        c for c in ZOO.plugins.contributions("architectures") if c.plugin == "architectures"
    ]

    assert {contribution.name for contribution in found} == set(COUNTS)
    assert all(20 < len(contribution.summary) < 80 for contribution in found)


@every
def test_the_default_is_the_canonical_form(name):
    """Without arguments and with those of its table, a network has as many parameters."""
    bands, outputs, count = COUNTS[name]

    assert size_of(build(name)) == count
    assert size_of(build(name, num_bands=bands, num_outputs=outputs)) == count


@every
def test_all_are_built_from_their_bare_name(name):
    """For colours and a thousand classes, whatever their defaults are."""
    with torch.device("meta"):
        network = zoo.build(name, num_bands=3, num_outputs=1000)

    assert network.get_classifier().out_features == 1000


@pytest.mark.parametrize(("name", "arguments", "count"), OTHERS)
def test_parameters_of_other_forms(name, arguments, count):
    """The other forms and heads have as many as they should."""
    assert size_of(build(name, **arguments)) == count


@every
@pytest.mark.parametrize(("bands", "outputs"), [(1, 1), (5, 7)])
def test_any_bands_and_outputs(name, bands, outputs):
    """What goes in and what comes out follow the arguments."""
    network = build(name, num_bands=bands, num_outputs=outputs)

    assert network(example(name, bands)).shape == (2, outputs)


@every
def test_forward_is_features_then_head(name):
    """``forward_head`` takes the features; before the head they are ``num_features``."""
    network = build(name, num_bands=5, num_outputs=7)
    features = network.forward_features(example(name, 5))

    assert network.forward_head(features).shape == (2, 7)
    assert network.forward_head(features, pre_logits=True).shape == (2, network.num_features)


@every
def test_without_a_head_features_come_out(name):
    """Built with no outputs, or with the head taken off."""
    bare, network = fresh(name, num_bands=2, num_outputs=0), fresh(name, num_bands=2)
    network.reset_classifier(0)

    assert bare(example(name, 2)).shape == (2, bare.num_features)
    assert network(example(name, 2)).shape == (2, network.num_features)


@every
def test_a_new_head_is_like_the_rest(name):
    """It has the outputs that are wanted, is found again, and is where the others are."""
    network = fresh(name, num_bands=2).half()
    network.reset_classifier(7)
    head = network.get_classifier()

    assert head in set(network.modules())
    assert network(example(name, 2).half()).shape == (2, 7)
    assert {(p.device.type, p.dtype) for p in head.parameters()} == {("meta", torch.float16)}
    assert not head.training


@every
@pytest.mark.parametrize("coarse", [False, True])
def test_groups_go_from_input_to_head(name, coarse):
    """Every parameter is in one group; the first layer is in the first, the head the last."""
    network = build(name)
    groups = group_parameters(network, network.group_matcher(coarse=coarse))
    names = [key for key, _ in network.named_parameters()]
    head = {id(parameter) for parameter in network.get_classifier().parameters()}

    assert sorted(key for group in groups.values() for key in group) == sorted(names)
    assert len(groups) > 1
    assert names[0] in groups[min(groups)]
    last = groups[max(groups)]
    assert {key for key, p in network.named_parameters() if id(p) in head} & set(last)


@pytest.mark.parametrize("name", OWN)
def test_checkpointing_is_refused_in_words(name):
    """Switching it off is no error, switching it on is one of the zoo's."""
    network = build(name)
    network.set_grad_checkpointing(enable=False)

    with pytest.raises(UsageError, match="gradient checkpointing"):
        network.set_grad_checkpointing()


def test_checkpointing_of_residual_networks_works():
    """It is timm's."""
    network = fresh("resnet18")
    network.set_grad_checkpointing()

    assert network.grad_checkpointing


@pytest.mark.parametrize(("name", "smallest"), SMALLEST.items())
def test_small_images(name, smallest):
    """The smallest image passes, in features too; one pixel less is told in words."""
    network = build(name)

    assert network(torch.zeros(1, 3, smallest, smallest, device="meta")).shape == (1, 1000)
    if smallest > 1:
        small = torch.zeros(1, 3, 100, smallest - 1, device="meta")
        for method in (network, network.forward_features):
            with pytest.raises(InputError, match=f"{name}.* {smallest} x {smallest} .*100 x"):
                method(small)


@pytest.mark.parametrize(("name", "smallest"), SMALLEST.items())
def test_the_smallest_image_is_not_larger_than_need_be(name, smallest):
    """Without the check torch itself could not run one pixel less."""
    network = copy.deepcopy(build(name))
    for module in network.modules():
        module._forward_pre_hooks.clear()

    if smallest > 1:
        with pytest.raises(RuntimeError):
            network(torch.zeros(1, 3, smallest - 1, smallest - 1, device="meta"))


@pytest.mark.parametrize("name", SMALLEST)
def test_images_of_other_sizes(name):
    """One network takes squares and strips."""
    network = build(name)
    for shape in ((101, 101), (80, 120), (224, 224)):
        assert network(torch.zeros(1, 3, *shape, device="meta")).shape == (1, 1000)


@pytest.mark.parametrize("name", ["alexnet", "googlenet", "lenet5", "perceptron"])
def test_the_size_check_leaves_a_network_traceable(name):
    """Core folds batch norms and keeps the first layer exact by a symbolic trace."""
    torch.fx.symbolic_trace(build(name))


@pytest.mark.parametrize("name", ["alexnet", "googlenet", "lenet5"])
def test_an_unknown_form_is_refused(name):
    """With the forms that there are."""
    with pytest.raises(UsageError, match=f"{name} has the forms .*'1812'"):
        build(name, form="1812")


@pytest.mark.parametrize("name", ["resnet18", "vgg11", "inception_v3"])
def test_dropout_before_the_head(name):
    """``drop_rate`` reaches timm's layers."""
    network = build(name, drop_rate=0.25)
    rates = {m.p for m in network.modules() if isinstance(m, nn.Dropout)}

    assert 0.25 in rates | {getattr(network, "drop_rate", None)}
