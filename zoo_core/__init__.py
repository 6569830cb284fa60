"""A model zoo for deep learning in astronomy.

>>> import zoo_core as zoo
>>> "resnet-lens" in zoo.list_models()
True

Importing this package imports neither torch nor any plugin; each name below is fetched
when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from ._zoo import Zoo
    from .models import Model

__version__ = "0.1.0"

__all__ = ["UsageError", "Zoo", "ZooError", "build", "fit", "list_models", "load", "simulate"]


def list_models(*, task: str | None = None, plugin: str | None = None) -> list[str]:
    """Names of all models, or of those of a task (name or kind) or plugin."""
    from ._zoo import default_zoo

    return [
        item.summary.name for item in default_zoo().list_models(task=task, plugin=plugin).found
    ]


def load(
    name: str, *, device: str = "auto", precision: str = "auto", threads: int | None = None
) -> Model:
    """Load a model: find its folder, verify and fill its network.

    Parameters
    ----------
    name : str
        ``model``, ``place/model`` or the path of a model folder.
    device : str
        ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.
    precision : str
        ``auto`` (what the device does well), ``float32``, ``bfloat16`` or ``float16``.
    threads : int, optional
        Processor threads of predictions; by default as torch is set.

    Returns
    -------
    Model
        With ``predict``, ``evaluate``, ``network``, ``card``, ``task``.

    Raises
    ------
    UnknownName, AmbiguousName, CardError, PluginError, WeightsError, DeviceError
        Each says what to do.
    """
    from ._zoo import default_zoo

    return default_zoo().load(name, device=device, precision=precision, threads=threads)


def build(architecture: str, **arguments: Any) -> torch.nn.Module:
    """Build an untrained network, such as ``build("deeplens", num_bands=4)``."""
    from ._zoo import default_zoo

    return default_zoo().build(architecture, **arguments)


def fit(start: str, data: str | Path, *, name: str, **options: Any) -> Model:
    """Train or fit on labelled data, from a model or an architecture, and load what comes out.

    Parameters
    ----------
    start : str
        A model, as ``load`` takes it, which is fine-tuned (``Model.fit`` does the same); or an
        architecture, which is trained from random weights, or fitted if it is of that kind.
    data : path
        Table, folder of classes, npz or HDF5.
    name : str
        Of the new model.
    **options
        As of ``Model.fit``; ``arguments={...}`` are those of an architecture, and ``device``.

    Examples
    --------
    ``fit("svm", "galaxies/", name="spirals-svm", arguments={"features": "hog"})``
    """
    from ._zoo import default_zoo
    from .finetuning import fit_model

    return fit_model(default_zoo(), start, data, name=name, **options)


def simulate(simulator: str, count: int, *, seed: int, **options: Any) -> Any:
    """Draw ``count`` objects of a simulator: arrays and truth, see ``Simulated``."""
    from ._zoo import default_zoo
    from .simulation import concatenate

    return concatenate(default_zoo().simulator(simulator, **options).stream(count, seed=seed))


def __getattr__(name: str) -> Any:
    if name == "Zoo":
        from ._zoo import Zoo

        return Zoo
    if name in ("UsageError", "ZooError"):
        from . import errors

        return getattr(errors, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
