"""``zoo mirror serve`` as a process: it says where it is, and ends when it is told to."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from zoo_core.cli import main
from zoo_core.mirror import _serve, serve
from zoo_core.mirror._serve import is_loopback

COMMAND = [sys.executable, "-m", "zoo_core", "mirror", "serve"]


def _start(*arguments):
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_what_to_export_and_ends_on_a_signal(folder, ending):
    """With exit code 0, and no traceback."""
    with _start(folder, "--port", 0) as process:
        line = process.stdout.readline().strip()
        url = line.removeprefix("export HF_ENDPOINT=")
        with urllib.request.urlopen(f"{url}/team/spots/resolve/main/config.json") as answer:
            assert answer.status == 200
        process.send_signal(ending)
        _, told = process.communicate(timeout=30)

    assert line.startswith("export HF_ENDPOINT=http://127.0.0.1:")
    assert process.returncode == 0
    assert "read-only" in told
    assert "Traceback" not in told


def test_the_address_as_json(folder):
    """One line, and nothing else on standard output."""
    with _start(folder, "--port", 0, "--json") as process:
        url = json.loads(process.stdout.readline())["url"]
        with urllib.request.urlopen(f"{url}/api/models") as answer:
            assert [one["id"] for one in json.load(answer)] == ["astrozoo/rings", "team/spots"]
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=30)

    assert rest == ""


def test_requests_are_logged_on_demand(folder):
    """To standard error."""
    with _start(folder, "--port", 0, "--verbose") as process:
        url = process.stdout.readline().strip().removeprefix("export HF_ENDPOINT=")
        urllib.request.urlopen(f"{url}/api/models").close()
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)

    assert '"GET /api/models HTTP/1.1" 200' in told


def test_a_port_in_use(folder, capsys):
    """Exit code 8, with the port and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert main(["mirror", "serve", str(folder), "--port", str(port)]) == 8
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"127.0.0.1:{port}" in captured.err
    assert "--port" in captured.err


def test_an_address_that_is_not_this_machines(folder, capsys):
    """The same."""
    assert main(["mirror", "serve", str(folder), "--host", "192.0.2.1"]) == 8
    assert "192.0.2.1:8090 cannot be listened on" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["99999", "-1"])
def test_a_port_that_there_is_not(folder, capsys, port):
    """The same."""
    assert main(["mirror", "serve", str(folder), "--port", port]) == 8
    assert "cannot be listened on" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["nowhere", "team/spots/config.json"])
def test_no_folder(folder, capsys, name):
    """Exit code 2, before any port is opened."""
    assert main(["mirror", "serve", str(folder / name), "--port", "0"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "is no folder" in captured.err


@pytest.mark.parametrize("package", ["starlette", "uvicorn"])
def test_without_the_packages_for_serving(folder, monkeypatch, package):
    """What to install is told."""
    monkeypatch.setitem(sys.modules, package, None)
    for name in [name for name in sys.modules if name.startswith("zoo_core.mirror._app")]:
        monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name.startswith(f"{package}.")]:
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(ValueError, match=r"pip install 'astrozoo\[mirror\]'"):
        serve(folder)


def test_small_answers_are_not_delayed():
    """The system would wait 40 ms for more to send; asyncio switches that off for TCP."""
    with _serve._listen("127.0.0.1", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP


def test_only_this_machine_by_default():
    """And what counts as such."""
    assert all(map(is_loopback, ("127.0.0.1", "127.8.8.8", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.5", "example.org")))


@pytest.mark.parametrize(
    "code", ["import zoo_core.cli", "import zoo_core.cli, zoo_core.mirror"]
)
def test_the_command_line_does_not_bring_a_server(code):
    """Nor the hub's client: only ``zoo mirror`` pays for them."""
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert not {"starlette", "uvicorn", "huggingface_hub"} & set(done.stdout.split())


def test_a_list_of_models_does_not_bring_a_server():
    """The embedded ones and the user's need no hub."""
    script = (
        "import sys\nfrom zoo_core.cli import main\ncode = main(['list'])\n"
        "print(*sys.modules, file=sys.stderr)\nsys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert not {"starlette", "uvicorn", "huggingface_hub"} & set(done.stderr.split())
