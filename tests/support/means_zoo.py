"""A zoo with one plugin that offers an architecture that is fitted and one that is trained."""

from pathlib import Path

import numpy as np

from zoo_core import Zoo
from zoo_core.plugins import Contribution, Manifest, Plugin
from zoo_core.registry import Registry


def means_zoo(folder, *, fit="nearest_mean:fit_nearest_mean"):
    """``nearest-mean`` is fitted by ``fit``; ``tiny`` and ``nine``, for 9 x 9, are trained."""
    offered = (
        ("nearest-mean", "nearest_mean:NearestMean", fit),
        ("tiny", "subjects:GoodNet", None),
        ("nine", "toys:TinyNet", None),
    )
    contributions = tuple(
        Contribution(
            kind="architectures",
            name=name,
            target=target,
            summary=name,
            plugin="means",
            fit=how,
        )
        for name, target, how in offered
    )
    manifest = Manifest(
        name="means",
        summary="Means",
        folder=Path(folder),
        models=None,
        contributions=contributions,
    )
    return Zoo(
        [Plugin(name="means", manifest=manifest)], [Registry("user", folder / "registry")]
    )


def write_squares(path, count=60, *, size=9, bands=1, seed=0):
    """An npz file of noise ``x``, with a bright square in each second object (``y`` 1)."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    images = rng.normal(size=(count, bands, size, size))
    images[:, :, 3:6, 3:6] += 2.0 * labels[:, None, None, None]
    np.savez(path, x=images.astype("f4")[:, 0] if bands == 1 else images.astype("f4"), y=labels)
    return path
