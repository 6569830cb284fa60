"""Checks of an architecture: it builds, speaks timm and can be trained."""

from __future__ import annotations

import copy
from collections import Counter
from typing import TYPE_CHECKING, Any

from ._check import NotApplicable, require
from ._uses import seeded, seeded_build

if TYPE_CHECKING:
    import torch

    from ._uses import Use, Uses

_METHODS = (
    "forward", "forward_features", "forward_head", "get_classifier", "group_matcher",
    "reset_classifier", "set_grad_checkpointing",
)  # fmt: skip
_FEW = 4
_STEPS = (1e-2, 1e-3, 1e-4, 1e-5)


def builds_with_default_arguments(uses: Uses, name: str) -> None:
    """Without any argument."""
    from torch import nn

    network = seeded_build(uses.zoo, name, {}, seed=0)
    require(isinstance(network, nn.Module), f"{name!r} builds {type(network).__name__}")


def has_timm_methods(uses: Uses, name: str) -> None:
    """The names by which core freezes, replaces heads and takes features."""
    network = _structure(uses, name)
    lacking = [method for method in _METHODS if not callable(getattr(network, method, None))]
    require(not lacking, f"{name!r} lacks the methods {', '.join(lacking)}")
    features = getattr(network, "num_features", None)
    require(
        isinstance(features, int) and features > 0,
        f"num_features must be a positive integer, is {features!r}",
    )


def forward_is_features_then_head(uses: Uses, name: str) -> None:
    """``forward(x)`` is ``forward_head(forward_features(x))``; features are num_features."""
    network: Any = _use(uses, name).network().eval()
    inputs = _some(_use(uses, name).inputs)
    features = _outputs(network.forward_features, inputs)
    _require_close(
        _outputs(network.forward_head, [features]), _outputs(network, inputs), "the outputs"
    )
    pooled = _outputs(lambda x: network.forward_head(x, pre_logits=True), [features])
    require(
        pooled.shape[:2] == (len(inputs[0]), network.num_features),
        f"forward_head(..., pre_logits=True) gives {tuple(pooled.shape)}, num_features is "
        f"{network.num_features}",
    )


def takes_other_bands_and_outputs(uses: Uses, name: str) -> None:
    """``num_bands`` and ``num_outputs`` change what goes in and what comes out."""
    use = _use(uses, name)
    if len(use.inputs) > 1:
        raise NotApplicable(f"{name!r} takes {len(use.inputs)} inputs")
    (whole,) = _some(use.inputs)
    for bands, outputs in ((1, 2), (3, 5)):
        network = use.network(num_bands=bands, num_outputs=outputs).eval()
        found = _outputs(network, [whole[:, :1].repeat_interleave(bands, dim=1)])
        require(
            found.shape[:2] == (len(whole), outputs),
            f"with num_bands={bands}, num_outputs={outputs} the output is {tuple(found.shape)}",
        )


def groups_cover_parameters_once(uses: Uses, name: str) -> None:
    """Timm's grouping by ``group_matcher`` names every parameter once, in several groups."""
    from timm.models import group_parameters

    network: Any = _structure(uses, name)
    wanted = Counter(key for key, _ in network.named_parameters())
    for coarse in (False, True):
        groups = group_parameters(network, network.group_matcher(coarse=coarse))
        found = Counter(key for keys in groups.values() for key in keys)
        wrong = sorted((found - wanted) + (wanted - found))
        require(not wrong, f"group_matcher(coarse={coarse}) misplaces {', '.join(wrong[:5])}")
        require(len(groups) > 1, f"group_matcher(coarse={coarse}) makes one group of all")


def _structure(uses: Uses, name: str) -> torch.nn.Module:
    """The network with the default arguments and without memory for its weights."""
    import torch

    with torch.device("meta"):
        return uses.zoo.build(name)


def seeded_build_is_reproducible(uses: Uses, name: str) -> None:
    """The same seed gives the same weights, another seed others."""
    import torch

    first, again, other = (
        seeded_build(uses.zoo, name, {}, seed=seed).state_dict() for seed in (1, 1, 2)
    )
    changed = [key for key in first if not torch.equal(first[key], again[key])]
    require(not changed, f"two builds from one seed differ in {', '.join(changed[:5])}")
    require(
        any(not torch.equal(first[key], other[key]) for key in first),
        "two seeds give the same weights: initialisation does not use torch's random numbers",
    )


