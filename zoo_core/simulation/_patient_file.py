"""A file for libraries that do not survive a full disc."""

from __future__ import annotations

import io
from typing import Any


class PatientFile(io.FileIO):
    """A file, opened to write and read, that keeps the first error of writing for later.

    HDF5 cannot close a file that it could not write, and crashes when the program ends. Of
    this one it learns nothing: whoever writes looks at ``error`` from time to time, and after
    the file was closed.

    Attributes
    ----------
    error : OSError or None
        The first one; nothing is written any more after it.
    """

    def __init__(self, path: Any):
        super().__init__(path, "w+")
        self.error: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all of the bytes, or seem to."""
        left = memoryview(data).cast("B")
        count = len(left)
        while len(left) and self.error is None:
            try:
                left = left[super().write(left) :]
            except OSError as error:
                self.error = error
        return count

    def truncate(self, size: int | None = None) -> int:
        """Give the file a size, or seem to."""
        try:
            return super().truncate(size)
        except OSError as error:
            self.error = self.error or error
            return size or 0
