"""Classes of radio galaxies: networks, task, simulator, recipes, readers of published sets."""

from __future__ import annotations

from zoo_core.plugins import HealthCheck, hookimpl

__all__ = ["zoo_health_checks"]


@hookimpl
def zoo_health_checks() -> list[HealthCheck]:
    """Check that the simulator draws finite images on this machine's torch."""
    import torch

    from .simulation.first import RadioGalaxies

    images = RadioGalaxies().draw(4, torch.Generator().manual_seed(0)).arrays["image"]
    finite = bool(images.isfinite().all())
    return [
        HealthCheck(
            name="radio galaxy simulator",
            passed=finite,
            message="draws finite images"
            if finite
            else "draws images that are not finite: this build of torch computes wrongly here; "
            "reinstall torch",
        )
    ]
