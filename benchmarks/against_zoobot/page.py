"""The page that tells what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .jobs import ZOO, ZOOBOT, Settings
from .results import (
    FILES,
    GOALS,
    best_loss,
    full_rows,
    head_rows,
    of,
    our_loss,
    predict_row,
    start,
    verdicts,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .results import Records, Row

_WORK = {
    "head": "a head, to Zoobot's best validation loss",
    "full": "full fine-tuning, training pictures",
    "predict": "prediction of jpg files",
    "predict-fits": "prediction of FITS files",
}

_TEMPLATE = """\
# Speed against Zoobot

Zoobot {zoobot} and this zoo do the same work on the same pictures with the same backbone
weights, in turn, on one core and one thread. What counts is processor time (user and system,
of the whole command, least of {rounds} repetitions), for other programs ran on the machine.

{summary}

{answers}
{shorter}
## A head alone

Zoobot (`training_mode='head_only'`, at most {head_epochs} epochs, patience 10) runs the
backbone in every epoch; `zoo finetune --strategy head` runs it once for each of its four
copies of a picture and solves the rest. Seconds until Zoobot has reached the loss, against
seconds of our whole command.

{head}

{losses}

## Full fine-tuning

Milliseconds of processor time for each training picture of each epoch, {epochs} epochs of
{train} pictures with batches of {batch_size}, the validation of {validation} pictures after
each of them included. "Without start" is from the end of the first epoch to the end of the
last.

{full}

## Prediction

Milliseconds of processor time a picture, {count} pictures. "Without start" is what more
than one picture takes.

{predict}

{precision}

## Start

Seconds of processor time to predict one picture, of which nearly all is imports.

{single}

## What was the same, and what was not

- The same: pictures ({train} to train on, {validation} to validate; RGB jpg of 224 x 224
  pixels, drawn for this: smooth and spiral galaxies; their green band as FITS), parts,
  backbone weights, batch size of the full fine-tuning, one thread, no worker processes,
  versions of torch and timm.
- The backbones learned {first} other drawn galaxies (bars, rings, edge-on discs, mergers)
  for {first_epochs} epochs before, from random weights; no weights from elsewhere are needed.
- Each side augments as it does by default: Zoobot by `default_view_config` (rotation, shift,
  zoom, shear, erasing and others) with `minimal_view_config` for validation and prediction,
  we by flips, quarter turns and shifts.
- Zoobot computes in float32 by default; `bf16-mixed` is an option of its trainer that works
  for training. Predicting with it fails in Zoobot {zoobot} on a processor. We compute in
  bfloat16 where that changes no probability by more than 0.02, else in float32.
- Our full fine-tuning begins with the best head for the features as they are and averages
  the weights; both sides write a checkpoint when an epoch ends.
- Zoobot writes predictions as csv, and so do we here.

## How it was made

{machine}

{versions}

```
{command}
```

The commands that were measured, with WORK as the current folder:

