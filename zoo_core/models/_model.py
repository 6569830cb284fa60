"""A loaded model and its verbs."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import torch

    from .._zoo import Zoo
    from ..cards import Card
    from ..data import Inputs
    from ..devices import InferenceEngine
    from ..evaluation import Evaluation
    from ..finetuning import Reporter
    from ..registry import ModelFolder
    from ..tables import PredictionTable
    from ..tasks import Task
    from ..weights import LoadReport


class Model:
    """A network with the card that says what goes in and the task that says what comes out.

    Made by ``zoo_core.load``.

    Attributes
    ----------
    card : Card
        What the model folder says.
    task : Task
        Decodes outputs, knows the metrics.
    network : torch.nn.Module
        Float32, in eval mode, with timm's method names.
    report : LoadReport
        Which tensors were filled.
    zoo : Zoo or None
        Which loaded it: its plugins hear of predictions, and ``fit`` builds with it.
    """

    def __init__(
        self,
        found: ModelFolder,
        *,
        task: Task,
        network: torch.nn.Module,
        report: LoadReport,
        device: str,
        precision: str = "auto",
        threads: int | None = None,
        zoo: Zoo | None = None,
    ):
        self.found = found
        self.task = task
        self.network = network
        self.report = report
        self.device = device
        self.precision = precision
        self.threads = threads
        self.zoo = zoo
        self._engines: dict[tuple[bool, int | str], InferenceEngine] = {}
        self._headless: Model | None = None

    @property
    def card(self) -> Card:
        """The card of the model folder."""
        return self.found.card

    def __repr__(self) -> str:
        return f"<Model {self.card.name} {self.card.version} on {self.device}>"

    def engine(
        self,
        *,
        compile: bool = False,
        batch_size: int | str = "auto",
    ) -> InferenceEngine:
        """The network prepared for fast inference; prepared once for each setting."""
        from ..devices import InferenceEngine

        key = (compile, batch_size)
        if key not in self._engines:
            self._engines[key] = InferenceEngine(
                self.network,
                device=self.device,
                precision=self.precision,
                compile=compile,
                batch_size=batch_size,
                threads=self.threads,
                views=self.card.views,
            )
        return self._engines[key]

    def prepare(self, arrays: Mapping[str, torch.Tensor]) -> list[torch.Tensor]:
        """Preprocess a batch of each input, in the order in which the network takes them."""
        return [steps(arrays[name]) for name, steps in self.card.preprocessing.items()]

    def provenance(self) -> dict[str, str]:
        """What a prediction table says about its model."""
        from .. import __version__

        return {
            "model": self.card.name,
            "model_version": self.card.version,
            "weights_sha256": self.card.weights.ref.sha256,
            "astrozoo_version": __version__,
        }

    def predict(
        self,
        data: str | Path | Sequence[str | Path] | np.ndarray | torch.Tensor,
        *,
        fit: str = "exact",
        accept_bands: Sequence[str] = (),
        compile: bool = False,
        batch_size: int | str = "auto",
        progress: Callable[[int, int], None] | None = None,
    ) -> PredictionTable:
        """Predict for files, folders or an array.

        Parameters
        ----------
        data : path, list of paths, or array
            What ``zoo_core.data`` reads; or an array ``(n, channel, *axes)`` in the card's
            units.
        fit : str
            ``exact``, or ``crop`` to cut larger images down to the card's size.
        accept_bands : sequence of str
            Bands to take although the card names others.
        compile : bool
            Compile the network first; pays for itself on large inputs only.
        batch_size : int or "auto"
            Objects a forward pass.
        progress : callable, optional
            Called with (rows done, rows in all).

        Returns
        -------
        PredictionTable
            One row an input, in input order: id, source, one column per class probability
            or target, flag, reason.

        Raises
        ------
        InputError
            Nothing could be read at all.
        PredictionInterrupted
            Ctrl-C; carries the rows that were done.
        """
        inputs = self.open(data, fit=fit, accept_bands=accept_bands)
        return self.predict_inputs(
            inputs, compile=compile, batch_size=batch_size, progress=progress
        )

    def predict_inputs(
        self,
        inputs: Inputs,
        *,
        compile: bool = False,
        batch_size: int | str = "auto",
        progress: Callable[[int, int], None] | None = None,
    ) -> PredictionTable:
        """Predict for what ``open`` listed; see ``predict``."""
        from ..plugins import PredictionEnded
        from ..prediction import predict_inputs

        engine = self.engine(compile=compile, batch_size=batch_size)
        started = time.monotonic()
        table = predict_inputs(self, inputs, engine=engine, progress=progress)
        if self.zoo is not None:
            self.zoo.plugins.send(
                PredictionEnded(
                    model=self.card.name,
                    rows=len(table),
                    flagged=sum(flag != "" for flag in table["flag"]),
                    seconds=time.monotonic() - started,
                )
            )
        return table

    def without_head(self) -> Model:
        """The same model with another task: features, which the head of its network takes.

        Everything that predicts works with it as with any other model; the network is
        shared. It runs in float32 unless another precision was asked for: vectors are
        compared with each other, those of a run that was interrupted with those of the one
        that went on, and what ``auto`` chooses depends on the first objects.

        Raises
        ------
        UsageError
            The network does not tell its features from its head.
        """
        from ..tasks import Features
        from ._headless import without_head

        gives_features = isinstance(self.task, Features)
        if gives_features and self.precision != "auto":
            return self
        if self._headless is None:
            self._headless = Model(
                self.found,
                task=self.task if gives_features else Features(()),
                network=self.network if gives_features else without_head(self.network),
                report=self.report,
                device=self.device,
                precision="float32" if self.precision == "auto" else self.precision,
                threads=self.threads,
                zoo=self.zoo,
            )
        return self._headless

    def embed(self, data: Any, **options: Any) -> PredictionTable:
        """Feature vectors of files, folders or an array: a table as ``predict`` makes it.

        Parameters
        ----------
        data, **options
            As of ``predict``.

        Returns
        -------
        PredictionTable
            One row an input, in input order: id, source, ``features`` ``(n, num_features)``
            float32, flag, reason. A row that could not be used holds NaN.

        Raises
        ------
        UsageError
            The network does not tell its features from its head.
        InputError, PredictionInterrupted
            As ``predict``.
        """
        return self.without_head().predict(data, **options)

    def open(
        self, data: Any, *, fit: str = "exact", accept_bands: Sequence[str] = ()
    ) -> Inputs:
        """List what is to be predicted, checked against the card; see ``predict``."""
        from ..data import inputs_from_array, open_inputs

        specs = self.card.inputs
        if self.task.gives_images:
            # It does images of other sizes in windows of the card's.
            specs = tuple(replace(spec, size=(None,) * len(spec.size)) for spec in specs)
        if isinstance(data, str | os.PathLike | list | tuple):
            return open_inputs(data, specs, fit=fit, accept_bands=accept_bands)
        return inputs_from_array(data, specs, fit=fit)

    def fit(
        self,
        data: str | Path,
        *,
        name: str,
        run: str | Path | None = None,
        registry: str | Path | None = None,
        resumes: bool = False,
        overwrite: bool = False,
        tensorboard: bool = False,
        reporter: Reporter | None = None,
        **options: Any,
    ) -> Model:
        """Fine-tune on labelled data and load the new model.

        Parameters
        ----------
        data : path
            Table, folder of classes, npz or HDF5; see ``zoo_core.labelled.open_labelled``.
        name : str
            Of the new model.
        run : path, optional
            Folder of the run; ``runs/NAME`` by default.
        registry : path, optional
            Where the model folder goes; the user's own by default.
        resumes : bool
            Go on with what lies in ``run``.
        overwrite : bool
            Replace a model of that name.
        tensorboard : bool
            Also write the history for TensorBoard, into ``run``.
        reporter : Reporter, optional
            Told what happens.
        **options
            Fields of ``FinetuneOptions``, such as ``label``, ``strategy``, ``validation``, and
            of ``FinetunePlan``, such as ``epochs``.

        Returns
        -------
        Model
            The new one; this one stays as it is.

        Raises
        ------
        UsageError, InputError
            As ``zoo_core.finetuning.finetune``.
        """
        from .._zoo import default_zoo
        from ..finetuning import fit_model

        return fit_model(
            self.zoo or default_zoo(),
            self.found.full_name,
            data,
            name=name,
            run=run,
            registry=registry,
            device=self.device,
            resumes=resumes,
            overwrite=overwrite,
            tensorboard=tensorboard,
            reporter=reporter,
            **options,
        )

    def evaluate(
        self, data: Any, *, label: str | None = None, part: str = "all", **options: Any
    ) -> Evaluation:
        """Predict and compare with the truth.

        Parameters
        ----------
        data : path or Simulator
            As ``zoo_core.evaluation.evaluate`` takes it; with ``label`` or ``part`` labelled
            data as for ``fit``.
        label : str, optional
            Column or array of labels.
        part : str
            ``all``, or the part that the data were when the model was fine-tuned: ``train``,
            ``validation`` or ``test``.
        **options
            As ``evaluate``, or for labelled data ``evaluate_labelled``, takes them.
        """
        from ..evaluation import evaluate, evaluate_labelled

        if label is None and part == "all":
            return evaluate(self, data, **options)
        return evaluate_labelled(self, data, label=label or "label", part=part, **options)
