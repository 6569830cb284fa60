"""A whole fine-tuning: from a parent's name and labels to a model folder."""

from __future__ import annotations

import json
from contextlib import closing, nullcontext
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from ..cards import Target, TaskRef, check_name
from ..distributed import join_team
from ..errors import CardError, InputError, UsageError
from ..labelled import check_leaks, check_parts, make_split, open_labelled, read_examples
from ..training import CHECKPOINT, has_checkpoint, hold_run
from ._against import measure_baselines, parse_against
from ._augment import AUGMENTATIONS
from ._curves import save_curves
from ._export import Finetuned, export_finetuned
from ._fit import Material, fit_to
from ._freeze import freeze, hold_statistics
from ._head import compute_features, fit_head, has_linear_head, put_on
from ._inputs import input_of_data, only_input, preprocessing_of_data, remark_on_scale
from ._loop import Finetuner
from ._loss import class_weights
from ._origin import fill_in, find_origin
from ._plan import default_plan, frozen_parameters
from ._read_once import read_once
from ._room import check_room, telling_full_disc
from ._start import StemPolicy, start_network
from ._tensorboard import BOARD, Board, check_tensorboard

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from .._zoo import Zoo
    from ..cards import Card, InputSpec
    from ..distributed import Team
    from ..evaluation import Evaluation
    from ..labelled import Examples, Split
    from ..preprocessing import Preprocessing
    from ..registry import ModelFolder
    from ..tasks import Task
    from ._head import HeadFit
    from ._options import FinetuneOptions
    from ._plan import FinetunePlan

#: The record of what a run's folder holds.
_RUN = "run.json"

#: Below so many training objects the head alone is trained, unless something else is asked.
_FEW = 500


class Reporter:
    """What is told while a fine-tuning goes on; the base class says nothing."""

    def note(self, text: str) -> None:
        """One line for people."""

    def progress(self, done: int, total: int, text: str = "") -> None:
        """How far the present stage is."""

    def stage(self, name: str) -> None:
        """A stage begins: ``read``, ``features``, ``train``, ``test``."""

    def epoch(self, record: dict[str, float]) -> None:
        """An epoch has ended."""


@dataclass(frozen=True, slots=True)
class FinetuneResult:
    """The model folder and its measures on the test part; None without one."""

    folder: Path
    evaluation: Evaluation | None
    is_whole: bool


@dataclass(frozen=True, slots=True)
class _Setup:
    """Everything that is fixed before the training."""

    parent: ModelFolder
    network: torch.nn.Module
    arguments: dict[str, Any]
    ref: TaskRef
    task: Task
    spec: InputSpec
    preprocessing: Preprocessing
    examples: Examples
    split: Split
    plan: FinetunePlan
    device: str
    keeps_head: bool


def finetune(
    zoo: Zoo,
    parent: str,
    data: str | Path,
    *,
    name: str,
    run: Path,
    folder: Path,
    options: FinetuneOptions,
    device: str = "auto",
    resumes: bool = False,
    tensorboard: bool = False,
    reporter: Reporter | None = None,
) -> FinetuneResult:
    """Fine-tune a model on labelled data.

    In each of several processes that a launcher such as torchrun has started it does a part
    of the work, with the result of one process. Only the first one tells and writes.

    Parameters
    ----------
    zoo : Zoo
        Finds the parent and builds networks.
    parent : str
        Name of a model, as ``zoo_core.load`` takes it, or of an architecture, which is then
        trained from random weights, or fitted if it is of that kind.
    data : path
        Labelled data, as ``open_labelled`` takes them.
    name : str
        Of the new model.
    run : pathlib.Path
        Folder of the run: checkpoint, history, curves.
    folder : pathlib.Path
        The model folder to write; its last part is ``name``.
    options : FinetuneOptions
        Everything else.
    device : str
        As ``pick_device`` takes it.
    resumes : bool
        Go on with what lies in ``run``.
    tensorboard : bool
        Also write the history for TensorBoard, into ``run``.
    reporter : Reporter, optional
        Told what happens.

    Raises
    ------
    UsageError
        The run's folder holds another run, or what was asked for does not fit together.
    InputError
        The labels or the data cannot be used; said before the training.
    OutputError
        A disc is full, or has less room than the training takes; the latter is said before.
    ProcessError
        Another process of the training has ended.
    """
    check_name(name, where="--name")
    if tensorboard:
        check_tensorboard()
    with join_team(device) as (team, own), telling_full_disc(run):
        mine = reporter if reporter and team.is_first else Reporter()
        with hold_run(run) if team.is_first else nullcontext():
            return _finetune(
                zoo, parent, data,
                name=name, run=run, folder=folder, options=options, device=own,
                resumes=resumes, tensorboard=tensorboard, reporter=mine, team=team,
            )  # fmt: skip


