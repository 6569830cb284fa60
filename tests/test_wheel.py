"""The built wheel carries everything, the registry included."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The wheel, unpacked where no other copy of the project is in sight."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", folder, ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def _zoo(installed, *arguments):
    """Run the wheel's command; its dependencies come from this environment."""
    environment = {**os.environ, "PYTHONPATH": str(installed), "ZOO_REGISTRY": "/nowhere"}
    return subprocess.run(
        [sys.executable, "-P", "-m", "zoo_core", *arguments],
        env=environment,
        cwd=installed.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def test_models_are_listed_from_inside_the_wheel(installed):
    """Not from the source tree that happens to be there."""
    done = _zoo(installed, "list", "--json")
    models = {item["name"]: item for item in json.loads(done.stdout)}

    assert "resnet-lens" in models
    assert Path(models["resnet-lens"]["folder"]).is_relative_to(installed)


def test_the_plugin_of_the_wheel_works(installed):
    """Its manifest, recipes and simulators travel along."""
    done = _zoo(installed, "simulate", "lsst-lens", "-n", "2", "--seed", "1", "-o", "two")

    assert done.returncode == 0, done.stderr
    assert len(list((installed.parent / "two").glob("*.fits"))) == 2
    assert (installed / "zoo_strong_lensing" / "recipes" / "resnet-lens.toml").is_file()


def test_the_model_of_the_wheel_verifies(installed):
    """Weights and golden output are whole."""
    done = _zoo(installed, "verify", "resnet-lens")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "golden output" in done.stdout


def test_tests_and_examples_stay_out(installed):
    """A wheel holds packages, their data and the registry."""
    top = {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")}

    assert top == {"zoo_core", "zoo_strong_lensing"}
