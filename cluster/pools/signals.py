"""Handlers of fatal signals, kept as they are while another library starts or ends.

wasmtime learns from a signal that a contract trapped, and asks whoever handled it before about any other. Ray's start puts handlers of
its own (faulthandler's and its logger's) in front, and its end sets those of the system: both end the process, and the next trap of a
contract would be the last.
"""

from __future__ import annotations

import ctypes
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

FATAL: Final = (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP)
_SIZE: Final = 512  # more than the C library's struct sigaction takes anywhere


@contextmanager
def fatal_handlers_kept() -> Iterator[None]:
    """The C handlers of `FATAL` are those of before when the block ends, however it ends."""
    sigaction = ctypes.CDLL(None, use_errno=True).sigaction
    kept = []
    for number in FATAL:
        action = ctypes.create_string_buffer(_SIZE)
        if sigaction(int(number), None, action) == 0:
            kept.append((number, action))
    try:
        yield
    finally:
        for number, action in kept:
            sigaction(int(number), action, None)
