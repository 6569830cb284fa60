"""Cutting and joining batches."""

import pytest
import torch

from zoo_core import errors
from zoo_core.devices._rows import count_rows, is_close, join_rows, take_rows, to_results


@pytest.mark.parametrize(
    "shapes", [[], [(0, 3)], [(2, 3), (3, 3)], [()], [(2,), (0,)]]
)  # fmt: skip
def test_inputs_must_have_the_same_number_of_objects(shapes):
    """None, no objects, or different numbers are refused, with the shapes."""
    with pytest.raises(errors.UsageError, match="same number of objects"):
        count_rows([torch.zeros(shape) for shape in shapes])


def test_last_rows_can_be_filled_up():
    """A compiled network takes one size only."""
    x = torch.arange(5).view(5, 1)

    assert take_rows([x], 3, 4)[0].tolist() == [[3], [4]]
    assert take_rows([x], 3, 4, fill=True)[0].tolist() == [[3], [4], [4], [4]]


def test_nested_outputs_are_cut_and_joined():
    """Tuples and dicts keep their form; integers stay integers; floats become float32."""

    def output(first):
        values = torch.arange(first, first + 4)
        return {"a": (values.to(torch.bfloat16), values), "b": None}

    parts = [to_results(output(0), given=4, wanted=4), to_results(output(4), given=4, wanted=1)]
    joined = join_rows(parts)

    assert joined["b"] is None
    assert joined["a"][0].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert joined["a"][0].dtype == torch.float32
    assert joined["a"][1].dtype == torch.int64


@pytest.mark.parametrize("shape", [(), (3,), (1, 4)])
def test_output_without_a_row_for_each_object_is_refused(shape):
    """It could not be cut into batches."""
    with pytest.raises(errors.UsageError, match="one row an object"):
        to_results(torch.zeros(shape), given=4, wanted=4)


@pytest.mark.parametrize(
    ("got", "reference", "expected"),
    [
        ([0.0, 1.05], [0.0, 1.0], True),
        ([0.0, 1.15], [0.0, 1.0], False),  # 15 % of a number near one
        ([10.9, 0.0], [10.0, 0.0], True),  # 9 % of a large number
        ([0.0, 11.1], [0.0, 10.0], False),
        ([0.05, 10.0], [0.0, 10.0], True),  # a small number beside large ones
        ([0.01, 0.011], [0.01, 0.01], False),  # 10 % of outputs that are all small, but for
        ([0.01, 0.0109], [0.01, 0.01], True),  # rounding
        ([float("nan"), 1.0], [0.0, 1.0], False),
        ([float("inf"), 1.0], [0.0, 1.0], False),
        ([5.0, 1.0], [float("nan"), 1.0], True),  # nothing is known about it
        ([0.0, 0.0], [0.0, 0.0], True),
        ([1e-9, 0.0], [0.0, 0.0], False),
    ],
)
def test_near_means_near_for_the_size_of_the_outputs(got, reference, expected):
    """With a tolerance of 0.0999."""
    output, wanted = torch.tensor(got), torch.tensor(reference)

    assert is_close(output, wanted, tolerance=0.0999) is expected


def test_integers_are_not_compared():
    """An index may jump where two scores are equal."""
    assert is_close((torch.tensor([1]),), (torch.tensor([2]),), tolerance=0.1)
