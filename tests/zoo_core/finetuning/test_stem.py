"""The first layer for other bands."""

import pytest
import torch

from zoo_core.errors import UsageError
from zoo_core.finetuning import adapt_stem

OLD = torch.arange(2 * 3 * 2 * 2, dtype=torch.float32).reshape(2, 3, 2, 2)


def _fresh(bands):
    return torch.full((2, bands, 2, 2), 7.0)


def _response(kernels, images):
    return torch.nn.functional.conv2d(images, kernels)


@pytest.mark.parametrize("bands", [1, 2, 5])
def test_sum_gives_the_same_response_to_equal_bands(bands):
    """A grey image in all bands is seen as before."""
    grey = torch.rand(1, 1, 6, 6)
    adapted = adapt_stem(OLD, _fresh(bands), policy="sum")

    torch.testing.assert_close(
        _response(adapted, grey.expand(1, bands, 6, 6)),
        _response(OLD, grey.expand(1, 3, 6, 6)),
    )


def test_mean_and_repeat():
    """By hand."""
    mean = adapt_stem(OLD, _fresh(4), policy="mean")
    repeat = adapt_stem(OLD, _fresh(4), policy="repeat")

    assert torch.equal(mean[:, 3], OLD.mean(1))
    torch.testing.assert_close(repeat[:, 3], OLD[:, 0] * 0.75)
    torch.testing.assert_close(repeat[:, 1], OLD[:, 1] * 0.75)


def test_keep_and_random():
    """The old kernels, and the fresh ones."""
    assert torch.equal(adapt_stem(OLD, _fresh(3), policy="keep"), OLD)
    assert torch.equal(adapt_stem(OLD, _fresh(4), policy="random"), _fresh(4))


def test_bands_go_where_they_are_sent():
    """Those that are named get the kernels of their own band, the rest follow the policy."""
    adapted = adapt_stem(
        OLD,
        _fresh(4),
        policy="mean",
        bands=("u", "g", "r", "i"),
        old_bands=("red", "green", "blue"),
        mapping={"i": "red", "g": "blue"},
    )

    assert torch.equal(adapted[:, 3], OLD[:, 0])
    assert torch.equal(adapted[:, 1], OLD[:, 2])
    assert torch.equal(adapted[:, 0], OLD.mean(1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"policy": "keep"}, "--stem sum"),
        ({"policy": "copy"}, "one of keep, sum"),
        ({"policy": "sum", "mapping": {"x": "red"}}, "the data have the bands g"),
        ({"policy": "sum", "mapping": {"g": "x"}}, "the model red"),
    ],
)
def test_what_cannot_be_is_told(options, message):
    """With the bands there are and what to do."""
    with pytest.raises(UsageError, match=message):
        adapt_stem(OLD, _fresh(1), bands=("g",), old_bands=("red",), **options)
