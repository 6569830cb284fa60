"""The page that ``layer_transfer`` writes from its results."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from zoo_core.plots import save_figure

from .report import CONFIDENCE, Results, figure, signatures, table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

#: The last paragraph of "What is seen" has the same numbers of the paper's own runs: base B
#: .6251, AnB+ .6358 to .6465, AnB frozen .5425 (n = 7), BnB frozen .5935 (n = 5), random .0146.
_TEMPLATE = """\
# How transferable are layers?

The experiment of Yosinski et al. (2014, arXiv:1411.1792) on our simulated sky. Base networks
are trained on task A or B, two halves of the classes. The first n layers of one go into a
fresh network that is trained on B: frozen, or trained further (+). BnB copies from a network
of the same task, AnB from one of the other; random layers are frozen as they were initialised.

Accuracy on {test_images:,} test images of B, mean ± standard deviation over {seeds} seeds.
**Base B: {base}**; guessing: {chance:.2f}. Base A on its own task: {base_a}.

{table}

![Accuracy over the number of copied layers]({picture})

## What is seen

{signatures}

Margins are {confidence:.0f} % intervals from the spread of trainings: a column's cells are
taken together for it, and where the largest of several differences counts they share it. All
networks see the same images, one split of the classes and one direction (A to B); what another
draw of these would change is not in the margins.
The accuracy of each training is in [{numbers}]({numbers}).

In the paper (ImageNet, 500 classes a task, 8 layers; means over its published logs, base B
62.5 %) AnB+ is up to 2.1 points above base B, AnB frozen falls to 8.3 points below it at n = 7,
BnB frozen dips 3.2 points below it at n = 5 and comes back, and three or more random frozen
layers leave next to nothing.

## How it was made

- Simulator `{simulator}` version {version} ({options}), seeds {data_seed} (training) and
  {test_seed} (test): scenes brighter than {faintest_magnitude:g} mag, lensed sources with S/N
  of at least {least_signal_to_noise:g}. Field galaxies are left out.
- Task A: {half_a}.
- Task B: {half_b}.
- Lenses are classes by Einstein radius in arcsec. The halves were drawn at random, once.
- {train_per_class:,} training and {test_per_class:,} test images of each class.
- Layers: {layers}; the last one is never copied.
- Each training, whatever is copied: {epochs} epochs of AdamW, batches of {batch_size}, learning
  rate {learning_rate:g}, weight decay {weight_decay:g}, flips and quarter turns, bfloat16.
- {runs} trainings with the seeds 0 to {last_seed} (base B: 0 to {last_base_seed}),
  {minutes:.0f} minutes on one processor core; {made_with}.

```
{command}
```
"""


def write_page(stored: Mapping[str, Any], output: Path, *, command: str) -> str:
    """Write OUTPUT.md and OUTPUT.png from what is in the JSON file.

    Parameters
    ----------
    stored : mapping
        Content of the JSON file; cells without a training stay empty.
    output : pathlib.Path
        Without a suffix.
    command : str
        What made it, for the page.

    Returns
    -------
    str
        The page.
    """
    results = Results.parse(stored)
    picture = output.with_suffix(".png")
    text = _TEMPLATE.format(
        **_facts(stored),
        base=_summary(results.base),
        base_a=_summary([r["accuracy"] for r in stored["runs"] if r["column"] == "base A"]),
        chance=results.chance,
        table=table(results),
        picture=picture.name,
        numbers=output.with_suffix(".json").name,
        signatures="\n".join(
            f"- **{found.name}: {found.verdict}.** {found.reason}."
            for found in signatures(results)
        ),
        confidence=100 * CONFIDENCE,
        command=command,
    )
    save_figure(figure(results), picture)
    output.with_suffix(".md").write_text(text, encoding="utf-8")
    return text


def _facts(stored: Mapping[str, Any]) -> dict[str, Any]:
    data, settings = stored["data"], stored["settings"]
    halves = data["halves"]
    return {
        **settings,
        **data,
        "options": ", ".join(f"{name} = {value}" for name, value in data["options"].items()),
        "layers": ", ".join(data["layers"]),
        "half_a": ", ".join(halves["A"]),
        "half_b": ", ".join(halves["B"]),
        "test_images": settings["test_per_class"] * len(halves["B"]),
        "test_seed": settings["data_seed"] + 1,
        "last_seed": settings["seeds"] - 1,
        "last_base_seed": settings["base_runs"] - 1,
        "runs": len(stored["runs"]),
        "minutes": sum(run["seconds"] for run in stored["runs"]) / 60,
        "made_with": ", ".join(f"{k} {version}" for k, version in stored["made_with"].items()),
    }


def _summary(values: tuple[float, ...] | list[float]) -> str:
    if len(values) < 2:
        return "not trained often enough"
    mean, spread = statistics.fmean(values), statistics.stdev(values)
    return f"{mean:.4f} ± {spread:.4f} ({len(values)} seeds)"
