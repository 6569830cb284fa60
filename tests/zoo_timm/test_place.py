"""``timm:NAME`` and the cards of public weights, from a mirror with generated weights."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pyarrow.parquet
import pytest
import timm
import torch
from PIL import Image
from serving import serve
from timm.models import save_for_hf
from zoo_timm.cards import spdx
from zoo_timm.hub_models import hub_models
from zoo_timm.place import of_timm, read_config

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
from zoo_core.places import list_cached, parse_hub_reference, user_lock_file
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
        ({"architecture": "test_resnet", "std": [1, 0, 1]}, CardError, "above 0"),
        ({"architecture": "test_resnet", "input_size": [5, 9, 9]}, CardError, "1 or 3"),
        ({"architecture": "test_resnet", "license": "mit\n# x"}, CardError, "license"),
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
    ("network", "some"),
    [
        ("resnet18", {"fc.weight", "fc.bias"}),
        ("caformer_s18", {"head.fc.fc1.weight", "head.fc.norm.bias"}),
        ("levit_128s", {"head.bn.running_mean", "head.linear.weight"}),
        ("efficientvit_m0", {"head.bn.weight", "head.linear.bias"}),
        ("repvit_m0_9", {"head.head_dist.bn.weight", "head.head.l.weight"}),
    ],
)
def test_a_head_is_all_that_the_features_do_not_need(network, some):
    """Whatever its layers are: the file may hold them, and nothing else."""
    with torch.device("meta"):
        full = timm.create_model(network, num_classes=10).state_dict()
        bare = timm.create_model(network, num_classes=0).state_dict()

    told = set(of_timm(network).head_keys)
    assert told == set(full) - set(bare)
    assert some <= told


def test_weights_with_a_head_of_several_layers(tmp_path, machine, zoo):
    """A classifier with a batch norm in it is left out whole."""
    network = timm.create_model("levit_128s", num_classes=2)
    save_for_hf(network, tmp_path / "mirror" / "team" / "a", safe_serialization=True)
    with serve(tmp_path / "mirror") as url:
        machine(url)
        report = zoo.load("timm:team/a", device="cpu").report

    assert "head.bn.running_mean" in report.left_out
    assert report.loaded == report.total


@pytest.mark.parametrize(
    ("network", "options"),
    [
        ("test_resnet", {"global_pool": "max"}),
        ("test_resnet", {"act_layer": "gelu"}),
        ("test_vit", {"global_pool": "avg", "img_size": 96}),
        ("test_vit", {"class_token": False, "global_pool": "avg"}),
        ("test_resnet", {"in_chans": 1}),
    ],
)
def test_the_network_is_the_one_that_timm_builds(tmp_path, machine, zoo, network, options):
    """With the arguments that config.json says; the features are those of timm's own loader."""
    folder = tmp_path / "mirror" / "team" / "a"
    torch.manual_seed(1)
    saved = timm.create_model(network, **options)
    save_for_hf(saved, folder, safe_serialization=True, model_args=options)
    theirs = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=0).eval()
    with serve(tmp_path / "mirror") as url:
        machine(url)
        model = zoo.load("timm:team/a", device="cpu", precision="float32")
    bands, *size = theirs.pretrained_cfg["input_size"]
    images = pictures(2, size[0])[:, :bands]
    found = model.predict(images)["features"]

    mean, std = (
        torch.tensor(theirs.pretrained_cfg[key])[:bands, None, None] for key in ("mean", "std")
    )
    with torch.inference_mode():
        wanted = theirs((torch.from_numpy(images) / 255 - mean) / std).numpy()
        plain = timm.create_model(network, num_classes=0, in_chans=bands).eval()
    assert model.card.inputs[0].size == tuple(size)
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4 * np.abs(wanted).max())
    assert bands == 1 or str(plain) != str(model.network) or "global_pool" in options


def config(**fields):
    """The ``config.json`` of a repository."""
    pretrained = {"input_size": [3, 160, 160], "mean": [0.5] * 3, "std": [0.5] * 3}
    return {"architecture": "test_resnet", "pretrained_cfg": pretrained, **fields}


