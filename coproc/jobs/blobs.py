"""Names for bytes that many lines of a file share: `{"blob": "key0", "hex": ...}`, then `"@key0"`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from coproc.errors import InvalidInput

MAX_BLOB: Final = 1 << 20
"""Bytes of one blob; an argument buffer has at most 65,536."""

MAX_BLOB_BYTES: Final = 256 << 20
MAX_BLOBS: Final = 1 << 16


class BlobTable(Mapping[str, bytes]):
    """The blobs of one file, bounded in number and in bytes. A name given again means the new bytes from there on."""

    def __init__(self, max_bytes: int = MAX_BLOB_BYTES, max_blobs: int = MAX_BLOBS) -> None:
        self._blobs: dict[str, bytes] = {}
        self._bytes = 0
        self._max_bytes, self._max_blobs = max_bytes, max_blobs

    def define(self, name: str, data: bytes) -> None:
        """Raises InvalidInput where the blob is too long or the table full."""
        if len(data) > MAX_BLOB:
            raise InvalidInput(f"blob {name[:64]!r} has more than {MAX_BLOB:,} bytes")
        known = self._blobs.get(name)
        total = self._bytes + len(data) - (len(known) if known is not None else 0)
        if total > self._max_bytes:
            raise InvalidInput(f"blob {name[:64]!r} does not fit: the blobs of a file may hold {self._max_bytes:,} bytes")
        if known is None and len(self._blobs) >= self._max_blobs:
            raise InvalidInput(f"blob {name[:64]!r} does not fit: a file may define {self._max_blobs:,} blobs")
        self._blobs[name], self._bytes = data, total

    def __getitem__(self, name: str) -> bytes:
        return self._blobs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._blobs)

    def __len__(self) -> int:
        return len(self._blobs)
