"""A model goes out and comes back: every program is the real one, with the endpoint alone."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from serving import serve

ROOT = Path(__file__).parents[1]
CUTOUTS = ROOT / "examples" / "lsst-cutouts"
NAME = "hf://team/lens"
NOBODY = "http://127.0.0.1:9"

#: Programs that know nothing of the zoo.
STOCK = """
import hashlib, json, sys
from pathlib import Path
import timm, torch
from huggingface_hub import hf_hub_download, snapshot_download

torch.manual_seed(1)
folder = Path(sys.argv[1])
made = timm.create_model("test_resnet", num_classes=3)
timm.models.save_for_hf(made, folder, safe_serialization=True)
loaded = timm.create_model("hf-hub:team/tiny", pretrained=True)
torch.manual_seed(1)
saved = timm.create_model("test_resnet", num_classes=3)
weights = Path(hf_hub_download("team/lens", "model.safetensors"))
print(json.dumps({
    "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
    "files": sorted(p.name for p in Path(snapshot_download("team/lens")).iterdir()),
    "timm": all(torch.equal(a, b) for a, b in
                zip(saved.state_dict().values(), loaded.state_dict().values(), strict=True)),
}))
"""


def _run(environment, *command):
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _probabilities(path):
    with path.open(encoding="utf-8") as file:
        lines = [line for line in file if not line.startswith("#")]
    return {row["id"]: row["p_lens"] for row in csv.DictReader(lines)}


def test_published_loaded_verified_and_used_without_a_network(tmp_path):
    """Publish, load with an empty cache, verify, predict, stock clients, and offline again."""
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    here = {
        **kept,
        "HF_HOME": str(tmp_path / "home"),
        "ZOO_LOCK": str(tmp_path / "lock.json"),
    }
    zoo = ("-m", "zoo_core")
    with serve(mirror) as url:
        online = {**here, "HF_ENDPOINT": url}
        _run(online, *zoo, "publish", "resnet-lens", mirror / "team" / "lens")
        loaded = json.loads(_run(online, *zoo, "load", NAME, "--json"))
        checks = json.loads(_run(online, *zoo, "verify", NAME, "--json"))
        _run(online, *zoo, "predict", NAME, CUTOUTS, "-o", tmp_path / "there.csv")
        stock = json.loads(_run(online, "-c", STOCK, mirror / "team" / "tiny"))
    shutil.rmtree(mirror)
    offline = {**here, "HF_ENDPOINT": NOBODY}
    again = json.loads(_run(offline, *zoo, "load", NAME, "--json"))
    _run(offline, *zoo, "predict", NAME, CUTOUTS, "-o", tmp_path / "again.csv")
    _run(offline, *zoo, "predict", "resnet-lens", CUTOUTS, "-o", tmp_path / "own.csv")

    own = json.loads((ROOT / "registry" / "resnet-lens" / "config.json").read_text())
    assert loaded["weights_sha256"] == stock["sha256"] == own["weights"]["sha256"]
    assert again["weights_sha256"] == loaded["weights_sha256"]
    assert [check["passed"] for check in checks] == [True] * 5
    assert {"config.json", "README.md", "model.safetensors"} <= set(stock["files"])
    assert stock["timm"]
    probabilities = _probabilities(tmp_path / "own.csv")
    assert len(probabilities) == 24
    assert _probabilities(tmp_path / "there.csv") == probabilities
    assert _probabilities(tmp_path / "again.csv") == probabilities
