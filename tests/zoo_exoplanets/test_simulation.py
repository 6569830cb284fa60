"""The simulator ``transits``: its grid, its corrected generator, its options."""

import numpy as np
import pytest
import torch
from zoo_exoplanets.simulation import transits
from zoo_exoplanets.simulation.imitators import IMITATORS, imitate
from zoo_exoplanets.simulation.transits import Transits

from zoo_core.errors import UsageError
from zoo_core.simulation import concatenate


def _drawn(count=2048, seed=5, **options):
    drawn = concatenate(Transits(**options).stream(count, seed=seed))
    return drawn.arrays["series"][:, 0].double().numpy(), drawn.truth


@pytest.mark.parametrize(
    ("grid", "values"),
    [("train", [1.5, 2.5, 3.5, 4.5]), ("test", [0.25 * k for k in range(1, 13)])],
)
def test_grids_are_the_papers(grid, values):
    """Depth over noise as in the specification, and the other axes the same on both."""
    _, truth = _drawn(grid=grid)

    assert np.unique(truth["depth_over_noise"]) == pytest.approx(values)
    assert set(np.round(truth["depth"])) == {200, 500, 1000, 2500, 5000, 10000}
    assert set(truth["period"]) == {2.0, 2.5, 3.0, 3.5, 4.0}
    assert set(np.round(truth["inclination"], 6)) == {86.0, 87.0, 90.0}
    assert set(np.round(truth["amplitude"])) == {250, 500, 1000, 2000}
    assert set(truth["variability_period"]) == {0.25, 0.5, 1.0}
    assert len(transits.PHASES) * len(transits.AMPLITUDE_DRIFTS_DAYS) == 12


def test_the_grid_has_the_published_number_of_points():
    """155,520 points of the grid for training, 466,560 of the one for testing."""
    shared = [
        transits.DEPTHS_PPM, transits.PERIODS_DAYS, transits.INCLINATIONS_DEGREES,
        transits.PHASES, transits.AMPLITUDES_PPM, transits.VARIABILITY_PERIODS_DAYS,
        transits.AMPLITUDE_DRIFTS_DAYS, transits.PERIOD_DRIFTS_DAYS,
    ]  # fmt: skip
    points = int(np.prod([len(axis) for axis in shared]))

    counts = {k: points * len(v) for k, v in transits.DEPTH_OVER_NOISE.items()}

    assert counts == {"train": 155_520, "test": 466_560}


def test_noise_is_depth_over_its_ratio():
    """Neighbours differ by sqrt(2) sigma where the star and the planet hardly change."""
    flux, truth = _drawn(transit_share=0.0)

    scatter = np.diff(flux, axis=1).std(axis=1) / np.sqrt(2.0)
    # The steepest stars change by a few per cent of a shallow depth from sample to sample.
    expected = 1e-6 * truth["depth"] / truth["depth_over_noise"]

    deep = truth["depth"] >= 1000
    assert np.median(scatter[deep] / expected[deep]) == pytest.approx(1.0, rel=0.02)


def test_transits_lie_in_the_middle_and_are_as_deep_as_told():
    """The mean of many curves over their depth dips at the middle by about one."""
    flux, truth = _drawn(4096)
    whole, there = truth["transit"] == 1, truth["depth"] >= 2500
    scaled = (flux - 1.0) / (1e-6 * truth["depth"])[:, None]

    mean = scaled[whole & there].mean(axis=0) - scaled[~whole & there].mean(axis=0)

    # Central transits of a linearly darkened star are 1.2 times the area's share deep.
    assert -1.25 < mean[85:95].mean() < -0.9
    assert abs(mean[:15].mean()) < 0.05
    assert abs(mean[-15:].mean()) < 0.05
    assert truth["mid_transit"][whole] == pytest.approx(0.125)
    assert np.isnan(truth["mid_transit"][~whole]).all()


def _residual(flux, period, amplitude):
    """Root mean square of what sines of a period leave, over their amplitude."""
    turn = 2.0 * np.pi * np.linspace(0.0, 0.25, 180) / period
    basis = np.stack([np.ones(180), np.sin(turn), np.cos(turn)], axis=1)
    left = flux - (basis @ np.linalg.lstsq(basis, flux.T, rcond=None)[0]).T
    return np.sqrt(np.square(left).mean(axis=1)) / amplitude


@pytest.mark.parametrize(("leak", "tells"), [(True, True), (False, False)])
def test_only_the_leak_tells_the_class_by_the_variability(leak, tells, monkeypatch):
    """Without planet and noise both classes are alike, unless the leak is asked for."""
    monkeypatch.setattr(transits, "DEPTHS_PPM", (1e-6,))
    monkeypatch.setattr(transits, "AMPLITUDE_DRIFTS_DAYS", (1e9,))
    monkeypatch.setattr(transits, "PERIOD_DRIFTS_DAYS", (-3.0, 1.0, 1e9))
    monkeypatch.setattr(transits, "VARIABILITY_PERIODS_DAYS", (0.25,))
    # The flux is float32: a large amplitude keeps its rounding out of the comparison.
    monkeypatch.setattr(transits, "AMPLITUDES_PPM", (1e5,))
    flux, truth = _drawn(1024, legacy_leak=leak)

    left = _residual(flux, 0.25, 0.1)
    drifts = left > 0.01
    share = {k: drifts[truth["transit"] == k].mean() for k in (0, 1)}

    assert share[0] == pytest.approx(2 / 3, abs=0.08)
    assert share[1] == (0.0 if tells else pytest.approx(2 / 3, abs=0.08))


