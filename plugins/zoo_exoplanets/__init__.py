"""Transits of exoplanets in light curves: networks, tasks, simulators, recipes."""

from __future__ import annotations

from zoo_core.plugins import HealthCheck, hookimpl

__all__ = ["zoo_health_checks"]


@hookimpl
def zoo_health_checks() -> list[HealthCheck]:
    """Check that the simulator draws finite light curves on this machine's torch."""
    from .simulation.transits import Transits

    flux = Transits().chunk(0, seed=0).arrays["series"]
    finite = bool(flux.isfinite().all())
    return [
        HealthCheck(
            name="transit simulator",
            passed=finite,
            message="draws finite light curves"
            if finite
            else "draws light curves that are not finite: this build of torch computes wrongly "
            "here; reinstall torch",
        )
    ]
