"""The verb of Python: train or fit on labels, and load what comes out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._free import check_free
from ._options import split_options
from ._run import finetune

if TYPE_CHECKING:
    from .._zoo import Zoo
    from ..models import Model
    from ._run import Reporter


def fit_model(
    zoo: Zoo,
    start: str,
    data: str | Path,
    *,
    name: str,
    run: str | Path | None = None,
    registry: str | Path | None = None,
    device: str = "auto",
    resumes: bool = False,
    overwrite: bool = False,
    tensorboard: bool = False,
    reporter: Reporter | None = None,
    **options: Any,
) -> Model:
    """Fine-tune a model, or train or fit an architecture, and load the new model.

    Parameters
    ----------
    zoo : Zoo
        Finds what it starts from, and loads what comes out.
    start, data, name
        As ``finetune`` takes them.
    run : path, optional
        Folder of the run; ``runs/NAME`` by default.
    registry : path, optional
        Where the model folder goes; the user's own by default.
    device : str
        As ``pick_device`` takes it.
    resumes, tensorboard, reporter
        As ``finetune`` takes them.
    overwrite : bool
        Replace a model of that name.
    **options
        As ``split_options`` takes them.

    Raises
    ------
    UsageError, InputError
        As ``finetune``.
    """
    from ..distributed import launched
    from ..registry import user_registry

    folder = (Path(registry) if registry is not None else user_registry().folder) / name
    held = Path(run) if run is not None else Path("runs") / name
    check_free(folder, held, overwrite=overwrite, resumes=resumes)
    done = finetune(
        zoo,
        start,
        data,
        name=name,
        run=held,
        folder=folder,
        options=split_options(options),
        device=device if launched().size == 1 else device.partition(":")[0],
        resumes=resumes,
        tensorboard=tensorboard,
        reporter=reporter,
    )
    return zoo.load(f"file:{done.folder.resolve()}", device=device)
