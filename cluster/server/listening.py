"""The socket of a server: mode 0600 from its first moment, put in the place of one that a killed server left behind."""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

from coproc.errors import InvalidInput

_BACKLOG: Final = 1024
_LONGEST: Final = 107 - 12
"""Bytes of a path: what the system takes, less what the name under which it is made has more."""


def listen(path: Path) -> tuple[socket.socket, int]:
    """A socket that listens at `path`, and the descriptor of the lock that makes it ours. Raises InvalidInput, which says why not."""
    where = f"--uds {path}"
    if len(os.fsencode(path)) > _LONGEST:
        raise InvalidInput(f"{where}: more than {_LONGEST} bytes")
    lock = _locked(path, where)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.exists() and not path.is_socket():
            raise InvalidInput(f"{where}: is there, and no socket")
        with suppress(FileNotFoundError):
            temporary.unlink()
        mask = os.umask(0o177)
        try:
            sock.bind(os.fspath(temporary))
        finally:
            os.umask(mask)
        sock.listen(_BACKLOG)
        sock.setblocking(False)
        temporary.rename(path)
    except BaseException as error:
        sock.close()
        os.close(lock)
        if isinstance(error, OSError):
            raise InvalidInput(f"{where}: {error.strerror or error}") from None
        raise
    return sock, lock


def unlisten(path: Path, lock: int) -> None:
    """Take the socket away and let go of its lock."""
    with suppress(OSError):
        path.unlink()
    with suppress(OSError):
        os.close(lock)


def _locked(path: Path, where: str) -> int:
    """A lock that ends with this process, however it ends."""
    try:
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise InvalidInput(f"{where}: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise InvalidInput(f"{where}: another server listens there") from None
    return lock
