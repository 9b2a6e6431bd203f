"""A cursor over seeds, kept in a file: a seed that was handed out is never handed out again, whatever became of the run."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

FIRST = 1000  # lower seeds are those of recorded vectors


def take(path: Path, count: int = 1) -> range:
    """The next `count` seeds. Written to the file, and to the disk, before they are returned; safe between processes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        text = os.read(descriptor, 64).strip()
        start = int(text) if text else FIRST
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{start + count}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return range(start, start + count)
