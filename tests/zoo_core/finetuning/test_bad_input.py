"""``zoo finetune`` with data that cannot be meant: one sentence, before anything is trained."""

import h5py
import numpy as np
import pytest
from astropy.io import fits
from galaxies import pictures, save_picture, tiny_backbone, write_galaxies, write_table

from zoo_core import Zoo
from zoo_core.cards import SCHEMA, read_card
from zoo_core.cli import main
from zoo_core.models import NO_GOLDEN, finish_folder, store_weights

FILES = [f"galaxies/{('dark', 'bright')[i % 2]}/{i}.png" for i in range(24)]
LABELS = ["dark", "bright"] * 12


@pytest.fixture(scope="module")
def parents(tmp_path_factory):
    """``tiny`` takes pictures of any size, ``series`` two channels of any length."""
    folder = tmp_path_factory.mktemp("parents")
    tiny_backbone(folder)
    network = Zoo.discover().build("lstm", num_bands=2, num_outputs=1)
    (folder / "series").mkdir()
    kind = "binary-classification"
    card = {
        "schema": SCHEMA,
        "name": "series",
        "version": "1.0.0",
        "summary": "A toy for light curves",
        "plugin": "architectures",
        "architecture": {"name": "lstm", "arguments": {"num_bands": 2, "num_outputs": 1}},
        "task": {
            "name": kind,
            "kind": kind,
            "targets": [{"name": "variable", "classes": ["no", "yes"]}],
            "calibration": {},
        },
        "inputs": [
            {
                "name": "series",
                "kind": "series",
                "size": [None],
                "bands": [{"name": "flux"}, {"name": "error"}],
                "preprocessing": [{"op": "fill_nan", "value": 0.0}],
            }
        ],
        "weights": {**store_weights(network, folder / "series"), "license": "CC0-1.0"},
        "head_keys": ["head.weight", "head.bias"],
        "trained_on": [],
        "metrics": [],
        "golden": dict(NO_GOLDEN),
        "citation": [],
        "limits": ["A toy."],
    }
    finish_folder(folder / "series", card)
    return folder


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder to work in, with ``galaxies/`` and an empty registry."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZOO_REGISTRY", str(tmp_path / "registry"))
    monkeypatch.setattr("zoo_core._zoo.default_zoo", Zoo.discover)
    write_galaxies(tmp_path / "galaxies")
    return tmp_path


@pytest.fixture
def refused(place, parents, capsys):
    """Run the command; returns its message, and fails if anything was done."""

    def go(data, *options, code=7, parent="tiny"):
        command = ["finetune", str(parents / parent), str(data), "--name", "mine", *options]
        assert main(command) == code
        told = capsys.readouterr()
        assert told.out == ""
        assert "Traceback" not in told.err
        assert not (place / "registry").exists()
        assert not (place / "runs" / "mine").exists()
        return told.err.splitlines()[-1]

    return go


@pytest.fixture
def accepted(place, parents, capsys, monkeypatch):
    """Run the command but for the model folder; returns what it told, and what it has."""
    made = []

    def keep(zoo, done, folder, **_):
        made.append(done)

    monkeypatch.setattr("zoo_core.finetuning._run.export_finetuned", keep)
    monkeypatch.setattr("zoo_core.finetuning._run.save_curves", lambda *_, **__: None)

    def go(data, *options):
        assert main(["finetune", str(parents / "tiny"), str(data), *options]) == 0
        return capsys.readouterr().err, made[-1]

    return go


# Labels


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ([""] * 2 + LABELS[2:], "is empty or NaN in 2 of 24 rows (counted from 0: 0, 1)"),
        (["nan", *LABELS[1:]], "is empty or NaN in 1 of 24 rows"),
        (["dark"] * 24, "all 24 examples are of one class, 'dark'"),
        (["odd", *LABELS[1:]], "fewer than two examples: 'odd' (1)"),
        ([*"ab", "A", *"bab" * 7], "'a' (8) and 'A' (1), which differ by"),
        (["1", "1.0", "x", "x"] * 6, "'1' (6) and '1.0' (6), which differ by"),
        ([str(0.1 * i) for i in range(24)], "holds real numbers"),
    ],
)
def test_labels_that_cannot_be_learned(place, refused, labels, told):
    """Counted and named, with the column and the table."""
    table = write_table(place / "t.csv", path=FILES, label=labels)
    message = refused(table)

    assert f"the column 'label' of {table}" in message
    assert told in message


