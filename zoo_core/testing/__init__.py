"""The conformance kit: what a plugin and a model folder must satisfy, ours and others'.

In a plugin's own tests::

    from zoo_core.testing import check_plugin


    def test_conformance():
        check_plugin("my-plugin")

or, with one test for each check::

    from zoo_core.testing import parametrize_with_checks, plugin_checks


    @parametrize_with_checks(plugin_checks("my-plugin"))
    def test_conformance(check):
        check()

Fixtures are opt-in: ``pytest_plugins = ["zoo_core.testing.fixtures"]``.
"""

from ._check import Check, CheckFailed, Expected, NotApplicable, Outcome
from ._models import check_model_folder, model_checks
from ._parametrize import parametrize_with_checks
from ._plugins import check_plugin, plugin_checks

__all__ = [
    "Check",
    "CheckFailed",
    "Expected",
    "NotApplicable",
    "Outcome",
    "check_model_folder",
    "check_plugin",
    "model_checks",
    "parametrize_with_checks",
    "plugin_checks",
]
