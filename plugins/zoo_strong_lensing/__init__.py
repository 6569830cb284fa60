"""Strong gravitational lensing for astrozoo: networks, tasks, simulators, recipes."""

from __future__ import annotations

from zoo_core.plugins import HealthCheck, hookimpl

__all__ = ["zoo_health_checks"]


@hookimpl
def zoo_health_checks() -> list[HealthCheck]:
    """Check that the simulator draws finite images on this machine's torch."""
    from .simulation.lsst import LsstLens

    image = LsstLens().chunk(0, seed=0).arrays["image"]
    finite = bool(image.isfinite().all())
    return [
        HealthCheck(
            name="lens simulator",
            passed=finite,
            message="draws finite images"
            if finite
            else "draws images that are not finite: this build of torch computes wrongly here; "
            "reinstall torch",
        )
    ]
