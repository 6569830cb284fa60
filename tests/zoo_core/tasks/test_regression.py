"""Numbers with intervals: the distributions, their quantiles, and how wide they must be."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats

from zoo_core.errors import CardError, InputError
from zoo_core.tasks import Regression, Target
from zoo_core.tasks._gaussians import Gaussians, count_outputs

RADIUS = Target(name="radius", unit="arcsec", location=1.5, scale=0.5)
FLUX = Target(name="flux", transform="log10", location=2.0, scale=0.3)


def outputs_of(count, task, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, task.num_outputs, generator=generator)


def scipy_mixtures(stated):
    """The same distributions as scipy has them: weights and frozen normals of each object."""
    inverse = stated.factor @ stated.factor.mT
    covariances = torch.linalg.inv(inverse.double()).numpy()
    weights = stated.log_weights.exp().double().numpy()
    for row, means in enumerate(stated.means.double().numpy()):
        normals = [
            stats.multivariate_normal(mean, covariance)
            for mean, covariance in zip(means, covariances[row], strict=True)
        ]
        yield weights[row], normals


@pytest.mark.parametrize("components", [1, 3])
@pytest.mark.parametrize("covariance", ["diagonal", "full"])
def test_the_density_is_that_of_scipy(components, covariance):
    """Of one Gaussian and of several, with and without covariances."""
    targets = (RADIUS, FLUX, replace(FLUX, name="other"))
    task = Regression(targets, components=components, covariance=covariance)
    stated = task.distribution(outputs_of(6, task))
    truth = torch.randn(6, 3, generator=torch.Generator().manual_seed(1))

    expected = [
        np.log(sum(w * n.pdf(y) for w, n in zip(weights, normals, strict=True)))
        for y, (weights, normals) in zip(truth.numpy(), scipy_mixtures(stated), strict=True)
    ]
    np.testing.assert_allclose(stated.log_probability(truth), expected, rtol=1e-4, atol=1e-4)
    assert float(task.loss(outputs_of(6, task), truth)) == pytest.approx(
        -np.mean(expected) / 3, rel=1e-4
    )


@pytest.mark.parametrize("components", [1, 4])
def test_quantiles_hold_what_they_say(components):
    """The marginal distribution below each is that of the normal score."""
    task = Regression((RADIUS, FLUX), components=components, covariance="full")
    stated = task.distribution(outputs_of(20, task))
    scores = np.array([-3.0, -1.0, 0.0, 0.5, 3.0])
    found = stated.quantiles(scores)

    assert found.shape == (20, 2, 5)
    for row, (weights, normals) in enumerate(scipy_mixtures(stated)):
        for target in range(2):
            below = sum(
                weight
                * stats.norm.cdf(
                    found[row, target], normal.mean[target], normal.cov[target, target] ** 0.5
                )
                for weight, normal in zip(weights, normals, strict=True)
            )
            np.testing.assert_allclose(below, stats.norm.cdf(scores), rtol=2e-4)


def test_a_prediction_has_the_units_of_its_target():
    """The standard normal of each target, back through scale, location and logarithm."""
    task = Regression((RADIUS, FLUX))
    decoded = task.decode(torch.zeros(2, 4))

    assert list(decoded) == [column.name for column in task.columns]
    np.testing.assert_allclose(decoded["radius"], 1.5)
    np.testing.assert_allclose(decoded["radius_lower1"], 1.0)
    np.testing.assert_allclose(decoded["radius_upper3"], 3.0)
    np.testing.assert_allclose(decoded["flux"], 100.0)
    np.testing.assert_allclose(decoded["flux_upper2"], 10**2.6)
    assert [column.unit for column in task.columns[:2]] == ["arcsec", "arcsec"]


def test_encode_is_what_the_network_learns():
    """Transformed, shifted, scaled."""
    task = Regression((RADIUS, FLUX))
    truth = {"radius": np.array([1.5, 2.0]), "flux": np.array([100.0, 1000.0])}

    np.testing.assert_allclose(
        task.encode(truth), [[0.0, 0.0], [1.0, 1 / 0.3]], rtol=1e-6, atol=1e-7
    )


def drawn(task, count, *, width=1.0, seed=3):
    """Outputs and a truth that scatters by ``width`` times what the outputs say."""
    outputs = outputs_of(count, task, seed)
    stated = task.distribution(outputs)
    noise = torch.randn(stated.mean.shape, generator=torch.Generator().manual_seed(seed + 1))
    return outputs, stated.mean + width * stated.deviations()[:, 0] * noise


def truth_of(task, standard):
    return {
        target.name: np.power(10.0, target.location + target.scale * column)
        if target.transform == "log10"
        else target.location + target.scale * column
        for target, column in zip(task.targets, standard.double().numpy().T, strict=True)
    }


def metrics_of(task, outputs, standard):
    found = task.metrics(truth_of(task, standard), task.decode(outputs))
    return {(metric.name, metric.conditions): metric for metric in found}


def test_calibration_makes_intervals_hold_their_share():
    """Networks that are twice too sure of themselves: on other objects, after calibration."""
    task = Regression((RADIUS, FLUX))
    found = task.calibrate(*drawn(task, 20_000, width=2.0))
    assert found["width1_radius"] == pytest.approx(2.0, rel=0.03)

    new = drawn(task, 20_000, width=2.0, seed=9)
    before = metrics_of(task, *new)
    after = metrics_of(Regression(task.targets, found), *new)
    for name in ("radius", "flux"):
        assert before["coverage_68", name].value == pytest.approx(0.383, abs=0.02)
        for key, share in (("coverage_68", 0.6827), ("coverage_95", 0.9545)):
            assert after[key, name].value == pytest.approx(share, abs=0.01)
        assert after["coverage_99", name].value == pytest.approx(0.9973, abs=0.002)


def test_an_interval_that_nothing_lies_beyond_is_not_widened():
    """Of 100 objects nobody knows what 99.7 % of them are."""
    task = Regression((RADIUS,))
    assert set(task.calibrate(*drawn(task, 100))) == {"width1_radius", "width2_radius"}
    assert task.calibrate(*drawn(task, 5)) == {}


def test_a_wider_interval_holds_the_narrower():
    """Whatever the calibration says."""
    task = Regression((RADIUS,), {"width1_radius": 5.0, "width3_radius": 0.1})
    decoded = task.decode(outputs_of(50, task))

    names = [f"radius_lower{step}" for step in (3, 2, 1)] + ["radius"]
    names += [f"radius_upper{step}" for step in (1, 2, 3)]
    limits = np.stack([decoded[name] for name in names])
    assert (np.diff(limits, axis=0) >= 0).all()


def test_metrics_are_those_of_numpy():
    """Each target by itself, in its own unit."""
    task = Regression((RADIUS, FLUX))
    outputs, standard = drawn(task, 500)
    found = metrics_of(task, outputs, standard)
    truth, decoded = truth_of(task, standard), task.decode(outputs)

    for name in ("radius", "flux"):
        error = decoded[name] - truth[name]
        assert found["rmse", name].value == pytest.approx(np.sqrt((error**2).mean()))
        assert found["bias", name].value == pytest.approx(error.mean())
        assert found["error_68", name].value == pytest.approx(np.quantile(np.abs(error), 0.683))
    assert len(found) == 12


def test_pictures_are_drawn_for_any_number_of_targets():
    """One panel a target, and the coverage of all."""
    for targets in ((RADIUS,), (RADIUS, FLUX, *(replace(FLUX, name=n) for n in "abc"))):
        task = Regression(targets)
        outputs, standard = drawn(task, 300)
        figures = task.figures(truth_of(task, standard), task.decode(outputs))
        assert set(figures) == {"truth", "coverage", "ranks"}
        assert len(figures["truth"].axes) == len(figures["ranks"].axes) == len(targets)


def test_a_network_learns_mean_and_width():
    """The loss is smallest at the true ones: a line whose scatter grows along it."""
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(4000, 1, generator=generator)
    y = 2 * x - 1 + (0.1 + 0.4 * x) * torch.randn(x.shape, generator=generator)
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Linear(1, 16), torch.nn.Tanh(), torch.nn.Linear(16, 2)
    )
    task = Regression((Target(name="y"),))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    for _ in range(400):
        optimizer.zero_grad()
        task.loss(network(x), y).backward()
        optimizer.step()
    with torch.inference_mode():
        stated = task.distribution(network(torch.tensor([[0.1], [0.9]])))
        watched = task.monitor(network(x), y)

    np.testing.assert_allclose(stated.mean[:, 0], [-0.8, 0.8], atol=0.08)
    np.testing.assert_allclose(stated.deviations()[:, 0, 0], [0.14, 0.46], atol=0.05)
    assert list(watched) == ["log_probability", "r2"]
    assert 0.6 < watched["r2"] < 1


@pytest.mark.parametrize("factor", [1e3, 1e5, -1e5])
def test_a_loss_far_off_is_finite(factor):
    """So that a bad step can be taken back."""
    task = Regression((RADIUS, FLUX), components=2, covariance="full")
    loss = task.loss(factor * outputs_of(8, task), torch.zeros(8, 2))
    assert loss.isfinite()
    assert loss.dtype == torch.float32


@pytest.mark.parametrize(
    ("targets", "given", "told"),
    [
        ((), {}, "a name each"),
        ((RADIUS, RADIUS), {}, "all different"),
        ((replace(RADIUS, classes=("a", "b")),), {}, "classes"),
        ((replace(RADIUS, transform="ln"),), {}, "log10"),
        ((replace(RADIUS, scale=0.0),), {}, "scale must be above 0|the scale above 0"),
        ((replace(RADIUS, location=np.nan),), {}, "location must be finite"),
        ((RADIUS,), {"components": 0}, "components"),
        ((RADIUS,), {"covariance": "some"}, "diagonal"),
        ((RADIUS,), {"calibration": {"temperature": 1.0}}, "width1_radius"),
        ((RADIUS,), {"calibration": {"width1_radius": 0.0}}, "positive"),
    ],
)
def test_a_card_that_makes_no_sense_is_refused(targets, given, told):
    """With what was wrong."""
    with pytest.raises(CardError, match=told):
        Regression(targets, **given)


@pytest.mark.parametrize(
    ("column", "told"),
    [
        (np.array([1.0, np.nan]), r"finite numbers, such as nan \(row 1\)"),
        (np.array(["a", "b"]), "no number"),
        (np.ma.masked_array([1.0, 2.0], mask=[True, False]), "no number|finite numbers"),
    ],
)
def test_a_truth_that_is_no_number_is_refused(column, told):
    """It would be learned otherwise."""
    with pytest.raises(InputError, match=told):
        Regression((RADIUS,)).encode({"radius": column})


def test_a_logarithm_takes_positive_numbers():
    """And a missing column is named."""
    task = Regression((FLUX,))
    with pytest.raises(InputError, match=r"positive numbers, such as 0.0 \(row 0\)"):
        task.encode({"flux": np.array([0.0, 1.0])})
    with pytest.raises(InputError, match="no column 'flux'"):
        task.encode({"f": np.array([1.0])})


def test_outputs_are_counted():
    """Of one target and of several; the split takes all of them."""
    for targets in (1, 2, 5):
        for components in (1, 3):
            for is_full in (False, True):
                count = count_outputs(targets, components=components, is_full=is_full)
                stated = Gaussians.of(
                    torch.zeros(2, count), targets, components=components, is_full=is_full
                )
                assert stated.means.shape == (2, components, targets)
    assert count_outputs(5, components=1, is_full=True) == 20
