"""Writing a model folder: weights, golden file, card, README, and the move into place."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..cards import CARD_FILE, MeasuredWith, read_card, readme
from ..registry import ModelFolder
from ..weights import file_ref, write_tensors
from ._golden import named_outputs
from ._load import load_network
from ._model import Model

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import torch

    from .._zoo import Zoo

WEIGHTS_FILE = "model.safetensors"
GOLDEN_FILE = "golden.safetensors"

#: Objects in a golden file.
GOLDEN_OBJECTS = 8

#: Number format of stored weights. Buffers are kept whole: running variances may leave the
#: range of half precision.
STORED_DTYPE = "float16"

#: What a card says of its golden file before there is one.
NO_GOLDEN = {
    "file": GOLDEN_FILE,
    "sha256": "0" * 64,
    "size": 0,
    "absolute_tolerance": 2e-3,
    "relative_tolerance": 1e-3,
}


def store_weights(network: torch.nn.Module, folder: Path) -> dict[str, Any]:
    """Write the weights in half precision; returns what a card says of the file."""
    buffers = {name for name, _ in network.named_buffers()}
    tensors = {
        name: value.cpu() if name in buffers else value.half().cpu()
        for name, value in network.state_dict().items()
    }
    write_tensors(folder / WEIGHTS_FILE, tensors)
    return {
        **asdict(file_ref(folder / WEIGHTS_FILE)),
        "num_parameters": sum(p.numel() for p in network.parameters()),
        "dtype": STORED_DTYPE,
    }


def open_unfinished(zoo: Zoo, folder: Path, card: Mapping[str, Any]) -> Model:
    """Load a folder that is being written as a user would, with the card as it is now."""
    from ..devices import pick_device

    _write_card(folder, card)
    found = ModelFolder("path", folder, read_card(folder))
    network, report = load_network(zoo, found)
    task = zoo.task(found.card.task)
    return Model(found, task=task, network=network, report=report, device=pick_device("auto"))


def write_golden(model: Model, raw: Mapping[str, torch.Tensor], card: dict[str, Any]) -> None:
    """Store raw inputs and the float32 outputs they give, and say so on the card."""
    import torch

    with torch.inference_mode():
        output = model.network(*model.prepare(raw))
    tensors = {f"input.{name}": values for name, values in raw.items()}
    path = model.found.folder / GOLDEN_FILE
    write_tensors(path, {**tensors, **named_outputs(output)})
    card["golden"].update(asdict(file_ref(path)))


def describe_circumstances(model: Model) -> dict[str, str]:
    """What the engine ran on in the end, which may be more precise than was wanted."""
    import torch

    from .. import __version__

    engine = model.engine()
    return asdict(
        MeasuredWith(
            device=engine.device,
            precision=engine.precision,
            astrozoo_version=__version__,
            torch_version=str(torch.__version__),
        )
    )


def finish_folder(folder: Path, card: Mapping[str, Any]) -> None:
    """Write the card and the README that follows from it."""
    _write_card(folder, card)
    (folder / "README.md").write_text(readme(read_card(folder)), encoding="utf-8")


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """A fresh folder of the same name beside, moved into place if all went well."""
    fresh = folder.with_name(f".{folder.name}.new") / folder.name
    shutil.rmtree(fresh.parent, ignore_errors=True)
    fresh.mkdir(parents=True)
    yield fresh
    if folder.exists():
        folder.rename(fresh.parent / "old")
    fresh.rename(folder)
    shutil.rmtree(fresh.parent)


def _write_card(folder: Path, card: Mapping[str, Any]) -> None:
    text = json.dumps(card, indent=1, ensure_ascii=False)
    (folder / CARD_FILE).write_text(text + "\n", encoding="utf-8")