def _finetune(
    zoo: Zoo,
    parent: str,
    data: str | Path,
    *,
    name: str,
    run: Path,
    folder: Path,
    options: FinetuneOptions,
    device: str,
    resumes: bool,
    tensorboard: bool,
    reporter: Reporter,
    team: Team,
) -> FinetuneResult:
    from ..plugins import FinetuneStarted

    origin = find_origin(zoo, parent, data, options)
    options, baselines = origin.options, parse_against(zoo, options.against)
    if origin.is_fitted:
        _refuse_for_fits(parent, team, resumes=resumes, tensorboard=tensorboard)
    examples, spec = _read(origin.found.card, data, run, options, reporter, team)
    split = make_split(
        examples, validation=options.drawn_validation, test=options.test, seed=options.seed
    )
    check_leaks(examples, split)
    check_parts(examples, split)
    if baselines and not len(split.test):
        raise UsageError("--against compares on the test part, and there is none.")
    ref, _ = _task_of(origin.found.card, examples.classes, options.label)
    material = Material(examples=examples, split=split, spec=spec, task=ref, data=str(data))
    found = fill_in(zoo, origin, spec, zoo.task(ref).num_outputs).found
    if origin.is_fitted:
        done = _fit(zoo, found, material, name, run, options, reporter)
        others = measure_baselines(
            zoo, baselines, material,
            name=name, run=run, options=options, preprocessing=done.preprocessing,
            reporter=reporter,
        )  # fmt: skip
        evaluation = _export(zoo, replace(done, comparisons=others), folder, "", reporter)
        return FinetuneResult(folder, evaluation, is_whole=True)
    setup = _set_up(zoo, found, examples, split, spec, options, device)
    start_loss: float | None = None
    is_fitted = setup.plan.strategy == "head" and has_linear_head(setup.network)
    if team.is_first:
        _claim(run, setup, options, resumes=resumes)
        check_room(setup.network, run=run, folder=folder, has_checkpoint=not is_fitted)
        zoo.plugins.send(
            FinetuneStarted(
                model=name,
                parent=found.full_name,
                strategy=setup.plan.strategy,
                examples=len(split.train),
                run=run,
            )
        )
    _describe(setup, reporter)
    # Before the training, which takes longer: so that what cannot be fitted is told early.
    comparisons = team.from_first(
        lambda: measure_baselines(
            zoo, baselines, material,
            name=name, run=run, options=options, preprocessing=setup.preprocessing,
            reporter=reporter,
        )
    )  # fmt: skip
    is_whole = True
    if is_fitted:
        fit = _fit_head(setup, options, reporter, team, copies=setup.plan.copies)
        for record in fit.history:
            reporter.epoch(record)
        history, best, network = fit.history, fit.best, setup.network.eval()
        if team.is_first:
            save_curves(history, run / "curves.png", best=best)
            if tensorboard:
                Board(run / BOARD, history).close()
    else:
        start_loss = _begin(setup, run, options, reporter, team)
        tuner = _tuner(zoo, setup, run, options, team)
        board = Board(run / BOARD, tuner.history) if tensorboard and team.is_first else None
        with closing(board) if board else nullcontext():
            is_whole = _train(zoo, tuner, setup, run, name, reporter, board)
        history, best, network = tuner.history, tuner.best_epoch - 1, tuner.best_network()
        if start_loss is not None and history[best]["validation_loss"] > start_loss:
            reporter.note(
                f"no epoch came below the validation loss of the head alone, {start_loss:.4g}: "
                "with these data --strategy head may be better, or a lower --learning-rate "
                "with more --epochs"
            )
    done = Finetuned(
        name=name,
        parent=found,
        network=network,
        arguments=setup.arguments,
        task=setup.ref,
        spec=setup.spec,
        preprocessing=setup.preprocessing,
        examples=examples,
        split=split,
        options=options,
        plan=setup.plan,
        history=history,
        best=best,
        data=str(data),
        has_parent=not origin.is_architecture,
        comparisons=comparisons,
    )
    remark = (
        "" if is_whole else f"The training was stopped by hand after {len(history)} epochs."
    )
    evaluation = None
    if team.is_first:
        evaluation = _export(zoo, done, folder, remark, reporter, is_whole=is_whole)
    # From here on the folder is there for all.
    team.gather(None, patiently=True)
    return FinetuneResult(folder, evaluation, is_whole)


