"""A plugin that is broken in any way stops no other one and is told in one sentence."""

import logging
import re
import sys

import pytest

from zoo_core import Zoo
from zoo_core.errors import PluginError, UnknownName
from zoo_core.plugins import HealthCheck, Stage, State, discover

HOOK = """
from zoo_core.plugins import hookimpl

@hookimpl
def {hook}({arguments}):
    {body}
"""


def _manifest(text):
    return {"manifest": text}


def _hook(hook="zoo_health_checks", arguments="", body="return []", declared=None):
    code = HOOK.format(hook=hook, arguments=arguments, body=body)
    return {"code": code, "hooks": [hook] if declared is None else declared}


def _wrapper(how):
    code = HOOK.format(hook="zoo_health_checks", arguments="", body="return (yield)")
    return {
        "code": code.replace("@hookimpl", f"@hookimpl({how})"),
        "hooks": ["zoo_health_checks"],
    }


AT_DISCOVERY = {
    "no manifest": ({"manifest": None}, Stage.MANIFEST, "zoo.toml is not in the package"),
    "no TOML": (_manifest("api = ="), Stage.MANIFEST, "cannot be read: Invalid value"),
    "too new": (_manifest('api = 99\nname = "{name}"'), Stage.API, "plugin interface 99"),
    "no api": (_manifest('name = "{name}"'), Stage.MANIFEST, "'api' is missing"),
    "another name": (_manifest('api = 1\nname = "x"'), Stage.MANIFEST, "they must agree"),
    "no target": (
        _manifest('api = 1\nname = "{name}"\n[[tasks]]\nname = "t"'),
        Stage.MANIFEST,
        r"tasks\[0\]: the field 'target' is missing",
    ),
    "hooks without their module": (
        _manifest('api = 1\nname = "{name}"\nhooks = ["zoo_event"]'),
        Stage.MANIFEST,
        "'hook_module' is missing: the module that implements zoo_event",
    ),
    "a table that is no list": (
        _manifest('api = 1\nname = "{name}"\n[tasks]\nname = "t"'),
        Stage.MANIFEST,
        "'tasks' must be a list",
    ),
    "no package": ({"code": None}, Stage.MANIFEST, "'fake_bad' is not installed"),
    "an inner package": ({"value": "a.b:zoo.toml"}, Stage.MANIFEST, "top-level package"),
}

AT_LOADING = {
    "raises": (
        {"code": "raise RuntimeError('two\\nlines')"},
        Stage.IMPORT,
        "RuntimeError: two lines",
    ),
    "exits": ({"code": "raise SystemExit(3)"}, Stage.IMPORT, "SystemExit: 3"),
    "no Python": ({"code": "def"}, Stage.IMPORT, "SyntaxError"),
    "needs another": ({"code": "import gone"}, Stage.IMPORT, "No module named 'gone'"),
    "misspelt hook": (
        _hook("zoo_health_cheks"),
        Stage.REGISTER,
        "unknown hook 'zoo_health_cheks'. Did you mean 'zoo_health_checks'?",
    ),
    "unknown argument": (_hook(arguments="colour"), Stage.REGISTER, "colour"),
    "hook wrapper": (
        _wrapper("wrapper=True"),
        Stage.REGISTER,
        "the hook zoo_health_checks is implemented as a wrapper.* plain @hookimpl",
    ),
    "old hook wrapper": (
        _wrapper("hookwrapper=True"),
        Stage.REGISTER,
        "the hook zoo_health_checks is implemented as a wrapper",
    ),
    "hook not declared": (
        _hook("zoo_event", declared=[]),
        Stage.REGISTER,
        "implements zoo_event but does not declare it",
    ),
    "hook not implemented": (
        _hook(declared=["zoo_health_checks", "zoo_event"]),
        Stage.REGISTER,
        "the plugin declares zoo_event but does not implement it",
    ),
    "another hook than declared": (
        _hook(declared=["zoo_event"]),
        Stage.REGISTER,
        "implements zoo_health_checks but .* and declares zoo_event but",
    ),
}


def _only(plugins, name):
    return next(plugin for plugin in plugins if plugin.name == name)


def _check_sentence(plugin, stage, cause):
    assert plugin.state is State.BROKEN
    assert plugin.stage is stage
    sentence = plugin.why()
    what = "is not called any more" if stage is Stage.CALL else "cannot be used"
    assert sentence.startswith(f"plugin 'bad' (zoo-bad 1.2) {what}:")
    assert f"at the stage {stage}" in sentence
    assert re.search(cause, sentence), sentence
    assert "\n" not in sentence
    assert sentence.endswith((".", "?"))
    assert not sentence.endswith("..")


@pytest.mark.parametrize("kind", AT_DISCOVERY)
def test_broken_at_discovery(site, kind):
    """Found broken without importing anything; the good one beside it works."""
    how, stage, cause = AT_DISCOVERY[kind]
    site.install("bad", **how)
    site.install("good")
    zoo = Zoo(discover())

    _check_sentence(zoo.plugins.named("bad"), stage, cause)
    assert zoo.build("good-net") == "made by good"
    assert "fake_bad" not in sys.modules


