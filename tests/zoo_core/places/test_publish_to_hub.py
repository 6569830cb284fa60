"""Publishing to a Hub with the stock client: one commit that holds the folder, or none.

The Hub is ``hub_server``, which refuses what the real one refuses.
"""

import json
import shutil
from types import SimpleNamespace

import huggingface_hub.constants
import numpy as np
import pytest
from hub_server import TOKEN, Cut, Hub
from huggingface_hub import ModelCard
from serving import serve
from starlette.responses import HTMLResponse, JSONResponse
from toys import SIZE, trained_toy
from xet_storage import XetStorage

from zoo_core.cards import CARD_FILE
from zoo_core.cli import main
from zoo_core.errors import PlaceError, UsageError
from zoo_core.models import verify_model
from zoo_core.places import list_outgoing, publish

# The client still sends large files in a way that its HTTP library calls old.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

NAME = "hf://team/toy"
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A zoo with a trained toy in its registry."""
    folder = tmp_path_factory.mktemp("zoo")
    return trained_toy(folder)[0], folder / "registry" / "toy"


@pytest.fixture
def mine(trained, tmp_path):
    """The toy in a folder of the user, to be changed."""
    return shutil.copytree(trained[1], tmp_path / "mine")


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Point the hub's client to a server, with a cache and a record that are new.

    The client reads its environment when it is imported, so its constants are set here.
    """
    constants = huggingface_hub.constants
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setenv("HF_XET_CACHE", str(tmp_path / "xet-cache"))
    for variable in ("HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HF_TOKEN", TOKEN)

    def go(url, name="machine"):
        template = url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "ENDPOINT", url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / name))
        monkeypatch.setenv("ZOO_LOCK", str(tmp_path / f"{name}.lock.json"))

    return go


@pytest.fixture(scope="module")
def server():
    """One server for all tests, with its URL; ``hub`` is what it serves."""
    current = SimpleNamespace()

    async def app(scope, receive, send):
        await current.hub.app(scope, receive, send)

    with serve(None, app) as current.url:
        yield current


@pytest.fixture
def hub(tmp_path, machine, server):
    """A Hub without repositories, to which the client points."""
    server.hub = Hub(tmp_path / "served")
    machine(server.url)
    return server.hub


@pytest.fixture
def impatient(monkeypatch):
    """The client does not wait before it tries again."""
    no_time = SimpleNamespace(sleep=lambda seconds: None)
    monkeypatch.setattr("huggingface_hub.utils._http.time", no_time)


def _images():
    return np.random.default_rng(0).normal(size=(5, 1, SIZE, SIZE)).astype("f4")


def _edit_card(folder, **fields):
    path = folder / CARD_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def _main(hub):
    """The newest commit of ``team/toy``."""
    return hub.repositories["team/toy"].at("main")


def _visible(commit):
    return {path: data for path, data in commit.files.items() if not path.startswith(".")}


def test_what_was_published_predicts_the_same_to_the_bit(trained, hub, machine):
    """Loaded with an empty cache by its branch, and by the commit that was returned."""
    zoo, _ = trained
    expected = zoo.load("toy").predict(_images())
    reference = publish(zoo.find("toy"), NAME)
    machine(huggingface_hub.constants.ENDPOINT, "elsewhere")
    model = zoo.load(NAME)
    there = model.predict(_images())
    checks = verify_model(zoo, zoo.find(reference))

    assert np.array_equal(there["p_spot"], expected["p_spot"])
    assert model.found.full_name == reference == f"{NAME}@{_main(hub).oid}"
    assert all(check.passed for check in checks)


def test_large_files_arrive_with_xet_as_well(trained, hub, monkeypatch, tmp_path):
    """The way that the client takes by default; nothing goes the older way then."""
    zoo, _ = trained
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", False)
    hub.xet = XetStorage(tmp_path / "xet")
    reference = publish(zoo.find("toy"), NAME)
    listed = {one.name: one.read() for one in list_outgoing(zoo.find("toy"), NAME)}

    assert _visible(_main(hub)) == listed
    assert hub.count("PUT").total() == 0
    assert zoo.load(reference).report.loaded > 0
    assert publish(zoo.find("toy"), f"{NAME}@next") == reference


def test_a_server_without_xet_is_told_with_what_to_do(trained, hub, monkeypatch):
    """The client does not take the other way by itself."""
    zoo, _ = trained
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", False)

    with pytest.raises(PlaceError, match=r"404.*no Xet storage, set HF_HUB_DISABLE_XET=1"):
        publish(zoo.find("toy"), NAME)
    assert _visible(_main(hub)) == {}


