"""Baselines: what is fitted to the same training part and measured on the same objects."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..simulation import format_options, parse_options
from ._export import export_finetuned, words_of_data
from ._fit import fit_to
from ._fitter import find_fit
from ._origin import nowhere

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from .._zoo import Zoo
    from ..evaluation import Evaluation
    from ..preprocessing import Preprocessing
    from ._fit import Material
    from ._options import FinetuneOptions
    from ._run import Reporter

#: Folder of the baselines, in that of the run.
_FOLDER = "against"

#: Where the pixels of the model go through one of these, those of a baseline are stretched too.
_BENT = frozenset({"asinh", "noise_scale"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What is fitted.

    Attributes
    ----------
    label : str
        What it is called beside the model: the architecture, numbered where one comes twice.
    architecture : str
        Its name.
    settings : mapping of str
        What its fit is told.
    """

    label: str
    architecture: str
    settings: Mapping[str, Any]


def parse_against(zoo: Zoo, texts: Iterable[str]) -> list[Baseline]:
    """Baselines as they are asked for.

    Parameters
    ----------
    zoo : Zoo
        Whose plugins offer them.
    texts : iterable of str
        ``NAME``, ``NAME,NAME``, or ``NAME KEY=VALUE ...`` with settings of the fit.

    Raises
    ------
    UsageError
        A text that is none of these, a setting that there is not, or an architecture that is
        not fitted.
    UnknownName
        No such architecture.
    """
    asked: list[tuple[str, dict[str, Any]]] = []
    for text in texts:
        words = _words(text)
        if any("=" in word for word in words):
            asked.append((words[0], parse_options(words[1:])))
        else:
            asked += [(name, {}) for word in words for name in word.split(",") if name]
    found: list[Baseline] = []
    for architecture, settings in asked:
        find_fit(zoo, architecture, settings)
        short = architecture.rpartition("/")[2]
        number = 1 + sum(other.architecture.rpartition("/")[2] == short for other in found)
        label = short if number == 1 else f"{short}-{number}"
        found.append(Baseline(label=label, architecture=architecture, settings=settings))
    return found


def measure_baselines(
    zoo: Zoo,
    baselines: Iterable[Baseline],
    material: Material,
    *,
    name: str,
    run: Path,
    options: FinetuneOptions,
    preprocessing: Preprocessing,
    reporter: Reporter,
) -> list[dict[str, Any]]:
    """Fit each to the training part and measure it on the test part.

    Their model folders lie in the run's folder and are not part of the model.

    Parameters
    ----------
    zoo : Zoo
        Finds and builds.
    baselines : iterable of Baseline
        What is fitted.
    material : Material
        The objects and their parts.
    name : str
        Of the model that they stand beside.
    run : pathlib.Path
        Folder of the run.
    options : FinetuneOptions
        Of the model.
    preprocessing : Preprocessing
        Of the model: where that bends the scale, a baseline gets ``asinh`` too, so that it is
        not beaten for want of it.
    reporter : Reporter
        Told what comes out.

    Returns
    -------
    list of dict
        What a card says under ``comparisons``, without the data.

    Raises
    ------
    UsageError
        There is no test part.
    """
    found = []
    for baseline in baselines:
        reporter.stage(f"against {baseline.label}")
        own = _options_of(baseline, options, preprocessing)
        folder = run / _FOLDER / f"{name}-{baseline.label}"
        origin = nowhere(zoo, baseline.architecture, material.spec, {})
        done = fit_to(zoo, origin, material, name=folder.name, options=own)
        evaluation = export_finetuned(zoo, done, folder, progress=reporter.progress)
        if evaluation is None or done.fitted is None:
            raise UsageError("without a test part there is nothing to compare on.")
        told = f": {done.fitted.summary}" if done.fitted.summary else ""
        reporter.note(f"against {baseline.label}{told}")
        settings = f" ({', '.join(format_options(own.arguments))})" if own.arguments else ""
        count = len(material.split.train)
        found.append(
            {
                "name": baseline.label,
                "summary": f"{baseline.architecture}{settings}, fitted to the same {count} "
                f"objects{told}",
                "command": _command(baseline, folder.name, material, own),
                "metrics": _metrics(evaluation),
            }
        )
    return found


def _words(text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError:
        words = []
    if not words or "=" in words[0]:
        raise UsageError(
            f"--against is written NAME, NAME,NAME or 'NAME KEY=VALUE ...'; got {text!r}."
        )
    return words


def _options_of(
    baseline: Baseline, options: FinetuneOptions, preprocessing: Preprocessing
) -> FinetuneOptions:
    bends = any(operation in _BENT for operation, _ in preprocessing.steps)
    return replace(
        options,
        arguments=dict(baseline.settings),
        against=(),
        settings={},
        strategy=None,
        stem="keep",
        stem_bands={},
        resize=(),
        stretch="asinh" if bends else "parent",
        views="one",
    )


def _metrics(evaluation: Evaluation) -> list[dict[str, Any]]:
    # Where a cut lies is a matter of each model's scores; there is nothing to compare.
    return [m.to_json() for m in evaluation.metrics if not m.name.startswith("threshold")]


def _command(
    baseline: Baseline, name: str, material: Material, options: FinetuneOptions
) -> str:
    """The command that fits the same again and prints its metrics."""
    classes = material.task.targets[0].classes
    words = ["zoo", "finetune", baseline.architecture, material.data, "--name", name]
    words += words_of_data(options)
    for option, value in (
        ("--group", options.group),
        ("--split", options.split),
        ("--positive", classes[-1] if len(classes) == 2 else None),
        ("--bands", ",".join(band.name for band in material.spec.bands)),
        ("--stretch", None if options.stretch == "parent" else options.stretch),
    ):
        words += [option, value] if value else []
    if options.size:
        words += ["--size", *map(str, options.size)]
    splits = material.examples.splits
    if options.validation_data:
        words += ["--validation", options.validation_data]
    elif splits is None or "validation" not in splits:
        words += ["--validation", f"{options.drawn_validation:g}"]
    if splits is None or "train" not in splits:
        words += ["--test", f"{options.test:g}"]
    words += ["--seed", str(options.seed)]
    words += ["--skip-bad"] if options.skips_bad else []
    for text in format_options(options.arguments):
        words += ["--set", text]
    return shlex.join(words)
