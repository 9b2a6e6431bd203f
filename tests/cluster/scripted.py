"""A pool whose batches end when a test says so, and a batcher over it in virtual time."""

from __future__ import annotations

from concurrent.futures import Future
from random import Random
from typing import Any

from coproc.batch import answers_of
from coproc.cluster.batcher import Batcher
from coproc.cluster.clock import VirtualClock
from coproc.cluster.cost import TABLE, units
from coproc.cluster.pools.protocol import PackedAnswers, PackedBatch
from coproc.cluster.ticket import Kind, Ticket
from coproc.operation import Answer, Request
from coproc.ops import OPERATIONS

from .simulation import truth


class ScriptedPool:
    """A `Pool`. ran: every batch that it was given; waiting: those without an answer, by their places in `ran`."""

    def __init__(self, capacity: int = 1) -> None:
        self.capacity = capacity
        self.engines = ("cpu:scripted",)
        self.ran: list[PackedBatch] = []
        self.waiting: dict[int, Future[PackedAnswers]] = {}

    def run(self, batch: PackedBatch) -> Future[PackedAnswers]:
        batch.check()
        future: Future[PackedAnswers] = Future()
        self.waiting[len(self.ran)] = future
        self.ran.append(batch)
        return future

    def close(self) -> None:
        pass

    def finish(self, seconds: float | None = None) -> PackedBatch:
        """The oldest batch is answered, truly; it. seconds: that it took, None: as the table has it."""
        place = next(iter(self.waiting))
        answers = truth.answers(self.ran[place], self.engines[0])
        batch = self.ran[place]
        answers.seconds = TABLE[batch.op].batch + units(batch.op, len(batch), batch.nbytes) if seconds is None else seconds
        self.waiting.pop(place).set_result(answers)
        return self.ran[place]

    def fail(self, error: Exception) -> None:
        self.waiting.pop(next(iter(self.waiting))).set_exception(error)

    def finish_all(self) -> None:
        while self.waiting:
            self.finish()


class Bench:
    """A batcher, its pool, its clock, and requests that are all different."""

    def __init__(self, capacity: int = 1, **options: Any) -> None:
        self.clock = VirtualClock()
        self.pool = ScriptedPool(capacity)
        self.batcher = Batcher(self.pool, self.clock, drive=False, **options)
        self._number = 0

    def request(self, op: str = "verify_plonk", outcome: int = truth.TRUE, size: int = 0) -> Request:
        self._number += 1
        return truth.make(Random(0), op, self._number, outcome, size=size)

    def requests(self, count: int, op: str = "verify_plonk", outcome: int = truth.TRUE) -> list[Request]:
        return [self.request(op, outcome) for _ in range(count)]

    def busy(self) -> Future[Answer]:
        """The pool has a batch in hand, so that what comes now waits."""
        return self.batcher.submit(Ticket(self.request("verify_kzg_proof")))

    def advance(self, seconds: float) -> None:
        """So much time passes; what becomes due on the way happens then."""
        until = self.clock.now() + seconds
        while (wake := self.batcher.pump()) <= until:
            self.clock.to(max(wake, self.clock.now()))
        self.clock.to(until)
        self.batcher.pump()


def submit(
    bench: Bench, requests: list[Request], kind: Kind = "block", tenant: str = "", deadline: float = float("inf")
) -> list[Future[Answer]]:
    return bench.batcher.submit_many([Ticket(request, kind, deadline, tenant) for request in requests])


def answers(future: Future[PackedAnswers]) -> list[Answer]:
    """What was told of each request, whoever told it."""
    found = future.result(0)
    return [answer._replace(engine="") for answer in answers_of(OPERATIONS["verify_plonk"], found.columns())]
