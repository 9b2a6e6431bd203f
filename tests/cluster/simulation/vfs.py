"""SQLite on a `Disk`: a VFS, so that the real journal runs on files that a simulation breaks ([sqlite] vfs.html).

Registered once a process under the name `NAME`; the databases of a disk are those that `connect` opened on it.
"""

from __future__ import annotations

import ctypes
import sqlite3
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_double, c_int, c_int64, c_void_p
from functools import cache
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, Final

from .disk import SECTOR, Disk, DiskError, DiskFaults, File, Trouble

NAME: Final = "coproc-simulated"
_OK, _NOTFOUND, _CANTOPEN, _SHORT_READ = 0, 12, 14, 522
_POWERSAFE_OVERWRITE: Final = 0x1000
"""As SQLite takes it for granted on Unix: a write that is cut off harms nothing beside what it writes."""

_DISKS: Final[dict[str, Disk]] = {}
_OPEN: Final[dict[int, _Handle]] = {}
_NUMBERS = count(1)


class _Handle:
    """An open file of a disk, in one of its lives; with the shared memory of the index of its log."""

    def __init__(self, disk: Disk, name: str) -> None:
        self.disk, self.life = disk, disk.life
        self.file: File = disk.open(name)
        self.shared: list[Any] = []

    def live(self) -> Disk:
        """Raises DiskError where the disk has had a crash since."""
        if self.life != self.disk.life:
            raise DiskError(Trouble.IO)
        return self.disk


class _SqliteFile(ctypes.Structure):
    _fields_ = (("methods", c_void_p), ("number", c_int64))


def connect(path: Path, disk: Disk) -> sqlite3.Connection:
    """The database at a path of a disk, as `Journal` opens one. Raises sqlite3.Error."""
    _registered()
    _DISKS[str(path)] = disk
    return sqlite3.connect(f"file:{path}?vfs={NAME}", uri=True, isolation_level=None, check_same_thread=False)


def release(path: Path) -> None:
    """Forget the disk of a path."""
    _DISKS.pop(str(path), None)


def _library() -> ctypes.CDLL:
    """The SQLite that Python itself uses. Raises AttributeError where it hides it."""
    import _sqlite3

    library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
    library.sqlite3_vfs_register.argtypes = [c_void_p, c_int]
    return library


# ---- the structures of sqlite3.h, version 2 of both, and what their members do ----
_P = c_void_p
_FILE = POINTER(_SqliteFile)
_METHODS: Final = {
    "close": (_FILE,), "read": (_FILE, _P, c_int, c_int64), "write": (_FILE, _P, c_int, c_int64), "truncate": (_FILE, c_int64),
    "sync": (_FILE, c_int), "size": (_FILE, POINTER(c_int64)), "lock": (_FILE, c_int), "unlock": (_FILE, c_int),
    "reserved": (_FILE, POINTER(c_int)), "control": (_FILE, c_int, _P), "sector": (_FILE,), "characteristics": (_FILE,),
    "map": (_FILE, c_int, c_int, c_int, POINTER(_P)), "shared_lock": (_FILE, c_int, c_int, c_int), "barrier": (_FILE,),
    "unmap": (_FILE, c_int),
}  # fmt: skip
_SYSTEM: Final = {
    "open": (_P, c_char_p, _FILE, c_int, POINTER(c_int)), "delete": (_P, c_char_p, c_int), "access": (_P, c_char_p, c_int, POINTER(c_int)),
    "full_name": (_P, c_char_p, c_int, _P), "load": (), "load_error": (), "symbol": (), "unload": (),
    "randomness": (_P, c_int, _P), "sleep": (_P, c_int), "time": (_P, POINTER(c_double)), "error": (_P, c_int, _P),
    "time64": (_P, POINTER(c_int64)),
}  # fmt: skip
_JULIAN_MS: Final = 210_866_760_000_000
"""Milliseconds from the epoch of Julian days to that of Unix: the time of the simulation stands there."""


class _Methods(ctypes.Structure):
    _fields_ = (("version", c_int), *((name, _P) for name in _METHODS))


class _Vfs(ctypes.Structure):
    _fields_ = (
        ("version", c_int), ("file_size", c_int), ("longest_name", c_int), ("next", _P), ("name", c_char_p), ("data", _P),
        *((name, _P) for name in _SYSTEM),
    )  # fmt: skip


def _answered(what: Callable[..., int | None]) -> Callable[..., int]:
    """The result that SQLite wants: of an operation, or of what went wrong in it."""

    def call(*arguments: Any) -> int:
        try:
            return what(*arguments) or _OK
        except DiskError as error:
            return int(error.code)

    return call


