"""`Job`: a client whose requests go through the journal. What was acknowledged to it must have one answer, and keep it."""

from __future__ import annotations

import struct
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final

from coproc.cluster import frames
from coproc.cluster.frames import WireError
from coproc.cluster.ticket import Busy, Kind
from coproc.operation import Answer, Request

from . import truth
from .clients import Client
from .lines import is_expected

if TYPE_CHECKING:
    from .simulation import Simulation

PIECE: Final = 400
"""Answers that are read at once, at most."""
MORE: Final = 0.15
"""Chance that more is to be sent at once."""
_AGAIN: Final = 0.5
"""Seconds until a client that heard nothing asks once more."""


class Job(Client):
    """Appends to one job, reads its answers in order, now and then reads some again and lets go of what it has read. Over the network."""

    kind: Kind = "bulk"

    def __init__(self, simulation: Simulation, tenant: str, every: float) -> None:
        self.acknowledged = 0
        self.unserved = 0
        self._first = 0  # the first that is not let go
        self._asked: list[Request] = []  # from there on
        self._seen: list[Answer] = []  # their answers, as far as they were read
        self._open: list[Request] | None = None  # the last of those that were asked, which are not acknowledged
        super().__init__(simulation, tenant, every)

    # ---- appending ----
    def ask(self) -> None:
        rng = self.rng
        if self._open is None:
            n = rng.choice((1, 5, 40, 200, 500 if rng.random() < 0.1 else 100))
            op = rng.choice((None, *truth.OPS))
            self._open = [self.new(op) for _ in range(n)]
            self._asked += self._open
            self.append()
        if rng.random() < 0.7:
            self.read()

    def append(self) -> None:
        """Send what is not acknowledged: it counts once however often it is sent."""
        requests = self._open
        if requests is None:
            return
        first = self._first + len(self._asked) - len(requests)

        def told(future: Future[int]) -> None:
            if requests is self._open:
                self._told(first + len(requests), future)

        self.lines.call(lambda there: there.submit(self.tenant, requests, first, self.tenant)).add_done_callback(told)

    def _told(self, wanted: int, future: Future[int]) -> None:
        simulation, error = self.simulation, future.exception()
        if error is None:
            if future.result() != wanted:
                self._wrong(f"{future.result()} requests are acknowledged, and {wanted} were sent")
            self.acknowledged, self._open = wanted, None
            simulation.ledger.trace(b"acknowledged %d" % wanted)
            if self.rng.random() < MORE and not simulation.over:
                self.ask()
        elif isinstance(error, (Busy, WireError)) and error.retry_after:
            self.busy += 1
            simulation.world.after(error.retry_after, self.append)
        elif is_expected(error):
            simulation.asked_again += 1
            simulation.world.after(_AGAIN, self.append)
        else:
            self._wrong(f"refused for ever: {error!r}")

    # ---- reading ----
    @property
    def behind(self) -> bool:
        """Whether something that was asked is not acknowledged, or its answer not read."""
        return self._open is not None or len(self._seen) < len(self._asked)

    @property
    def progress(self) -> tuple[int, int]:
        return self.acknowledged, self._first + len(self._seen)

    def read(self) -> None:
        rng, seen = self.rng, len(self._seen)
        place = rng.randrange(seen + 1) if rng.random() < 0.3 else seen
        forget = rng.random() < 0.2
        if forget:  # from now on it may be gone, whether this is heard or not
            del self._asked[:place], self._seen[:place]
            self._first, place = self._first + place, 0
        self._fetch(self._first + place, forget)

    def read_on(self) -> None:
        """What was not read yet."""
        self._fetch(self._first + len(self._seen), False)

    def _fetch(self, first: int, forget: bool) -> None:
        place, known = first - self._first, self.acknowledged
        ops = [request.op for request in self._asked[place : place + PIECE]]

        def told(future: Future[tuple[list[Answer], int]]) -> None:
            if first >= self._first:
                self._read(first, known, future)

        self.lines.call(lambda there: there.results(self.tenant, ops, first, self.tenant, forget)).add_done_callback(told)

    def _read(self, first: int, known: int, future: Future[tuple[list[Answer], int]]) -> None:
        """known: how many requests were acknowledged when this was asked."""
        error = future.exception()
        if error is not None:
            unknown = isinstance(error, WireError) and error.code == frames.UNKNOWN_JOB and not known
            full = isinstance(error, WireError) and error.retry_after
            if not unknown and not full and not is_expected(error):
                self._wrong(f"cannot be read from {first} on: {error!r}")
            return
        answers, total = future.result()
        if not known <= total <= self._first + len(self._asked):
            self._wrong(f"has {total} requests, {known} of them acknowledged before")
        for place, answer in enumerate(answers, first - self._first):
            if place == len(self._seen):
                self._seen.append(answer)
                self._check(place, answer)
            elif answer != self._seen[place]:
                self._wrong(f"request {self._first + place} has another answer than before")

    def _check(self, place: int, answer: Answer) -> None:
        self.simulation.ledger.trace(struct.pack("<I", self._first + place) + answer.status.encode())
        if answer.status == "unserved":
            self.unserved += 1
        elif answer._replace(engine="") != truth.expected(self._asked[place]):
            self._wrong(f"a wrong answer to {self._asked[place]}: {answer}")

    def _wrong(self, what: str) -> None:
        self.simulation.ledger.wrong.append(f"{self.tenant}: {what}")