def test_a_mirror_serves_what_the_hub_got(trained, hub, machine):
    """The files that arrived, in a folder, without a token."""
    zoo, _ = trained
    expected = zoo.load("toy").predict(_images())
    publish(zoo.find("toy"), NAME)
    with serve(hub.folder) as url:
        machine(url, "elsewhere")
        there = zoo.load(NAME).predict(_images())

    assert np.array_equal(there["p_spot"], expected["p_spot"])


def test_exactly_the_listed_files_arrive(trained, hub):
    """Byte for byte; weights and figures as large files, the card as it lies on disk."""
    zoo, folder = trained
    listed = {one.name: one.read() for one in list_outgoing(zoo.find("toy"), NAME)}
    publish(zoo.find("toy"), NAME)
    commit = _main(hub)

    assert _visible(commit) == listed
    assert listed[CARD_FILE] == (folder / CARD_FILE).read_bytes()
    assert {path for path in listed if path.endswith((".safetensors", ".png"))} == commit.large


def test_the_readme_has_the_metadata_that_the_hub_shows(trained, hub):
    """As the Hub's own library reads it: license, tags, library, every metric."""
    zoo, _ = trained
    found = zoo.find("toy")
    publish(found, NAME)
    data = ModelCard(_main(hub).files["README.md"].decode()).data
    measured = [(entry.metric.name, entry.metric.value) for entry in found.card.metrics]

    assert (data.license, data.library_name) == ("cc0-1.0", "astrozoo")
    assert {"astronomy", "astrozoo", "spotting"} <= set(data.tags)
    assert [(one.metric_type, one.metric_value) for one in data.eval_results] == measured


def test_publishing_again_replaces_the_branch_and_keeps_the_commit(trained, mine, hub):
    """A file that is gone from the folder is gone; hidden ones of the repository are not."""
    zoo, _ = trained
    (mine / "notes.md").write_text("first")
    first = publish(zoo.find(str(mine)), NAME)
    (mine / "notes.md").unlink()
    (mine / "more.md").write_text("second")
    _edit_card(mine, version="2.0.0")
    second = publish(zoo.find(str(mine)), NAME)
    listed = {one.name: one.read() for one in list_outgoing(zoo.find(str(mine)), NAME)}

    assert _visible(_main(hub)) == listed
    assert ".gitattributes" in _main(hub).files
    assert _main(hub).parent == first.split("@")[1]
    assert zoo.find(second).card.version == zoo.find(NAME).card.version == "2.0.0"
    assert zoo.load(first).found.card.version == "1.0.0"


def test_publishing_the_same_again_changes_nothing(trained, hub):
    """No empty commit, and no large file is sent twice."""
    zoo, _ = trained
    first = publish(zoo.find("toy"), NAME)
    uploads = hub.count("PUT").total()

    assert publish(zoo.find("toy"), NAME) == first
    assert hub.count("PUT").total() == uploads == len(_main(hub).large)


def test_the_message_reaches_the_hub(trained, mine, hub):
    """Its first line is the summary; name and version if there is none."""
    zoo, _ = trained
    publish(zoo.find(str(mine)), NAME)
    assert (_main(hub).summary, _main(hub).description) == ("toy 1.0.0", "")
    _edit_card(mine, version="1.1.0")
    publish(zoo.find(str(mine)), NAME, message="Better.\n\nTrained longer.\n")

    assert (_main(hub).summary, _main(hub).description) == ("Better.", "Trained longer.")


def test_a_private_model_is_loaded_with_a_token_only(trained, hub, machine, monkeypatch):
    """Who may not see it is told what is told of a repository that is not there."""
    zoo, _ = trained
    publish(zoo.find("toy"), NAME, private=True)
    machine(huggingface_hub.constants.ENDPOINT, "elsewhere")
    monkeypatch.delenv("HF_TOKEN")

    assert hub.repositories["team/toy"].visibility == "private"
    with pytest.raises(PlaceError, match="HF_TOKEN does not open it"):
        zoo.find(NAME)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert zoo.find(NAME).card.name == "toy"


def test_what_should_be_private_is_not_put_where_all_can_see_it(trained, hub):
    """A repository that is public already is refused."""
    zoo, _ = trained
    hub.make("team/toy")

    with pytest.raises(PlaceError, match="team/toy is public; nothing was published"):
        publish(zoo.find("toy"), NAME, private=True)
    assert _visible(_main(hub)) == {}


