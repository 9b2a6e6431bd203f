"""`short_slice`: a thread that the system runs sooner, because it asks for less at a time.

Who waits for a processor goes before whoever runs there if it may run now (it was not given more than its part) and wants a shorter
slice; without that it waits until the other's slice is over, some milliseconds. It takes no privilege and gives no larger part of the
processor. Linux 6.12 and later; others take the call and change nothing, or refuse it.
Source: docs/references.md, [EEVDF]; sched_setattr(2).
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from typing import Final

SLICE: Final = 100_000
"""Nanoseconds, the least that the system takes."""
_ATTR: Final = struct.Struct("<IIQiIQQQII")  # size, policy, flags, nice, priority, runtime, deadline, period, least and most clamp
_RESET_ON_FORK: Final = 1
_CALLS: Final = {"x86_64": (314, 315), "aarch64": (274, 275), "riscv64": (274, 275)}
"""Numbers of sched_setattr and sched_getattr."""


def short_slice(nanoseconds: int = SLICE) -> bool:
    """Ask it for the calling thread, not for those that it starts. False where it is refused or unknown here, and nothing changes."""
    attr = _attributes()
    if attr is None or attr[1] not in (os.SCHED_OTHER, os.SCHED_BATCH):
        return False
    size, policy, flags, nice, *_ = attr
    wanted = ctypes.create_string_buffer(_ATTR.pack(size, policy, flags | _RESET_ON_FORK, nice, 0, nanoseconds, 0, 0, 0, 0))
    return _call(0, wanted, 0) == 0


def slice_of_this_thread() -> int | None:
    """Nanoseconds, None where the system does not tell."""
    attr = _attributes()
    return None if attr is None else attr[5]


def _attributes() -> tuple[int, ...] | None:
    """Of the calling thread, in the order of `_ATTR`."""
    told = ctypes.create_string_buffer(_ATTR.size)
    if _call(1, told, _ATTR.size, 0) != 0:
        return None
    found: tuple[int, ...] = _ATTR.unpack(told.raw)
    return (_ATTR.size, *found[1:])


def _call(which: int, attr: ctypes.Array[ctypes.c_char], *rest: int) -> int:
    """What the system says to sched_setattr (0) or sched_getattr (1) for the calling thread; -1 where there is no way to ask."""
    try:
        number = _CALLS[platform.machine()][which]
        found: int = ctypes.CDLL(None).syscall(ctypes.c_long(number), ctypes.c_long(0), attr, *map(ctypes.c_long, rest))
    except (KeyError, OSError, AttributeError):
        return -1
    return found
