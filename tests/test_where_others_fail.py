"""What other packages for fine-tuning on images were seen to fail at, as promises of ours.

Tested where it is made, and so not here: frozen layers keep their statistics
(``zoo_core/finetuning/test_freeze.py``), a bad file is a flagged row and costs no other
(``zoo_core/prediction/test_prediction.py``), FITS packed, in an extension or as a cube
(``zoo_core/data/test_fits.py``), a missing pixel stays one pixel (``zoo_core/preprocessing``
and ``zoo_core/finetuning/test_inputs.py``), the number of reading processes suits the machine
(``zoo_core/prediction/test_processes.py``).
"""

import csv
import json
import re
import shlex
import shutil
import socket
from pathlib import Path

import numpy as np
import pytest
import torch
from galaxies import (
    pictures,
    random_weights,
    save_picture,
    tiny_backbone,
    write_galaxies,
    write_table,
)
from safetensors.torch import save_file

from zoo_core import Zoo
from zoo_core.cli import main
from zoo_core.tables import read_table

PAGE = Path(__file__).parents[1] / "docs" / "finetuning.md"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A backbone for pictures of any size."""
    return tiny_backbone(tmp_path_factory.mktemp("backbone"))


@pytest.fixture(scope="module")
def galaxies(tmp_path_factory):
    """A folder with a subfolder of pictures for each class."""
    return write_galaxies(tmp_path_factory.mktemp("data") / "galaxies")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """Where each test works, with an empty registry of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZOO_REGISTRY", str(tmp_path / "registry"))
    monkeypatch.setattr("zoo_core._zoo.default_zoo", Zoo.discover)
    return tmp_path


@pytest.fixture(scope="module")
def model(tiny):
    return Zoo.discover().load(str(tiny), device="cpu", precision="float32")


@pytest.fixture(scope="module")
def mine(model, galaxies, tmp_path_factory):
    """A fine-tuned classifier, made in one call."""
    folder = tmp_path_factory.mktemp("mine")
    return model.fit(galaxies, name="mine", registry=folder, run=folder / "run")


def _blocks(language):
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def test_the_page_on_fine_tuning_runs_as_it_stands(place, tiny):
    """Each command and each line of Python in order; only the weights are local ones."""
    shutil.copytree(tiny, place / "parent")
    write_galaxies(place / "galaxies")
    write_galaxies(place / "new", 4)
    save_file(random_weights(), place / "weights.safetensors")
    curves = np.random.default_rng(0).normal(1.0, 0.1, (60, 40)).astype(np.float32)
    np.savez(place / "curves.npz", flux=curves, variable=np.arange(60) % 2)
    lines = [line for block in _blocks("bash") for line in block.splitlines()]
    commands = [line for line in lines if line.startswith("zoo ")]
    assert len(commands) >= 5
    for line in commands:
        words = shlex.split(line.replace("timm:mobilenetv2_100", "timm:test_resnet"))
        words = ["./parent" if word == "timm:resnet18" else word for word in words]
        assert main(words[1:]) == 0, line
    for listing in _blocks("python"):
        exec(listing.replace("timm:resnet18", "./parent"), {})

    assert len(read_table(place / "table.parquet")) == 4


def test_two_columns_are_enough(place, tiny, galaxies):
    """A table of paths and labels under their usual names: no id, no option."""
    files = sorted(galaxies.rglob("*.png"))
    table = write_table(place / "t.csv", path=files, label=[file.parent.name for file in files])

    assert main(["finetune", str(tiny), str(table), "--name", "mine"]) == 0
    assert main(["predict", "mine", str(galaxies), "-o", "out.csv"]) == 0
    assert main(["evaluate", "mine", str(table), "--label", "label"]) == 0