def test_a_branch_is_made_and_followed(trained, mine, hub):
    """``main`` stays as it is; the next commit goes on the branch."""
    zoo, _ = trained
    first = publish(zoo.find(str(mine)), NAME)
    _edit_card(mine, version="2.0.0")
    second = publish(zoo.find(str(mine)), f"{NAME}@runs/next")
    _edit_card(mine, version="3.0.0")
    third = publish(zoo.find(str(mine)), f"{NAME}@runs/next")
    repository = hub.repositories["team/toy"]

    assert f"{NAME}@{_main(hub).oid}" == first
    assert f"{NAME}@{repository.at('runs/next').oid}" == third
    assert repository.at("runs/next").parent == second.split("@")[1]
    assert zoo.find(f"{NAME}@runs/next").card.version == "3.0.0"
    assert zoo.find(NAME).card.version == "1.0.0"


def test_a_branch_without_its_commit_is_not_left_behind(trained, hub):
    """It would hold another version than the one that was to be published."""
    zoo, _ = trained
    hub.make("team/toy")
    hub.intercept = _refuse("/commit/", 400)

    with pytest.raises(PlaceError, match="400"):
        publish(zoo.find("toy"), f"{NAME}@next")
    assert list(hub.repositories["team/toy"].branches) == ["main"]


def test_without_a_token_nothing_is_asked(trained, hub, monkeypatch):
    """Both ways to give one are told."""
    zoo, _ = trained
    monkeypatch.delenv("HF_TOKEN")

    with pytest.raises(PlaceError, match=r"no token.*'hf auth login', or HF_TOKEN"):
        publish(zoo.find("toy"), NAME)
    assert hub.asked == []


def test_a_token_that_is_not_accepted_is_told(trained, hub, monkeypatch):
    """In the server's words, with what to do."""
    zoo, _ = trained
    monkeypatch.setenv("HF_TOKEN", "hf_expired")

    with pytest.raises(PlaceError, match=r"Invalid credentials.*hf auth login"):
        publish(zoo.find("toy"), NAME)
    assert hub.repositories == {}


@pytest.mark.parametrize("exists", [False, True])
def test_an_organisation_that_is_not_ours_is_named(trained, hub, exists):
    """Also where the repository is there to be read."""
    zoo, _ = trained
    if exists:
        hub.make("others/toy")

    with pytest.raises(PlaceError, match=r"may not write to others \(403.*Take a token"):
        publish(zoo.find("toy"), "hf://others/toy")
    assert [len(one.commits) for one in hub.repositories.values()] == [1] * exists


def test_a_server_that_is_down_is_told_at_once(trained, machine):
    """With its address; nothing is tried again."""
    zoo, _ = trained
    machine(NOBODY)

    with pytest.raises(PlaceError, match=r"cannot be reached \(127.0.0.1:9: .*nothing was"):
        publish(zoo.find("toy"), NAME)


def test_a_server_that_is_no_hub_is_told(trained, hub):
    """Such as the login page of a network, which answers everything."""
    zoo, _ = trained
    hub.intercept = lambda request: HTMLResponse("<html>Log in</html>")

    with pytest.raises(PlaceError, match=r"does not answer as a Hub does.*check HF_ENDPOINT"):
        publish(zoo.find("toy"), NAME)


def test_a_mirror_takes_nothing_over_the_network(trained, machine, tmp_path):
    """It is said how it is published to."""
    zoo, _ = trained
    (tmp_path / "mirror").mkdir()
    with serve(tmp_path / "mirror") as url:
        machine(url)
        with pytest.raises(PlaceError, match="publish to the folder that it serves"):
            publish(zoo.find("toy"), NAME)


def test_the_choice_to_be_offline_is_heeded(trained, hub, monkeypatch):
    """With a server that would have answered."""
    zoo, _ = trained
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    with pytest.raises(PlaceError, match="HF_HUB_OFFLINE is set"):
        publish(zoo.find("toy"), NAME)
    assert hub.asked == []


def _refuse(part, status):
    """An interception that refuses, or cuts, what has a text in its path."""

    def intercept(request):
        if part not in request.url.path:
            return None
        return Cut() if status == "cut" else JSONResponse({"error": "no"}, status_code=status)

    return intercept


