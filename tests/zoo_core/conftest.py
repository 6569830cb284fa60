"""A folder for fake plugins, gone from the interpreter after each test."""

import sys

import pytest
from fake_plugins import Site


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Where a test installs plugins; no other plugin variable is set."""
    for variable in ("ZOO_PLUGINS", "ZOO_BLOCK"):
        monkeypatch.delenv(variable, raising=False)
    made = Site(tmp_path / "site")
    monkeypatch.syspath_prepend(made.folder)
    yield made
    for name in [name for name in sys.modules if name.startswith("fake_")]:
        del sys.modules[name]
