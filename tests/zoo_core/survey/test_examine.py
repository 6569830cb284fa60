"""The checks of many cutouts at once agree with those of one."""

import numpy as np
import pytest
from mosaics import spec

from zoo_core.data import Problem
from zoo_core.data._checks import check_array
from zoo_core.errors import InputError
from zoo_core.survey._examine import Block, examine


def cutouts(count=300):
    """Noise in two bands, with every fault in some of them, and faults together."""
    rng = np.random.default_rng(0)
    array = rng.normal(size=(count, 2, 12, 11)).astype(np.float32)
    for fault, value in ((1, np.nan), (2, np.inf), (4, -np.inf)):
        some = rng.random(count) < 0.25
        where = rng.random(array.shape) < 0.1 * fault
        array[some[:, None, None, None] & where] = value
    some = np.flatnonzero(rng.random(count) < 0.1)
    array[some, rng.integers(0, 2, len(some)), 5:7, 4:6] = np.nan
    array[some[::3], :, 5:7, 4:6] = np.nan
    for value in (np.nan, 3.0, 1e38):
        some = np.flatnonzero(rng.random(count) < 0.1)
        array[some, rng.integers(0, 2, len(some))] = value
    return array


@pytest.mark.parametrize("missing", ["fill", "refuse"])
def test_agrees_with_the_checks_of_single_objects(missing):
    """Same array, same usability, same flag, for every fault."""
    array, wanted = cutouts(), spec("g", "r", size=(12, 11), missing=missing)
    block = Block(array.copy(), np.zeros((len(array), 2)), ())

    found = examine(block, wanted)

    flags = set()
    for k, one in enumerate(array):
        try:
            checked = check_array(one, wanted)
            expected = checked.array, checked.warnings[0].flag if checked.warnings else "", True
        except InputError as refused:
            expected = np.full_like(one, np.nan), refused.flag, False
        np.testing.assert_array_equal(block.array[k], expected[0])
        assert (found.flags[k], found.is_usable[k]) == expected[1:]
        flags.add(found.flags[k])
    assert flags == {"", "all-nan", "constant", "masked-center", "nan-filled", "not-finite"}


def test_what_holds_for_all_is_said_last():
    """It must not hide what is wrong with one."""
    array = cutouts(3)[:3]
    array[:] = np.random.default_rng(1).normal(size=array.shape)
    array[1, 0, 0, 0] = np.nan

    found = examine(
        Block(array, np.zeros((3, 2)), (Problem("pixel-scale", "scaled"),)),
        spec("g", "r", size=(12, 11)),
    )

    assert found.flags == ["pixel-scale", "nan-filled", "pixel-scale"]
    assert found.reasons[1] == "1 of 264 values (0.379 %) are NaN; scaled"
