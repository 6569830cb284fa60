"""The command line starts light, ends with the right code, and explains itself."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fake_plugins import Site
from minimal_card import write_card

from zoo_core.cli import main
from zoo_core.cli._main import VERBS, build_parser
from zoo_core.testing._light import HEAVY, heavy_imports

RUN = """
import sys
from zoo_core.cli import main
try:
    code = main({arguments!r})
except SystemExit as end:
    code = end.code
assert not code, code
"""


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """A user's registry with one card."""
    write_card(tmp_path / "registry", "small")
    monkeypatch.setenv("ZOO_REGISTRY", str(tmp_path / "registry"))
    return tmp_path / "registry"


def _command(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "zoo_core", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        "list", "list --json", "list --simulators", "list --plugin strong-lensing",
        "list --architectures", "list --architectures --json",
        "info small", "info small --json", "plugins", "plugins --json",
        "cite small", "--help", "--version",
        "list --help", "completion bash",
    ],
)  # fmt: skip
def test_looking_imports_nothing_heavy(registry, arguments):
    """Neither torch nor what it would bring; not even NumPy."""
    assert heavy_imports(RUN.format(arguments=arguments.split())) == []


def test_the_watch_for_heavy_imports_sees_them():
    """A package that is imported is reported."""
    assert heavy_imports("import numpy") == ["numpy"]
    assert "torch" in HEAVY


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("info smal", 3, "unknown model 'smal'. Did you mean 'small'?"),
        ("list --plugin strong-lenses", 3, "Did you mean 'strong-lensing'?"),
        ("info ./broken", 4, "cannot be read as JSON"),
        ("info ./nowhere", 4, "no model folder"),
        ("verify ./broken", 4, "cannot be read as JSON"),
    ],
)
def test_exit_codes(registry, monkeypatch, capsys, arguments, code, message):
    """One line on standard error, without a traceback."""
    monkeypatch.chdir(registry)
    (registry / "broken").mkdir()
    (registry / "broken" / "config.json").write_text("{")

    assert main(arguments.split()) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("zoo: ")
    assert message in captured.err


@pytest.mark.parametrize("given", ["small", "user/small", "./small", "../with space/small"])
def test_info_suggests_a_command_that_finds_the_model(registry, monkeypatch, capsys, given):
    """By the name or the path that it was given, as a shell reads it."""
    (registry.parent / "with space").symlink_to(registry)
    monkeypatch.chdir(registry)

    assert main(["info", given]) == 0
    words = shlex.split(capsys.readouterr().out.splitlines()[-1].removeprefix("Try: "))
    assert build_parser().parse_args(words[1:]).name == given


def test_a_path_that_reads_like_a_name_gets_a_hint(registry, monkeypatch, capsys):
    """How it is written as a path."""
    monkeypatch.chdir(registry.parent)

    assert main(["info", "registry/small"]) == 3
    assert "as a path it is written ./registry/small" in capsys.readouterr().err
    assert main(["info", "./registry/small"]) == 0


def test_weights_that_are_not_there_fail_the_verification(registry, capsys):
    """With the code for weights; the card itself is fine."""
    assert main(["verify", "small"]) == 6
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("ok")
    assert all(line.startswith("FAILED") for line in lines[1:])


@pytest.mark.parametrize("arguments", [[], ["lst"], ["list", "--bogus"], ["info"]])
def test_a_wrong_command_line(arguments, capsys):
    """Exit code 2 and the usage."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: zoo" in capsys.readouterr().err


def test_a_traceback_on_request(registry):
    """For whoever wants to mend it."""
    done = _command("--traceback", "info", "smal")

    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "UnknownName" in done.stderr


def test_broken_plugins_and_cards_do_not_stop_a_list(registry, tmp_path):
    """One line on standard error for the plugins, one for each card; exit code 0."""
    site = Site(tmp_path / "site")
    site.install("bad", manifest=None)
    (registry / "worse").mkdir()
    (registry / "worse" / "config.json").write_text("{")
    done = _command("list", "--json", PYTHONPATH=str(site.folder))

    assert done.returncode == 0
    assert "small" in {item["name"] for item in json.loads(done.stdout)}
    assert "unreadable card" in done.stderr
    assert "1 plugin cannot be used, see 'zoo plugins'" in done.stderr


def test_plugins_that_break_are_explained(tmp_path):
    """State, stage and one sentence each; the others are loaded."""
    site = Site(tmp_path / "site")
    site.install("bad", code="raise SystemExit(1)")
    done = _command("plugins", "--load", "--json", PYTHONPATH=str(site.folder))
    plugins = {plugin["name"]: plugin for plugin in json.loads(done.stdout)}

    assert done.returncode == 0, done.stderr
    assert (plugins["bad"]["state"], plugins["bad"]["stage"]) == ("broken", "import")
    assert "zoo-bad 1.2" in plugins["bad"]["why"]
    assert plugins["strong-lensing"]["state"] == "loaded"


def test_the_module_is_the_command():
    """``python -m zoo_core`` prints what ``zoo`` prints."""
    script = Path(sys.executable).with_name("zoo")
    if not script.exists():
        pytest.skip("the project is on the path, but not installed")
    printed = subprocess.run([script, "--help"], capture_output=True, text=True, check=True)

    assert _command("--help").stdout == printed.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_help_shows_examples_that_parse(verb, capsys):
    """Of every verb."""
    with pytest.raises(SystemExit) as caught:
        main([verb, "--help"])
    text = capsys.readouterr().out
    examples = [line.strip() for line in text.partition("examples:\n")[2].splitlines()]

    assert caught.value.code == 0
    assert examples
    for example in examples:
        words = shlex.split(example.partition(">")[0])
        start = words.index("zoo")
        assert build_parser().parse_args(words[start + 1 :]).verb == verb


def test_help_lists_every_verb(capsys):
    """With one line each."""
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out

    assert all(f"\n    {verb}" in text for verb in VERBS)


def test_a_reader_that_goes_away_is_no_error():
    """``zoo ... | head -1`` ends quietly."""
    command = f"{shlex.quote(sys.executable)} -m zoo_core completion bash | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_is_a_script_that_parses(shell, tmp_path, capsys):
    """Where the shell is there to ask."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    assert main(["completion", shell]) == 0
    script = tmp_path / "completion"
    script.write_text(capsys.readouterr().out)

    assert subprocess.run([shell, "-n", script], check=False).returncode == 0
    assert all(verb in script.read_text() for verb in VERBS)