{commands}
"""


def write_page(stored: dict[str, Any], output: Path) -> str:
    """Write OUTPUT.md from what is in the JSON file.

    Parameters
    ----------
    stored : dict
        ``settings``, ``facts`` and ``records``, see ``__main__``.
    output : pathlib.Path
        Without a suffix.

    Returns
    -------
    str
        The page.
    """
    settings, records = Settings(**stored["settings"]), stored["records"]
    facts = stored["facts"]
    archs = [arch for arch in settings.architectures if _is_whole(records, arch)]
    text = _TEMPLATE.format(
        **stored["settings"],
        zoobot=facts["zoobot"]["zoobot"],
        summary=_summary(records, settings, archs),
        answers="\n".join(_answers(records, settings, archs)),
        head=_table("s", [row for arch in archs for row in head_rows(records, arch)]),
        losses="\n".join(_losses(records, archs)),
        full=_table("ms", [r for arch in archs for r in full_rows(records, settings, arch)]),
        predict=_table(
            "ms", [predict_row(records, settings, a, kind) for a in archs for kind in FILES]
        ),
        precision="\n".join(_precision(records, archs)),
        single=_starts(records, archs),
        count=settings.train + settings.validation,
        machine=facts["machine"],
        shorter="".join(_shorter(stored.get("shorter", {}))),
        versions=_versions(facts),
        command=facts["command"],
        commands="\n".join(_commands(records, archs[:1])),
    )
    output.with_suffix(".md").write_text(text, encoding="utf-8")
    return text


def _is_whole(records: Records, arch: str) -> bool:
    """Whether everything has been measured at least once."""
    kinds = (*GOALS, "single", "single-fits")
    return all(
        of(records, arch=arch, kind=kind, side=side) for kind in kinds for side in (ZOO, ZOOBOT)
    )


def _summary(records: Records, settings: Settings, archs: list[str]) -> str:
    lines = ["| | goal | " + " | ".join(archs) + " |", "|---|---|" + "---|" * len(archs)]
    found = {arch: verdicts(records, settings, arch) for arch in archs}
    for kind, goal in GOALS.items():
        cells = [_times(found[arch][kind]) for arch in archs]
        lines.append(f"| {_WORK[kind]} | {goal:g}x | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _answers(records: Records, settings: Settings, archs: list[str]) -> Iterator[str]:
    for arch in archs:
        for kind, ratio in verdicts(records, settings, arch).items():
            is_met = ratio >= GOALS[kind]
            word = "reached" if is_met else "**missed**"
            what = f"{arch}, {_WORK[kind]}: {_times(ratio)}"
            yield f"- {what}, the goal of {GOALS[kind]:g}x is {word}."


def _shorter(shorter: dict[str, dict[str, int]]) -> Iterator[str]:
    """What was done less of for a backbone, and what it does to the ratios."""
    for arch, less in shorter.items():
        yield (
            f"\n{arch} was measured with less: {less['first_epochs']} epoch(s) of the "
            f"backbone's own training, {less['rounds']} repetition(s), at most "
            f"{less['head_epochs']} epochs of Zoobot's head. A validation loss near 0.69 is "
            "chance: a backbone that has learned so little tells nothing about heads.\n"
        )


def _losses(records: Records, archs: list[str]) -> Iterator[str]:
    for arch in archs:
        variant, loss = best_loss(records, arch)
        ours = our_loss(records, arch)
        word = "below" if ours < loss else "equal to" if ours == loss else "above"
        yield (
            f"- {arch}: our validation loss is {ours:.4f}, {word} Zoobot's best of {loss:.4f} "
            f"({variant})."
        )


def _table(unit: str, rows: list[Row]) -> str:
    lines = [
        (
            f"| backbone | Zoobot's way | Zoobot, {unit} | zoo, {unit} | ratio | "
            f"without start: Zoobot, {unit} | zoo, {unit} | ratio |"
        ),
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        numbers = (row.theirs, row.ours), (row.theirs_bare, row.ours_bare)
        cells = [
            f"{theirs:.1f} | {ours:.1f} | {_times(theirs / ours)}" for theirs, ours in numbers
        ]
        lines.append(f"| {row.arch} | {row.what} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _precision(records: Records, archs: list[str]) -> Iterator[str]:
    for arch in archs:
        for kind, files in FILES.items():
            found = of(records, arch=arch, kind=kind, side=ZOO)
            is_in_full = any(record["is_in_full"] for record in found)
            how = (
                "float32, for bfloat16 changes its probabilities by more than 0.02"
                if is_in_full
                else "bfloat16"
            )
            yield f"- {arch}, {files}: ours ran in {how}."


def _starts(records: Records, archs: list[str]) -> str:
    lines = ["| backbone | Zoobot, s | zoo, s | ratio |", "|---|---|---|---|"]
    for arch in archs:
        theirs, ours = (start(records, arch, side) for side in (ZOOBOT, ZOO))
        lines.append(f"| {arch} | {theirs:.1f} | {ours:.1f} | {_times(theirs / ours)} |")
    return "\n".join(lines)


def _versions(facts: dict[str, Any]) -> str:
    return "\n".join(
        f"- {side}: " + ", ".join(f"{k} {version}" for k, version in facts[key].items())
        for side, key in (("Zoobot", "zoobot"), ("zoo", "zoo"))
    )


def _commands(records: Records, archs: list[str]) -> Iterator[str]:
    for arch in archs:
        shown = dict.fromkeys(record["command"] for record in of(records, arch=arch))
        yield "```\n" + "\n".join(shown) + "\n```"


def _times(ratio: float) -> str:
    """A ratio for people; 0 stands for a loss that was not reached."""
    return f"{ratio:.1f}x" if ratio else "not reached"