def test_an_encoder_predicts_features(model):
    """One vector an object, whatever the batch."""
    images, _ = pictures(17, size=160)
    whole, pieces = model.predict(images), model.predict(images, batch_size=8)

    assert whole["features"].shape == (17, model.network.num_features)
    np.testing.assert_allclose(pieces["features"], whole["features"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("count", [1, 9, 17])
def test_a_last_batch_of_one_is_a_row_like_any_other(mine, count):
    """One object more than the batches hold, and one alone."""
    images, _ = pictures(17)
    rows = mine.predict(images[:count], batch_size=8)

    assert len(rows) == count
    np.testing.assert_allclose(
        rows["p_bright"], mine.predict(images)["p_bright"][:count], atol=1e-5
    )


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_reduced_precision_on_a_processor(mine, precision):
    """Near what float32 gives, in numbers that a table can hold."""
    images, _ = pictures(20)
    folder = str(mine.found.folder)
    reduced = Zoo.discover().load(folder, device="cpu", precision=precision).predict(images)

    assert reduced["p_bright"].dtype in (np.float32, np.float64)
    np.testing.assert_allclose(reduced["p_bright"], mine.predict(images)["p_bright"], atol=0.05)


def test_pictures_of_every_spelling_are_read_and_a_grey_one_is_told(place, mine):
    """``.JPG``, ``.PNG`` and ``.jpeg`` among others; no stack of unlike arrays fails."""
    for name in ("a.JPG", "b.jpeg", "c.PNG", "d.png", "e.TIF"):
        save_picture(place / "new" / name, pictures(2)[0][1])
    save_picture(place / "new" / "f.png", pictures(1, bands=1)[0][0])
    table = mine.predict("new")

    assert list(table["flag"]) == [""] * 5 + ["wrong-bands"]
    assert (table["p_bright"][:5] > 0.5).all()
    assert np.isnan(table["p_bright"][5])


@pytest.mark.parametrize("stretch", ["parent", "linear", "asinh"])
def test_one_missing_pixel_changes_a_prediction_by_little(place, model, stretch):
    """Of fluxes far from zero too; the row says that there was one."""
    images, labels = pictures(24)
    fluxes = images.astype("f4") + 500.0
    fluxes[:, :, 12:20, 12:20] += 300 * labels[:, None, None, None]
    np.savez(place / "fluxes.npz", image=fluxes, label=labels)
    mine = model.fit("fluxes.npz", name="mine", stretch=stretch)
    holey = fluxes.copy()
    holey[:, :, 3, 4] = np.nan
    whole, found = mine.predict(fluxes), mine.predict(holey)

    assert set(found["flag"]) == {"nan-filled"}
    np.testing.assert_allclose(found["p_1"], whole["p_1"], atol=0.1)


def test_a_model_of_one_band_leaves_the_next_one_of_three_alone(place, tiny, model):
    """Nothing of one model is kept for another."""
    images, _ = pictures(4, size=160)
    before = model.predict(images)["features"]
    radio, labels = pictures(24, bands=1)
    np.savez(place / "radio.npz", image=radio, label=labels)
    grey = model.fit("radio.npz", name="grey", bands="radio", stem="sum")
    again = Zoo.discover().load(str(tiny), device="cpu", precision="float32")

    assert len(grey.card.inputs[0].bands) == 1
    assert len(again.card.inputs[0].bands) == 3
    assert np.isfinite(before).all()
    assert np.array_equal(again.predict(images)["features"], before)
    assert np.array_equal(model.predict(images)["features"], before)


def test_every_option_of_a_training_is_heeded(place, tiny, galaxies):
    """All at once, as the help writes them; the record of the run holds them."""
    options = {
        "epochs": 2, "patience": 3, "batch_size": 5, "learning_rate": 0.002,
        "layer_decay": 0.6, "weight_decay": 0.01, "label_smoothing": 0.05,
        "augment": "strong", "precision": "float32",
    }  # fmt: skip
    words = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    command = ["finetune", str(tiny), str(galaxies), "--name", "mine", *words]

    assert main([*command, "--strategy", "last-2", "--balance-classes"]) == 0
    plan = json.loads((place / "runs" / "mine" / "run.json").read_text())["plan"]
    wanted = {**options, "strategy": "last-k", "last_k": 2, "balance_classes": True}
    assert {name: plan[name] for name in wanted} == wanted
    history = (place / "runs" / "mine" / "history.csv").read_text().splitlines()
    assert len(history) == 3


def test_a_library_needs_no_logger_and_says_nothing(place, model, galaxies, capsys):
    """The curves lie in the run's folder whether anybody listens or not."""
    model.fit(galaxies, name="mine")
    captured = capsys.readouterr()

    assert (captured.out, captured.err) == ("", "")
    assert (place / "runs" / "mine" / "curves.png").is_file()


def test_a_model_stands_alone(place, tiny, galaxies, monkeypatch):
    """Moved elsewhere, without its parent, its run, its data and any network."""
    shutil.copytree(tiny, place / "parent")
    shutil.copytree(galaxies, place / "galaxies")
    zoo = Zoo.discover()
    mine = zoo.load("./parent", device="cpu").fit("galaxies", name="mine")
    images, _ = pictures(6, seed=4)
    before = mine.predict(images)["p_bright"]
    shutil.move(place / "registry" / "mine", place / "elsewhere")
    for folder in ("parent", "galaxies", "runs", "registry"):
        shutil.rmtree(place / folder)

    def refuse(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    found = Zoo.discover().load("./elsewhere", device="cpu")
    spec = found.card.inputs[0]

    np.testing.assert_allclose(found.predict(images)["p_bright"], before, atol=1e-6)
    assert found.card.task.targets[0].classes == ("bright", "dark")
    assert [band.name for band in spec.bands] == ["red", "green", "blue"]
    assert spec.size == (32, 32)
    assert "normalize" in found.card.preprocessing["image"].describe()


def test_validation_is_not_augmented_and_lacks_no_row(place, model):
    """Its loss is that of the model that comes out, on all of its objects as they are."""
    images = pictures(60, size=24)[0] // 4
    labels = np.arange(60) // 2 % 2
    # Bright to the right or at the bottom, which a turn or a flip changes.
    images[labels == 1, :, :, 12:] += 150
    images[labels == 0, :, 12:] += 150
    np.savez(place / "upright.npz", image=images, label=labels)
    mine = model.fit(
        "upright.npz", name="mine", strategy="full", epochs=2, augment="strong", seed=3,
        precision="float32", batch_size=16, learning_rate=0.01,
    )  # fmt: skip
    with (mine.found.folder / "split.csv").open() as handle:
        parts = [row["part"] for row in csv.DictReader(handle)]
    held = np.array(parts) == "validation"
    with (mine.found.folder / "history.csv").open() as handle:
        told = min(float(row["validation_loss"]) for row in csv.DictReader(handle))
    with torch.inference_mode():
        raw = {"image": torch.from_numpy(images[held].astype("f4"))}
        outputs = mine.network(*mine.prepare(raw))
        loss = mine.task.loss(outputs, mine.task.encode({"label": labels[held]}))

    assert held.sum() % 16
    assert told == pytest.approx(float(loss), rel=0.01)


def test_a_model_is_not_replaced_by_accident(place, tiny, galaxies, model, mine, capsys):
    """Neither by a second cell of a notebook nor by a command typed again."""
    shutil.copytree(mine.found.folder, place / "registry" / "mine")
    before = (place / "registry" / "mine" / "config.json").read_bytes()
    with pytest.raises(ValueError, match=r"there already.*overwrite=True"):
        model.fit(galaxies, name="mine")

    assert main(["finetune", str(tiny), str(galaxies), "--name", "mine"]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert (place / "registry" / "mine" / "config.json").read_bytes() == before
    model.fit(galaxies, name="mine", overwrite=True, seed=7)
    assert (place / "registry" / "mine" / "config.json").read_bytes() != before


def test_what_ctrl_c_has_left_is_gone_on_with(tiny, galaxies, capsys, monkeypatch):
    """The same command with ``--resume``, as it was told; the model is then a whole one."""
    command = ["finetune", str(tiny), str(galaxies), "--name", "mine", "--strategy", "full"]
    command += ["--epochs", "2", "--patience", "9"]
    epoch = "zoo_core.cli._teller.Teller.epoch"

    def interrupt(self, record):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(epoch, interrupt)
        assert main(command) == 130
    assert "--resume" in capsys.readouterr().err
    assert main(command) == 2
    assert main([*command, "--resume"]) == 0
    limits = Zoo.discover().find("mine").card.limits
    assert "stopped by hand" not in " ".join(limits)
