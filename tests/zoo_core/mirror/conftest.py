"""A folder to serve: a model of a team, and one directly in the folder."""

import json
import os

import pytest

from zoo_core.cards import CARD_FILE


def _fill(root):
    spots = root / "team" / "spots"
    (spots / "figures").mkdir(parents=True)
    (spots / CARD_FILE).write_text(json.dumps({"name": "spots"}))
    (spots / "model.safetensors").write_bytes(bytes(range(256)) * 16)
    (spots / "figures" / "roc.png").write_bytes(b"picture")
    (root / "rings").mkdir()
    (root / "rings" / CARD_FILE).write_text(json.dumps({"name": "rings"}))
    return root


@pytest.fixture
def folder(tmp_path):
    """``team/spots`` with a subfolder, and ``rings`` of no organisation; both are tiny."""
    return _fill(tmp_path / "mirror")


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory):
    """The same for tests that change nothing in it."""
    return _fill(tmp_path_factory.mktemp("shared") / "mirror")


@pytest.fixture
def stock(tmp_path):
    """The environment of a stock client: HF_ENDPOINT and an empty HF_HOME, nothing else."""

    def environment(url):
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("HF_", "HUGGINGFACE", "ZOO_"))
        }
        return {**kept, "HF_ENDPOINT": url, "HF_HOME": str(tmp_path / "home")}

    return environment