def _export(
    zoo: Zoo,
    done: Finetuned,
    folder: Path,
    remark: str,
    reporter: Reporter,
    *,
    is_whole: bool = True,
) -> Evaluation | None:
    """Write the model folder and say so."""
    from ..plugins import FinetuneEnded

    reporter.stage("test")
    evaluation = export_finetuned(zoo, done, folder, remark=remark, progress=reporter.progress)
    metrics = evaluation.metrics if evaluation else []
    zoo.plugins.send(
        FinetuneEnded(
            model=done.name,
            folder=folder,
            is_whole=is_whole,
            metrics={f"{m.name} {m.conditions}".strip(): m.value for m in metrics},
        )
    )
    return evaluation


# Fits


def _refuse_for_fits(
    architecture: str, team: Team, *, resumes: bool, tensorboard: bool
) -> None:
    """Raise UsageError for what is about epochs, where there are none."""
    if resumes:
        raise UsageError(
            f"{architecture} is fitted in one go: there is nothing to --resume. Leave it out."
        )
    if tensorboard:
        raise UsageError(f"{architecture} is fitted in one go: there are no curves to write.")
    if team.size > 1:
        raise UsageError(
            f"{architecture} is fitted in one process: run the command without a launcher."
        )


def _fit(
    zoo: Zoo,
    found: ModelFolder,
    material: Material,
    name: str,
    run: Path,
    options: FinetuneOptions,
    reporter: Reporter,
) -> Finetuned:
    """Fit an architecture, telling what is done."""
    from ..plugins import FinetuneStarted

    zoo.plugins.send(
        FinetuneStarted(
            model=name,
            parent=found.full_name,
            strategy="fit",
            examples=len(material.split.train),
            run=run,
        )
    )
    reporter.note(_counts(material.examples, material.split))
    reporter.stage("fit")
    done = fit_to(zoo, found, material, name=name, options=options)
    reporter.note(f"input {done.spec.describe()}; {done.preprocessing.describe()}")
    if done.fitted and done.fitted.summary:
        reporter.note(done.fitted.summary)
    return done


# Data


def _read(
    card: Card,
    data: str | Path,
    run: Path,
    options: FinetuneOptions,
    reporter: Reporter,
    team: Team,
) -> tuple[Examples, InputSpec]:
    spec = input_of_data(only_input(card), bands=options.bands, size=options.size)

    def read(folder: Path, memory: int | None) -> Examples:
        labelled = open_labelled(
            data,
            (spec,),
            label=options.label,
            path=options.path,
            group=options.group,
            split=options.split,
            array=options.array,
            classes=options.classes,
            fit=options.fit,
            validation=options.validation_data,
        )
        for remark in labelled.notes:
            reporter.note(remark)
        reporter.stage("read")
        return read_examples(
            labelled,
            skip_bad=options.skips_bad,
            folder=folder,
            memory=memory,
            progress=reporter.progress,
        )

    examples = read_once(team, read, run)
    for reason in examples.left_out:
        reporter.note(f"left out: {reason}")
    for warning in examples.warnings:
        reporter.note(warning)
    shape = examples.arrays[spec.name].shape[2:]
    return _in_order(examples, card, options), replace(spec, size=tuple(map(int, shape)))