def _handle(file: Any) -> _Handle:
    return _OPEN[file.contents.number]


def _close(file: Any) -> None:
    del _OPEN[file.contents.number]


def _read(file: Any, into: int, size: int, at: int) -> int:
    handle = _handle(file)
    data = handle.live().read(handle.file, at, size)
    ctypes.memmove(into, data.ljust(size, b"\0"), size)
    return _OK if len(data) == size else _SHORT_READ


def _write(file: Any, data: int, size: int, at: int) -> None:
    handle = _handle(file)
    handle.live().write(handle.file, at, ctypes.string_at(data, size))


def _truncate(file: Any, size: int) -> None:
    handle = _handle(file)
    handle.live().truncate(handle.file, size)


def _sync(file: Any, _flags: int) -> None:
    handle = _handle(file)
    handle.live().sync(handle.file)


def _size(file: Any, out: Any) -> None:
    out[0] = len(_handle(file).file.seen)


def _no(_file: Any, out: Any) -> None:
    out[0] = 0


def _map(file: Any, region: int, size: int, extend: int, out: Any) -> None:
    """Memory of one process: one connection uses it, and a crash takes it along."""
    shared = _handle(file).shared
    while extend and len(shared) <= region:
        shared.append(ctypes.create_string_buffer(size))
    out[0] = ctypes.addressof(shared[region]) if region < len(shared) else None


def _unmap(file: Any, _delete: int) -> None:
    _handle(file).shared.clear()


def _disk_of(name: str) -> Disk:
    return _DISKS[name.removesuffix("-wal").removesuffix("-journal")]


def _open(_: int, name: bytes | None, file: Any, flags: int, out: Any) -> int:
    file.contents.methods = None
    disk, text = (Disk(Random(0), DiskFaults()), "") if name is None else (_disk_of(name.decode()), name.decode())
    file.contents.number = next(_NUMBERS)
    _OPEN[file.contents.number] = _Handle(disk, text)
    file.contents.methods = ctypes.addressof(_registered().methods)
    if out:
        out[0] = flags
    return _OK


def _delete(_: int, name: bytes, _sync: int) -> None:
    _disk_of(name.decode()).delete(name.decode())


def _access(_: int, name: bytes, _flags: int, out: Any) -> None:
    text = name.decode()
    out[0] = text in _disk_of(text).files


def _full_name(_: int, name: bytes, size: int, out: int) -> int:
    if len(name) >= size:
        return _CANTOPEN
    ctypes.memmove(out, name + b"\0", len(name) + 1)
    return _OK


def _randomness(_: int, size: int, out: int) -> int:
    ctypes.memset(out, 7, size)
    return size


def _time(_: int, out: Any) -> None:
    out[0] = _JULIAN_MS / 86_400_000


def _time64(_: int, out: Any) -> None:
    out[0] = _JULIAN_MS


def _nothing(*_: object) -> None:
    """Locks, barriers, sleep: one connection, which waits for nobody."""


_DOES: Final[dict[str, Callable[..., int | None]]] = {
    "close": _close, "read": _read, "write": _write, "truncate": _truncate, "sync": _sync, "size": _size, "reserved": _no,
    "control": lambda *_: _NOTFOUND, "sector": lambda _: SECTOR, "characteristics": lambda _: _POWERSAFE_OVERWRITE, "map": _map,
    "unmap": _unmap, "open": _open, "delete": _delete, "access": _access, "full_name": _full_name, "randomness": _randomness,
    "time": _time, "time64": _time64,
}  # fmt: skip


class _Registered:
    """The structures that SQLite holds pointers to, and the functions in them: as long as the process lives."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self.calls = {
            name: CFUNCTYPE(c_int, *arguments)(_answered(_DOES.get(name, _nothing)))
            for name, arguments in (_METHODS | _SYSTEM).items()
            if arguments
        }
        self.methods = _Methods(2, *(ctypes.cast(self.calls[name], _P) for name in _METHODS))
        members = (ctypes.cast(self.calls[name], _P) if name in self.calls else None for name in _SYSTEM)
        self.vfs = _Vfs(2, ctypes.sizeof(_SqliteFile), 1024, None, NAME.encode(), None, *members)
        if library.sqlite3_vfs_register(ctypes.addressof(self.vfs), 0):
            raise OSError("SQLite takes no other file system")


@cache
def _registered() -> _Registered:
    return _Registered(_library())
