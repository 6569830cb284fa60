"""``timm:NAME`` and the cards of public weights, from a mirror with generated weights."""

import json
import shutil

import numpy as np
import pyarrow.parquet
import pytest
import timm
import torch
from PIL import Image
from serving import serve
from timm.models import save_for_hf
from zoo_timm.cards import head_keys, spdx
from zoo_timm.hub_models import hub_models

from zoo_core import Zoo
from zoo_core.cards import CARD_FILE, parse_card, readme
from zoo_core.cli import main
from zoo_core.errors import (
    CardError,
    PlaceError,
    UnknownName,
    UsageError,
    WeightsCorrupt,
    WeightsMismatch,
)
from zoo_core.models import verify_model
from zoo_core.places import user_lock_file
from zoo_core.registry import embedded_registry

NOBODY = "http://127.0.0.1:9"
TINY = "timm:test_resnet"
REPOSITORY = "timm/test_resnet.r160_in1k"


def save_generated(mirror, repository, seed=1, **options):
    """A repository as timm writes it, with random weights; returns the network."""
    torch.manual_seed(seed)
    network = timm.create_model(**options).eval()
    # Fresh networks end their blocks in zeros, and all their features would be equal.
    for parameter in network.parameters():
        if parameter.dim() > 1:
            torch.nn.init.kaiming_normal_(parameter)
        else:
            torch.nn.init.uniform_(parameter, 0.5, 1.5)
    with torch.no_grad():
        for _ in range(20):  # until the batch norms know their statistics
            network.train()(torch.rand(4, 3, 64, 64))
    network.eval()
    folder = mirror / repository
    save_for_hf(network, folder, safe_serialization=True)
    return network


@pytest.fixture
def mirror(tmp_path):
    """The weights of timm's smallest network, with its head of a thousand classes."""
    folder = tmp_path / "mirror"
    save_generated(folder, REPOSITORY, model_name="test_resnet")
    return folder


@pytest.fixture
def zoo():
    """The installed plugins and the embedded registry."""
    return Zoo(Zoo.discover().plugins.plugins, [embedded_registry()])


def pictures(count=3, size=160):
    """Random pictures of different brightness and colour, ``(n, 3, y, x)``, 0 to 255."""
    rng = np.random.default_rng(0)
    brightness = rng.uniform(0.1, 1.0, (count, 3, 1, 1))
    return (brightness * rng.integers(0, 256, (count, 3, size, size))).astype("u1").astype("f4")


def test_features_are_those_of_timm(mirror, machine, zoo):
    """The network before its head, on pixels that are normalised as timm says."""
    network = save_generated(mirror, REPOSITORY, model_name="test_resnet")
    with serve(mirror) as url:
        machine(url)
        model = zoo.load(TINY, device="cpu", precision="float32")
        table = model.predict(pictures())

    told = network.pretrained_cfg
    images = torch.from_numpy(pictures()) / 255
    images = (images - torch.tensor(told["mean"])[:, None, None]) / torch.tensor(told["std"])[
        :, None, None
    ]
    with torch.inference_mode():
        wanted = network.forward_head(network.forward_features(images), pre_logits=True)
    assert wanted.std(0).max() > 0.01
    np.testing.assert_allclose(table["features"], wanted, rtol=1e-3, atol=1e-4)
    assert set(model.report.left_out) == {"fc.weight", "fc.bias"}
    assert not model.report.missing


def test_the_first_load_is_recorded_and_needs_no_network_again(mirror, machine, zoo):
    """Commit and hash; then the same bits without a server."""
    with serve(mirror) as url:
        machine(url)
        first = zoo.load(TINY, device="cpu").predict(pictures())
    machine(NOBODY)
    again = zoo.load(TINY, device="cpu")

    facts = user_lock_file().get(f"model.safetensors of hf://{REPOSITORY}@main")
    assert again.card.weights.ref.sha256 == facts["sha256"]
    assert again.card.weights.ref.size == int(facts["size"])
    assert again.provenance()["weights_sha256"] == facts["sha256"]
    assert np.array_equal(again.predict(pictures())["features"], first["features"])


