"""A plugin by somebody else: built as a wheel, installed, found, conforming."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "toy_plugin"

#: Trains the toy's fast recipe and checks plugin and model folder.
SCRIPT = """
import json, sys
from pathlib import Path
import torch
from zoo_core.cli import main
from zoo_core.testing import check_model_folder, check_plugin

torch.set_num_threads(1)
outcomes = check_plugin("toy-rings")
assert main(["train", "toy-rings", "--fast", "-o", sys.argv[1]]) == 0
outcomes += check_model_folder(Path(sys.argv[1]) / "toy-rings")
print(json.dumps([[o.word, o.check.subject, o.check.name, o.reason] for o in outcomes]))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder that holds the installed wheel of the toy."""
    folder = tmp_path_factory.mktemp("toy")
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", folder, SOURCE)
    (wheel,) = folder.glob("*.whl")
    _install(wheel, folder / "site")
    return folder / "site"


def _install(wheel, target):
    """With whichever of the two installers this environment has; nothing is downloaded."""
    pip = [sys.executable, "-m", "pip", "install"]
    if subprocess.run([*pip, "--help"], capture_output=True, check=False).returncode:
        pip = ["uv", "pip", "install", "--python", sys.executable]
    _run(*pip, "--quiet", "--no-deps", "--no-index", "--target", target, wheel)


def _run(*command, **environment):
    done = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, "ZOO_REGISTRY": "/nowhere", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _zoo(site, *arguments):
    output = _run(sys.executable, "-m", "zoo_core", *arguments, PYTHONPATH=str(site))
    return json.loads(output)


def test_the_wheel_holds_everything(site):
    """Manifest and recipe travel beside the code."""
    package = site / "zoo_toy_rings"

    assert (package / "zoo.toml").is_file()
    assert (package / "recipes" / "toy-rings.toml").is_file()


def test_it_is_found_beside_our_own_plugins(site):
    """With its distribution and version; nothing of ours is lost."""
    plugins = {plugin["name"]: plugin for plugin in _zoo(site, "plugins", "--json")}

    assert plugins["toy-rings"]["distribution"] == "zoo-toy-rings 0.3.0"
    assert plugins["toy-rings"]["state"] == "listed"
    assert plugins["strong-lensing"]["state"] == "listed"


def test_its_architecture_is_listed(site):
    """Under its own name and plugin."""
    listed = _zoo(site, "list", "--architectures", "--json")

    assert {"ring-net": "toy-rings", "deeplens": "strong-lensing"}.items() <= {
        item["name"]: item["plugin"] for item in listed
    }.items()


def test_it_conforms_and_trains_a_model_that_conforms(site, tmp_path):
    """Every check passes, none is left out, on the same terms as our own plugins."""
    output = _run(
        sys.executable, "-W", "error", "-c", SCRIPT, tmp_path / "run", PYTHONPATH=str(site)
    )
    outcomes = json.loads(output.splitlines()[-1])

    assert {word for word, *_ in outcomes} == {"passed"}
    assert {subject for _, subject, *_ in outcomes} == {
        "toy-rings",
        "toy-rings/architectures/ring-net",
        "toy-rings/recipes/toy-rings",
        "toy-rings/simulators/rings",
        "toy-rings/tasks/ring-finding",
    }
