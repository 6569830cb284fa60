"""A hook module that observes events, for plugins that declare it and that do not."""

from zoo_core.plugins import hookimpl

told = []


@hookimpl
def zoo_event(event):
    """Keep it."""
    told.append(event)