@pytest.mark.parametrize(
    ("rows", "told"),
    [(2, "at least 3 are needed"), (3, "'bright' (1)"), (4, "holds one class only")],
)
def test_too_few_examples(place, refused, rows, told):
    """Two, three, and four, of which none is left to measure on."""
    table = write_table(place / "t.csv", path=FILES[:rows], label=LABELS[:rows])

    assert told in refused(table)


def test_four_examples_without_a_test_part_are_enough(place, parents):
    """As the message says; the model has no metrics."""
    table = write_table(place / "t.csv", path=FILES[:4], label=LABELS[:4])

    assert main(["finetune", str(parents / "tiny"), str(table), "--test", "0"]) == 0
    assert read_card(place / "registry" / "tiny-tuned").metrics == ()


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([7, 1] * 12, ("1", "7")),
        ([" spiral", "disc"] + ["spiral ", " disc "] * 11, ("disc", "spiral")),
    ],
)
def test_labels_are_texts_without_blanks_around_them(place, accepted, labels, classes):
    """Whole numbers, and blanks that a spreadsheet has left in a CSV file."""
    table = write_table(place / "t.csv", path=FILES, label=labels)

    assert accepted(table)[1].task.targets[0].classes == classes


# Tables


def test_columns_that_are_not_there(place, refused):
    """Those there are, and the nearest one."""
    table = write_table(place / "t.csv", file=FILES, kind_of_galaxy=LABELS)

    assert "has no 'label'; it has 'file', 'kind_of_galaxy'. --label" in refused(table)
    message = refused(table, "--label", "kind_of_galaxi")
    assert message.endswith("Did you mean 'kind_of_galaxy'?")
    assert "has no 'path'" in refused(table, "--label", "kind_of_galaxy")


def test_files_that_are_not_there_or_twice(place, refused):
    """Paths are relative to the table, not to where the command is typed."""
    gone = write_table(place / "t.csv", path=[f"no/{f}" for f in FILES], label=LABELS)
    message = refused(gone)
    assert "24 of 24 paths lead to no file" in message
    assert f"{place / 'no' / FILES[4]} (row 4) and 19 more" in message
    (place / "deeper").mkdir()
    deeper = write_table(place / "deeper" / "t.csv", path=FILES, label=LABELS)
    assert "relative to the folder of the table" in refused(deeper)
    same = write_table(place / "t.csv", path=[*FILES, FILES[0]], label=[*LABELS, "dark"])
    assert "1 file named twice: " in refused(same)
    other = write_table(place / "t.csv", path=[*FILES, FILES[0]], label=[*LABELS, "bright"])
    assert "labels 'dark' and 'bright'" in refused(other)


def test_parts_that_cannot_be(place, refused):
    """A class that is not learned, no train, another word, a part of one class."""

    def told(parts, labels=LABELS):
        table = write_table(place / "t.csv", path=FILES, label=labels, part=parts)
        return refused(table, "--split", "part")

    held = [*["train"] * 20, *["validation"] * 4]
    assert "not in train, so that nothing can learn it: 'odd'" in told(
        held, [*LABELS[:22], "odd", "odd"]
    )
    assert "no example is in train" in told(["test"] * 24)
    assert "says 'dev' in 4 rows; a part is train, validation or test" in told(
        [*["train"] * 20, *["dev"] * 4]
    )
    one = [label == "dark" and i < 8 for i, label in enumerate(LABELS)]
    assert "the validation part" in told(["validation" if o else "train" for o in one])
    assert "the test part" in told(["test" if o else "train" for o in one])


def test_groups_that_cannot_be_divided(place, refused):
    """One for all, or one for each class: a part would be empty, or a class not learned."""
    table = write_table(
        place / "t.csv", path=FILES, label=LABELS, field=["A"] * 24, kind=LABELS
    )

    assert "in 1 group" in refused(table, "--group", "field")
    assert "in 2 groups" in refused(table, "--group", "kind")