def test_other_weights_later_are_shown_and_can_be_accepted(mirror, machine, zoo, tmp_path):
    """With both hashes and the command."""
    with serve(mirror) as url:
        machine(url)
        then = zoo.load(TINY).card.weights.ref.sha256
    shutil.rmtree(tmp_path / "machine")
    save_generated(mirror, REPOSITORY, seed=2, model_name="test_resnet")
    with serve(mirror) as url:
        machine(url)
        with pytest.raises(PlaceError) as caught:
            zoo.load(TINY)
        accepted = zoo.find(TINY, accept=True).card.weights.ref.sha256
        assert zoo.load(TINY).card.weights.ref.sha256 == accepted

    assert accepted != then
    assert then in str(caught.value)
    assert accepted in str(caught.value)
    assert f"zoo pull {TINY} --accept" in str(caught.value)


def test_a_damaged_cache_is_fetched_again_or_refused(mirror, machine, zoo, tmp_path):
    """Never loaded as it is."""
    with serve(mirror) as url:
        machine(url)
        whole = zoo.load(TINY).card.weights.ref
        (blob,) = [p for p in (tmp_path / "machine").rglob("*") if p.name == whole.sha256]
        blob.write_bytes(b"damaged")
        assert zoo.load(TINY).card.weights.ref == whole
        blob.write_bytes(b"damaged")
    machine(NOBODY)
    with pytest.raises((WeightsCorrupt, PlaceError)):
        zoo.load(TINY)


def test_without_network_the_command_is_named(machine, zoo):
    """The model's own name, which the user can type on another machine."""
    machine(NOBODY)

    with pytest.raises(PlaceError, match=f"zoo pull {TINY}\n"):
        zoo.load(TINY)


def test_any_repository_that_timm_wrote(tmp_path, machine, zoo):
    """Network, size and normalisation from its config.json."""
    save_generated(
        tmp_path / "mirror",
        "team/galaxies",
        model_name="test_convnext",
        num_classes=0,
        pretrained_cfg_overlay={"mean": (0.1,) * 3, "std": (0.2,) * 3},
    )
    with serve(tmp_path / "mirror") as url:
        machine(url)
        model = zoo.load("timm:team/galaxies", device="cpu")
        checks = verify_model(zoo, zoo.find("timm:team/galaxies"))

    assert model.card.name == "galaxies"
    assert model.card.architecture.arguments["model"] == "test_convnext"
    assert ("normalize", {"mean": [0.1] * 3, "std": [0.2] * 3}) in [
        (name, dict(numbers)) for name, numbers in model.card.preprocessing["image"].steps
    ]
    assert [check.name for check in checks] == ["card", "weights file", "parameters"]
    assert all(check.passed for check in checks)


@pytest.mark.parametrize(
    ("config", "error", "message"),
    [
        ({"schema": 1, "name": "lens"}, CardError, "architecture"),
        ({"architecture": "local-dir:/tmp"}, UnknownName, "local-dir"),
        ({"architecture": "test_resnet", "input_size": [3, -1, 9]}, CardError, "input_size"),
        ({"architecture": "test_resnet", "input_size": [3, 1e9, 9]}, CardError, "input_size"),
        ({"architecture": "test_resnet", "mean": ["a"]}, CardError, "mean"),
        ({"architecture": "test_resnet", "std": [1, 2]}, CardError, "std"),
        (["architecture"], CardError, "object"),
    ],
)
def test_repositories_of_another_format(tmp_path, machine, zoo, config, error, message):
    """A clear error, whatever the file holds."""
    folder = tmp_path / "mirror" / "team" / "other"
    folder.mkdir(parents=True)
    (folder / CARD_FILE).write_text(json.dumps(config))
    with serve(tmp_path / "mirror") as url:
        machine(url)
        with pytest.raises(error, match=message):
            zoo.find("timm:team/other")


def test_a_repository_with_a_pickle_only(tmp_path, machine, zoo):
    """The error says why it is not loaded and what to do."""
    folder = tmp_path / "mirror" / "team" / "old"
    folder.mkdir(parents=True)
    (folder / CARD_FILE).write_text(json.dumps({"architecture": "test_resnet"}))
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with serve(tmp_path / "mirror") as url:
        machine(url)
        with pytest.raises(PlaceError, match="pickle"):
            zoo.load("timm:team/old")


