"""What the doctor says of sound and unsound installations."""

import subprocess
import sys
from importlib import metadata

import pytest
from toys import toy_zoo, trained_toy

from zoo_core import Zoo
from zoo_core.doctor import diagnose_torch, examine
from zoo_core.plugins import HealthCheck, discover

MISMATCHES = [
    "RuntimeError: operator torchvision::nms does not exist",
    "OSError: .../torchvision/_C.so: undefined symbol: _ZN3c104cuda9SetDeviceEa",
    "RuntimeError: Couldn't load custom C++ ops.",
]


@pytest.mark.parametrize("error", MISMATCHES)
def test_builds_that_do_not_belong_together_are_recognised(error):
    """The cause is named and the mend installs both in one command."""
    check = diagnose_torch(1, "", f"Traceback (most recent call last):\n  ...\n{error}\n")

    assert not check.passed
    assert "different builds" in check.message
    assert "torch torchvision" in check.message


def test_a_missing_torchvision_is_not_called_a_mismatch():
    """Another cause gets another sentence, with a mend all the same."""
    check = diagnose_torch(1, "", "ModuleNotFoundError: No module named 'torchvision'")

    assert not check.passed
    assert "No module named" in check.message
    assert "different builds" not in check.message


def test_a_crash_without_a_word_is_reported():
    """A killed interpreter leaves nothing but its exit code."""
    assert "exit code -11" in diagnose_torch(-11, "", "").message


def test_a_mismatch_is_found_by_really_importing(tmp_path, monkeypatch):
    """A torchvision that fails as a wrong build does is found in the process that tries."""
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text(
        "raise RuntimeError('operator torchvision::nms does not exist')"
    )
    code = (
        "from zoo_core.doctor._torch import check_torch; "
        "check = check_torch(); print(check.passed, check.message)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.startswith("False")
    assert "different builds" in done.stdout


def test_this_installation_is_sound(tmp_path):
    """The environment in which the tests run passes every check."""
    failed = [check for check in examine(toy_zoo(tmp_path)) if not check.passed]

    assert failed == []


def _says(monkeypatch, tmp_path, requires):
    """What the doctor says of the packages, and of the models."""

    def told(name):
        if requires is None:
            raise metadata.PackageNotFoundError(name)
        return requires

    monkeypatch.setattr(metadata, "requires", told)
    monkeypatch.setattr(
        "zoo_core.doctor._examine.check_torch",
        lambda: HealthCheck(name="torch", passed=False, message="not asked here"),
    )
    checks = {check.name: check for check in examine(toy_zoo(tmp_path))}
    return checks["packages"], checks["models"]


def test_packages_are_those_that_the_distribution_requires(monkeypatch, tmp_path):
    """Extras and other platforms do not count; what is missing is told as pip takes it."""
    requires = ["numpy>=2.0", "no-such-a; extra == 'x'", "no-such-b; os_name == 'cpm'"]
    packages, _ = _says(monkeypatch, tmp_path, requires)
    assert (packages.passed, packages.message) == (True, "all dependencies are installed")

    packages, _ = _says(monkeypatch, tmp_path, [*requires, "no-such-c>=1", "numpy<1"])
    assert not packages.passed
    assert packages.message.endswith("pip install 'no-such-c>=1' 'numpy<1'")


def test_a_tree_that_is_not_installed_is_told(monkeypatch, tmp_path):
    """Nobody knows what it needs then."""
    packages, _ = _says(monkeypatch, tmp_path, None)

    assert not packages.passed
    assert "not installed" in packages.message


def test_models_are_counted_as_people_do(monkeypatch, tmp_path):
    """One model, none or two models."""
    assert _says(monkeypatch, tmp_path, [])[1].message == "0 models"
    trained_toy(tmp_path)
    assert _says(monkeypatch, tmp_path, [])[1].message == "1 model"


HOOK = """
from zoo_core.plugins import HealthCheck, hookimpl

good = HealthCheck(name="it", passed=True, message="is well")

@hookimpl
def zoo_health_checks():
    {body}
"""

UNSOUND = {
    "fails half-way": ("yield good\n    raise ValueError('half-way')", "ValueError: half-way"),
    "exits": ("yield good\n    raise SystemExit(3)", "SystemExit: 3"),
    "no check": ("return [good, 'fine']", "AttributeError"),
    "no list": ("return 7", "TypeError"),
}


@pytest.mark.parametrize("kind", UNSOUND)
def test_health_checks_that_fail_are_that_plugins_failure(site, monkeypatch, kind):
    """The examination goes on, keeps what was said before, and names plugin and cause."""
    body, cause = UNSOUND[kind]
    for name, code in (("bad", body), ("good", "return [good]")):
        site.install(name, code=HOOK.format(body=code), hooks=["zoo_health_checks"])
    monkeypatch.setattr(
        "zoo_core.doctor._examine.check_torch",
        lambda: HealthCheck(name="torch", passed=False, message="not asked here"),
    )
    zoo = Zoo(plugin for plugin in discover() if plugin.name in ("bad", "good"))

    checks = {check.name: check for check in examine(zoo)}

    assert not checks["plugin bad"].passed
    assert cause in checks["plugin bad"].message
    assert ("bad: it" in checks) == (kind != "no list")
    assert checks["plugin good"].passed
    assert checks["good: it"].passed
