"""What runs in a process of Ray."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

from zoo_core.errors import ProcessError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo_core.survey import Positions, Worker, WorkerMaker
    from zoo_core.tables import PredictionTable

#: What a process of the zoo is told by its environment. Tokens are not sent around.
_TOLD = ("ZOO_", "HF_")


class Member:
    """One worker, which is made once."""

    def __init__(self) -> None:
        self._worker: Worker | None = None

    def prepare(
        self, make: WorkerMaker, folder: str, environment: Mapping[str, str], threads: int
    ) -> None:
        """Load the model, in the folder and with the settings of the process that asks.

        Raises
        ------
        ProcessError
            The folder is not there.
        """
        try:
            # Tiles may be named relative to it, and names are in the table.
            os.chdir(folder)
        except OSError as error:
            raise ProcessError(
                f"{platform.node()} has no folder {folder}: {error.strerror}. Start the "
                "run in a folder that all machines of the cluster see, as they must see the "
                "tiles."
            ) from error
        os.environ.update(environment)
        self._worker = make(threads=threads)

    def predict(self, positions: Positions) -> PredictionTable:
        """As ``Worker.predict``."""
        assert self._worker is not None  # noqa: S101 - prepare comes first
        return self._worker.predict(positions)


def settings() -> dict[str, str]:
    """The environment variables that a member is told."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(_TOLD) and "TOKEN" not in name
    }
