"""The faster exponential linear units are exponential linear units."""

import pytest
import torch
from torch import nn

from zoo_core.devices._elu import elu_half, elu_polynomial, speed_up_elu
from zoo_core.devices._successions import successions

SPECIAL = [0.0, -0.0, 1e-30, -1e-30, -88.0, -200.0, 88.0, 3e4, float("inf"), -float("inf")]


def all_numbers(dtype):
    """Each of the 65,536 numbers of a 16-bit format, NaN and infinities too."""
    return torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16).view(dtype)


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_elu_of_every_number(dtype, in_place):
    """Exact above zero, within one rounding of a number near one below; NaN stays NaN."""
    x = all_numbers(dtype)
    exact = nn.functional.elu(x.double())

    got = elu_half(x.clone(), in_place=in_place).double()

    is_nan = x.isnan()
    assert torch.equal(got.isnan(), is_nan)
    above = (x > 0) & ~is_nan
    assert torch.equal(got[above], exact[above])
    below = ~above & ~is_nan
    assert (got[below] - exact[below]).abs().max() <= torch.finfo(dtype).eps
    assert got[below].max() <= 0


def test_half_elu_leaves_its_input_alone_unless_told():
    """In place only on request, and then the very same memory."""
    x = torch.linspace(-3, 3, 64).to(torch.bfloat16)
    before = x.clone()

    out = elu_half(x)

    assert torch.equal(x, before)
    assert torch.equal(elu_half(x, in_place=True), out)
    assert torch.equal(x, out)


@pytest.mark.parametrize("view", ["channels_last", "transposed", "sliced"])
def test_half_elu_of_any_memory_layout(view):
    """The integer view works on strides too."""
    torch.manual_seed(0)
    x = torch.randn(3, 4, 5, 6).to(torch.bfloat16)
    if view == "channels_last":
        x = x.contiguous(memory_format=torch.channels_last)
    x = x.transpose(1, 3) if view == "transposed" else x
    x = x[:, 1::2] if view == "sliced" else x

    torch.testing.assert_close(elu_half(x), elu_half(x.contiguous()), rtol=0, atol=0)


def test_half_elu_of_float32_is_the_ordinary_one():
    """The integers are for 16-bit numbers only."""
    x = torch.linspace(-5, 5, 101)

    assert torch.equal(elu_half(x), nn.functional.elu(x))


def test_polynomial_elu_is_elu_to_rounding():
    """Absolute and relative error over the whole range and at special numbers."""
    x = torch.cat([torch.linspace(-40, 5, 20001), -torch.logspace(-12, 2, 2001)])
    x = torch.cat([x, torch.tensor(SPECIAL)])
    exact = nn.functional.elu(x.double())

    got = elu_polynomial(x).double()

    torch.testing.assert_close(got, exact, rtol=2e-6, atol=0)
    assert elu_polynomial(torch.tensor(float("nan"))).isnan()


def test_polynomial_elu_keeps_the_number_format():
    """Computed in float32, returned as it came."""
    assert elu_polynomial(torch.zeros(3, dtype=torch.bfloat16)).dtype == torch.bfloat16


def test_only_plain_units_are_replaced():
    """Another alpha, a subclass and other activations keep their forward."""

    class Mine(nn.ELU):
        pass

    network = nn.Sequential(nn.ELU(), nn.ELU(alpha=0.5), Mine(), nn.CELU(), nn.ReLU())

    assert speed_up_elu(network, successions(network), fuse=False) == 1
    assert ["forward" in vars(module) for module in network] == [True] + 4 * [False]


def test_unit_that_shares_its_input_does_not_overwrite_it():
    """In x + elu(x): after a convolution, but not alone in reading it."""

    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution = nn.Conv2d(1, 2, 3)
            self.elu = nn.ELU()

        def forward(self, x):
            x = self.convolution(x)
            return x + self.elu(x)

    torch.manual_seed(0)
    network = Shared().to(torch.bfloat16)
    x = torch.randn(2, 1, 8, 8, dtype=torch.bfloat16)
    with torch.inference_mode():
        raw = network.convolution(x)
        expected = raw + elu_half(raw)
        speed_up_elu(network, successions(network), fuse=False)

        assert torch.equal(network(x), expected)
