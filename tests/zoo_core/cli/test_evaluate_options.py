"""``zoo evaluate`` with options of the simulator."""

import json

import pytest

from zoo_core.cli import main

EVALUATE = ["evaluate", "resnet-lens", "simulator:lsst-lens", "-n", "200", "--seed", "3"]


def test_options_reach_the_simulator(capsys):
    """A tenth of the objects are lenses, not half."""
    assert main([*EVALUATE, "--option", "lens_fraction=0.1", "--json"]) == 0
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    (lenses,) = [m["n"] for m in metrics if m["name"] == "tpr0"]

    assert 5 < lenses < 40


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([*EVALUATE, "--option", "lens_fraction"], "KEY=VALUE"),
        ([*EVALUATE, "--option", "sharpness=1"], "it takes lens_fraction"),
        ([*EVALUATE, "--option", "name=1"], "it takes lens_fraction"),
        ([*EVALUATE, "--option", "lens_fraction=abc"], "from 0 to 1, is 'abc'"),
        ([*EVALUATE, "--option", "lens_fraction=7"], "from 0 to 1, is 7"),
        ([*EVALUATE, "--option", "lens_fraction=NaN"], "from 0 to 1, is nan"),
        (["evaluate", "resnet-lens", "cutouts", "--option", "a=1"], "simulator:NAME"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(arguments, message, capsys):
    """With a sentence and the exit code of a wrong request."""
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
