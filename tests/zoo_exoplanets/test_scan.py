"""A light curve of a month, scanned by a network that was trained for seconds."""

import dataclasses

import numpy as np
import pytest
import torch
from astropy.table import Table
from zoo_exoplanets.simulation.transit_model import transit_flux

from zoo_core import Zoo
from zoo_core.cli import main
from zoo_core.tables import read_table
from zoo_core.training import export_model, make_trainer

CADENCE = 120.0 / 86400.0
PERIOD, FIRST = 2.3, 1.1


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The folder of a small logistic-transit."""
    zoo = Zoo.discover()
    folder = tmp_path_factory.mktemp("transits")
    recipe = zoo.recipe("mlp-transit").faster()
    recipe = dataclasses.replace(
        recipe,
        training=dataclasses.replace(
            recipe.training, examples_per_epoch=12_288, validation_examples=512
        ),
        calibration=dataclasses.replace(recipe.calibration, examples=512),
        test=dataclasses.replace(recipe.test, examples=2048),
    )
    trainer = make_trainer(zoo, recipe, folder / "run")
    trainer.run()
    export_model(zoo, recipe, trainer, folder / "mlp-transit")
    return folder / "mlp-transit"


def _light_curve(path, *, days=6.0, depth=0.01):
    """A star that varies slowly, a planet of 2.3 days, noise of a quarter of its depth."""
    time = np.arange(round(days / CADENCE)) * CADENCE
    one = [torch.tensor([v], dtype=torch.float64) for v in (FIRST, PERIOD, depth**0.5)]
    flux = transit_flux(
        torch.from_numpy(time),
        mid_transit=one[0],
        period=one[1],
        inclination=torch.tensor([torch.pi / 2]),
        radius_ratio=one[2],
        semi_major_axis=8.0,
        limb_darkening=(0.5, 0.0),
    )[0].numpy()
    rng = np.random.default_rng(1)
    flux = flux * (1.0 + 0.003 * np.sin(time)) * rng.normal(1.0, depth / 4, len(time))
    gap = (time > 2.1) & (time < 2.6)
    Table({"time": time[~gap], "flux": 900.0 * flux[~gap]}).write(path, format="ascii.ecsv")
    return path


def test_every_transit_is_found_at_its_time(model, tmp_path, capsys):
    """One row a window, the best ones at the transits, and a picture of it all."""
    curve = _light_curve(tmp_path / "star.ecsv")
    out, sheet = tmp_path / "out.csv", tmp_path / "sheet.png"

    code = main(["predict", str(model), str(curve), "-o", str(out), "--sheet", str(sheet)])

    table = read_table(out)
    middles = np.array([float(str(name).rpartition("@")[2]) for name in table["id"]])
    found = middles[np.asarray(table["p_transit"]) > 0.9]
    expected = FIRST + PERIOD * np.arange(3)
    nearest = np.abs(found[:, None] - expected).min(axis=1)
    assert code == 0
    # A window may see a transit up to half a window off its middle.
    assert (nearest < 0.125).mean() > 0.9
    assert np.abs(found[:, None] - expected).min(axis=0) == pytest.approx(0.0, abs=0.02)
    assert sheet.stat().st_size > 10_000
    captured = capsys.readouterr()
    assert "windows without half of the values left out" in captured.err
    assert "1 series in" in captured.err


def test_windows_of_the_simulator_are_drawn_too(model, tmp_path):
    """Objects of an npz file have no times; the best of them are shown."""
    windows, out = tmp_path / "windows", tmp_path / "out.csv"
    assert (
        main(
            [
                "simulate",
                "transits",
                "-o",
                str(windows),
                "-n",
                "9",
                "--seed",
                "8",
                "--format",
                "npz",
            ]
        )
        == 0
    )

    options = ["-o", str(out), "--sheet", str(tmp_path / "sheet.png"), "--top", "3"]
    assert main(["predict", str(model), str(windows / "transits.npz"), *options]) == 0

    assert len(read_table(out)) == 9
    assert (tmp_path / "sheet.png").stat().st_size > 10_000


def test_the_card_tells_the_wider_grid(model):
    """Calibration and test are drawn from the grid for testing."""
    card = Zoo.discover().find(str(model)).card
    told = {(e.metric.name, e.metric.conditions): e for e in card.metrics}

    assert ("recall", "depth/noise = 0.25") in told
    assert "--option grid=test" in told["auroc", ""].command
