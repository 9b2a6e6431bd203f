"""`Ledger`: every request that was accepted and what became of it."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from coproc.batch import answers_of
from coproc.cluster.clock import Clock
from coproc.cluster.pools.protocol import PackedAnswers
from coproc.operation import Answer, Request
from coproc.ops import OPERATIONS

from . import truth


@dataclass(slots=True)
class Asked:
    """A request, who asked when and until when; wired: over the network, by a client that outlives the server."""

    request: Request
    tenant: str
    at: float
    deadline: float
    wired: bool


class Ledger:
    """What was asked, and whether the answers are right. wrong: in words, since an exception would end in the future that called."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._trace = blake2b(digest_size=16)
        self._numbers = 0
        self.open: dict[int, Asked] = {}
        self.life = 0
        self.wrong: list[str] = []
        self.served: Counter[str] = Counter()  # by tenant
        self.unserved: Counter[str] = Counter()
        self.late = self.answered_again = 0
        self.longest = 0.0  # seconds that a request without a deadline waited
        self.waits: list[float] = []  # of requests with a deadline

    def ask(self, request: Request, tenant: str, deadline: float, wired: bool = False) -> int:
        """A request is asked; its number here."""
        self._numbers += 1
        self.open[self._numbers] = Asked(request, tenant, self._clock.now(), deadline, wired)
        return self._numbers

    def trace(self, what: bytes) -> None:
        """Something else that was told now."""
        self._trace.update(struct.pack("<d", self._clock.now()) + what)

    def refused(self, number: int) -> None:
        """The server was busy: it was not accepted."""
        del self.open[number]

    def one(self, number: int) -> Callable[[Future[Answer]], None]:
        life = self.life
        return lambda future: self._answered(number, future.result(), life)

    def many(self, numbers: list[int], op: str) -> Callable[[Future[PackedAnswers]], None]:
        life = self.life

        def done(future: Future[PackedAnswers]) -> None:
            found = answers_of(OPERATIONS[op], future.result().columns())
            for number, answer in zip(numbers, found, strict=True):
                self._answered(number, answer, life)

        return done

    def heard(self, numbers: Sequence[int], answers: Sequence[Answer]) -> None:
        """Answers that came over the network, whichever server gave them."""
        for number, answer in zip(numbers, answers, strict=True):
            self._answered(number, answer, self.life)

    def heard_again(self, requests: Sequence[Request], answers: Sequence[Answer]) -> None:
        """Answers to what was asked twice and is answered."""
        self.answered_again += len(requests)
        for request, answer in zip(requests, answers, strict=True):
            if answer.status != "unserved" and answer._replace(engine="") != truth.expected(request):
                self.wrong.append(f"a wrong answer when {request} was asked again: {answer}")

    def crash(self) -> list[Asked]:
        """The server is gone; what it owes and nobody but itself would ask again."""
        self.life += 1
        owed = [asked for asked in self.open.values() if not asked.wired]
        self.open = {number: asked for number, asked in self.open.items() if asked.wired}
        return owed

    def _answered(self, number: int, answer: Answer, life: int) -> None:
        if life != self.life:
            return  # the server that would have told this is gone
        asked = self.open.pop(number, None)
        if asked is None:
            self.wrong.append(f"request {number} is answered twice")
            return
        now = self._clock.now()
        self._trace.update(struct.pack("<dI", now, number) + answer.status.encode())
        if answer.status == "unserved":
            if answer.value is not None or answer.retbuf is not None:
                self.wrong.append(f"unserved, with an answer: {answer}")
            self.unserved[asked.tenant] += 1
            return
        if answer._replace(engine="") != truth.expected(asked.request):
            self.wrong.append(f"a wrong answer: {asked} {answer}")
        self.served[asked.tenant] += 1
        self.late += now > asked.deadline
        if asked.deadline == np.inf:
            self.longest = max(self.longest, now - asked.at)
        else:
            self.waits.append(now - asked.at)

    @property
    def digest(self) -> str:
        """Of everything that was answered, and when."""
        return self._trace.hexdigest()