# Folders


def test_folders_that_are_no_classes(place, refused):
    """Without subfolders, with an empty one, with one of other files."""
    (place / "flat").mkdir()
    assert "has no subfolder; it needs one for each class" in refused(place / "flat")
    odd = place / "galaxies" / "odd"
    odd.mkdir()
    message = refused(place / "galaxies")
    assert f"the folder {odd} and its subfolders hold no file that can be read" in message
    assert "counts as a class: bright, dark, odd. Take away the one that is none." in message
    (odd / "notes.txt").touch()
    assert f"the folder {odd}" in refused(place / "galaxies")
    assert "does not exist" in refused(place / "nowhere")


def test_other_files_among_the_pictures_are_told_and_left(place, accepted):
    """They are no examples, and no reason to stop."""
    (place / "galaxies" / "dark" / "Thumbs.db").touch()
    (place / "galaxies" / "README.txt").touch()
    told, done = accepted(place / "galaxies")

    assert "1 file of no readable kind not used: .db (1)" in told
    assert "1 file beside the class folders not used" in told
    assert len(done.examples) == 24


# Pixels


def test_pictures_that_cannot_be_read_are_counted_and_left_out_if_asked(
    place, refused, accepted
):
    """Broken, empty, grey among colours, constant: each with its reason."""
    dark = place / "galaxies" / "dark"
    (dark / "broken.png").write_bytes(b"no picture")
    (dark / "empty.png").touch()
    save_picture(dark / "grey.png", pictures(1, bands=1)[0][0])
    save_picture(dark / "flat.png", np.full((3, 32, 32), 7, "u1"))
    message = refused(place / "galaxies")

    assert message.startswith(f"zoo: 4 of 28 objects of {place / 'galaxies'} cannot be read")
    for reason in ("or broken", "(0 bytes)", "1 band (shape 32x32)", "red is 7: the image is"):
        assert reason in message
    assert message.endswith("--skip-bad leaves them out.")
    told, done = accepted(place / "galaxies", "--skip-bad")
    assert told.count("left out: ") == 4
    assert len(done.examples) == 24


def test_nothing_but_unusable_pictures(place, refused, tmp_path):
    """Leaving all of them out leaves nothing; other bands are asked for by name."""
    write_galaxies(tmp_path / "grey", bands=1)
    message = refused(tmp_path / "grey")

    assert "24 of 24 objects" in message
    assert message.count("the data have 1 band") == 1
    assert message.endswith("zoo finetune --bands A,B --stem sum.")
    assert "0 examples" in refused(tmp_path / "grey", "--skip-bad")
    assert "Say what becomes of its first layer: --stem" in refused(
        tmp_path / "grey", "--bands", "grey", code=2
    )


def test_pictures_of_several_sizes(place, refused, accepted):
    """Each size is counted; the middle can be taken where it is in all of them."""
    save_picture(place / "galaxies" / "dark" / "large.png", pictures(1, size=40)[0][0])
    message = refused(place / "galaxies")

    assert "24 objects of 32x32, 1 object of 40x40" in message
    assert "It cannot be enlarged" in refused(
        place / "galaxies", "--size", "64", "--fit", "crop"
    )
    _, done = accepted(place / "galaxies", "--size", "32", "--fit", "crop")
    assert done.examples.arrays["image"].shape == (25, 3, 32, 32)


@pytest.mark.parametrize("stretch", ["parent", "linear", "asinh"])
def test_missing_and_infinite_pixels_are_told_and_filled(place, accepted, stretch):
    """By flag, with the number of objects and one of them."""
    for index, (image, label) in enumerate(zip(*pictures(24), strict=True)):
        folder = place / "fits" / ("dark", "bright")[label]
        folder.mkdir(parents=True, exist_ok=True)
        image = image.astype("f4")
        image[:, 3, 4] = (np.nan, np.inf, 0)[index % 3]
        fits.PrimaryHDU(image).writeto(folder / f"{index}.fits")
    told, _ = accepted(place / "fits", "--stretch", stretch)

    assert "8 objects flagged nan-filled, such as " in told
    assert "8 objects flagged not-finite, such as " in told


