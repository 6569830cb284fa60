"""A folder of many small models, served and listed by the hub's own client; prints seconds.

    python benchmarks/mirror.py --models 100

The client lists all models and asks for the commit and files of each; nothing is hashed
before. The time with the start of the server, in a process of its own, is printed as well, and
the processor time of both processes, which other work on the machine does not change. Must be:
less than 1 s without the start.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage


def fill(root: Path, count: int) -> None:
    """Small model folders: a card and some weights."""
    for index in range(count):
        folder = root / "team" / f"model-{index:04d}"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps({"name": folder.name}))
        (folder / "README.md").write_text(f"# {folder.name}\n")
        (folder / "model.safetensors").write_bytes(os.urandom(10_000))


def ask(url: str) -> tuple[int, int]:
    """List all models and describe each; how many models and files there are."""
    from huggingface_hub import HfApi

    api = HfApi(endpoint=url)
    names = [model.id for model in api.list_models()]
    return len(names), sum(len(api.model_info(name).siblings or []) for name in names)


def processor_seconds() -> float:
    """Of this process and those that it has waited for."""
    ended = getrusage(RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def main() -> None:
    """Serve, list, and print the smallest times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()

    whole, asking, processor = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), arguments.models)
        for _ in range(arguments.repeats):
            start, before = time.perf_counter(), processor_seconds()
            with subprocess.Popen(
                [sys.executable, "-m", "zoo_core", "mirror", "serve", folder, "--port", "0",
                 "--json"],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            ) as server:  # fmt: skip
                assert server.stdout is not None
                url = json.loads(server.stdout.readline())["url"]
                middle = time.perf_counter()
                models, files = ask(url)
                end = time.perf_counter()
                server.terminate()
            assert (models, files) == (arguments.models, 3 * arguments.models)
            whole.append(end - start)
            asking.append(end - middle)
            processor.append(processor_seconds() - before)
    print(f"{models} models, {files} files: {min(asking):.2f} s to list and describe all")
    print(
        f"with the start of the server: {min(whole):.2f} s; processor time of both processes: "
        f"{min(processor):.2f} s"
    )


if __name__ == "__main__":
    main()
