"""Light curves against batman, scikit-learn and closed forms, none of which made them."""

import math

import numpy as np
import pytest
import torch
from zoo_exoplanets.simulation.stellar import correlated_noise, variability
from zoo_exoplanets.simulation.transit_model import blocked_share, transit_flux

from zoo_core.errors import UsageError

TIME = np.linspace(0.85, 1.15, 301)


def _flux(time=TIME, *, period=3.0, inclination=89.0, ratio=0.1, axis=8.0, dark=(0.4, 0.2)):
    one = [torch.tensor([v], dtype=torch.float64) for v in (1.0, period, ratio)]
    return transit_flux(
        torch.as_tensor(time),
        mid_transit=one[0],
        period=one[1],
        inclination=torch.deg2rad(torch.tensor([inclination], dtype=torch.float64)),
        radius_ratio=one[2],
        semi_major_axis=axis,
        limb_darkening=dark,
    )[0].numpy()


@pytest.mark.parametrize("dark", [(0.5, 0.0), (0.4, 0.25), (0.0, 0.0)])
@pytest.mark.parametrize("ratio", [0.0141, 0.0447, 0.1, 0.2])
@pytest.mark.parametrize("inclination", [84.0, 86.0, 87.0, 90.0])
def test_transits_are_those_of_batman(dark, ratio, inclination):
    """Central, inclined and grazing: to 2e-7 of the star's light, a thousandth of a depth."""
    batman = pytest.importorskip("batman")
    wanted = batman.TransitParams()
    wanted.t0, wanted.per, wanted.rp, wanted.a = 1.0, 3.0, ratio, 8.0
    wanted.inc, wanted.ecc, wanted.w = inclination, 0.0, 90.0
    wanted.u, wanted.limb_dark = list(dark), "quadratic"

    expected = batman.TransitModel(wanted, TIME).light_curve(wanted)

    found = _flux(inclination=inclination, ratio=ratio, dark=dark)
    assert np.abs(found - expected).max() < 2e-7
    assert np.abs(found - expected).max() < 1e-3 * ratio**2


def test_a_uniform_star_loses_the_planets_area():
    """Without limb darkening the depth in the middle is the square of the radius ratio."""
    assert 1.0 - _flux(inclination=90.0, dark=(0.0, 0.0)).min() == pytest.approx(0.01, rel=2e-6)


def test_first_contact_is_where_geometry_puts_it():
    """From first to last contact: P / pi arcsin(sqrt((1 + p)^2 - b^2) / (a sin i))."""
    inclination, axis, ratio, period = math.radians(88.0), 8.0, 0.1, 3.0
    impact = axis * math.cos(inclination)
    chord = math.sqrt((1 + ratio) ** 2 - impact**2) / (axis * math.sin(inclination))
    duration = period / math.pi * math.asin(chord)
    time = np.linspace(0.9, 1.1, 20001)

    below = time[_flux(time, inclination=88.0) < 1.0]

    assert below[-1] - below[0] == pytest.approx(duration, abs=3e-5)


def test_the_planet_behind_the_star_takes_nothing_away():
    """Half an orbit later there is no dip; a whole orbit later there is the same one."""
    assert (_flux(TIME + 1.5) == 1.0).all()
    assert _flux(TIME + 3.0) == pytest.approx(_flux(), abs=1e-12)


def test_a_planet_that_covers_the_centre():
    """At the very centre the blocked light is that of the star inside the planet's disc."""
    u1, u2, p = 0.4, 0.2, 0.3
    radius = np.linspace(0.0, p, 200001)
    mu = np.sqrt(1.0 - radius**2)
    light = 2.0 * np.pi * radius * (1.0 - u1 * (1.0 - mu) - u2 * (1.0 - mu) ** 2)
    expected = np.trapezoid(light, radius) / (np.pi * (1.0 - u1 / 3.0 - u2 / 6.0))

    found = blocked_share(
        torch.zeros(1, dtype=torch.float64), torch.tensor([p], dtype=torch.float64), (u1, u2)
    )

    assert float(found) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("wrong", [{"ratio": 1.0}, {"ratio": -0.1}, {"axis": 1.0}])
def test_impossible_orbits_are_refused(wrong):
    """A planet as large as the star, or an orbit inside it."""
    with pytest.raises(UsageError, match="radius"):
        _flux(**wrong)


def test_variability_by_hand():
    """A quarter of a day into an amplitude drift of -1 d, the sine has lost its height."""
    elapsed = torch.tensor([0.0, 0.0625, 0.25], dtype=torch.float64)
    star = {
        "amplitude": [0.01, 0.01],
        "period": [0.25, 0.25],
        "phase": [math.pi / 2, 0.0],
        "amplitude_drift": [-1.0, 1e9],
        "period_drift": [1e9, 1.0],
    }
    star = {name: torch.tensor(v, dtype=torch.float64) for name, v in star.items()}

    steady = variability(elapsed, **star, steady=torch.tensor([True, True])).numpy()
    drifting = variability(elapsed, **star, steady=torch.tensor([False, False])).numpy()

    assert steady[0] == pytest.approx([1.01, 1.0, 1.0], abs=1e-9)
    assert steady[1] == pytest.approx([1.0, 1.01, 1.0], abs=1e-9)
    # At a quarter of its drift the period is twice as long: half a turn, not a whole one.
    turn = 2.0 * math.pi * 0.0625 / (0.25 * (1.0 + math.sin(math.pi / 8)))
    assert drifting[1] == pytest.approx([1.0, 1.0 + 0.01 * math.sin(turn), 1.0], abs=1e-9)


def test_correlated_noise_has_materns_covariance():
    """The sample covariance of many series is that of scikit-learn's kernel."""
    from sklearn.gaussian_process.kernels import Matern

    elapsed = torch.linspace(0.0, 0.25, 20, dtype=torch.float64)
    generator = torch.Generator().manual_seed(1)

    series = correlated_noise(40_000, elapsed, 0.05, generator).numpy()

    kernel = Matern(length_scale=0.05, nu=1.5)(elapsed.numpy()[:, None])
    assert np.abs(np.cov(series.T) - kernel).max() < 5 / math.sqrt(40_000)