def test_what_timm_takes_from_the_older_format():
    """One object for all; without arguments there are none on the card."""
    reference = parse_hub_reference("team/a")
    flat = {"architecture": "test_vit", "input_size": [3, 96, 96], "fixed_input_size": True}

    assert read_config(config(), reference).options == {}
    assert read_config({**flat, "global_pool": "avg"}, reference).options == {
        "global_pool": "avg",
        "img_size": [96, 96],
    }
    # At the top of the newer format it is for people; timm's loader does not take it.
    assert read_config(config(global_pool="max"), reference).options == {}


@pytest.mark.parametrize("given", [{"layers": [1, 1]}, {"checkpoint_path": "/x.pt"}])
def test_arguments_that_a_card_cannot_give_are_refused(given):
    """Named, rather than left out: the features would be others."""
    (name,) = given
    with pytest.raises(CardError, match=name):
        read_config(config(model_args=given), parse_hub_reference("team/a"))
    nothing = read_config(config(model_args={name: None}), parse_hub_reference("team/a"))
    assert nothing.options == {}


def test_arguments_that_timm_does_not_take():
    """An error of the card, not of Python."""
    odd = read_config(config(model_args={"act_layer": "none-such"}), parse_hub_reference("t/a"))
    with pytest.raises(CardError, match="none-such"):
        odd.card()


def test_network_and_weights_are_of_one_commit(tmp_path, machine, zoo):
    """The repository changed between the two: that is an error with the way out."""
    mirror, name = tmp_path / "mirror", "timm:team/a"
    save_generated(mirror, "team/a", model_name="test_resnet")
    with serve(mirror) as url:
        machine(url)
        zoo.find(name)
        overlay = {"mean": (0.1,) * 3}
        save_generated(
            mirror, "team/a", seed=2, model_name="test_resnet", pretrained_cfg_overlay=overlay
        )
        with pytest.raises(PlaceError, match=f"zoo pull {name} --accept"):
            zoo.load(name)
        accepted = zoo.find(name, accept=True)
        assert zoo.load(name).card.weights.ref == accepted.card.weights.ref

    commits = {facts["commit"] for facts in user_lock_file().entries().values()}
    assert len(user_lock_file().entries()) == 2
    assert len(commits) == 1


def test_a_commit_that_changes_neither_is_taken(tmp_path, machine, zoo):
    """A new README between config.json and weights is nobody's business."""
    mirror = tmp_path / "mirror"
    save_generated(mirror, "team/a", model_name="test_resnet")
    with serve(mirror) as url:
        machine(url)
        zoo.find("timm:team/a")
        (mirror / "team" / "a" / "NOTES.md").write_text("new")
        zoo.load("timm:team/a", device="cpu")

    commits = {facts["commit"] for facts in user_lock_file().entries().values()}
    assert len(commits) == 1


def test_the_same_weights_under_another_commit(mirror, machine, zoo, tmp_path):
    """Known by their hash, and recorded under the new commit; other weights are refused."""
    with serve(mirror) as url:
        cache = machine(url)
        ref = zoo.load(TINY, device="cpu").card.weights.ref
        (first,) = user_lock_file().entries().values()
        shutil.rmtree(cache)
        (mirror / REPOSITORY / "NOTES.md").write_text("new")
        assert zoo.load(TINY, device="cpu").card.weights.ref == ref
    (second,) = user_lock_file().entries().values()

    assert first["commit"] != second["commit"]
    assert first["sha256"] == second["sha256"]
    (cached,) = list_cached(user_lock_file())
    assert cached.is_recorded


def test_a_pickle_is_not_recorded(mirror, machine, zoo):
    """What never loads must not stand in the way of what does."""
    path = mirror / REPOSITORY / "model.safetensors"
    whole = path.read_bytes()
    with serve(mirror) as url:
        machine(url)
        path.write_bytes(b"\x80\x04.")
        with pytest.raises(PlaceError, match="no safetensors"):
            zoo.load(TINY)
        assert user_lock_file().entries() == {}
        path.write_bytes(whole)
        assert zoo.load(TINY, device="cpu").report.loaded > 0


