"""The built wheel carries everything, the registry included, and names all that it needs."""

import ast
import json
import re
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]

_SCRIPT = """#!{python}
import sys
from {module} import {attribute}
sys.exit({attribute}())
"""


class Environment:
    """A virtual environment with the wheel, and of other packages those that it requires.

    The packages are links into the environment of the tests, for there is no network.
    """

    def __init__(self, folder, wheel):
        self.folder = folder
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        (self.site,) = folder.glob("lib/python*/site-packages")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(self.site)
        (self.wheel,) = metadata.distributions(path=[str(self.site)])
        for distribution in _required(self.wheel).values():
            _link(distribution, self.site)
        for script in self.wheel.entry_points.select(group="console_scripts"):
            path = folder / "bin" / script.name
            parts = {"module": script.module, "attribute": script.attr}
            path.write_text(_SCRIPT.format(python=folder / "bin" / "python", **parts))
            path.chmod(0o755)

    def run(self, program, *arguments):
        """Run a program of the environment, where no other copy of the project is in sight."""
        return subprocess.run(
            [self.folder / "bin" / program, *arguments],
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder)},
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )


def _required(distribution, extra="", found=None):
    """What a distribution requires, and what that requires, by name."""
    found = {} if found is None else found
    for requirement in map(Requirement, distribution.requires or ()):
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        for wanted in ("", *requirement.extras):
            if (requirement.name, wanted) not in found:
                needed = metadata.distribution(requirement.name)
                found[requirement.name, wanted] = needed
                _required(needed, wanted, found)
    return found


def _link(distribution, site):
    """Put a distribution's packages, and its metadata, into another environment."""
    for name in {Path(file).parts[0] for file in distribution.files}:
        source = Path(distribution.locate_file(name))
        if name not in ("..", "__pycache__") and source.exists() and not (site / name).exists():
            (site / name).symlink_to(source)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The wheel, installed where there is nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", folder, ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    return Environment(folder / "empty", wheel)


def test_only_what_the_wheel_requires_can_be_imported(installed):
    """The tests' own packages, and those of extras, are out of reach."""
    code = "from importlib.util import find_spec as f; print([n for n in {} if f(n)])"
    names = ["torch", "zoo_core", "pytest", "build", "uvicorn", "lenstronomy"]
    done = installed.run("python", "-c", code.format(names))

    assert done.stdout == "['torch', 'zoo_core']\n", done.stderr


def test_every_import_is_of_a_package_that_the_wheel_names(installed):
    """Not of one that comes along with another today."""
    named = {_normal(Requirement(text).name) for text in installed.wheel.requires}
    owners = metadata.packages_distributions()
    known = {*sys.stdlib_module_names, "zoo_core", "zoo_strong_lensing"}
    known |= {top for top, names in owners.items() if named & set(map(_normal, names))}
    known.add("pytest")  # what imports it is for the tests of plugins
    imports = {
        (str(path.relative_to(installed.site)), module.partition(".")[0])
        for path in installed.site.glob("zoo_*/**/*.py")
        for module in _imported(path)
    }

    assert len(imports) > 500
    assert {(path, top) for path, top in imports if top not in known} == set()


def _imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module


def _normal(name):
    """A distribution's name as the package index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_models_are_listed_from_inside_the_wheel(installed):
    """Not from the source tree that happens to be there."""
    done = installed.run("zoo", "list", "--json")
    models = {item["name"]: item for item in json.loads(done.stdout)}

    assert "resnet-lens" in models
    assert Path(models["resnet-lens"]["folder"]).is_relative_to(installed.site)


def test_the_plugin_of_the_wheel_works(installed):
    """Its manifest, recipes and simulators travel along."""
    command = "simulate lsst-lens -n 2 --seed 1 -o two"
    done = installed.run("zoo", *command.split())

    assert done.returncode == 0, done.stderr
    assert len(list((installed.folder / "two").glob("*.fits"))) == 2
    assert (installed.site / "zoo_strong_lensing" / "recipes" / "resnet-lens.toml").is_file()


def test_the_model_of_the_wheel_verifies(installed):
    """Weights and golden output are whole."""
    done = installed.run("zoo", "verify", "resnet-lens")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "golden output" in done.stdout


def test_tests_and_examples_stay_out(installed):
    """A wheel holds packages, their data and the registry."""
    top = {Path(file).parts[0] for file in installed.wheel.files}

    assert {name for name in top if not name.endswith(".dist-info")} == {
        "zoo_architectures",
        "zoo_classical",
        "zoo_core",
        "zoo_deconvolution",
        "zoo_exoplanets",
        "zoo_radio",
        "zoo_ray",
        "zoo_strong_lensing",
        "zoo_timm",
    }
