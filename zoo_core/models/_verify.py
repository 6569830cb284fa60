"""Checking a model folder: files, parameters, golden output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ZooError
from ..plugins import HealthCheck
from ..weights import parse_tensors
from ._golden import flattened, golden_outputs, named_outputs, shape_difference
from ._load import load_network

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch

    from .._zoo import Zoo
    from ..cards import Card, Golden
    from ..registry import ModelFolder


def verify_model(zoo: Zoo, found: ModelFolder) -> list[HealthCheck]:
    """Run all checks; a failed one does not stop those that do not need it.

    Checks: no unknown fields on the card; hash and size of weights and golden file;
    tensors and parameter count; the golden input gives the golden output, where the card
    has one.
    """
    card = found.card
    try:
        found = found.pinned()
    except ZooError as error:
        return [HealthCheck(name="weights file", passed=False, message=str(error))]
    checks = [
        HealthCheck(
            name="card",
            passed=not card.unknown_fields,
            message=f"unknown fields: {', '.join(card.unknown_fields)}"
            if card.unknown_fields
            else f"{card.name} {card.version}, complete",
        )
    ]
    card = found.card
    for label, ref in zip(("weights file", "golden file"), card.files, strict=False):
        try:
            found.read(ref)
            message, passed = f"{ref.size} bytes, sha256 {ref.sha256}", True
        except ZooError as error:
            message, passed = str(error), False
        checks.append(HealthCheck(name=label, passed=passed, message=message))
    if all(check.passed for check in checks[1:]):
        checks += _run_checks(zoo, found)
    return checks


def _run_checks(zoo: Zoo, found: ModelFolder) -> list[HealthCheck]:
    card = found.card
    try:
        network, report = load_network(zoo, found)
    except ZooError as error:
        return [HealthCheck(name="parameters", passed=False, message=str(error))]
    parameters = HealthCheck(
        name="parameters",
        passed=True,
        message=f"{card.weights.num_parameters} parameters, {report.describe()}",
    )
    if card.golden is None:
        return [parameters]
    origin = str(found.folder / card.golden.ref.file)
    tensors = parse_tensors(found.read(card.golden.ref), origin=origin)
    passed, message = _compare_golden(card, card.golden, network, tensors)
    return [parameters, HealthCheck(name="golden output", passed=passed, message=message)]


def _compare_golden(
    card: Card,
    golden: Golden,
    network: torch.nn.Module,
    tensors: Mapping[str, torch.Tensor],
) -> tuple[bool, str]:
    """Whether the golden inputs give the golden outputs, and by how much they are off."""
    import torch

    lacking = [name for name in card.preprocessing if f"input.{name}" not in tensors]
    if lacking:
        return False, f"the golden file lacks the inputs {', '.join(lacking)}"
    with torch.inference_mode():
        inputs = [steps(tensors[f"input.{name}"]) for name, steps in card.preprocessing.items()]
        found, wanted = named_outputs(network(*inputs)), golden_outputs(tensors)
    problem = shape_difference(found, wanted)
    if problem:
        return False, problem
    values = flattened(wanted)
    difference = (flattened(found) - values).abs()
    allowed = golden.absolute_tolerance + golden.relative_tolerance * values.abs()
    return bool((difference <= allowed).all()), (
        f"largest difference {float(difference.max()):.2g}, allowed "
        f"{golden.absolute_tolerance:g} + {golden.relative_tolerance:g} of the value, "
        f"{len(inputs[0])} objects"
    )
