"""The stock clients load from a mirror: huggingface_hub's own functions, and timm."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from serving import serve

from zoo_core.mirror import make_app

SPOTS = {"config.json", "figures/roc.png", "model.safetensors"}


def _run(script, environment, *arguments):
    """What a script prints as JSON, run by a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


ASK = """
import hashlib, json
from pathlib import Path
from huggingface_hub import (
    hf_hub_download, list_models, list_repo_files, list_repo_tree, model_info,
    snapshot_download,
)

def sha256(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()

info = model_info("team/spots", files_metadata=True)
weights = hf_hub_download("team/spots", "model.safetensors")
whole = Path(snapshot_download("team/spots"))
pinned = Path(snapshot_download("astrozoo/rings", revision=model_info("astrozoo/rings").sha))
print(json.dumps({
    "sha": info.sha,
    "siblings": {one.rfilename: one.size for one in info.siblings},
    "weights": sha256(weights),
    "whole": {str(p.relative_to(whole)): sha256(p) for p in whole.rglob("*") if p.is_file()},
    "folder": whole.name,
    "pinned": sorted(path.name for path in pinned.iterdir()),
    "files": sorted(list_repo_files("team/spots")),
    "tree": sorted(one.path for one in list_repo_tree("team/spots")),
    "deep": sorted(one.path for one in list_repo_tree("team/spots", recursive=True)),
    "figures": {one.path: one.size for one in list_repo_tree("team/spots", "figures")},
    "models": [one.id for one in list_models()],
    "of_team": [one.id for one in list_models(author="team")],
    "found": [one.id for one in list_models(search="RING")],
    "first": [one.id for one in list_models(limit=1)],
}))
"""


def test_the_hubs_client_with_the_endpoint_alone(folder, stock):
    """Files, snapshots by branch and commit, descriptions and lists: one environment."""
    with serve(folder) as url:
        told = _run(ASK, stock(url))
    digests = {
        name: hashlib.sha256((folder / "team" / "spots" / name).read_bytes()).hexdigest()
        for name in SPOTS
    }

    assert told["weights"] == digests["model.safetensors"]
    assert told["whole"] == digests
    assert told["folder"] == told["sha"]
    assert set(told["files"]) == set(told["siblings"]) == SPOTS
    assert told["siblings"]["model.safetensors"] == 4096
    assert told["tree"] == ["config.json", "figures", "model.safetensors"]
    assert told["deep"] == sorted({*SPOTS, "figures"})
    assert told["figures"] == {"figures/roc.png": 7}
    assert told["pinned"] == ["config.json"]
    assert told["models"] == ["astrozoo/rings", "team/spots"]
    assert (told["of_team"], told["found"]) == (["team/spots"], ["astrozoo/rings"])
    assert told["first"] == ["astrozoo/rings"]


TIMM = """
import json, sys, timm, torch
from pathlib import Path
from safetensors.torch import save_file

torch.set_num_threads(1)
torch.manual_seed(1)
folder = Path(sys.argv[1])
folder.mkdir(parents=True)
saved = timm.create_model("test_resnet", num_classes=3).eval()
save_file(saved.state_dict(), folder / "model.safetensors")
config = {
    "architecture": "test_resnet", "num_classes": 3, "num_features": saved.num_features,
    "pretrained_cfg": {
        "input_size": [3, 64, 64], "num_classes": 3, "first_conv": "conv1.0",
        "classifier": "fc",
    },
}
(folder / "config.json").write_text(json.dumps(config))
torch.manual_seed(2)
loaded = timm.create_model("hf-hub:org/tiny", pretrained=True).eval()
image = torch.linspace(-1.0, 1.0, 3 * 64 * 64).reshape(1, 3, 64, 64)
with torch.inference_mode():
    print(json.dumps([saved(image)[0].tolist(), loaded(image)[0].tolist()]))
"""


def test_timm_with_the_endpoint_alone(folder, stock):
    """``create_model("hf-hub:...")`` gives the outputs of the network that was saved."""
    with serve(folder) as url:
        saved, loaded = _run(TIMM, stock(url), folder / "org" / "tiny")

    assert len(saved) == 3
    assert loaded == saved


@pytest.mark.parametrize(
    ("repository", "revision", "file", "error"),
    [
        ("team/nothing", "main", "config.json", RepositoryNotFoundError),
        ("nobody/spots", "main", "config.json", RepositoryNotFoundError),
        ("team/spots", "v2", "config.json", RevisionNotFoundError),
        ("team/spots", "0" * 40, "config.json", RevisionNotFoundError),
        ("team/spots", "main", "nothing.json", EntryNotFoundError),
        ("team/spots", "main", "figures", EntryNotFoundError),
    ],
)
def test_what_is_not_there_is_the_clients_own_error(
    folder, tmp_path, repository, revision, file, error
):
    """Repository, revision and file are told apart, and nothing is left in the cache."""
    with serve(folder) as url, pytest.raises(error):
        hf_hub_download(
            repository, file, revision=revision, endpoint=url, cache_dir=tmp_path / "cache"
        )
    assert not list((tmp_path / "cache").rglob("blobs/*"))


def test_descriptions_of_what_is_not_there(folder):
    """The same errors."""
    with serve(folder) as url:
        api = HfApi(endpoint=url)
        with pytest.raises(RepositoryNotFoundError):
            api.model_info("team/nothing")
        with pytest.raises(RevisionNotFoundError):
            api.model_info("team/spots", revision="v2")
        with pytest.raises(EntryNotFoundError):
            list(api.list_repo_tree("team/spots", "pictures"))


class _CutOnce:
    """Ends the first delivery of the weights after some bytes; notes the ranges."""

    def __init__(self, app, after):
        self.app, self.left, self.ranges = app, after, []

    async def __call__(self, scope, receive, send):
        async def cut(message):
            if message["type"] != "http.response.body" or self.left is None:
                return await send(message)
            part, self.left = message["body"][: self.left], None
            await send({**message, "body": part, "more_body": True})
            raise ConnectionAbortedError

        is_weights = scope["path"].endswith(".safetensors") and scope["method"] == "GET"
        if is_weights:
            self.ranges.append(dict(scope["headers"]).get(b"range", b"").decode())
        await self.app(scope, receive, cut if is_weights else send)


def test_a_download_that_was_cut_off_goes_on(folder, tmp_path, monkeypatch):
    """The rest is asked for by its range; the file is whole."""
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 50_000)
    weights = folder / "team" / "spots" / "model.safetensors"
    weights.write_bytes(hashlib.sha256(b"seed").digest() * 30_000)
    app = _CutOnce(make_app(folder), after=400_000)
    with serve(None, app=app) as url:
        path = hf_hub_download(
            "team/spots", "model.safetensors", endpoint=url, cache_dir=tmp_path / "cache"
        )

    assert Path(path).read_bytes() == weights.read_bytes()
    first, rest = app.ranges
    assert first == ""
    assert 0 < int(rest.removeprefix("bytes=").rstrip("-")) <= 400_000
