"""Python's share of a batch: the processor time that is not spent inside native code, by clocks around every native call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from time import process_time_ns
from types import ModuleType
from typing import Any

import coincurve.ecdsa
import coincurve.keys

from coproc.engine import library

SECP256K1: tuple[ModuleType, ...] = (coincurve.ecdsa, coincurve.keys)
"""Modules that call libsecp256k1 as `lib.<function>`."""


class Clock:
    """Nanoseconds of processor time spent in the calls that it wraps."""

    def __init__(self) -> None:
        self.ns = 0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any) -> Any:
            start = process_time_ns()
            try:
                return function(*args)
            finally:
                self.ns += process_time_ns() - start

        return timed


class Clocked:
    """A module of native functions, each behind a clock."""

    def __init__(self, native: Any, clock: Clock) -> None:
        self._native, self._clock = native, clock

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._native, name)
        if callable(member):
            member = self._clock.around(member)
        setattr(self, name, member)
        return member


@contextmanager
def clocked(isa: str) -> Iterator[Clock]:
    """Every function of one table of kernels, and those of libsecp256k1, behind a clock until the block ends."""
    table, clock = library.kernels(isa), Clock()
    members = {name: function for name, function in vars(table).items() if callable(function)}
    libraries = [vars(module)["lib"] for module in SECP256K1]
    for name, function in members.items():
        setattr(table, name, clock.around(function))
    for module, native in zip(SECP256K1, libraries, strict=True):
        vars(module)["lib"] = Clocked(native, clock)
    try:
        yield clock
    finally:
        for name, function in members.items():
            setattr(table, name, function)
        for module, native in zip(SECP256K1, libraries, strict=True):
            vars(module)["lib"] = native


def python_share(isa: str, run: Callable[[], object], repeats: int = 5) -> float:
    """The median over `repeats` of a run's processor time less its native time, nanoseconds; one run goes before, unmeasured."""
    shares = []
    with clocked(isa) as clock:
        run()
        for _ in range(repeats):
            clock.ns, start = 0, process_time_ns()
            run()
            shares.append(process_time_ns() - start - clock.ns)
    return median(shares)
