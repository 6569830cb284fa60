"""The documentation says what the code does."""

import ast
import copy
import dataclasses
import inspect
import json
import re
import shlex
import textwrap
import tomllib
import types
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pluggy
import pytest
import torch
from zoo_architectures.auxiliary import WithAuxiliary

import zoo_core as zoo
from zoo_core import errors
from zoo_core.cards import Fields, parse_card
from zoo_core.cli import main
from zoo_core.cli._main import build_parser
from zoo_core.finetuning import FinetunePlan, default_plan
from zoo_core.plugins import (
    KINDS,
    EpochEnded,
    Event,
    FinetuneEnded,
    FinetuneStarted,
    HealthCheck,
    ModelLoaded,
    PredictionEnded,
    hookspecs,
    read_manifest,
)
from zoo_core.preprocessing import VOCABULARY
from zoo_core.tables import READABLE, WRITABLE, read_table
from zoo_core.tasks import Target
from zoo_core.testing import plugin_checks
from zoo_core.training import TrainingSettings, read_recipe

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    [
        *DOCS.glob("*.md"),
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *ROOT.glob("examples/*.md"),
    ]
)

PLAN = default_plan("full", 300)
PARENT = types.SimpleNamespace(architecture=types.SimpleNamespace(name="deeplens"))
GROUPS = [
    {"params": [], "names": ["a"], "weight_decay": 0.05, "lr_scale": 1.0},
    {"params": [], "names": ["b"], "weight_decay": 0.0, "lr_scale": 0.5},
]


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, text, and the HTML comment on the line before it."""

    language: str
    text: str
    comment: str


def text_of(name):
    """A page by its path from the root of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text):
    """All fenced blocks of a page."""
    pattern = r"(?:<!-- (?P<comment>[^\n]*) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$"
    return [
        Block(found["language"], found["text"], found["comment"] or "")
        for found in re.finditer(pattern, text, flags=re.MULTILINE | re.DOTALL)
    ]


def rows(text):
    """Rows of all tables of a page, each a list of cells."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [
        [cell.strip("| ") for cell in line.split(" | ")]
        for line in lines
        if not set(line) <= set("|-: ")
    ]


def documented(text):
    """Names in the first cell of a table's rows, without their quotes, with the row."""
    return {row[0].strip("`"): row for row in rows(text) if row[0].startswith("`")}


def between(text, mark):
    """What stands between ``<!-- mark -->`` and ``<!-- end -->``."""
    return text.split(f"<!-- {mark} -->\n", 1)[1].split("<!-- end -->", 1)[0]


def commands(text):
    """Arguments of each ``zoo`` command in the fenced blocks of a page.

    A command stands at the start of a line, after a prompt, after ``uv run`` or after
    variables. What the shell would take (pipes, redirections, comments) is cut off.
    """
    found = []
    for block in blocks(text):
        if block.language not in ("", "bash", "console"):
            continue
        for line in block.text.replace("\\\n", " ").splitlines():
            words = re.sub(r"^(\$ )?(uv run )?([A-Z_]+=\S+ )*", "", line)
            if not words.startswith("zoo "):
                continue
            found.append(shlex.split(re.split(r"\s[|>#]", words)[0], comments=True)[1:])
    return found


CARDS = text_of("docs/cards.md")
PLUGINS = text_of("docs/plugins.md")
FIRST_STEPS = text_of("docs/first-steps.md")
ARCHITECTURE = text_of("docs/architecture.md")


@pytest.fixture
def asked(monkeypatch):
    """Paths of the fields that a parser asks for, such as ``inputs[].bands[].name``."""
    found = set()
    get = Fields._get

    def spy(self, key, *arguments):
        inside = self.where.split(": ")[1:]
        found.add(re.sub(r"\[\d+\]", "[]", ".".join([*inside, key])))
        return get(self, key, *arguments)

    monkeypatch.setattr(Fields, "_get", spy)
    return found


def _example_card():
    return next(json.loads(b.text) for b in blocks(CARDS) if b.language == "json")


