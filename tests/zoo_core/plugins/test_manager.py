"""Looking up what plugins contribute."""

import pytest
from fake_plugins import MANIFEST

from zoo_core import Zoo
from zoo_core.errors import AmbiguousName, UnknownName, UsageError
from zoo_core.plugins import State, discover

SAME = 'api = 1\nname = "{name}"\n[[architectures]]\nname = "net"\ntarget = "{package}:make"\n'


def test_nothing_is_imported_before_it_is_used(site):
    """A plugin is listed, then loaded by the first use of a contribution."""
    site.install("good")
    zoo = Zoo(discover())
    assert {"deeplens", "good-net"} <= {
        c.name for c in zoo.plugins.contributions("architectures")
    }
    assert zoo.plugins.named("good").state is State.LISTED

    zoo.build("good-net")

    assert zoo.plugins.named("good").state is State.LOADED
    assert zoo.plugins.named("strong-lensing").state is State.LISTED


def test_a_name_that_two_plugins_offer(site):
    """Is an error that names both; the long names work."""
    site.install("one", manifest=SAME)
    site.install("two", manifest=SAME)
    zoo = Zoo(discover())

    with pytest.raises(AmbiguousName, match=r"two plugins.*'net': say one/net and two/net"):
        zoo.build("net")
    assert zoo.build("two/net") == "made by two"


def test_unknown_names_get_the_nearest(site):
    """Of contributions and of plugins."""
    site.install("good")
    zoo = Zoo(discover())

    with pytest.raises(UnknownName, match=r"unknown architecture .*Did you mean 'good-net'"):
        zoo.build("good-nett")
    with pytest.raises(UnknownName, match=r"unknown plugin .*Did you mean 'good'"):
        zoo.plugins.named("goood")
    with pytest.raises(UnknownName, match="unknown architecture"):
        zoo.build("two/good-net")


def test_unread_plugins_are_mentioned_with_an_unknown_name(site):
    """They may be the ones that would have offered it."""
    site.install("bad", manifest=None)
    zoo = Zoo(discover())

    with pytest.raises(UnknownName, match=r"unknown task.*plugin 'bad' \(zoo-bad 1.2\)"):
        zoo.plugins.find("tasks", "digging")


def test_arguments_that_an_architecture_does_not_take(site):
    """Those that it takes are listed."""
    site.install("good", code="def make(depth=1, width=2): return 0")

    with pytest.raises(UsageError, match="it takes depth, width"):
        Zoo(discover()).build("good-net", height=3)


def test_a_manifest_may_bring_models(site):
    """A folder inside the package."""
    site.install("good", manifest='models = "models"\n' + MANIFEST)
    plugin = next(plugin for plugin in discover() if plugin.name == "good")

    assert plugin.manifest.models == site.folder / "fake_good" / "models"


def test_a_package_of_one_file_can_be_a_plugin(site):
    """Its manifest lies beside it."""
    site.install("good", code=None, value="fake_single:single.toml")
    (site.folder / "fake_single.py").write_text("")
    (site.folder / "single.toml").write_text('api = 1\nname = "good"\n')

    assert Zoo(discover()).plugins.named("good").is_usable
