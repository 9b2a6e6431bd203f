"""`Joining`: batches that wait for a worker, and which of them are asked about in one question.

What a question costs beside the work (canaries, the last equation, tags, the way there and back) hardly depends on its size. While
workers have places a batch goes at once. What is there when a question is made, behind the first ones to idle workers, goes in larger
questions: a place takes its share of what waits, so that the last questions of a job are small and workers end together.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from .clock import Clock, RealClock
from .cost import units
from .pools.protocol import PackedAnswers, PackedBatch
from .remote import IN_HAND

MOST_REQUESTS: Final = 8192
MOST_UNITS: Final = 3.3
"""Of a question: seconds by the table of prices, which 8,192 requests of Groth16 are; a worker with good kernels takes a tenth."""
SOBER_SECONDS: Final = 10.0
"""After a question of several batches was lost nothing is joined for so long: one request may have ended the worker, and will again."""


@dataclass(slots=True, eq=False)
class Task:
    """A batch and who waits for its answers. alone: it was part of a question that was lost."""

    batch: PackedBatch
    future: Future[PackedAnswers] = field(default_factory=Future)
    alone: bool = False

    @property
    def units(self) -> float:
        return units(self.batch.op, len(self.batch), self.batch.nbytes)


class Joining:
    """For one thread at a time. out: questions that have a place."""

    def __init__(self, clock: Clock | None = None, most_requests: int = MOST_REQUESTS, most_units: float = MOST_UNITS) -> None:
        self._clock = clock or RealClock()
        self._most_requests, self._most_units = most_requests, most_units
        self._waiting: deque[Task] = deque()
        self._requests: dict[str, int] = {}  # that wait, by operation
        self._reserved = 0  # places without a question yet
        self._first = 0  # questions that go to idle workers
        self._sober_until = 0.0
        self.out = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, task: Task) -> None:
        self._waiting.append(task)
        self._count(task, 1)

    def again(self, tasks: list[Task]) -> None:
        """Batches of a question that was lost: each goes by itself, before what waits."""
        for task in reversed(tasks):
            task.alone = True
            self._waiting.appendleft(task)
            self._count(task, 1)
        self._sober_until = self._clock.now() + SOBER_SECONDS

    def clear(self) -> list[Task]:
        """All that wait; nothing does then."""
        tasks = list(self._waiting)
        self._waiting.clear()
        self._requests.clear()
        return tasks

    def reserve(self, places: int) -> bool:
        """Whether a question goes now, which takes one of the places (one at least); which one is decided by `take`, a little later."""
        if len(self._waiting) <= self._reserved or self.out >= max(1, places):
            return False
        if not self.out:
            self._first = max(1, places // IN_HAND)
        self._reserved += 1
        self.out += 1
        return True

    def take(self, places: int) -> list[Task]:
        """The batches of a question for which a place is reserved; [] where nothing waits any more, and the place is free."""
        self._reserved -= 1
        if not self._waiting:
            self.out -= 1
            return []
        first = self._waiting.popleft()
        self._count(first, -1)
        self._first -= 1
        if first.alone or self._first >= 0 or self._clock.now() < self._sober_until:
            return [first]
        op, chosen = first.batch.op, [first]
        requests, some = len(first.batch), first.units
        share = min(-(-(requests + self._requests[op]) // max(1, places)), self._most_requests)
        passed: list[Task] = []
        while self._waiting and requests < share:
            task = self._waiting.popleft()
            fits = requests + len(task.batch) <= self._most_requests and some + task.units <= self._most_units
            if task.batch.op != op or task.alone or not fits:
                passed.append(task)
                if task.batch.op == op:
                    break
                continue
            self._count(task, -1)
            chosen.append(task)
            requests += len(task.batch)
            some += task.units
        self._waiting.extendleft(reversed(passed))
        return chosen

    def _count(self, task: Task, sign: int) -> None:
        op = task.batch.op
        self._requests[op] = self._requests.get(op, 0) + sign * len(task.batch)


__all__ = ["MOST_REQUESTS", "Joining", "Task"]
