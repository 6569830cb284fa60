"""Making workers, in this process and in others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ProcessError
from ._worker import Worker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..cards import InputSpec
    from ..models import Model
    from ..registry import ModelFolder
    from ._tile import Tile


class WorkerMaker:
    """Makes workers of one run; can be sent to other processes.

    Here a worker has the model that is loaded. A network is not sent: elsewhere the first
    call loads the model by its name, verified like any other, and it must be the same one.

    Parameters
    ----------
    model : Model
        Of one image.
    tiles : sequence of Tile
        Where to cut.
    spec : InputSpec
        As ``image_input`` gives it.
    resample : bool
        As ``cut`` takes it.
    compile, batch_size
        As ``Model.engine`` takes them.

    Attributes
    ----------
    device : str
        Where the network runs.
    threads : int or None
        Threads of a worker, if the user has said how many.
    """

    def __init__(
        self,
        model: Model,
        tiles: Sequence[Tile],
        *,
        spec: InputSpec,
        resample: bool = True,
        compile: bool = False,
        batch_size: int | str = "auto",
    ):
        from ..devices import pick_precision
        from ..tasks import Features

        self.device = model.device
        self.threads = model.threads
        self._model: Model | None = model
        self._name = _reference(model.found)
        self._provenance = model.provenance()
        # What "auto" means is settled here, or nodes of two kinds would give two precisions.
        self._precision = pick_precision(model.precision, model.device)
        self._gives_features = isinstance(model.task, Features)
        self._tiles = tuple(tiles)
        self._spec = spec
        self._resample = resample
        self._compile = compile
        self._batch_size = batch_size

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_model": None}

    def __call__(self, *, threads: int | None = None) -> Worker:
        """Make a worker.

        Parameters
        ----------
        threads : int, optional
            For the network, where the model is not loaded yet.

        Raises
        ------
        ProcessError
            Another process finds another model under the name, or has another astrozoo.
        """
        if self._model is None:
            self._model = self._load(threads or self.threads)
        return Worker(
            self._model,
            self._tiles,
            spec=self._spec,
            engine=self._model.engine(compile=self._compile, batch_size=self._batch_size),
            resample=self._resample,
        )

    def _load(self, threads: int | None) -> Model:
        from .._zoo import default_zoo

        # A process of an engine has the devices that it was given, and counts them from 0.
        model = default_zoo().load(
            self._name,
            device=self.device.partition(":")[0],
            precision=self._precision,
            threads=threads,
        )
        found = model.provenance()
        if found != self._provenance:
            told = "; ".join(
                f"{key} is {found[key]} there and {value} here"
                for key, value in self._provenance.items()
                if found[key] != value
            )
            raise ProcessError(
                f"a worker has found another {self._name}: {told}. Give all machines the same "
                "astrozoo and the same model folders."
            )
        return model.without_head() if self._gives_features else model


def _reference(found: ModelFolder) -> str:
    """What another process finds the same folder by, whatever its environment says."""
    return str(found.folder.absolute()) if found.place == "user" else found.full_name