def test_red_noise_adds_its_variance():
    """With as much correlated noise as white, neighbours still differ by the white alone."""
    quiet, truth = _drawn(1024, seed=3, transit_share=0.0)
    noisy, _ = _drawn(1024, seed=3, transit_share=0.0, red_noise=2.0)
    sigma = 1e-6 * truth["depth"] / truth["depth_over_noise"]
    deep = truth["depth"] >= 2500

    steps = np.diff(noisy, axis=1).std(axis=1) / np.diff(quiet, axis=1).std(axis=1)
    wide = (noisy.var(axis=1) - quiet.var(axis=1)) / sigma**2

    assert np.median(steps[deep]) == pytest.approx(1.0, abs=0.05)
    assert 1.5 < np.mean(wide[deep]) < 4.5


def test_hard_negatives_are_named_and_only_without_transit():
    """All kinds come; none of them is a transit, and the share is what was asked for."""
    _, truth = _drawn(4096, hard_negatives=0.8)
    negative = truth["transit"] == 0
    event = np.isin(truth["kind"], list(IMITATORS))

    assert set(truth["kind"]) == {"transit", "quiet", *IMITATORS}
    assert ((truth["kind"] == "transit") == ~negative).all()
    assert event[negative].mean() == pytest.approx(0.8, abs=0.03)


def test_imitators_have_the_height_of_the_depth():
    """Each event moves the flux by its depth at most, in its own direction."""
    count, depth = 200, 0.01
    change = {}
    for kind, name in enumerate(IMITATORS):
        flux = torch.ones(count, 720, dtype=torch.float64)
        imitate(
            flux,
            torch.full((count,), kind),
            torch.full((count,), depth, dtype=torch.float64),
            torch.Generator().manual_seed(kind),
        )
        change[name] = (flux - 1.0).numpy() / depth

    for name, values in change.items():
        assert np.abs(values).max() < 1.0 + 1e-9, name
        assert (np.abs(values).max(axis=1) > 0.8).all(), name
    assert change["flare"].min() >= 0.0
    assert change["dropout"].max() <= 0.0
    assert set(np.unique(change["step"].round(9))) == {-1.0, 0.0, 1.0}
    assert (np.abs(change["ramp"][:, [0, -1]]).max(axis=1) > 1.0 - 1e-9).all()


def test_transits_off_centre_lie_within_the_reach():
    """Mid-transits are spread over an hour to both sides."""
    _, truth = _drawn(2048, off_centre_minutes=60)
    minutes = 1440.0 * (truth["mid_transit"][truth["transit"] == 1] - 0.125)

    assert -60 <= minutes.min() < -50
    assert 50 < minutes.max() <= 60


@pytest.mark.parametrize("options", [
    {"grid": "validation"}, {"legacy_leak": 1}, {"red_noise": -1}, {"red_noise_hours": 0},
    {"hard_negatives": 2}, {"off_centre_minutes": "x"}, {"transit_share": True},
])  # fmt: skip
def test_options_out_of_range_are_refused(options):
    """Each with its name and what was given."""
    (name,) = options
    with pytest.raises(UsageError, match=name):
        Transits(**options)


def test_gaps_take_up_to_half_of_some_light_curves():
    """In pieces or at an end, with and without a transit alike; the rest is as it was."""
    whole = Transits().chunk(0, seed=5)
    gappy = Transits(gap_share=0.4).chunk(0, seed=5)
    flux = gappy.arrays["series"][:, 0]
    missing = flux.isnan()
    share = missing.double().mean(dim=1)
    has_gap = share > 0

    assert bool((flux[~missing] == whole.arrays["series"][:, 0][~missing]).all())
    assert float(has_gap.double().mean()) == pytest.approx(0.4, abs=0.06)
    assert float(share.max()) <= 0.56
    assert float(share[has_gap].mean()) == pytest.approx(0.25, abs=0.04)
    transit = torch.from_numpy(gappy.truth["transit"] == 1)
    assert float(has_gap[transit].double().mean()) == pytest.approx(0.4, abs=0.09)
    edges = missing[:, 0] ^ missing[:, -1]
    assert 0.3 < float(edges[has_gap].double().mean()) < 0.95


def test_correlated_noise_in_a_share_of_the_light_curves():
    """The others are as without it."""
    some = Transits(red_noise=2.0, red_noise_share=0.25).chunk(0, seed=5).arrays["series"]
    white = Transits().chunk(0, seed=5).arrays["series"]
    every = Transits(red_noise=2.0).chunk(0, seed=5).arrays["series"]

    assert float((some == white).all(dim=2).double().mean()) == pytest.approx(0.75, abs=0.06)
    assert not bool((every == white).all(dim=2).any())
    assert bool(((some == white) | (some == every)).all())
