"""`keep`: a batch into a folder, whole or not at all, and never more files than a disk can take from an engine that lies all day."""

from __future__ import annotations

import logging
import os
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Final

from coproc.errors import CoprocError, InvalidInput
from coproc.replay.batch import Kept
from coproc.replay.file import MAX_FILE, encode

_log: Final = logging.getLogger("coproc")
SUFFIX: Final = ".replay"
MAX_FILES: Final = 64
MAX_FOLDER_BYTES: Final = 1 << 30


def keep(folder: str | Path, kept: Kept, max_files: int = MAX_FILES, max_bytes: int = MAX_FOLDER_BYTES) -> Path | None:
    """Write a batch into a folder, which is made where there is none (0700); the file.

    None where the folder is full (the first batches tell most), or where it cannot be written: that is logged and no error, since whoever
    found a disagreement has requests to answer. The same batch is kept once. The file appears under its name when it is on disk.
    """
    try:
        return _keep(Path(folder), kept, max_files, max_bytes)
    except (OSError, CoprocError) as error:
        _log.error("a batch of %d requests cannot be kept in %s: %s", len(kept.requests), folder, error)
        return None


def _keep(folder: Path, kept: Kept, max_files: int, max_bytes: int) -> Path | None:
    name = blake2b(encode(replace(kept, made=0.0)), digest_size=8).hexdigest()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    there = [entry for entry in os.scandir(folder) if entry.name.endswith(SUFFIX)]
    for entry in there:
        if entry.name == name + SUFFIX:
            return Path(entry.path)
    data = encode(kept if kept.made else replace(kept, made=time.time()))
    if len(data) > MAX_FILE:
        raise InvalidInput(f"{len(data):,} bytes, of which none but {MAX_FILE:,} are read again")
    if len(there) >= max_files or sum(entry.stat().st_size for entry in there) + len(data) > max_bytes:
        _log.error("a batch on which engines disagreed is not kept: %s is full (%d files)", folder, len(there))
        return None
    path = folder / (name + SUFFIX)
    descriptor, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    _sync(folder)
    _log.error("a batch on which engines disagreed is kept: coproc replay %s", path)
    return path


def _sync(folder: Path) -> None:
    """The name is on disk too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


__all__ = ["MAX_FILES", "MAX_FOLDER_BYTES", "SUFFIX", "keep"]
