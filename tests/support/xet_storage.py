"""The storage that the stock client sends large files to by default, as a folder.

With the package hf_xet installed huggingface_hub does not upload large files over the Hub: it
asks the Hub for a token and an address, and hf_xet sends pieces to that address, and shards
that say which pieces make up which file. An address ``local://`` is a folder to it.
"""

import hashlib
import struct
import tempfile
from pathlib import Path

#: Length of every record of a shard, and of the header before the first.
_RECORD = 48

_HAS_VERIFICATION = 1 << 31
_HAS_SHA256 = 1 << 30


class XetStorage:
    """A storage in a folder; ``url`` is its address."""

    def __init__(self, folder):
        self.folder = folder
        self.url = f"local://{folder}"

    def read(self, sha256):
        """A file by its SHA-256, put together from its pieces; None if it never arrived."""
        for shard in self.folder.glob("xet/xorbs/shards/*.mdb"):
            for name, oid, size in _files(shard.read_bytes()):
                if oid == sha256:
                    data = self._fetch(name, size)
                    return data if hashlib.sha256(data).hexdigest() == sha256 else None
        return None

    def _fetch(self, name, size):
        # It reads its environment, such as where to log, when it is imported.
        import hf_xet

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "file")
            session = hf_xet.XetSession()
            with session.new_file_download_group(endpoint=self.url) as group:
                group.start_download_file(hf_xet.XetFileInfo(name, size), str(path))
            return path.read_bytes()


def _files(shard):
    """Name, SHA-256 and size of each file of a shard.

    A file is a record with its name, flags and number of pieces, then a record for each
    piece, perhaps one more for each, and one that begins with the SHA-256.
    """
    at = _RECORD
    while shard[at : at + 32] != b"\xff" * 32:
        name = _hexadecimal(shard[at : at + 32])
        flags, count = struct.unpack_from("<2I", shard, at + 32)
        pieces = range(at + _RECORD, at + _RECORD * (1 + count), _RECORD)
        size = sum(struct.unpack_from("<I", shard, piece + 36)[0] for piece in pieces)
        at += _RECORD * (1 + count * (2 if flags & _HAS_VERIFICATION else 1))
        if flags & _HAS_SHA256:
            yield name, _hexadecimal(shard[at : at + 32]), size
            at += _RECORD


def _hexadecimal(name):
    """Xet writes a hash as four numbers of eight bytes, the lowest byte first."""
    return "".join(f"{part:016x}" for part in struct.unpack("<4Q", name))
