"""Throughput and latency against the size of a batch: distinct requests, bytes in memory, nothing remembered but keys.

A sample is one `run_columns` of n requests, from argument buffers to answers; consecutive samples take different requests where there
are enough. Before anything is timed every request is answered once and its answer looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter_ns, process_time_ns
from typing import Any, Final

import numpy as np

from coproc.coprocessor import Coprocessor
from coproc.errors import EngineBug
from coproc.measure.requests import RULES, Made

SIZES: Final = tuple(4**k for k in range(8))
MIN_SAMPLES: Final = 3
MAX_SAMPLES: Final = 5_000


@dataclass
class Cell:
    """One operation on one engine at one size: nanoseconds of a batch, by the wall and of processor time (all threads)."""

    op: str
    engine: str
    n: int
    samples: list[int] = field(repr=False)
    processor: list[int] = field(repr=False)

    @property
    def median(self) -> float:
        return float(median(self.samples))

    @property
    def rate(self) -> float:
        """Requests a second, by the median."""
        return self.n / self.median * 1e9

    def row(self) -> dict[str, Any]:
        """The figures as JSON."""
        return {
            "op": self.op,
            "engine": self.engine,
            "n": self.n,
            "samples": len(self.samples),
            "median_ns": round(self.median),
            "min_ns": min(self.samples),
            "p99_ns": percentile(self.samples, 0.99),
            "item_ns": round(self.median / self.n, 1),
            "processor_item_ns": round(float(median(self.processor)) / self.n, 1),
            "rate": round(self.rate, 1),
        }


def percentile(values: Sequence[int], share: float) -> int:
    """The least value that `share` of them do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(-(-len(ordered) * round(share * 10_000) // 10_000), 1) - 1]


class Columns:
    """Requests as one buffer with offsets."""

    def __init__(self, made: Made) -> None:
        self.op = made.op
        args = [request.args for request in made.requests]
        self.data = np.frombuffer(b"".join(args), np.uint8)
        self.offsets = np.cumsum([0, *map(len, args)], dtype=np.int64)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def run(self, coprocessor: Coprocessor, start: int, n: int) -> Any:
        """The answers to n requests from `start` on, wrapping to the first ones where they end."""
        start = start % len(self) if start % len(self) + n <= len(self) else 0
        return coprocessor.run_columns(self.op, self.data, self.offsets[start : start + n + 1], RULES)


def check(coprocessor: Coprocessor, columns: Columns, n: int) -> None:
    """Answer n requests and look. Raises EngineBug where one is not what it must be: true, or a value."""
    answers = columns.run(coprocessor, 0, n)
    wrong = np.flatnonzero((answers.status != 0) | ~(answers.retbuf.any(axis=1)))
    if len(wrong):
        raise EngineBug(
            f"{coprocessor.engine.name}: {len(wrong)} of {n} true requests of {columns.op} are not answered so; first: {wrong[0]}"
        )


def measure(
    coprocessor: Coprocessor,
    columns: Columns,
    sizes: Sequence[int],
    budget_s: float,
    clock: Callable[[], int] = perf_counter_ns,
    *,
    whole: bool = False,
) -> Iterator[Cell]:
    """A cell a size, from small to large, as long as about `budget_s` seconds last; sizes that would take longer are left out.

    Every size gets an equal share of what is left; a batch whose least samples would not fit into it ends the operation,
    unless all sizes are wanted (`whole`).
    """
    begun = clock()
    wanted = [n for n in sorted(set(sizes)) if n <= len(columns)]
    item = 0.0  # nanoseconds a request at the size before
    for position, n in enumerate(wanted):
        share = (budget_s * 1e9 - (clock() - begun)) / (len(wanted) - position)
        if not whole and item and item * n * (MIN_SAMPLES + 1) > share * (len(wanted) - position):
            return
        check(coprocessor, columns, n)
        samples: list[int] = []
        processor: list[int] = []
        start, until = 0, clock() + share
        while len(samples) < MIN_SAMPLES or (clock() < until and len(samples) < MAX_SAMPLES):
            before, spent = clock(), process_time_ns()
            columns.run(coprocessor, start, n)
            samples.append(clock() - before)
            processor.append(process_time_ns() - spent)
            start += n
        cell = Cell(columns.op, coprocessor.engine.name, n, samples, processor)
        item = cell.median / n
        yield cell