def _without(card, path):
    """A copy of a card that lacks a field."""
    card = copy.deepcopy(card)
    *outer, last = path.replace("[]", ".0").split(".")
    place = card
    for key in outer:
        place = place[int(key) if key.isdigit() else key]
    place.pop(last, None)
    return card


# Cards


def test_cards_page_names_every_field_that_is_read(asked):
    """And none that is not."""
    card = parse_card(_example_card(), where="card")
    tables = CARDS.split("## Fields")[1].split("## Preprocessing")[0]

    assert card.unknown_fields == ()
    assert set(documented(tables)) == asked


@pytest.mark.parametrize("path", documented(CARDS.split("## Fields")[1].split("## Prep")[0]))
def test_a_field_is_required_where_the_page_says_so(path):
    """Leaving it out is an error that names it, or no error."""
    row = documented(CARDS)[path]
    card = _without(_example_card(), path)

    if row[2] == "required":
        with pytest.raises(errors.CardError, match=re.escape(path.rsplit(".")[-1])):
            parse_card(card)
    else:
        assert row[2] == "optional"
        parse_card(card)


def test_preprocessing_table_is_the_vocabulary():
    """Each operation with arguments, scope and summary."""
    lines = ["| operation | arguments | scope | what it does |", "|---|---|---|---|"]
    for name, operation in sorted(VOCABULARY.items()):
        arguments = ", ".join(f"`{key}`: {kind}" for key, kind in operation.arguments.items())
        cells = (f"`{name}`", arguments or "none", operation.scope, operation.summary)
        lines.append(f"| {' | '.join(cells)} |")

    assert between(CARDS, "vocabulary").splitlines() == lines


# Plugins


def _hooks():
    return {
        name: function
        for name, function in vars(hookspecs).items()
        if name.startswith("zoo_") and inspect.isfunction(function)
    }


def test_plugins_page_documents_every_hook_with_its_arguments():
    """As a heading that reads like a call; and no hook that is not there."""
    told = re.findall(r"^### `(zoo_\w+\(.*?\))`$", PLUGINS, flags=re.MULTILINE)
    calls = [f"{n}({', '.join(inspect.signature(f).parameters)})" for n, f in _hooks().items()]

    assert sorted(told) == sorted(calls)


def test_plugins_page_names_every_manifest_field(asked, tmp_path):
    """And none that is not read."""
    entry = '[[{}]]\nname = "n"\ntarget = "t:t"\nsummary = "s"\n'
    text = 'api = 1\nname = "toy"\n' + "".join(entry.format(kind) for kind in KINDS)
    (tmp_path / "zoo.toml").write_text(text, encoding="utf-8")
    read_manifest(tmp_path / "zoo.toml")
    kinds = "|".join(KINDS)
    read = {re.sub(rf"^({kinds})\[\]", "KIND[]", path) for path in asked}

    assert set(documented(between(PLUGINS, "manifest"))) == read | set()


def test_plugins_page_names_every_recipe_field(asked):
    """And every setting of a training."""
    for recipe in ("strong_lensing/recipes/resnet-lens", "deconvolution/recipes/galaxy-gan"):
        read_recipe(ROOT / f"plugins/zoo_{recipe}.toml")
    told = set(documented(between(PLUGINS, "recipe")))
    settings = {f"training.{name}" for name in TrainingSettings.__annotations__}
    # A recipe's inputs and targets are a card's.
    read = {p for p in asked if not p.startswith(("inputs[].", "task.targets[]."))}

    assert told == read | settings


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_listings_are_the_files_that_they_name(page):
    """``<!-- file: PATH -->`` before a block: all of it; ``part of``: lines of it.

    The lines may stand indented, as in a docstring.
    """
    for block in blocks(page.read_text(encoding="utf-8")):
        kind, _, path = block.comment.partition(": ")
        if kind == "file":
            assert block.text == text_of(path)
        elif kind == "part of":
            source = text_of(path)
            assert block.text in source or textwrap.indent(block.text, "    ") in source


