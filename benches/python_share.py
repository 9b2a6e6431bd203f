"""Python's share of a batch: the wall time that is not spent inside native code, by clocks around every native call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter_ns
from typing import Any

from coproc.engine import library


class Clock:
    """Nanoseconds spent in the calls that it wraps."""

    def __init__(self) -> None:
        self.ns = 0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any) -> Any:
            start = perf_counter_ns()
            try:
                return function(*args)
            finally:
                self.ns += perf_counter_ns() - start

        return timed


@contextmanager
def clocked(isa: str) -> Iterator[Clock]:
    """Every function of one table of kernels behind a clock, until the block ends."""
    table, clock = library.kernels(isa), Clock()
    members = {name: function for name, function in vars(table).items() if callable(function)}
    for name, function in members.items():
        setattr(table, name, clock.around(function))
    try:
        yield clock
    finally:
        for name, function in members.items():
            setattr(table, name, function)


def python_share(isa: str, run: Callable[[], object], repeats: int = 5) -> float:
    """The median over `repeats` of a run's wall time less its native time, nanoseconds."""
    shares = []
    with clocked(isa) as clock:
        for _ in range(repeats):
            clock.ns, start = 0, perf_counter_ns()
            run()
            shares.append(perf_counter_ns() - start - clock.ns)
    return sorted(shares)[repeats // 2]