def test_weights_that_are_not_the_recorded_ones_name_the_way_out(mirror, machine, zoo):
    """The hash is not the card's, so that another card would not help."""
    with serve(mirror) as url:
        machine(url)
        zoo.load(TINY, device="cpu")
        key = f"model.safetensors of hf://{REPOSITORY}@main"
        facts = user_lock_file().get(key)
        user_lock_file().check(key, {**facts, "sha256": "0" * 64}, accept=True)

        with pytest.raises(WeightsCorrupt, match=f"zoo pull {TINY} --accept"):
            zoo.load(TINY)


@pytest.mark.parametrize(
    "call", ["zoo_core.load('timm:resnet18')", "main(['pull', 'timm:resnet18'])"]
)
def test_without_a_network_timm_is_not_even_imported(machine, call):
    """The error comes at once; what it costs to import timm and torch is not paid first."""
    script = (
        "import sys, zoo_core\n"
        "from zoo_core.cli import main\n"
        "sys.stderr = sys.stdout\n"
        f"try: {call}\n"
        "except zoo_core.errors.PlaceError as error: print(error)\n"
        "print('timm' in sys.modules, 'torch' in sys.modules)"
    )
    cache = machine(NOBODY)
    environment = {**os.environ, "HF_ENDPOINT": NOBODY, "HF_HUB_CACHE": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "zoo pull timm:resnet18\n" in done.stdout
    assert done.stdout.endswith("False False\n")


def test_the_card_needs_no_network(machine, capsys):
    """What timm says is installed; and no folder is shown that there is not."""
    machine(NOBODY)

    assert main(["info", TINY]) == 0
    assert f"  place          {TINY}\n" in capsys.readouterr().out


def test_a_folder_of_that_name_is_not_looked_at(zoo, tmp_path, monkeypatch):
    """A reference is no path."""
    (tmp_path / TINY).mkdir()
    (tmp_path / TINY / "model.safetensors").write_bytes(b"")
    monkeypatch.chdir(tmp_path)

    assert not zoo.find(TINY).is_embedded


def test_a_served_registry_has_cards_whose_weights_lie_elsewhere(tmp_path, machine, zoo):
    """The card comes from one repository of the mirror, the weights from another."""
    name = "zoobot-encoder-resnet18"
    shutil.copytree(embedded_registry().folder / name, tmp_path / "mirror" / name)
    save_generated(
        tmp_path / "mirror", f"mwalmsley/{name}", model_name="resnet18", num_classes=0
    )
    with serve(tmp_path / "mirror") as url:
        machine(url)
        first = zoo.load(f"hf://astrozoo/{name}", device="cpu")
    machine(NOBODY)

    again = zoo.load(f"hf://astrozoo/{name}", device="cpu")
    assert again.card.weights.ref == first.card.weights.ref


def test_weights_in_the_folder_need_no_network(tmp_path, machine, zoo):
    """The card has no hash, the file is there; once another is recorded, it is refused."""
    machine(NOBODY)
    name = "zoobot-encoder-resnet18"
    folder = tmp_path / "mine"
    save_generated(tmp_path, "mine", model_name="resnet18", num_classes=0)
    shutil.copy(embedded_registry().folder / name / CARD_FILE, folder)
    model = zoo.load(str(folder), device="cpu")

    assert model.card.weights.ref.size == (folder / "model.safetensors").stat().st_size
    key = f"model.safetensors of hf://mwalmsley/{name}@main"
    facts = {"commit": "a" * 40, "sha256": "0" * 64, "size": "1"}
    user_lock_file().check(key, facts)
    with pytest.raises(WeightsCorrupt, match=f"zoo pull {folder} --accept"):
        zoo.load(str(folder))
    zoo.find(str(folder), accept=True)
    assert zoo.load(str(folder), device="cpu").report.loaded > 0


def test_licenses():
    """As SPDX writes them, or marked as none of its list."""
    assert spdx("apache-2.0") == "Apache-2.0"
    assert spdx(None) == "LicenseRef-unknown"
    assert spdx("dinov3-license") == "LicenseRef-dinov3-license"
