"""Input files: what they are, where their bytes come from, how far they are read."""

from __future__ import annotations

import gzip
import os
import select
import stat
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from coproc.jobs.errors import JobError

GZIP_MAGIC: Final = b"\x1f\x8b"
PARQUET_MAGIC: Final = b"PAR1"
READ_ERRORS: Final = (OSError, EOFError, zlib.error, gzip.BadGzipFile)
"""What reading a stream may raise."""


@dataclass(frozen=True)
class InputFile:
    """One input of a job.

    name   as given on the command line, "-" for standard input
    kind   "jsonl" (compressed or not) or "parquet"
    size   bytes on disk, None where that is not known beforehand
    """

    name: str
    kind: str
    size: int | None


def inspect(name: str) -> InputFile:
    """Look at an input before any work is done.

    Raises JobError for what cannot be read, or cannot be read twice and would have to be.
    """
    if name == "-":
        return InputFile("-", "jsonl", None)
    path = Path(name)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise JobError(f"{name}: is a directory")
        if not stat.S_ISREG(mode):  # a pipe or a device: nothing may be read from it before its time
            return InputFile(name, "jsonl", None)
        with path.open("rb") as file:
            magic = file.read(4)
        return InputFile(name, "parquet" if magic == PARQUET_MAGIC else "jsonl", path.stat().st_size)
    except OSError as error:
        raise JobError(f"{name}: {error.strerror or error}") from None


class _File:
    """The bytes of the file itself. `push_back` gives bytes back that were read to see what they are."""

    def __init__(self, raw: Any) -> None:
        self._raw, self._head, self.position = raw, b"", 0

    def read(self, size: int, /) -> bytes:
        """1 to size bytes, b"" at the end."""
        if self._head:
            data, self._head = self._head[:size], self._head[size:]
        else:
            data = self._raw.read(size) or b""  # None: a descriptor that does not wait has nothing
        self.position += len(data)
        return data

    read1 = read

    def push_back(self, data: bytes) -> None:
        self._head = data
        self.position -= len(data)


class ByteStream:
    """The bytes of a JSONL input, uncompressed on the way. Use as a context manager."""

    def __init__(self, file: InputFile) -> None:
        self._standard = file.name == "-"
        # unbuffered: what the kernel holds is what `ready` can see
        raw: Any = getattr(sys.stdin, "buffer", sys.stdin) if self._standard else open(file.name, "rb", buffering=0)  # noqa: SIM115
        self._raw = getattr(raw, "raw", raw)
        self._regular = file.size is not None
        self._file = _File(self._raw)
        head = self._file.read(len(GZIP_MAGIC))
        if len(head) == 1:
            head += self._file.read(1)
        self._file.push_back(head)
        self._gzip = head == GZIP_MAGIC
        self._source = gzip.GzipFile(fileobj=self._file) if self._gzip else self._file  # type: ignore[call-overload]

    @property
    def position(self) -> int:
        """Bytes taken from the file itself so far (compressed ones, where they are)."""
        return self._file.position

    def read1(self, size: int, /) -> bytes:
        """1 to size bytes of the input, b"" at its end. Raises one of READ_ERRORS."""
        data: bytes = self._source.read1(size)
        return data

    def ready(self) -> bool:
        """False if a read would wait for whoever fills a pipe; then what was read already is worth computing."""
        if self._regular or self._gzip:
            return True
        try:
            return bool(select.select([self._raw], [], [], 0.0)[0])
        except (OSError, ValueError, TypeError):  # no file descriptor, as in a test
            return True

    def __enter__(self) -> ByteStream:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._standard:
            self._raw.close()


def same_file(a: str, b: str) -> bool:
    """Do two paths name one existing file?"""
    try:
        return os.path.samefile(a, b)
    except OSError:
        return False
