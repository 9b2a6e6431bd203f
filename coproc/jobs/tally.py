"""What a run has answered so far, and how fast."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from coproc.jobs.answers import OUTCOMES

MAX_NOTED: Final = 500
MAX_SAMPLES: Final = 2048
LATENCY_BUCKETS: Final = 40  # powers of sqrt(2) from 100 microseconds up


@dataclass(frozen=True, slots=True)
class Noted:
    """A row worth looking at: it is not true, not a hash, not a key."""

    where: str
    id: str
    op: str
    outcome: str
    reason: str = ""


@dataclass(slots=True)
class OperationFigures:
    """Of one operation: rows by outcome, batches, and seconds spent in them."""

    outcomes: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    batches: int = 0
    seconds: float = 0.0


@dataclass
class Tally:
    """Counts of a run; memory is bounded whatever its size.

    kept       rows answered by an earlier run (`--resume`), counted in `operations` too
    rows       rows answered by this run
    samples    (seconds since the start, rows so far), at most MAX_SAMPLES
    latencies  batches by their time: bucket i holds those of 1e-4 * 2**(i/2) seconds or more
    noted      the first MAX_NOTED notable rows; `notable` counts all
    """

    kept: int = 0
    rows: int = 0
    operations: dict[str, OperationFigures] = field(default_factory=dict)
    samples: list[tuple[float, int]] = field(default_factory=lambda: [(0.0, 0)])
    latencies: list[int] = field(default_factory=lambda: [0] * LATENCY_BUCKETS)
    noted: list[Noted] = field(default_factory=list)
    notable: int = 0
    engines: Counter[str] = field(default_factory=Counter)
    position: int = 0
    _started: float = field(default_factory=time.monotonic)
    _ended: float | None = None
    _stride: int = 1
    _chunks: int = 0

    def start(self) -> None:
        """The clock starts here, not when the tally was made."""
        self._started = time.monotonic()

    def stop(self) -> None:
        self._ended = time.monotonic()

    @property
    def seconds(self) -> float:
        return (self._ended or time.monotonic()) - self._started

    @property
    def rate(self) -> float:
        """Rows a second of this run."""
        return self.rows / self.seconds if self.seconds > 0 else 0.0

    def of(self, op: str) -> OperationFigures:
        return self.operations.setdefault(op, OperationFigures())

    def keep(self, outcomes: dict[tuple[str, str], int]) -> None:
        """Count the answers of an earlier run."""
        for (op, outcome), count in outcomes.items():
            figures = self.of(op)
            figures.outcomes[outcome] += count
            figures.rows += count
            self.kept += count

    def batch(self, op: str, outcomes: Sequence[str], seconds: float, engine: str) -> None:
        figures = self.of(op)
        figures.outcomes.update(outcomes)
        figures.rows += len(outcomes)
        figures.batches += 1
        figures.seconds += seconds
        self.engines[engine] += len(outcomes)
        bucket = 0
        while bucket < LATENCY_BUCKETS - 1 and seconds >= 1e-4 * 2 ** ((bucket + 1) / 2):
            bucket += 1
        self.latencies[bucket] += 1

    def bad(self, op: str) -> None:
        """A line that is no job line; op: the operation that it names, or ""."""
        figures = self.of(op)
        figures.outcomes["error"] += 1
        figures.rows += 1

    def chunk(self, rows: int, position: int) -> None:
        """A chunk was answered and written."""
        self.rows += rows
        self.position = position
        self._chunks += 1
        if self._chunks % self._stride:
            return
        self.samples.append((self.seconds, self.rows))
        if len(self.samples) > MAX_SAMPLES:
            self.samples = self.samples[::2]
            self._stride *= 2

    def count(self, outcome: str) -> int:
        return sum(figures.outcomes[outcome] for figures in self.operations.values())

    def refused(self, is_verdict: dict[str, bool]) -> int:
        """Answers false, malformed or panic of operations that answer a bool."""
        return sum(
            figures.outcomes[outcome]
            for op, figures in self.operations.items()
            if is_verdict.get(op)
            for outcome in ("false", "malformed", "panic")
        )

    def summary(self) -> dict[str, object]:
        """The figures as plain data, for `--json`."""
        return {
            "requests": self.kept + self.rows,
            "kept": self.kept,
            "answered": self.rows,
            "seconds": round(self.seconds, 6),
            "rate": round(self.rate, 3),
            "outcomes": {outcome: count for outcome in OUTCOMES if (count := self.count(outcome))},
            "operations": {
                op: {
                    "requests": figures.rows,
                    "outcomes": {outcome: figures.outcomes[outcome] for outcome in OUTCOMES if figures.outcomes[outcome]},
                    "batches": figures.batches,
                    "seconds": round(figures.seconds, 6),
                }
                for op, figures in sorted(self.operations.items())
            },
            "engines": dict(self.engines),
        }
