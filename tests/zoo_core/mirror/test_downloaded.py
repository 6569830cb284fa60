"""A repository that the Hub's client downloaded keeps the Hub's commit while unchanged."""

import hashlib

import pytest
from huggingface_hub import hf_hub_download
from huggingface_hub._local_folder import write_download_metadata
from serving import serve

from zoo_core.mirror import Repositories

COMMIT = "c" * 40


def _git_hash(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _note(folder, name, etag, commit=COMMIT):
    """As ``hf download --local-dir`` does, by its own function."""
    write_download_metadata(folder, name, commit, etag)


@pytest.fixture
def downloaded(tmp_path):
    """Two files of a commit: a small one by git's hash, a large one by its SHA-256."""
    folder = tmp_path / "served" / "team" / "lens"
    folder.mkdir(parents=True)
    (folder / "config.json").write_bytes(b"{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    _note(folder, "config.json", _git_hash(b"{}"))
    _note(folder, "model.safetensors", hashlib.sha256(b"weights").hexdigest())
    return folder


def _commit(folder):
    return Repositories(folder.parents[1]).commit(folder)


def test_the_hubs_commit_is_served(downloaded, tmp_path, machine):
    """By the stock client, as a pinned revision; the branch leads to it too."""
    with serve(downloaded.parents[1]) as url:
        machine(url)
        for revision in (COMMIT, "main"):
            path = hf_hub_download(
                "team/lens",
                "config.json",
                revision=revision,
                endpoint=url,
                cache_dir=tmp_path / revision,
            )
            assert f"/snapshots/{COMMIT}/" in path


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "config.json").write_bytes(b"[]"),
        lambda folder: (folder / "model.safetensors").write_bytes(b"forged!"),
        lambda folder: (folder / "more.md").write_text("mine"),
        lambda folder: _note(folder, "config.json", _git_hash(b"{}"), commit="d" * 40),
        lambda folder: _note(folder, "config.json", _git_hash(b"{}"), commit="main"),
        lambda folder: _note(folder, "config.json", "0" * 40),
    ],
    ids=["config", "weights", "more", "two commits", "no commit", "another hash"],
)
def test_what_is_not_of_that_commit_has_another(downloaded, change):
    """A hash of what is there; nothing else is served under the Hub's."""
    assert _commit(downloaded) == COMMIT
    change(downloaded)

    assert _commit(downloaded) not in (COMMIT, "d" * 40, "main")
