"""Networks for light curves: sizes, and the wavelet transform against PyWavelets."""

import numpy as np
import pytest
import torch
from zoo_exoplanets.architectures import (
    AstroNet,
    TransitCNN,
    TransitLogistic,
    TransitMLP,
    TransitWavelet,
    WaveletTransform,
)

from zoo_core.errors import InputError, UsageError

WINDOWS = [TransitCNN, TransitMLP, TransitWavelet, TransitLogistic]


def _count(network):
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (TransitCNN, 17_397),
        (TransitMLP, 14_041),
        (TransitWavelet, 14_169),
        (TransitLogistic, 181),
        (AstroNet, 9_940_193),
    ],
)
def test_parameters_are_those_of_the_papers(network, expected):
    """Counted from the published weights and the released configuration."""
    with torch.device("meta"):
        assert _count(network()) == expected


@pytest.mark.parametrize("time", [4, 5, 180, 181])
def test_wavelets_are_those_of_pywavelets(time):
    """Approximation and detail of db2 with mirrored ends, for even and odd lengths."""
    pywt = pytest.importorskip("pywt")
    series = torch.randn(
        3, 2, time, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    )

    found = WaveletTransform()(series)

    expected = np.concatenate(pywt.dwt(series.numpy(), "db2", mode="symmetric"), axis=-1)
    assert found.shape == expected.shape
    assert np.abs(found.numpy() - expected).max() < 1e-6


def test_a_constant_series_has_no_detail():
    """Two vanishing moments: neither a level nor a slope leaves detail inside."""
    time = torch.arange(40, dtype=torch.float64)

    found = WaveletTransform()(torch.stack([torch.ones(40), time])[None])

    assert found[0, 0, 21:].abs().max() < 1e-6
    assert found[0, 1, 23:-2].abs().max() < 1e-5


@pytest.mark.parametrize("network", WINDOWS)
def test_windows_of_other_lengths_are_refused(network):
    """With the length that came; and built for that length, it is taken."""
    with pytest.raises(InputError, match="180 samples, got 200"):
        network()(torch.zeros(1, 1, 200))

    assert network(input_size=[200])(torch.zeros(2, 1, 200)).shape == (2, 1)


@pytest.mark.parametrize("network", WINDOWS)
@pytest.mark.parametrize("size", [[180, 180], 0])
def test_impossible_sizes_are_refused(network, size):
    """An image, and no sample."""
    with pytest.raises(UsageError, match="input_size"):
        network(input_size=size)


def test_dense_units_have_slopes_of_their_own():
    """One PReLU slope a unit, as in the published weights, and each begins as a ReLU."""
    layers = [m for m in TransitCNN().modules() if isinstance(m, torch.nn.PReLU)]
    slopes = [layer.weight for layer in layers]

    assert sorted(len(slope) for slope in slopes) == [8, 32, 64]
    assert all((slope == 0).all() for slope in slopes)


def test_astronet_sees_both_views():
    """Either view changes the output, and a wrong length names the view."""
    torch.manual_seed(1)
    network = AstroNet(global_size=201, local_size=61, global_blocks=3, units=16).eval()
    views = torch.randn(2, 1, 201), torch.randn(2, 1, 61)
    with torch.inference_mode():
        first = network(*views)
        assert not torch.equal(network(views[0] + 1, views[1]), first)
        assert not torch.equal(network(views[0], views[1] + 1), first)
    with pytest.raises(InputError, match=r"local view was built for 61"):
        network(views[0], views[0])


def test_astronet_takes_no_view_that_its_blocks_use_up():
    """Eight halvings of 200 bins leave nothing."""
    with pytest.raises(UsageError, match="too short"):
        AstroNet(global_size=200, global_blocks=8)