def test_plugins_page_lists_every_event_with_its_fields():
    """In the table under the hook that observes them."""
    told = {name: row[1] for name, row in documented(between(PLUGINS, "events")).items()}
    events = {
        event.__name__: ", ".join(f"`{field.name}`" for field in dataclasses.fields(event))
        for event in Event.__subclasses__()
    }

    assert told == events


@pytest.mark.parametrize("name", _hooks())
def test_hook_listings_run(name, capsys):
    """Each hook's section has a listing that registers and takes what core gives."""
    section = PLUGINS.split(f"### `{name}(")[1].split("\n### ")[0].split("\n## ")[0]
    listing = next(block for block in blocks(section) if block.language == "python")
    module = types.ModuleType("listing")
    exec(listing.text, vars(module))
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(module)
    manager.check_pending()
    events = [
        ModelLoaded(name="m", version="1", sha256="0"),
        EpochEnded(model="m", record={"epoch": 1.0, "training_loss": 0.5}),
        FinetuneStarted(model="m", parent="p", strategy="full", examples=9, run=Path("runs/m")),
        FinetuneEnded(model="m", folder=Path("reg/m"), is_whole=True, metrics={"auroc": 0.9}),
        PredictionEnded(model="m", rows=2, flagged=1, seconds=0.5),
    ]
    given_to = {
        "zoo_event": [{"event": event} for event in events],
        "zoo_health_checks": [{}],
        "zoo_plan_finetune": [{"plan": PLAN, "parent": PARENT}],
        "zoo_parameter_groups": [{"network": None, "plan": PLAN, "groups": GROUPS}],
    }
    arguments = given_to[name]

    results = [getattr(manager.hook, name)(**given) for given in arguments]

    assert name in {caller.name for caller in manager.get_hookcallers(module)}
    if name == "zoo_event":
        told = capsys.readouterr().err
        assert "m learns from 9 objects, by full" in told
        assert f"m is in {Path('reg/m')}: auroc 0.900" in told
    if name == "zoo_health_checks":
        checks = [check for found in results[0] for check in found]
        assert checks
        assert all(isinstance(check, HealthCheck) for check in checks)
    if name == "zoo_plan_finetune":
        assert results[0][0] != PLAN
        assert isinstance(results[0][0], FinetunePlan)
    if name == "zoo_parameter_groups":
        assert [group["names"] for group in results[0][0]] == [
            group["names"] for group in GROUPS
        ]


def test_expected_failures_name_checks_of_the_kit():
    """Those of the plugins page."""
    told = re.findall(r'"toy-rings/\w+/[\w-]+:(\w+)"', PLUGINS)

    assert told
    assert set(told) <= {check.name for check in plugin_checks("strong-lensing")}


def test_the_listings_on_sizes_and_side_heads_run():
    """A small image is refused in words; both heads count, the side one a third."""
    refusing, side = (
        next(block for block in blocks(PLUGINS) if word in block.text)
        for word in ("register_forward_pre_hook", "auxiliary_loss(super")
    )
    names: dict = {}
    exec(refusing.text, names)
    exec(side.text, names)
    with pytest.raises(errors.InputError, match="32 x 32 pixels or more"):
        names["stem"](torch.zeros(1, 1, 31, 40))
    task = names["WithSideHeads"]((Target(name="kind", classes=("a", "b", "c")),))
    logits, target = torch.randn(4, 3), torch.tensor([0, 1, 2, 0])
    alone, both = (
        task.loss(outputs, target) for outputs in (logits, WithAuxiliary(logits, (logits,)))
    )

    torch.testing.assert_close(both, 1.3 * alone)


def test_the_task_of_the_plugins_page_works():
    """It finds all large rings where the score is perfect."""
    (listing,) = (b for b in blocks(PLUGINS) if "(BinaryClassification)" in b.text)
    names = {}
    exec(listing.text, names)
    task = names["RingFinding"]((Target(name="ring", classes=("blob", "ring")),))
    ring = np.arange(400) % 2
    truth = {"ring": ring, "radius": np.linspace(2.0, 5.0, 400)}
    predictions = {"p_blob": 1.0 - ring, "p_ring": ring.astype(float)}

    last = task.metrics(truth, predictions)[-1]

    assert (last.name, last.conditions, last.value) == (
        "completeness_99",
        "radius > 4 pix",
        1.0,
    )
    assert last.n == (ring[truth["radius"] > 4.0] == 1).sum()