def one_step_lowers_the_loss(uses: Uses, name: str) -> None:
    """A step down the gradient of a fixed batch, at one of several sizes."""
    use = _use(uses, name)
    network = use.network().train()
    loss = _loss(network, use)
    loss.backward()
    before = float(loss.detach())
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    length = float(sum(float(g.square().sum()) for g in gradients)) ** 0.5
    require(length > 0, "the loss does not depend on the parameters")
    moved = [_stepped(network, step / length) for step in _STEPS]
    losses = [float(_loss(network, use).detach()) for network in moved]
    require(
        min(losses) < before,
        f"the loss is {before:.6g}; steps of length {_STEPS} give {losses}",
    )


def every_parameter_learns(uses: Uses, name: str) -> None:
    """The loss has a gradient for every parameter."""
    use = _use(uses, name)
    network = use.network().train()
    _loss(network, use).backward()
    idle = [key for key, p in network.named_parameters() if p.requires_grad and p.grad is None]
    require(not idle, f"these take no part in the loss: {', '.join(idle[:5])}")


def batch_equals_singles(uses: Uses, name: str) -> None:
    """In eval mode an object's output does not depend on its neighbours in the batch."""
    import torch

    use = _use(uses, name)
    network, inputs = use.network().eval(), _some(use.inputs)
    rows = range(len(inputs[0]))
    singles = [_outputs(network, [x[row : row + 1] for x in inputs]) for row in rows]
    _require_close(torch.cat(singles), _outputs(network, inputs), "a batch and its objects")


def state_dict_round_trip(uses: Uses, name: str) -> None:
    """The state dict is the whole state: loaded elsewhere, it gives the same outputs."""
    use = _use(uses, name)
    one, other, inputs = use.network(seed=1), use.network(seed=2), _some(use.inputs)
    other.load_state_dict(one.state_dict())
    _require_close(
        _outputs(other.eval(), inputs), _outputs(one.eval(), inputs), "network and copy"
    )


def reset_classifier_changes_outputs(uses: Uses, name: str) -> None:
    """A new head of another length, found again by ``get_classifier``."""
    use = _use(uses, name)
    network: Any = use.network()
    inputs = _some(use.inputs)
    own = {id(module) for module in network.modules()}
    require(id(network.get_classifier()) in own, "get_classifier() is not part of the network")
    with seeded(0):
        network.reset_classifier(7)
    found = _outputs(network.eval(), inputs)
    require(
        found.shape[:2] == (len(inputs[0]), 7),
        f"after reset_classifier(7) the output is {tuple(found.shape)}",
    )
    own = {id(module) for module in network.modules()}
    require(id(network.get_classifier()) in own, "get_classifier() still gives the old head")


def _use(uses: Uses, name: str) -> Use:
    return uses.of("architectures", name)


def _some(inputs: list[torch.Tensor]) -> list[torch.Tensor]:
    return [tensor[:_FEW] for tensor in inputs]


def _outputs(network: Any, inputs: list[torch.Tensor]) -> torch.Tensor:
    import torch

    with torch.inference_mode():
        outputs = network(*inputs)
    if not isinstance(outputs, torch.Tensor):
        raise NotApplicable(f"the network returns {type(outputs).__name__}, no tensor")
    return outputs


def _loss(network: torch.nn.Module, use: Use) -> torch.Tensor:
    with seeded(0):  # the same dropout each time
        return use.task.loss(network(*use.inputs), use.target)


def _stepped(network: torch.nn.Module, rate: float) -> torch.nn.Module:
    import torch

    moved = copy.deepcopy(network)
    pairs = zip(moved.parameters(), network.parameters(), strict=True)
    with torch.no_grad():
        for there, here in pairs:
            if here.grad is not None:
                there.sub_(rate * here.grad)
    return moved


def _require_close(found: torch.Tensor, wanted: torch.Tensor, what: str) -> None:
    require(found.shape == wanted.shape, f"{what}: {found.shape} against {wanted.shape}")
    difference = float((found - wanted).abs().max())
    allowed = 1e-4 * max(1.0, float(wanted.abs().max()))
    require(difference <= allowed, f"{what} differ by up to {difference:.3g}")


CHECKS = (
    builds_with_default_arguments,
    has_timm_methods,
    forward_is_features_then_head,
    takes_other_bands_and_outputs,
    groups_cover_parameters_once,
    seeded_build_is_reproducible,
    one_step_lowers_the_loss,
    every_parameter_learns,
    batch_equals_singles,
    state_dict_round_trip,
    reset_classifier_changes_outputs,
)