def test_weights_of_another_network(tmp_path, machine, zoo):
    """Nothing is loaded half."""
    save_generated(tmp_path / "mirror", REPOSITORY, model_name="test_convnext")
    with serve(tmp_path / "mirror") as url:
        machine(url)
        with pytest.raises(WeightsMismatch):
            zoo.load(TINY)


@pytest.mark.parametrize("name", ["timm:resnet81", "timm:resnet18.nothing", "timm:"])
def test_unknown_names(name, zoo):
    """With the nearest names of networks or of weights."""
    with pytest.raises(UnknownName):
        zoo.find(name)


def test_weights_that_are_not_on_the_hub(zoo):
    """Timm knows some by an address only, and those are pickles."""
    with pytest.raises(PlaceError, match="another form"):
        zoo.find("timm:gcvit_tiny")


def test_a_card_of_the_registry_loads_from_the_hub(tmp_path, machine, zoo):
    """Zoobot's smallest encoder: pixels from 0 to 1, no normalisation, the same features."""
    name = "zoobot-encoder-resnet18"
    network = save_generated(
        tmp_path / "mirror", f"mwalmsley/{name}", model_name="resnet18", num_classes=0
    )
    with serve(tmp_path / "mirror") as url:
        machine(url)
        model = zoo.load(name, device="cpu", precision="float32")
        found = model.predict(pictures(2, 224))["features"]

    with torch.inference_mode():
        wanted = network(torch.from_numpy(pictures(2, 224)) / 255)
    assert wanted.std(0).max() > 0.01
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-3 * float(wanted.abs().max()))


def test_cards_of_the_registry_are_those_that_are_written():
    """Each card follows from the list, and its README from the card."""
    folder = embedded_registry().folder

    for backbone in hub_models():
        made = backbone.card()
        stored = json.loads((folder / backbone.name / CARD_FILE).read_text())
        assert stored == json.loads(json.dumps(made))
        assert (folder / backbone.name / "README.md").read_text() == readme(parse_card(made))
        assert "generated weights" in " ".join(made["limits"])


def test_pictures_to_a_table_by_command(mirror, machine, tmp_path, capsys, monkeypatch):
    """``zoo predict timm:NAME folder/``: a vector in each row."""
    monkeypatch.setattr("zoo_core._zoo.default_zoo", Zoo.discover)
    (tmp_path / "cutouts").mkdir()
    for index, picture in enumerate(pictures().astype("u1")):
        Image.fromarray(picture.transpose(1, 2, 0)).save(tmp_path / "cutouts" / f"{index}.png")
    out = tmp_path / "features.parquet"
    with serve(mirror) as url:
        machine(url)
        code = main(["predict", TINY, str(tmp_path / "cutouts"), "-o", str(out)])

    shown = capsys.readouterr()
    table = pyarrow.parquet.read_table(out)
    assert code == 0, shown.err
    assert max(map(len, shown.out.splitlines())) < 100
    assert len(table["features"][0]) == 96
    assert table["flag"].to_pylist() == [""] * 3


def test_publishing_what_others_published(zoo):
    """A folder without weights cannot be published again."""
    from zoo_core.places import list_outgoing

    for name in (TINY, "zoobot-encoder-resnet18"):
        with pytest.raises(UsageError, match="published already"):
            list_outgoing(zoo.find(name))


@pytest.mark.parametrize(
    ("classifier", "keys"),
    [
        (None, []),
        ("head.fc", ["head.fc.weight", "head.fc.bias"]),
        (
            ("head", "head_dist"),
            ["head.weight", "head.bias", "head_dist.weight", "head_dist.bias"],
        ),
    ],
)
def test_head_keys(classifier, keys):
    """Timm names one layer or several."""
    assert head_keys(classifier) == keys


def test_licenses():
    """As SPDX writes them, or marked as none of its list."""
    assert spdx("apache-2.0") == "Apache-2.0"
    assert spdx(None) == "LicenseRef-unknown"
    assert spdx("dinov3-license") == "LicenseRef-dinov3-license"
