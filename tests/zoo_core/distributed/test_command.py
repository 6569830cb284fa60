"""``zoo finetune`` under torchrun."""

import json
import os
import subprocess
import sys

import pytest
from safetensors.torch import load_file
from tiny_models import make_backbone, make_pictures

from zoo_core.cli import main

pytestmark = pytest.mark.slow


def test_torchrun_gives_the_model_of_one_process(tmp_path, monkeypatch, capsys):
    """Told once, written once; nothing is left of the data that the processes share."""
    backbone = make_backbone(tmp_path)
    data = make_pictures(tmp_path / "pictures.npz")
    monkeypatch.setenv("ZOO_REGISTRY", str(tmp_path / "registry"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def command(name):
        return [
            "finetune", str(backbone), str(data), "--array", "x", "--name", name, "--json",
            "-o", str(tmp_path / name), "--strategy", "full", "--epochs", "2",
            "--precision", "float32", "--device", "cpu", "--balance-classes",
        ]  # fmt: skip

    assert main(command("one")) == 0
    one = json.loads(capsys.readouterr().out)
    done = subprocess.run(
        [
            sys.executable, "-m", "torch.distributed.run", "--standalone",
            "--nproc-per-node", "2", "-m", "zoo_core", *command("two"),
        ],
        env=dict(os.environ), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    two = json.loads(done.stdout)
    weights = [
        load_file(tmp_path / "registry" / n / "model.safetensors") for n in ("one", "two")
    ]

    for first, second in zip(one["metrics"], two["metrics"], strict=True):
        assert (first["name"], first["n"]) == (second["name"], second["n"])
        assert second["value"] == pytest.approx(first["value"], rel=1e-4, abs=1e-4)
    for key, value in weights[0].items():
        # They are stored in half precision.
        assert (weights[1][key] - value).abs().max() <= 1e-3 * value.abs().max() + 1e-6, key
    assert sorted(path.name for path in (tmp_path / "two").iterdir()) == sorted(
        path.name for path in (tmp_path / "one").iterdir()
    )
    assert done.stderr.count("objects to train on") == 1


def test_a_training_by_recipe_runs_in_one_process(monkeypatch, capsys, tmp_path):
    """And says so, instead of running twice."""
    for name, value in {
        "RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1", "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": "29500",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)

    assert main(["train", "resnet-lens", "-o", str(tmp_path)]) == 2
    assert "has started 2 processes, and zoo train runs in one" in capsys.readouterr().err