def _in_order(examples: Examples, card: Card, options: FinetuneOptions) -> Examples:
    """Classes in the order of the parent's where they are the same; the positive one last."""
    import numpy as np

    order = list(examples.classes)
    parents = [target.classes for target in card.task.targets]
    if options.positive is not None:
        if options.positive not in order or len(order) != 2:
            raise UsageError(
                f"--positive names one of two classes; it is {options.positive!r}, the data "
                f"have {', '.join(order)}."
            )
        order.sort(key=lambda name: name == options.positive)
    elif len(parents) == 1 and set(parents[0]) == set(order):
        order = list(parents[0])
    places = np.array([order.index(name) for name in examples.classes], dtype=np.int64)
    return replace(examples, classes=tuple(order), labels=places[examples.labels])


# Network


def _set_up(
    zoo: Zoo,
    parent: ModelFolder,
    examples: Examples,
    split: Split,
    spec: InputSpec,
    options: FinetuneOptions,
    device: str,
) -> _Setup:
    card = parent.card
    ref, keeps_head = _task_of(card, examples.classes, options.label)
    task = zoo.task(ref)
    strategy = options.strategy or ("head" if len(split.train) < _FEW else "full")
    plan = default_plan(strategy, len(split.train), **options.settings)
    plan = _changed_by_plugins(zoo, plan, card)
    stem = StemPolicy(
        policy=options.stem,
        bands=tuple(band.name for band in spec.bands),
        old_bands=tuple(band.name for band in only_input(card).bands),
        mapping=options.stem_bands,
    )
    if len(stem.bands) != len(stem.old_bands) and stem.policy == "keep":
        raise UsageError(
            f"the data have {len(stem.bands)} bands ({', '.join(stem.bands)}), {card.name} "
            f"takes {len(stem.old_bands)} ({', '.join(stem.old_bands)}). Say what becomes of "
            "its first layer: --stem sum, mean, repeat or random."
        )
    is_scratch = plan.strategy == "scratch"
    train = {spec.name: examples.arrays[spec.name][split.train]}
    preprocessing = preprocessing_of_data(
        card, spec, train, stretch=options.stretch, resize=options.resize
    )
    network, _, arguments = start_network(
        zoo,
        parent,
        num_outputs=task.num_outputs,
        stem=stem,
        keeps_head=keeps_head and not is_scratch,
        is_scratch=is_scratch,
        seed=options.seed,
    )
    setup = _Setup(
        parent, network, arguments, ref, task, spec, preprocessing, examples, split, plan,
        device, keeps_head,
    )  # fmt: skip
    _try_out(setup)
    if not is_scratch:
        freeze(network, frozen_parameters(network, plan))
        if plan.holds_statistics:
            hold_statistics(network)
    return setup


def _task_of(card: Card, classes: tuple[str, ...], label: str) -> tuple[TaskRef, bool]:
    """The parent's task where the classes are the same, else a classification."""
    parents = card.task.targets
    if len(parents) == 1 and parents[0].classes == classes:
        return replace(card.task, calibration={}), True
    kind = "binary-classification" if len(classes) == 2 else "multiclass-classification"
    target = Target(name=label, classes=classes, description="as labelled")
    return TaskRef(name=kind, kind=kind, targets=(target,), calibration={}), False


def _changed_by_plugins(zoo: Zoo, plan: FinetunePlan, parent: Card) -> FinetunePlan:
    from ._plan import FinetunePlan

    for plugin, changed in zoo.plugins.call_in_turn(
        "zoo_plan_finetune", "plan", plan=plan, parent=parent
    ):
        if not isinstance(changed, FinetunePlan):
            raise UsageError(
                f"the plugin {plugin.name!r} planned a fine-tuning by {changed!r}, which is no "
                "FinetunePlan."
            )
        plan = changed
    return plan