@pytest.mark.parametrize(
    ("part", "status"),
    [
        ("/storage/", "cut"),
        ("/storage/", 503),
        ("/storage/", 400),
        ("/objects/batch", 413),
        ("/info/lfs/verify", 404),
        ("/preupload/", "cut"),
        ("/commit/", "cut"),
        ("/commit/", 500),
    ],
)
@pytest.mark.filterwarnings("ignore:Exception in ASGI")
def test_an_upload_that_is_cut_leaves_what_was_published(
    trained, mine, hub, impatient, part, status
):
    """Wherever it ends: the old model, whole. Published once more, the new one is there."""
    zoo, _ = trained
    first = publish(zoo.find(str(mine)), NAME)
    before = _main(hub)
    _edit_card(mine, version="2.0.0")
    (mine / "more.bin").write_bytes(bytes(1000))
    hub.intercept = _refuse(part, status)

    told = "" if status == "cut" else status
    with pytest.raises(PlaceError, match=rf"team/toy@main could not be published.*: {told}"):
        publish(zoo.find(str(mine)), NAME)
    assert _main(hub) == before
    hub.intercept = lambda request: None
    assert zoo.load(NAME).found.full_name == first
    assert publish(zoo.find(str(mine)), NAME) == f"{NAME}@{_main(hub).oid}" != first
    assert "more.bin" in _main(hub).files


def test_two_who_publish_at_once_do_not_mix(trained, mine, hub):
    """A commit that came in between is not built upon unseen."""
    zoo, _ = trained
    publish(zoo.find(str(mine)), NAME)
    repository = hub.repositories["team/toy"]
    _edit_card(mine, version="2.0.0")

    def meanwhile(request):
        if "/preupload/" in request.url.path:
            repository.add("main", "meanwhile", "", {CARD_FILE: b"{}"}, ())

    hub.intercept = meanwhile
    with pytest.raises(PlaceError, match="somebody else published to it meanwhile"):
        publish(zoo.find(str(mine)), NAME)
    assert _main(hub).summary == "meanwhile"


def test_another_model_is_not_overwritten(trained, mine, hub):
    """It is named, and stays."""
    zoo, _ = trained
    _edit_card(mine, name="other")
    publish(zoo.find(str(mine)), NAME)
    before = _main(hub)

    with pytest.raises(PlaceError, match="holds the model 'other'; nothing was published"):
        publish(zoo.find("toy"), NAME)
    assert _main(hub) == before


@pytest.mark.parametrize(
    ("path", "message"),
    [("thesis.tex", "other things, such as thesis.tex"), (CARD_FILE, "that is no card")],
)
def test_what_is_no_model_of_a_zoo_is_not_overwritten(trained, hub, path, message):
    """Neither other files nor the config.json of another library."""
    zoo, _ = trained
    hub.make("team/toy").add("main", "mine", "", {path: b'{"model_type": "bert"}'}, ())

    with pytest.raises(PlaceError, match=message):
        publish(zoo.find("toy"), NAME)
    assert _main(hub).summary == "mine"


def test_a_repository_with_a_readme_only_is_taken(trained, hub):
    """The Hub makes one where a license is chosen."""
    zoo, _ = trained
    hub.make("team/toy").add("main", "initial", "", {"README.md": b"# toy"}, ())
    publish(zoo.find("toy"), NAME)

    assert _main(hub).files["README.md"].startswith(b"---\nlibrary_name")


def test_what_git_would_ignore_is_published(trained, hub):
    """The rules of the repository are not for a model's own files."""
    zoo, _ = trained
    hub.make("team/toy").add("main", "x", "", {".gitignore": b"*.safetensors\n"}, ())
    publish(zoo.find("toy"), NAME)

    assert "model.safetensors" in _main(hub).files


def test_a_readme_that_the_hub_refuses_is_told(trained, mine, hub, monkeypatch):
    """A license that is not on its list, in the server's words; no commit is made."""
    zoo, _ = trained
    monkeypatch.setattr("hub_server.LICENSES", frozenset({"mit"}))

    with pytest.raises(
        PlaceError, match=r'metadata in README\.md\. - "license" must be one of'
    ):
        publish(zoo.find(str(mine)), NAME)
    assert _main(hub).summary == "initial commit"


def test_hidden_files_are_nobodys_business(trained, mine, hub):
    """Passwords, what an editor keeps, rules for git."""
    zoo, _ = trained
    for name in (".env", ".gitattributes", "figures/.roc.png.swp"):
        (mine / name).write_text("secret")
    publish(zoo.find(str(mine)), NAME)

    assert [path for path, data in _main(hub).files.items() if data == b"secret"] == []


