"""Whether a file is a safetensors file at all, told from its header alone.

What a first load records holds from then on, so that nothing may be recorded which could never
be loaded. Loading itself checks the file once more, and fully.
"""

from __future__ import annotations

import json

#: Bytes of the number that says how long the header is.
_PREFIX = 8

#: The format allows no longer header.
_LONGEST_HEADER = 100_000_000


def why_no_safetensors(data: bytes) -> str:
    """Why the bytes of a file are no safetensors; empty if they are."""
    length = int.from_bytes(data[:_PREFIX], "little")
    here = len(data) - _PREFIX - length
    if len(data) < _PREFIX or here < 0 or length > _LONGEST_HEADER:
        return "it has no header of that format"
    try:
        header = json.loads(data[_PREFIX : _PREFIX + length].decode("utf-8"))
        ends = [
            tensor["data_offsets"][1]
            for name, tensor in header.items()
            if name != "__metadata__"
        ]
        told = max(ends, default=0)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return "its header cannot be read"
    return "" if told == here else f"its header tells of {told} bytes of tensors, not {here}"
