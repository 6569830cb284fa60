"""The architectures as the zoo builds them, and the kit's checks on inputs of ours."""

import pytest
import torch

from zoo_core import Zoo
from zoo_core.cards import Target
from zoo_core.errors import UsageError
from zoo_core.tasks import BinaryClassification
from zoo_core.testing._architectures import CHECKS
from zoo_core.testing._uses import seeded_build

ZOO = Zoo.discover()
NAMES = ("svm", "random-forest")


class Given:
    """Examples and a task in place of a recipe's; stands for all uses and for one."""

    zoo = ZOO
    task = BinaryClassification((Target(name="bright", classes=("no", "yes")),))

    def __init__(self, shape, arguments):
        generator = torch.Generator().manual_seed(0)
        self.target = (torch.arange(6) % 2).float()
        noise = torch.randn(6, *shape, generator=generator)
        self.inputs = [noise + self.target.reshape(-1, *[1] * len(shape))]
        self.arguments = {
            "num_bands": shape[0],
            "num_outputs": 1,
            "input_size": list(shape[1:]),
            **arguments,
        }

    def of(self, kind, name):
        self.name = name
        return self

    def network(self, seed=0, **arguments):
        return seeded_build(ZOO, self.name, {**self.arguments, **arguments}, seed=seed)


CASES = {
    "svm": ("svm", (2, 30), {"features": "statistics"}),
    "svm on images": ("svm", (2, 16, 16), {"features": ["hog", "gabor"], "num_support": 9}),
    "linear svm": ("svm", (1, 12), {"features": "pixels", "kernel": "linear"}),
    "forest": ("random-forest", (2, 30), {"num_trees": 20}),
    "forest on images": ("random-forest", (2, 20, 20), {"features": ["morphology", "pixels"]}),
}
# Those that use nothing but the default arguments run in tests/test_conformance.py.
USED = [check for check in CHECKS if "_use" in check.__code__.co_names]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("check", USED, ids=lambda check: check.__name__)
def test_check(check, case):
    """One check of one model."""
    name, shape, arguments = CASES[case]
    check(Given(shape, arguments), name)


@pytest.mark.parametrize("name", NAMES)
def test_without_a_head_features_come_out(name):
    """Built so, or with the head taken off."""
    x = torch.randn(3, 1, 180)
    bare, network = ZOO.build(name, num_outputs=0), ZOO.build(name)
    network.reset_classifier(0)

    assert bare(x).shape == (3, bare.num_features) == (3, 12)
    assert torch.equal(network(x), bare(x))


@pytest.mark.parametrize("name", NAMES)
def test_tensors_do_not_lose_precision_when_stored(name):
    """All but slope and offset are buffers, which the zoo stores as they are."""
    parameters = {key for key, _ in ZOO.build(name).named_parameters()}

    assert parameters == {"head.slope", "head.offset"}


@pytest.mark.parametrize("name", NAMES)
def test_other_precisions_are_refused(name):
    """As inputs, as a converted copy and in autocast."""
    x = torch.zeros(2, 1, 180)

    with pytest.raises(UsageError, match=r"need float32, got .*float64"):
        ZOO.build(name)(x.double())
    with pytest.raises(UsageError, match="bfloat16 numbers of the model"):
        ZOO.build(name).bfloat16()(x)
    with pytest.raises(UsageError, match="autocast"), torch.autocast("cpu", torch.bfloat16):
        ZOO.build(name)(x)


def test_impossible_arguments_are_refused():
    """Before memory is taken for them."""
    with pytest.raises(UsageError, match="not 'cubic'"):
        ZOO.build("svm", kernel="cubic")
    with pytest.raises(UsageError, match="support vectors"):
        ZOO.build("svm", num_support=10**9)
    with pytest.raises(UsageError, match="probabilities"):
        ZOO.build("random-forest", num_trees=10**6, num_nodes=10**6)
    with pytest.raises(UsageError, match="features"):
        ZOO.build("svm", features="pixels", input_size=[10**6, 10**6])
    with pytest.raises(UsageError, match="depth of 0 to 14, not 15"):
        ZOO.build("random-forest", depth=15)
    with pytest.raises(UsageError, match="checkpointing"):
        ZOO.build("svm").set_grad_checkpointing()


def test_tensors_from_elsewhere_cannot_lead_outside():
    """Indices that point nowhere give some number, and no crash of a device."""
    network = ZOO.build("random-forest")
    network.head.feature.fill_(10**6)
    network.head.left.fill_(-5)
    network.head.right.fill_(10**6)

    assert network(torch.randn(3, 1, 180)).isfinite().all()
