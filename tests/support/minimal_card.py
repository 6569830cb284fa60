"""The smallest card that is whole, and folders made of it."""

import copy
import json

CARD = {
    "schema": 1,
    "name": "small",
    "version": "1.0.0",
    "summary": "A small model",
    "plugin": "toys",
    "architecture": {"name": "tiny", "arguments": {"num_bands": 1}},
    "task": {
        "name": "spotting",
        "kind": "binary-classification",
        "targets": [{"name": "spot", "classes": ["empty", "spot"]}],
        "calibration": {"temperature": 1.5},
    },
    "inputs": [
        {
            "name": "image",
            "kind": "image",
            "size": [9, 9],
            "bands": [{"name": "toy-g", "unit": "nJy"}],
            "preprocessing": [{"op": "asinh", "softening": 2.0}],
        }
    ],
    "weights": {
        "file": "model.safetensors",
        "sha256": "a" * 64,
        "size": 1234,
        "num_parameters": 99,
        "dtype": "float16",
        "license": "CC0-1.0",
    },
    "head_keys": ["head.weight"],
    "trained_on": [
        {"name": "spots", "version": "1", "kind": "simulator", "examples": 10, "seed": 1}
    ],
    "metrics": [
        {
            "name": "auroc",
            "value": 0.9,
            "low": 0.8,
            "high": 0.95,
            "n": 100,
            "data": "simulator spots version 1, seed 2, n = 100",
            "role": "test",
        }
    ],
    "golden": {
        "file": "golden.safetensors",
        "sha256": "b" * 64,
        "size": 12,
        "absolute_tolerance": 1e-3,
        "relative_tolerance": 0,
    },
    "citation": ["@misc{small, title = {Small}}"],
    "limits": ["A test."],
}


def changed_card(path="", value=None):
    """A copy with the field at a dotted path replaced, such as ``inputs.0.size``.

    Ellipsis removes the field.
    """
    card = copy.deepcopy(CARD)
    if path:
        *outer, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        place = card
        for part in outer:
            place = place[part]
        if value is ...:
            del place[last]
        else:
            place[last] = value
    return card


def write_card(folder, name="small", **fields):
    """A model folder that holds nothing but its card; returns the folder of the model."""
    model = folder / name
    model.mkdir(parents=True)
    card = {**copy.deepcopy(CARD), "name": name, **fields}
    (model / "config.json").write_text(json.dumps(card), encoding="utf-8")
    return model
