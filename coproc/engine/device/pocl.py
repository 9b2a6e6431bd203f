"""PoCL, the OpenCL that runs on a CPU: one thing that it needs to be told.

PoCL 3.0 asks its LLVM 14 for the CPU's name and hands that to clang. LLVM calls every CPU that is newer than itself `generic`, a name which
clang refuses, so nothing compiles. No option changes the name: it is replaced where PoCL keeps it, in its record of the device.
"""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path
from typing import Final

_UNKNOWN: Final = b"generic"
_RECORD_WORDS: Final = 128
"""Words of PoCL's record of a device that are looked at; the record has more than twice as many."""

_NAMES: Final = (
    ("skylake-avx512", frozenset({"avx512f", "avx512bw", "avx512dq", "avx512cd", "avx512vl", "clwb", "adx", "rdseed"})),
    ("haswell", frozenset({"avx2", "bmi1", "bmi2", "fma", "movbe", "abm"})),
)


def cpu_name(flags: frozenset[str]) -> str:
    """The best CPU that LLVM 14 knows and that has no instruction which this one lacks. flags: as in /proc/cpuinfo."""
    return next((name for name, needed in _NAMES if needed <= flags), "x86-64")


@cache
def name_cpu(record: int) -> bool:
    """Replaces an unknown name in the record of a device (its cl_device_id); says whether it was one."""
    pages = _readable()
    words = (ctypes.c_uint64 * _RECORD_WORDS).from_address(record)
    for i, word in enumerate(words):
        if any(start <= word and word + 8 <= stop for start, stop in pages) and ctypes.string_at(word, 8) == _UNKNOWN + b"\0":
            duplicate = ctypes.CDLL(None).strdup  # PoCL may free it
            duplicate.restype = ctypes.c_void_p
            words[i] = duplicate(cpu_name(_flags()).encode())
            return True
    return False


def _flags() -> frozenset[str]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return frozenset(next((line for line in lines if line.startswith("flags")), "").split())


def _readable() -> list[tuple[int, int]]:
    pages = []
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, mode, *_ = line.split()
        start, _, stop = span.partition("-")
        if mode.startswith("r"):
            pages.append((int(start, 16), int(stop, 16)))
    return pages
