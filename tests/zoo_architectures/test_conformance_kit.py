"""The kit's checks of architectures, on inputs of ours: no recipe names them."""

import pytest
import torch
from zoo_architectures.auxiliary import auxiliary_loss

from zoo_core import Zoo
from zoo_core.cards import Target
from zoo_core.tasks import BinaryClassification
from zoo_core.testing._architectures import CHECKS
from zoo_core.testing._uses import seeded_build

ZOO = Zoo.discover()


class Told(BinaryClassification):
    """Also takes the outputs of networks with side heads."""

    def loss(self, outputs, target):
        return auxiliary_loss(super().loss, outputs, target)


class Given:
    """Examples and a task in place of a recipe's; stands for all uses and for one."""

    zoo = ZOO
    task = Told((Target(name="bright", classes=("no", "yes")),))

    def __init__(self, shape, arguments):
        generator = torch.Generator().manual_seed(0)
        self.target = (torch.arange(6) % 2).float()
        noise = torch.randn(6, *shape, generator=generator)
        self.inputs = [noise + self.target.reshape(-1, *[1] * len(shape))]
        self.arguments = {"num_bands": shape[0], "num_outputs": 1, **arguments}

    def of(self, kind, name):
        self.name = name
        return self

    def network(self, seed=0, **arguments):
        return seeded_build(ZOO, self.name, {**self.arguments, **arguments}, seed=seed)


CASES = {
    "perceptron": ("perceptron", (2, 12), {"input_size": 12}),
    "mlp": ("mlp", (2, 6, 6), {"input_size": (6, 6), "hidden_sizes": [8, 4]}),
    "lenet5": ("lenet5", (2, 20, 24), {"input_size": [20, 24]}),
    "lenet5 of 1998": ("lenet5", (2, 20, 24), {"input_size": [20, 24], "form": "1998"}),
    "googlenet": ("googlenet", (2, 33, 33), {}),
    "googlenet with side heads": ("googlenet", (2, 33, 33), {"auxiliary": True}),
    "googlenet of 2014": ("googlenet", (2, 33, 33), {"form": "2014"}),
    "resnet18": ("resnet18", (2, 33, 33), {}),
    "lstm": ("lstm", (2, 15), {"bidirectional": True, "num_layers": 2, "hidden_size": 8}),
    "gru": ("gru", (2, 15), {"hidden_size": 8}),
}
# Those that use nothing but the default arguments run in tests/test_conformance.py.
USED = [check for check in CHECKS if "_use" in check.__code__.co_names]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("check", USED, ids=lambda check: check.__name__)
def test_check(check, case):
    """One check of one network."""
    name, shape, arguments = CASES[case]
    check(Given(shape, arguments), f"{name}")


def test_the_checks_are_those_that_need_inputs():
    """The selection above is not empty by mistake."""
    assert {check.__name__ for check in USED} >= {
        "every_parameter_learns",
        "batch_equals_singles",
    }
