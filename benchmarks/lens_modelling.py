"""Measuring lenses: a network of the zoo against fits with lenstronomy, and lens light.

    python benchmarks/lens_modelling.py -o docs/evidence/lens-modelling
    python benchmarks/lens_modelling.py --model ./runs/sie-lens/sie-lens --count 200 --fits 1

Three tables, and the pictures of them. First, errors and coverage on simulated lenses that the
model was not trained on, also over their signal-to-noise ratio. Second, time for a lens, by the
model and by a maximum-likelihood fit with lenstronomy of the first of the same images: an
isothermal ellipsoid, a Sersic source, a Gaussian PSF of the true width and the true noise; a
particle swarm, then a simplex from its best point. The fit is told more than the network (PSF
and noise) and less (its source is smooth, ours have clumps). Both run on one thread. Third,
errors where the light of the lens lies on the arcs: as it is, taken away by a Sersic fit or by
independent component analysis over three bands, and where there never was any.
"""

from __future__ import annotations

import argparse
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import zoo_core as zoo
from zoo_core.metrics import measure_error_quantile
from zoo_core.plots import save_figure
from zoo_core.preprocessing import Preprocessing
from zoo_core.simulation import concatenate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch

    from zoo_core.models import Model

#: Of data that no recipe draws.
SEED, BLEND_SEED = 81, 82

PARAMETERS = ("einstein_radius", "ellipticity1", "ellipticity2", "center_x", "center_y")
UNITS = {"einstein_radius": '"', "center_x": '"', "center_y": '"'}

#: Peak over noise: bins of the first table.
PEAK_OVER_NOISE = (10.0, 15.0, 25.0, 50.0, 100.0)

#: What is done about the light of the lens: steps, and how many bands they take.
REMOVALS = {
    "blended, as it is": ([], 1),
    "Sersic fit": ([{"op": "subtract_sersic"}], 1),
    "independent components": ([{"op": "separate_center"}], 3),
}

#: Of the fit: names, then start, width, lowest and highest value of each.
_LENS = {
    "theta_E": (1.3, 0.8, 0.05, 3.5),
    **dict.fromkeys(("e1", "e2"), (0.0, 0.2, -0.8, 0.8)),
    **dict.fromkeys(("center_x", "center_y"), (0.0, 0.15, -0.4, 0.4)),
}
_SOURCE = {
    "R_sersic": (0.25, 0.15, 0.03, 1.0),
    "n_sersic": (1.0, 0.5, 0.4, 5.0),
    **dict.fromkeys(("e1", "e2"), (0.0, 0.2, -0.6, 0.6)),
    **dict.fromkeys(("center_x", "center_y"), (0.0, 0.3, -2.5, 2.5)),
}
RANGES = {
    part: [{name: values[column] for name, values in ranges.items()} for column in range(4)]
    for part, ranges in (("lens", _LENS), ("source", _SOURCE))
}

#: Particles and rounds of the swarm.
SWARM = (60, 120)


def main() -> None:
    """Print the tables, write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="sie-lens", help="name or path")
    parser.add_argument("--count", type=int, default=5000, help="lenses of the first table")
    parser.add_argument("--blends", type=int, default=400, help="lenses of the third table")
    parser.add_argument("--fits", type=int, default=5, help="lenses that lenstronomy fits")
    parser.add_argument("-o", "--output", type=Path, help="write OUTPUT.md and pictures")
    arguments = parser.parse_args()
    model = zoo.load(arguments.model, device="cpu", threads=1)
    parts = [
        accuracy(model, arguments.count, arguments.output),
        against_fits(model, arguments.fits),
        with_lens_light(model, arguments.blends, arguments.output),
    ]
    text = "\n\n".join(parts) + "\n"
    print(text)
    if arguments.output:
        head = PAGE.format(model=f"{model.card.name} {model.card.version}")
        arguments.output.with_suffix(".md").write_text(head + text, encoding="utf-8")


PAGE = """\
# Measuring lenses

