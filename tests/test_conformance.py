"""Every installed plugin and every model that is found passes the conformance kit."""

from pathlib import Path

from zoo_core import Zoo
from zoo_core.testing import model_checks, parametrize_with_checks, plugin_checks

ROOT = Path(__file__).parents[1]

ZOO = Zoo.discover()
PLUGINS = [check for p in ZOO.plugins.plugins for check in plugin_checks(p.name, zoo=ZOO)]
MODELS = [check for m in ZOO.list_models().found for check in model_checks(m.folder, zoo=ZOO)]


@parametrize_with_checks(PLUGINS)
def test_plugin(check):
    """One check of one plugin or of one of its contributions."""
    check()


@parametrize_with_checks(MODELS)
def test_model_folder(check):
    """One check of one model folder."""
    check()


def test_nothing_is_left_out():
    """Our own plugin is checked, and so is each folder of the embedded registry."""
    shipped = {path.parent.name for path in (ROOT / "registry").glob("*/config.json")}

    assert "strong-lensing" in {check.subject for check in PLUGINS}
    assert "strong-lensing/architectures/deeplens" in {check.subject for check in PLUGINS}
    assert shipped <= {check.subject for check in MODELS}
    assert ZOO.list_models().problems == ()
