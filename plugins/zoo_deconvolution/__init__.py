"""Restoring images of galaxies: networks, simulator, recipes."""

from __future__ import annotations

from zoo_core.plugins import HealthCheck, hookimpl

__all__ = ["zoo_health_checks"]


@hookimpl
def zoo_health_checks() -> list[HealthCheck]:
    """Say whether the simulator's GalSim is there; predicting does not need it."""
    from importlib.util import find_spec

    there = find_spec("galsim") is not None
    return [
        HealthCheck(
            name="galaxy simulator",
            passed=True,
            message="GalSim is installed"
            if there
            else "GalSim is not installed: models predict, and cannot be trained "
            "(pip install 'astrozoo[physics]')",
        )
    ]