`{model}` on simulated HST-like lenses that it was not trained on. Errors are what 68.3 % of the
absolute errors are below, with 95 % intervals; coverage is the share of lenses whose truth lies
in the stated interval.

```
python benchmarks/lens_modelling.py -o docs/evidence/lens-modelling
```

"""


def drawn(name: str, count: int, seed: int) -> tuple[torch.Tensor, dict[str, Any], Any]:
    """Images, truth and maps of a simulator."""
    simulator = zoo.Zoo.discover().simulator(name)
    found = concatenate(simulator.stream(count, seed=seed))
    return found.arrays["image"], found.truth, found.maps


def accuracy(model: Model, count: int, output: Path | None) -> str:
    """Errors and coverage, of all and over peak to noise."""
    images, truth, _ = drawn("hst-lens", count, SEED)
    table = model.predict(images)
    found = {c.name: np.asarray(table[c.name]) for c in model.task.columns}
    rows = []
    for name in PARAMETERS:
        cells = [name, error(truth[name], found[name], UNITS.get(name, ""))]
        for step in (1, 2, 3):
            low, high = found[f"{name}_lower{step}"], found[f"{name}_upper{step}"]
            inside = (truth[name] >= low) & (truth[name] <= high)
            cells.append(f"{100 * inside.mean():.1f} %")
        rows.append(cells)
    header = ["", "68 % error", "in 68.3 %", "in 95.4 %", "in 99.7 %"]
    tables = [f"## {count:,} lenses\n\n{in_markdown(header, rows)}"]
    ratio = 1.0 / truth["noise"]
    rows = []
    for low, high in pairwise(PEAK_OVER_NOISE):
        here = (ratio >= low) & (ratio < high)
        errors = [error(truth[n][here], found[n][here], UNITS.get(n, "")) for n in PARAMETERS]
        rows.append([f"{low:g} to {high:g}", f"{here.sum():,}", *errors])
    header = ["peak / noise", "lenses", *PARAMETERS]
    tables.append(
        f"### Over the peak of the arcs in units of the noise\n\n{in_markdown(header, rows)}"
    )
    if output:
        for stem, figure in model.task.figures(truth, found).items():
            path = output.with_name(f"{output.name}-{stem}.png")
            path.unlink(missing_ok=True)
            save_figure(figure, path)
            tables.append(f"![{stem}]({path.name})")
    return "\n\n".join(tables)


def error(truth: np.ndarray, found: np.ndarray, unit: str) -> str:
    """The 68 % error with its interval."""
    good = np.isfinite(found)
    metric = measure_error_quantile(truth[good], found[good], 0.683, name="error_68")
    return f"{metric.value:.3f}{unit} ({metric.low:.3f} to {metric.high:.3f})"


def against_fits(model: Model, count: int) -> str:
    """Seconds for a lens by both, and how far both are off."""
    images, truth, _ = drawn("hst-lens", 256, SEED)
    model.predict(images[:64])
    begun = time.process_time()
    table = model.predict(images)
    ours = (time.process_time() - begun) / len(images)
    rows = []
    seconds = []
    for row in range(count):
        begun = time.process_time()
        fitted = fit(images[row, 0].numpy(), {k: v[row] for k, v in truth.items()})
        seconds.append(time.process_time() - begun)
        for who, values in (
            ("network", {n: float(table[n][row]) for n in PARAMETERS}),
            ("fit", fitted),
        ):
            off = [f"{values[n] - truth[n][row]:+.3f}" for n in PARAMETERS]
            rows.append([str(row), who, *off])
    header = ["lens", "by", *(f"{n} off by" for n in PARAMETERS)]
    ratio = np.mean(seconds) / ours if seconds else np.nan
    return (
        f"## Against a maximum-likelihood fit\n\n{1e3 * ours:.1f} ms a lens by the network, "
        f"{np.mean(seconds):.0f} s by lenstronomy ({count} lenses, processor time, one "
        f"thread): a ratio of {ratio:,.0f}.\n\n{in_markdown(header, rows)}"
    )


def fit(image: np.ndarray, truth: Mapping[str, float]) -> dict[str, float]:
    """Parameters of the maximum likelihood, as the targets of the model tell them."""
    from lenstronomy.Workflow.fitting_sequence import FittingSequence

    there = np.isfinite(image)
    scale = 0.04
    data = {
        "image_data": np.nan_to_num(image - np.nanmedian(image)),
        "background_rms": float(truth["noise"]),
        "exposure_time": 1e12,
        "ra_at_xy_0": -(image.shape[1] - 1) / 2 * scale,
        "dec_at_xy_0": -(image.shape[0] - 1) / 2 * scale,
        "transform_pix2angle": np.eye(2) * scale,
    }
    width = max(2.355 * float(truth["psf_sigma"]), 0.01)
    psf = {"psf_type": "GAUSSIAN", "fwhm": width, "pixel_size": scale}
    parameters = {
        f"{part}_model": [[start], [sigma], [{}], [low], [high]]
        for part, (start, sigma, low, high) in RANGES.items()
    }
    sequence = FittingSequence(
        {
            "multi_band_list": [[data, psf, {"supersampling_factor": 1}]],
            "multi_band_type": "single-band",
        },
        {"lens_model_list": ["SIE"], "source_light_model_list": ["SERSIC_ELLIPSE"]},
        {},
        {"image_likelihood_mask_list": [there]},
        parameters,
        verbose=False,
    )
    particles, rounds = SWARM
    sequence.fit_sequence(
        [
            ["PSO", {"sigma_scale": 1.0, "n_particles": particles, "n_iterations": rounds}],
            ["SIMPLEX", {"n_iterations": 300}],
        ]
    )
    best = sequence.best_fit()["kwargs_lens"][0]
    size = np.hypot(best["e1"], best["e2"])
    ratio = (1.0 - size) / (1.0 + size)
    angle = np.arctan2(best["e2"], best["e1"])
    return {
        "einstein_radius": best["theta_E"],
        "ellipticity1": (1.0 - ratio) * np.cos(angle),
        "ellipticity2": (1.0 - ratio) * np.sin(angle),
        "center_x": best["center_x"],
        "center_y": best["center_y"],
    }


def with_lens_light(model: Model, count: int, output: Path | None) -> str:
    """Errors with the light of the lens and without, and a picture of some."""
    images, truth, maps = drawn("hst-blend", count, BLEND_SEED)
    given = {
        name: Preprocessing.parse(steps, channels=bands)(images[:, :bands])
        for name, (steps, bands) in REMOVALS.items()
    }
    given["no lens light"] = images[:, :1] - maps["lens_light"][:, None]
    rows = []
    for name, some in given.items():
        table = model.predict(some)
        errors = [error(truth[n], np.asarray(table[n]), UNITS.get(n, "")) for n in PARAMETERS]
        rows.append([name, *errors])
    if output:
        figure = _before_and_after(given, images)
        path = output.with_name(f"{output.name}-light.png")
        path.unlink(missing_ok=True)
        save_figure(figure, path)
    header = ["bluest band", *PARAMETERS]
    picture = f"\n\n![before and after]({output.name}-light.png)" if output else ""
    return (
        f"## With the light of the lens, {count} lenses\n\n{in_markdown(header, rows)}{picture}"
    )


def _before_and_after(given: Mapping[str, torch.Tensor], images: torch.Tensor) -> Any:
    """The first six lenses: three bands in colour, then each way."""
    from zoo_core.plots import pictures_figure

    rows = []
    for row in range(6):
        colour = images[row].flip(0)
        shown = [(colour / colour.amax()).clamp(0, 1).sqrt().numpy()]
        for some in given.values():
            one = some[row].nan_to_num(0.0)
            one = one - one.median()
            shown.append((one / 1.0).clamp(0, 1).sqrt().numpy())
        rows.append(shown)
    return pictures_figure(rows, ("three bands", *given))


def in_markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