def test_weights_that_lie_elsewhere_are_not_published_once_more(trained, mine, hub):
    """It is said where they are."""
    zoo, _ = trained
    weights = json.loads((mine / CARD_FILE).read_text())["weights"]
    _edit_card(mine, weights={**weights, "sources": ["hf://team/weights"]})
    (mine / "model.safetensors").unlink()

    with pytest.raises(UsageError, match="published already, at hf://team/weights"):
        publish(zoo.find(str(mine)), NAME)
    assert hub.asked == []


def test_a_published_model_is_not_published_again(trained, hub):
    """Its place has it; and a commit is no place to publish to."""
    zoo, _ = trained
    reference = publish(zoo.find("toy"), NAME)

    with pytest.raises(UsageError, match="published already"):
        publish(zoo.find(NAME), "hf://team/copy")
    with pytest.raises(UsageError, match="a commit cannot be published to"):
        publish(zoo.find("toy"), reference)
    assert list(hub.repositories) == ["team/toy"]


def _no_network(*args):
    raise AssertionError("the network was used")


def test_a_dry_run_sends_nothing(mine, hub, monkeypatch, capsys):
    """No connection is made and no token asked for; the files are listed."""
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("socket.socket.connect", _no_network)
    code = main(["publish", str(mine), NAME, "--dry-run", "--json"])
    told = json.loads(capsys.readouterr().out)

    assert (code, told["published"], hub.asked) == (0, "", [])
    assert told["files"]["model.safetensors"] == (mine / "model.safetensors").stat().st_size


@pytest.mark.parametrize("target", ["hf://toy", "ftp://host/toy", f"{NAME}@{'0' * 40}"])
def test_a_dry_run_refuses_what_publishing_refuses(mine, target, capsys):
    """A target that cannot be one."""
    assert main(["publish", str(mine), target, "--dry-run"]) == UsageError.exit_code


def test_a_dry_run_writes_no_folder(mine, tmp_path, capsys):
    """The same for a mirror's folder; one with other things in it is refused."""
    target = tmp_path / "mirror" / "team" / "toy"
    assert main(["publish", str(mine), str(target), "--dry-run"]) == 0
    assert not target.parent.exists()
    target.mkdir(parents=True)
    (target / "thesis.tex").write_text("chapter one")

    assert main(["publish", str(mine), str(target), "--dry-run"]) == 8


def test_the_command_publishes(mine, hub, capsys):
    """Private and with a message; it ends with what to load."""
    options = ["--private", "--message", "From the command line"]
    assert main(["publish", str(mine), NAME, *options]) == 0
    told = capsys.readouterr()

    assert f"zoo load {NAME}@{_main(hub).oid}" in told.err
    assert "model.safetensors" in told.out
    assert _main(hub).summary == "From the command line"
    assert hub.repositories["team/toy"].visibility == "private"


def test_the_command_says_why_it_could_not(mine, machine, capsys):
    """One sentence, and the exit code of places."""
    machine(NOBODY)

    assert main(["publish", str(mine), NAME]) == PlaceError.exit_code
    assert "zoo: the Hub cannot be reached" in capsys.readouterr().err


def test_the_readme_says_how_it_is_loaded_from_there(trained, hub):
    """Not by a name that only the publisher's registry has."""
    zoo, _ = trained
    publish(zoo.find("toy"), NAME)

    text = _main(hub).files["README.md"].decode()
    assert f'zoo.load("{NAME}")' in text
    assert f"zoo predict {NAME} " in text


def test_what_would_be_removed_is_told(mine, hub, capsys):
    """Before and after; hidden files are not, since they stay."""
    (mine / "more.md").write_text("first")
    assert main(["publish", str(mine), NAME]) == 0
    (mine / "more.md").unlink()
    capsys.readouterr()

    assert main(["publish", str(mine), NAME, "--dry-run"]) == 0
    assert f"would be removed from {NAME}: more.md\n" in capsys.readouterr().err
    assert main(["publish", str(mine), NAME, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["removed"] == ["more.md"]
    assert "more.md" not in _main(hub).files


def test_nothing_would_be_removed_from_what_is_not_there(mine, hub, capsys):
    """A new repository."""
    assert main(["publish", str(mine), NAME, "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["removed"] == []
    assert hub.repositories == {}


def test_a_dry_run_without_a_network_says_what_it_does_not_know(mine, machine, capsys):
    """It is no error."""
    machine(NOBODY)

    assert main(["publish", str(mine), NAME, "--dry-run"]) == 0
    assert "could not be looked at" in capsys.readouterr().err