def _try_out(setup: _Setup) -> None:
    """Run two objects, so that what does not fit is told before the training."""
    import torch

    rows = setup.split.train[:2]
    array = setup.examples.arrays[setup.spec.name][rows]
    inputs = setup.preprocessing(torch.from_numpy(array.astype("float32")))
    if not bool(inputs.isfinite().all()):
        raise InputError(
            "the preprocessing gives numbers that are not finite. Choose another --stretch."
        )
    network = setup.network.eval()
    try:
        with torch.inference_mode():
            outputs = network(inputs)
    except (RuntimeError, ValueError, AssertionError, IndexError) as error:
        shape = "x".join(map(str, inputs.shape[1:]))
        raise UsageError(
            f"{setup.parent.card.architecture.name} cannot take inputs of {shape} (bands, then "
            f"pixels): {str(error).splitlines()[0]}. If it is for such data, but of another "
            "size, --resize brings them to it; if it is not, begin with one that is."
        ) from error
    wanted = (len(rows), setup.task.num_outputs)
    if not isinstance(outputs, torch.Tensor) or tuple(outputs.shape) != wanted:
        raise CardError(
            f"{setup.parent.card.architecture.name} does not give one row of "
            f"{setup.task.num_outputs} outputs an object, so it cannot be fine-tuned here."
        )


def _describe(setup: _Setup, reporter: Reporter) -> None:
    plan, split = setup.plan, setup.split
    reporter.note(_counts(setup.examples, split))
    trained = sum(p.numel() for p in setup.network.parameters() if p.requires_grad)
    whole = sum(p.numel() for p in setup.network.parameters())
    reporter.note(
        f"strategy {plan.strategy}: {trained:,} of {whole:,} parameters are trained; input "
        f"{setup.spec.describe()}; {setup.preprocessing.describe()}"
    )
    array = setup.examples.arrays[setup.spec.name]
    remark = remark_on_scale(setup.preprocessing, array, split.train)
    if remark:
        reporter.note(remark)


def _counts(examples: Examples, split: Split) -> str:
    """How many objects each part has, and of which classes those for the training are."""
    classes = ", ".join(
        f"{name} {int((examples.labels[split.train] == index).sum())}"
        for index, name in enumerate(examples.classes)
    )
    return (
        f"{len(split.train)} objects to train on ({classes}), {len(split.validation)} to "
        f"validate, {len(split.test)} to test"
    )


# Training


def _fit_head(
    setup: _Setup, options: FinetuneOptions, reporter: Reporter, team: Team, *, copies: int
) -> HeadFit:
    """The best linear head on features that are computed once, put on the network."""
    import torch

    plan, split = setup.plan, setup.split
    array = setup.examples.arrays[setup.spec.name]
    labels = setup.examples.labels
    total = copies * len(split.train) + len(split.validation)
    done = 0

    def progress(count: int) -> None:
        nonlocal done
        # The others are about as far.
        done = min(total, done + team.size * count)
        reporter.progress(done, total)

    def features(rows: Any, copy: int) -> torch.Tensor:
        return compute_features(
            setup.network,
            setup.preprocessing,
            array[rows],
            device=setup.device,
            precision=plan.precision,
            augmentation=AUGMENTATIONS[plan.augment] if copy else None,
            seed=options.seed * 1_000_003 + copy,
            progress=progress,
            team=team,
        )

    reporter.stage("features")
    found = torch.cat([features(split.train, copy) for copy in range(copies)])
    held_out = features(split.validation, 0)
    if not bool((found - found[:1]).any()):
        reporter.note(
            "the features of all objects are the same, so that nothing can be learned from "
            "them: the network may need larger images (--resize) or pixels on another scale "
            "(--stretch)"
        )
    truth = setup.ref.targets[0].name
    target = setup.task.encode({truth: labels[split.train]})
    weights = None
    if plan.balance_classes:
        weights = class_weights(labels[split.train], max(2, setup.task.num_outputs))
    fit = team.from_first(
        lambda: fit_head(
            setup.task,
            (found, torch.cat([target] * copies)),
            (held_out, setup.task.encode({truth: labels[split.validation]})),
            plan=plan,
            weights=weights,
        )
    )
    put_on(setup.network, fit)
    return fit


