"""Fixtures that tests of several packages use."""

import os

# Several workers with as many threads each as there are cores take three times as long. It must
# be said before torch is imported.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import huggingface_hub.constants
import pytest


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Point the hub's client to a server, with a cache and a record that are new.

    The client reads its environment when it is imported, so its constants are set here.
    """

    def go(url, name="machine"):
        template = url + "/{repo_id}/resolve/{revision}/{filename}"
        constants = huggingface_hub.constants
        monkeypatch.setattr(constants, "ENDPOINT", url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / name))
        monkeypatch.setenv("ZOO_LOCK", str(tmp_path / f"{name}.lock.json"))
        return tmp_path / name

    return go
