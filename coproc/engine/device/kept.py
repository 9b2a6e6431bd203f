"""Compiled kernels on disk: one file each in the user's folder for caches, named by a digest of all that it was made from.

A file begins with the digest of its contents, so one that was cut short or changed is compiled anew; a folder that cannot be written
costs time, nothing else.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Final

from coproc.settings import cache_folder

_DIGEST_BYTES: Final = 32


def name_of(*parts: str) -> str:
    """The name of a file: a digest of the text, the options, the hardware, the driver."""
    state = blake2b(digest_size=20)
    for part in parts:
        state.update(len(part).to_bytes(8, "little") + part.encode())
    return state.hexdigest()


def load(name: str) -> bytes | None:
    """What was stored under a name; None where nothing was, or not whole."""
    try:
        stored = _path(name).read_bytes()
    except OSError:
        return None
    digest, contents = stored[:_DIGEST_BYTES], stored[_DIGEST_BYTES:]
    return contents if digest == blake2b(contents, digest_size=_DIGEST_BYTES).digest() else None


def store(name: str, contents: bytes) -> None:
    """Stores in one step; a process that reads meanwhile sees all of it or nothing."""
    path = _path(name)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(blake2b(contents, digest_size=_DIGEST_BYTES).digest() + contents)
            os.replace(temporary, path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise


def _path(name: str) -> Path:
    return cache_folder() / "kernels" / name
