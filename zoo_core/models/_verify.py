"""Checking a model folder: files, parameters, golden output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import ZooError
from ..plugins import HealthCheck
from ..weights import parse_tensors, read_verified
from ._load import load_network

if TYPE_CHECKING:
    from .._zoo import Zoo
    from ..registry import ModelFolder


def verify_model(zoo: Zoo, found: ModelFolder) -> list[HealthCheck]:
    """Run all checks; a failed one does not stop those that do not need it.

    Checks: no unknown fields on the card; hash and size of weights and golden file;
    tensors and parameter count; the golden input gives the golden output.
    """
    card = found.card
    checks = [
        HealthCheck(
            name="card",
            passed=not card.unknown_fields,
            message=f"unknown fields: {', '.join(card.unknown_fields)}"
            if card.unknown_fields
            else f"{card.name} {card.version}, complete",
        )
    ]
    for label, ref in (("weights file", card.weights.ref), ("golden file", card.golden.ref)):
        try:
            read_verified(found.folder, ref)
            message, passed = f"{ref.size} bytes, sha256 {ref.sha256}", True
        except ZooError as error:
            message, passed = str(error), False
        checks.append(HealthCheck(name=label, passed=passed, message=message))
    if all(check.passed for check in checks[1:]):
        checks += _run_checks(zoo, found)
    return checks


def _run_checks(zoo: Zoo, found: ModelFolder) -> list[HealthCheck]:
    import torch

    card, golden = found.card, found.card.golden
    try:
        network, report = load_network(zoo, found)
    except ZooError as error:
        return [HealthCheck(name="parameters", passed=False, message=str(error))]
    tensors = parse_tensors(
        read_verified(found.folder, golden.ref), origin=str(found.folder / golden.ref.file)
    )
    with torch.inference_mode():
        prepared = [
            steps(tensors[f"input.{name}"]) for name, steps in card.preprocessing.items()
        ]
        output = network(*prepared)
    difference = (output - tensors["output"]).abs()
    allowed = golden.absolute_tolerance + golden.relative_tolerance * tensors["output"].abs()
    return [
        HealthCheck(
            name="parameters",
            passed=True,
            message=f"{card.weights.num_parameters} parameters, {report.describe()}",
        ),
        HealthCheck(
            name="golden output",
            passed=bool((difference <= allowed).all()),
            message=f"largest difference {float(difference.max()):.2g}, allowed "
            f"{golden.absolute_tolerance:g} + {golden.relative_tolerance:g} of the value, "
            f"{len(output)} objects",
        ),
    ]
