"""`Service`: what servers and clients in process see of the batcher, and the figures that it tells."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from coproc.operation import Answer, Request

from .pools.protocol import PackedAnswers, PackedBatch
from .ticket import NO_DEADLINE, Kind, Ticket


@dataclass(slots=True)
class Stats:
    """Counters since the start, and what is held now. Answered is served and unserved together; each accepted request is answered once."""

    accepted: int = 0
    answered: int = 0
    unserved: int = 0
    expired: int = 0  # unserved because the deadline came first
    busy: int = 0  # requests that were not taken
    memo_hits: int = 0
    duplicates: int = 0  # attached to a request that was there already
    batches: int = 0
    batched: int = 0  # requests in them
    retries: int = 0  # batches that ran again, whole or cut
    lost: int = 0  # batches whose worker died
    late: int = 0  # answered after their deadline
    held: int = 0  # requests accepted and not answered
    held_bytes: int = 0
    waiting: dict[str, int] = field(default_factory=dict)  # requests that wait, per class
    in_flight: int = 0  # batches
    tenants: int = 0  # with requests that wait
    seconds: dict[str, float] = field(default_factory=dict)  # of work, per operation
    requests: dict[str, int] = field(default_factory=dict)  # run in pools, per operation


class Service(Protocol):
    """Answers requests, now or later. Safe from any number of threads. Futures never fail: what nothing could answer is "unserved"."""

    def submit(self, ticket: Ticket) -> Future[Answer]:
        """Raises Busy, InvalidInput for what is no request, and CoprocError once it drains."""

    def submit_many(self, tickets: Sequence[Ticket]) -> list[Future[Answer]]:
        """All or none are taken. Raises as `submit`."""

    def submit_packed(self, batch: PackedBatch, kind: Kind, deadline: float = NO_DEADLINE, tenant: str = "") -> Future[PackedAnswers]:
        """`submit_batches` of one."""

    def submit_batches(
        self, batches: Sequence[PackedBatch], kind: Kind, deadline: float = NO_DEADLINE, tenant: str = ""
    ) -> list[Future[PackedAnswers]]:
        """Any number of requests, a batch for each operation, without a Python object a request. All or none are taken. Raises as `submit`.

        "bulk" does not look into the memo: requests in bulk are rarely known, and looking costs a hash each.
        """

    def peek(self, request: Request) -> Answer | None:
        """The answer, where the memo has it."""

    def warm(self, batches: Sequence[PackedBatch], tenant: str = "") -> int:
        """Answer requests ahead, as those of a mempool, into the memo; how many were not known. Does not wait. Raises as `submit`."""

    def drain(self, timeout: float | None = None) -> bool:
        """Take nothing more and wait until everything is answered; False where the time was too short."""

    def close(self) -> None:
        """`drain` without end, then stop. The pool is the caller's to close."""

    def stats(self) -> Stats:
        """A copy of the figures."""