# First steps


def _flags_in_code():
    """Every flag that reading data can give: constants in the calls that make one."""
    flags = {"unreadable"}
    folders = (ROOT / "zoo_core" / part for part in ("data", "prediction"))
    for path in (path for folder in folders for path in folder.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", "")
            given = [k.value for k in node.keywords if k.arg == "flag"]
            given += node.args[:1] if name == "Problem" else []
            flags |= {v.value for v in given if isinstance(v, ast.Constant)}
    return flags


def test_every_flag_is_explained():
    """In the table of flags; and none that no code gives."""
    assert set(documented(between(FIRST_STEPS, "flags"))) == _flags_in_code()


def test_table_formats_are_those_that_there_are():
    """Written and read ones."""
    section = FIRST_STEPS.split("## Reading the table")[1].split("\n## ")[0]

    assert all(f"`{suffix}`" in section for suffix in {*WRITABLE, *READABLE})


def test_python_of_first_steps_runs(tmp_path, monkeypatch, capsys):
    """All blocks in order, on the shipped model and the example cutouts."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    command = "predict resnet-lens examples/lsst-cutouts -o candidates.parquet"
    assert main(command.split()) == 0
    names = {}

    for block in blocks(FIRST_STEPS):
        if block.language == "python" and not block.comment.startswith("not run"):
            exec(block.text, names)

    assert len(names["table"]) == 64
    assert len(names["evaluation"].predictions["p_lens"]) == 24
    version = zoo.load("resnet-lens").card.version
    assert f"resnet-lens {version}" in capsys.readouterr().out


def test_examples_page_counts_the_lenses():
    """Nine, as the truth table says."""
    truth = read_table(ROOT / "examples/lsst-cutouts/truth.ecsv")

    assert "Nine are gravitational lenses" in text_of("examples/README.md")
    assert truth["lens"].sum() == 9


# Commands, links, names


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_commands_are_understood(page):
    """Every ``zoo`` command in a page has the verbs and options of the real one."""
    parser = build_parser()
    parser.exit_on_error = False

    for words in commands(page.read_text(encoding="utf-8")):
        # One that argparse does not understand ends the test with its message.
        assert parser.parse_args(words).verb == words[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(page):
    """Relative links name files that are there, and headings in them."""
    links = re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8"))

    for link in links:
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = page.parent / path if path else page
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.M)
            assert anchor in {_anchor(heading) for heading in headings}, link


def _anchor(heading):
    """How a heading is named in a link."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_readme_lists_every_verb_and_page():
    """In the table of verbs; and links every page of the documentation."""
    readme = text_of("README.md")
    verbs = next(a for a in build_parser()._actions if a.dest == "verb").choices

    assert [name.split()[1] for name in documented(readme) if name.startswith("zoo ")] == list(
        verbs
    )
    assert all(f"(docs/{page.name})" in readme for page in DOCS.glob("*.md"))


def test_exit_codes_are_those_of_the_errors():
    """Each error with its code and built-in base."""
    told = documented(between(ARCHITECTURE, "errors"))
    kinds = {
        name: value
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, errors.ZooError)
    }

    assert {name: row[1] for name, row in told.items()} == {
        name: str(error.exit_code) for name, error in kinds.items()
    }


def test_every_dependency_is_explained():
    """Those of the package, of the extras and of development."""
    project = tomllib.loads(text_of("pyproject.toml"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    for extra in project["project"]["optional-dependencies"].values():
        wanted += extra
    names = {re.match(r"[\w-]+", requirement)[0] for requirement in wanted} - {"astrozoo"}

    assert set(documented(between(ARCHITECTURE, "dependencies"))) == names


def test_every_folder_of_core_has_its_line():
    """In the table of folders; and none that is not there."""
    folders = {path.parent.name for path in (ROOT / "zoo_core").glob("*/__init__.py")}

    assert set(documented(between(ARCHITECTURE, "folders"))) == folders