@pytest.mark.parametrize("kind", AT_LOADING)
def test_broken_at_loading(site, kind):
    """Listed until it is asked for; then only it fails, and says why."""
    how, stage, cause = AT_LOADING[kind]
    site.install("bad", **how)
    site.install("good")
    zoo = Zoo(discover())
    bad = zoo.plugins.named("bad")
    assert bad.state is State.LISTED

    with pytest.raises(PluginError) as caught:
        zoo.build("bad-net")
    assert bad.why() in str(caught.value)
    _check_sentence(bad, stage, cause.replace("?", r"\?"))
    assert zoo.build("good-net") == "made by good"
    with pytest.raises(PluginError, match="needed for the architecture 'bad-net'"):
        zoo.build("bad-net")


def test_loading_all_breaks_only_the_broken(site):
    """What ``zoo plugins --load`` and ``zoo doctor`` do."""
    site.install("bad", code="raise SystemExit")
    site.install("good")
    zoo = Zoo(discover())
    zoo.plugins.load_all()

    assert _only(zoo.plugins.unavailable(), "bad").stage is Stage.IMPORT
    assert zoo.plugins.named("good").state is State.LOADED
    assert zoo.plugins.named("strong-lensing").state is State.LOADED


def test_a_target_that_is_not_there(site):
    """Its plugin is named, with what it was needed for."""
    site.install("bad", code="")
    zoo = Zoo(discover())

    with pytest.raises(PluginError, match=r"'make'.*needed for the architecture 'bad-net'"):
        zoo.build("bad-net")
    assert zoo.plugins.named("bad").stage is Stage.IMPORT


def test_what_one_plugin_changes_the_next_one_gets(site):
    """In the order of their names; one that returns None leaves it as it is."""
    for name, body in (("a", "plan + 'a'"), ("b", "None"), ("c", "plan + 'c'")):
        hook = _hook(hook="zoo_plan_finetune", arguments="plan", body=f"return {body}")
        site.install(name, **hook)
    zoo = Zoo(plugin for plugin in discover() if plugin.name in ("a", "b", "c"))
    told = zoo.plugins.call_in_turn("zoo_plan_finetune", "plan", plan="-", parent=None)

    assert [(plugin.name, plan) for plugin, plan in told] == [("a", "-a"), ("c", "-ac")]


@pytest.mark.parametrize("body", ["raise ValueError('no')", "raise SystemExit(2)"])
def test_a_hook_that_raises_loses_no_other_result(site, body, caplog):
    """Each result comes with its author; the failing one is marked and logged."""
    site.install("bad", **_hook(body=body))
    site.install("good", **_hook(body="return ['fine']"))
    zoo = Zoo(plugin for plugin in discover() if plugin.name in ("bad", "good"))
    with caplog.at_level(logging.WARNING):
        results = zoo.plugins.call("zoo_health_checks")

    assert [(plugin.name, found) for plugin, found in results] == [("good", ["fine"])]
    _check_sentence(zoo.plugins.named("bad"), Stage.CALL, body[6:16])
    assert zoo.plugins.named("bad").why() in caplog.text


def test_two_plugins_of_one_name_are_both_broken(site):
    """Neither wins by chance; both distributions are named."""
    site.install("bad")
    site.install("bad", dist="other-lenses", version="7")
    site.install("good")
    plugins = discover()
    both = [plugin for plugin in plugins if plugin.name == "bad"]

    assert len(both) == 2
    for plugin in both:
        assert plugin.state is State.BROKEN
        assert "zoo-bad 1.2" in plugin.why()
        assert "other-lenses 7" in plugin.why()
    assert Zoo(plugins).build("good-net") == "made by good"


def test_an_unknown_field_is_kept_for_the_conformance_kit(site):
    """A newer optional field, or a misspelt one, does not break the plugin."""
    text = 'api = 1\nname = "{name}"\ncolour = 1\n[[tasks]]\nname = "t"\ntarget = "a:b"\nx = 1'
    site.install("odd", manifest=text)
    plugin = _only(discover(), "odd")

    assert plugin.is_usable
    assert plugin.manifest.unknown_fields == ("colour", "tasks[0].x")


@pytest.mark.parametrize(
    ("variable", "value"), [("ZOO_BLOCK", "bad, x"), ("ZOO_PLUGINS", "good")]
)
def test_blocked_before_import(site, monkeypatch, variable, value):
    """Not even its manifest is read; asking for it says that it is blocked."""
    site.install("bad", manifest="api = =", code="raise RuntimeError")
    site.install("good")
    monkeypatch.setenv(variable, value)
    zoo = Zoo(discover())
    bad = zoo.plugins.named("bad")
    zoo.plugins.load_all()

    assert bad.state is State.BLOCKED
    assert bad.manifest is None
    assert "fake_bad" not in sys.modules
    assert zoo.build("good-net") == "made by good"
    assert bad not in zoo.plugins.unavailable()
    with pytest.raises(PluginError, match=r"'bad' .*is blocked by ZOO_BLOCK or ZOO_PLUGINS"):
        zoo.plugins.load(bad)
    with pytest.raises(UnknownName, match=r"'bad' .*is blocked"):
        zoo.build("bad-net")


def test_only_blocks_all_others(site, monkeypatch):
    """An empty ZOO_PLUGINS blocks every plugin."""
    site.install("good")
    monkeypatch.setenv("ZOO_PLUGINS", "")

    assert {plugin.state for plugin in discover()} == {State.BLOCKED}


def test_results_are_health_checks(site):
    """Of the plugin that travels with the zoo."""
    zoo = Zoo([plugin for plugin in discover() if plugin.name == "strong-lensing"])
    ((plugin, checks),) = zoo.plugins.call("zoo_health_checks")

    assert plugin.name == "strong-lensing"
    assert all(isinstance(check, HealthCheck) and check.passed for check in checks)