def test_pixels_of_another_scale_are_told(place, accepted):
    """16 bits for a parent of 8: it learns what it can, and the remark says what helps."""
    images, labels = pictures(24)
    np.savez(place / "deep.npz", image=200 * images.astype("u2"), label=labels)
    told, _ = accepted(place / "deep.npz")
    assert "the pixels reach the network with a mean of" in told
    assert "reach the network" not in accepted(place / "deep.npz", "--stretch", "linear")[0]
    assert "reach the network" not in accepted(place / "galaxies")[0]


# Arrays


def test_arrays_that_cannot_be(place, refused):
    """Pickles, other lengths, other axes: with the shape that it should have."""
    images, labels = pictures(24)

    def told(**arrays):
        np.savez(place / "a.npz", **arrays)
        return refused(place / "a.npz")

    assert "can run code" in told(image=images.astype(object), label=labels)
    assert "label.astype(str)" in told(image=images, label=np.array(LABELS, object))
    assert "holds 24 objects, but the array 'label' has 20" in told(
        image=images, label=labels[:20]
    )
    assert "bring it to the front with numpy.moveaxis" in told(
        image=np.moveaxis(images, 1, -1), label=labels
    )
    assert "(object, band, y, x)" in told(image=images[:, 0], label=labels)
    assert "argmax" in told(image=images, label=np.eye(2)[labels])


@pytest.mark.parametrize("name", ["a.h5", "a.npz"])
def test_a_file_that_is_cut_off(place, refused, name):
    """Named, in one line."""
    images, labels = pictures(24)
    if name == "a.h5":
        with h5py.File(place / name, "w") as store:
            store["image"], store["label"] = images, labels
    else:
        np.savez(place / name, image=images, label=labels)
    whole = (place / name).read_bytes()
    (place / name).write_bytes(whole[: len(whole) // 2])

    assert refused(place / name).startswith(f"zoo: {place / name} cannot be read: ")


# Parents


def test_data_of_another_kind_than_the_parent_takes(place, refused):
    """Pictures for a model of series, and series for a model of images."""
    images, labels = pictures(24)
    np.savez(place / "images.npz", image=images, label=labels)
    series = np.random.default_rng(0).normal(size=(24, 2, 50))
    np.savez(place / "series.npz", series=series, label=labels)

    assert "takes 'series' (series), which the picture reader cannot give" in refused(
        place / "galaxies", parent="series"
    )
    assert "no array 'series'" in refused(place / "images.npz", parent="series")
    message = refused(place / "series.npz")
    assert "no array 'image'" in message
    assert "(image anyxany px" in message
    assert "(object, band, y, x)" in refused(place / "series.npz", "--array", "series")


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--strategy", "heads"], 2, "one of head, last-k"),
        (["--learning-rate", "0"], 2, "learning_rate must be positive"),
        (["--weight-decay", "-1"], 2, "must not be negative"),
        (["--positive", "odd"], 2, "the data have bright, dark"),
        (["--stem-band", "g"], 2, "NEW=OLD"),
        (["--size", "3", "3", "3"], 2, "1 or 2 lengths"),
        (["--resize", "3", "3", "3"], 2, "1 or 2 lengths"),
        (["--device", "tpu"], 9, "no device 'tpu'"),
        (["--name", "Mine"], 4, "no legal model name"),
        (["--group", "x"], 2, "a folder has nothing of that name"),
        (["--validation", "0.6", "--test", "0.5"], 2, "leave nothing to train on"),
        (["--validation", "1.5"], 2, "or the path of labelled data"),
        (["--validation", "nowhere"], 7, "nowhere does not exist"),
        (["--validation", "galaxies"], 7, "24 objects of"),
        (["--strategy", "last-99"], 2, "layers besides the head. --strategy full"),
    ],
)
def test_options_that_cannot_be(place, refused, options, code, told):
    """Exit code 2 where the request is wrong, whatever the data."""
    assert told in refused(place / "galaxies", *options, code=code)
