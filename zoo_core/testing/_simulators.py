"""Checks of a simulator: seeded, sliced anywhere, and what it declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._check import require

if TYPE_CHECKING:
    from ..simulation import Simulated, Simulator
    from ._uses import Uses

_SMALL = 100
_LARGE = 1000
_SEED = 20260102


def name_and_version_are_stated(uses: Uses, name: str) -> None:
    """Cards name simulator and version, so both must be there and the name the manifest's."""
    simulator = uses.zoo.simulator(name)
    require(simulator.name == name, f"the simulator calls itself {simulator.name!r}")
    require(simulator.version.strip(), "the simulator has no version")
    require(simulator.summary.strip(), "the simulator has no summary")
    require(simulator.chunk_size > 0, f"chunk_size is {simulator.chunk_size}")


def same_seed_same_data(uses: Uses, name: str) -> None:
    """Drawn twice, by two simulators, whatever torch's own random state is."""
    from ._uses import seeded

    with seeded(1):
        first = _chunk(uses.zoo.simulator(name))
    with seeded(2):
        again = _chunk(uses.zoo.simulator(name))
    _require_equal(first, again, "the same chunk of the same seed, drawn twice")


def seeds_and_chunks_differ(uses: Uses, name: str) -> None:
    """Another seed, and the next chunk of the same seed, are other data."""
    import torch

    simulator = uses.zoo.simulator(name)
    first = _chunk(simulator)
    for what, other in (
        ("another seed", simulator.chunk(0, seed=_SEED + 1)),
        ("the next chunk", simulator.chunk(1, seed=_SEED)),
    ):
        same = all(torch.equal(first.arrays[key], other.arrays[key]) for key in first.arrays)
        require(not same, f"{what} holds the same data")


def random_state_is_left_alone(uses: Uses, name: str) -> None:
    """Drawing neither reads nor moves torch's own random state."""
    import torch

    simulator = uses.zoo.simulator(name)
    before = torch.random.get_rng_state()
    _chunk(simulator)
    require(
        torch.equal(before, torch.random.get_rng_state()),
        "drawing moves torch's global random state; use the generator that draw is given",
    )


def arrays_match_input_spec(uses: Uses, name: str) -> None:
    """One float32 array an input, of the declared channels and lengths."""
    import torch

    simulator = uses.zoo.simulator(name)
    drawn = _chunk(simulator)
    names = [spec.name for spec in simulator.inputs]
    require(list(drawn.arrays) == names, f"draws {list(drawn.arrays)}, declares {names}")
    for spec in simulator.inputs:
        array = drawn.arrays[spec.name]
        require(array.dtype == torch.float32, f"{spec.name!r} is {array.dtype}, not float32")
        fits = len(array.shape) == 1 + len(spec.shape) and all(
            wanted in (None, length)
            for length, wanted in zip(array.shape[1:], spec.shape, strict=True)
        )
        require(fits, f"{spec.name!r} is {tuple(array.shape[1:])}, declared {spec.shape}")
        require(
            len(array) == simulator.chunk_size,
            f"a chunk holds {len(array)} objects, chunk_size is {simulator.chunk_size}",
        )


def arrays_are_finite(uses: Uses, name: str) -> None:
    """No infinity; NaN only where the input may miss values, and never all of an object."""
    simulator = uses.zoo.simulator(name)
    arrays = _chunk(simulator).arrays
    for spec in simulator.inputs:
        array = arrays[spec.name]
        bad = array.isinf() if spec.missing == "fill" else ~array.isfinite()
        require(
            not bad.any(), f"{spec.name!r} holds {int(bad.sum())} numbers that are not finite"
        )
        empty = int(array.isnan().flatten(1).all(1).sum())
        require(not empty, f"{empty} objects of {spec.name!r} are nothing but NaN")


def truth_matches_columns(uses: Uses, name: str) -> None:
    """The declared columns, in their order, one entry an object, units that astropy knows."""
    from astropy.units import Unit

    simulator = uses.zoo.simulator(name)
    drawn = _chunk(simulator)
    names = [column.name for column in simulator.truth]
    require(list(drawn.truth) == names, f"draws {list(drawn.truth)}, declares {names}")
    for column in simulator.truth:
        shape = drawn.truth[column.name].shape
        require(shape == (len(drawn),), f"the truth {column.name!r} has the shape {shape}")
        require(column.description.strip(), f"the truth {column.name!r} has no description")
        if column.unit is not None:
            Unit(column.unit)


def maps_are_as_declared(uses: Uses, name: str) -> None:
    """The declared maps, one an object, on the axes of an input, finite and not negative.

    A map of the whole scene may have the bands of the input too.
    """
    simulator = uses.zoo.simulator(name)
    drawn = _chunk(simulator)
    names = [column.name for column in simulator.maps]
    require(list(drawn.maps) == names, f"draws the maps {list(drawn.maps)}, declares {names}")
    axes = {tuple(array.shape[first:]) for array in drawn.arrays.values() for first in (1, 2)}
    for key, values in drawn.maps.items():
        shape = tuple(values.shape)
        fits = shape[0] == len(drawn) and shape[1:] in axes
        require(fits, f"the map {key!r} has the shape {shape}; inputs have the axes {axes}")
        usable = bool(values.isfinite().all()) and bool((values >= 0).all())
        require(usable, f"the map {key!r} holds negative or infinite values or NaN")


def a_part_is_the_start_of_the_whole(uses: Uses, name: str) -> None:
    """The first objects of a seed are the same however many are asked for."""
    from ..simulation import concatenate

    simulator = uses.zoo.simulator(name)
    # Into the second chunk, and no farther: some simulators are slow.
    chunk = simulator.chunk_size
    few, many = min(_SMALL, (chunk + 1) // 2), min(_LARGE, chunk + 1)
    small = concatenate(simulator.stream(few, seed=_SEED))
    large = concatenate(simulator.stream(many, seed=_SEED))
    require(
        (len(small), len(large)) == (few, many),
        f"asked for {few} and {many} objects, got {len(small)} and {len(large)}",
    )
    few = min(few, many)
    _require_equal(
        small.first(few), large.first(few), f"stream({len(small)}) and stream({many})"
    )


def _chunk(simulator: Simulator) -> Simulated:
    return simulator.chunk(0, seed=_SEED)


def _require_equal(one: Simulated, other: Simulated, what: str) -> None:
    import numpy as np

    for key in one.arrays:
        require(
            np.array_equal(one.arrays[key].numpy(), other.arrays[key].numpy(), equal_nan=True),
            f"{what}: the input {key!r} differs",
        )
    for key in one.truth:
        require(_same(one.truth[key], other.truth[key]), f"{what}: the truth {key!r} differs")
    for key in one.maps:
        same = np.array_equal(one.maps[key].numpy(), other.maps[key].numpy())
        require(same, f"{what}: the map {key!r} differs")


def _same(one: Any, other: Any) -> bool:
    import numpy as np

    # Text has no NaN, and numpy refuses to look for it there.
    return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


CHECKS = (
    name_and_version_are_stated,
    same_seed_same_data,
    seeds_and_chunks_differ,
    random_state_is_left_alone,
    arrays_match_input_spec,
    arrays_are_finite,
    truth_matches_columns,
    maps_are_as_declared,
    a_part_is_the_start_of_the_whole,
)