def _begin(
    setup: _Setup, run: Path, options: FinetuneOptions, reporter: Reporter, team: Team
) -> float | None:
    """Put the best head for the features as they are on a network that is trained further.

    Returns its validation loss; None where there is no such head, or the training goes on.
    """
    plan = setup.plan
    if plan.strategy == "scratch" or setup.keeps_head or not plan.fits_head_first:
        return None
    if not has_linear_head(setup.network):
        return None
    if team.from_first(lambda: has_checkpoint(run / CHECKPOINT)):
        return None
    fit = _fit_head(setup, options, reporter, team, copies=1)
    loss = fit.history[fit.best]["validation_loss"]
    reporter.note(f"head on the features as they are: validation loss {loss:.4g}")
    return loss


def _tuner(
    zoo: Zoo, setup: _Setup, run: Path, options: FinetuneOptions, team: Team
) -> Finetuner:
    truth, labels = setup.ref.targets[0].name, setup.examples.labels
    array, split = setup.examples.arrays[setup.spec.name], setup.split

    def change(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for _, changed in zoo.plugins.call_in_turn(
            "zoo_parameter_groups", "groups",
            network=setup.network, plan=setup.plan, groups=groups,
        ):  # fmt: skip
            groups = changed
        return groups

    return Finetuner(
        setup.network,
        setup.task,
        preprocessing=setup.preprocessing,
        train=(array[split.train], setup.task.encode({truth: labels[split.train]})),
        validation=(
            array[split.validation],
            setup.task.encode({truth: labels[split.validation]}),
        ),
        plan=setup.plan,
        folder=run,
        device=setup.device,
        seed=options.seed,
        change_groups=change,
        team=team,
    )


def _train(
    zoo: Zoo,
    tuner: Finetuner,
    setup: _Setup,
    run: Path,
    name: str,
    reporter: Reporter,
    board: Board | None,
) -> bool:
    """Train to the end; False if it was stopped by hand after an epoch."""
    from ..plugins import EpochEnded

    if tuner.epoch:
        reporter.note(f"going on after epoch {tuner.epoch} of {setup.plan.epochs}")

    def after_epoch(record: dict[str, float]) -> None:
        save_curves(tuner.history, run / "curves.png", best=tuner.best_epoch - 1)
        if board:
            board.write(record)
        zoo.plugins.send(EpochEnded(model=name, record=record))
        reporter.epoch(record)

    reporter.stage("train")
    tuner.team.listen()
    try:
        tuner.run(
            progress=lambda step, steps, loss: reporter.progress(
                step, steps, f"loss {loss:.3f}"
            ),
            after_epoch=after_epoch if tuner.team.is_first else None,
        )
    except KeyboardInterrupt:
        if not tuner.best_epoch:
            raise
        reporter.note(
            f"stopped: the best epoch so far, {tuner.best_epoch}, is kept. The same command "
            "with --resume goes on."
        )
        return False
    if tuner.epoch < setup.plan.epochs:
        reporter.note(
            f"ended after epoch {tuner.epoch}: nothing became better since epoch "
            f"{tuner.best_epoch}"
        )
    return True


def _claim(run: Path, setup: _Setup, options: FinetuneOptions, *, resumes: bool) -> None:
    """Note what a run's folder holds, or refuse one that holds something else."""
    told = {
        "parent": setup.parent.card.weights.ref.sha256 or setup.parent.full_name,
        "data": setup.examples.fingerprint,
        "options": options.to_json(),
        "plan": asdict(setup.plan),
    }
    told = json.loads(json.dumps(told))
    record = run / _RUN
    holds_one = has_checkpoint(run / CHECKPOINT)
    if holds_one and not resumes:
        raise UsageError(
            f"{run} holds a run. --resume goes on with it; a new one needs another folder (-o)."
        )
    if holds_one and record.is_file():
        before = json.loads(record.read_text(encoding="utf-8"))
        differ = sorted(key for key in told if told[key] != before.get(key))
        if differ:
            raise UsageError(
                f"{run} holds a run with another {', '.join(differ)}; it cannot go on with "
                "these. Give what it was begun with, or another folder (-o)."
            )
    record.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
