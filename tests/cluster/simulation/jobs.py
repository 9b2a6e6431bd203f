"""`Job`: a client whose requests go through the journal. What was acknowledged to it must have one answer, and keep it."""

from __future__ import annotations

import struct
from concurrent.futures import Future
from typing import TYPE_CHECKING

from coproc.cluster import frames
from coproc.cluster.frames import Result, Submit, WireError
from coproc.cluster.ticket import Kind
from coproc.operation import Request

from . import truth
from .clients import Client

if TYPE_CHECKING:
    from .simulation import Simulation

PIECE = 400
"""Answers that are read at once, at most."""
_AGAIN = 0.5
"""Seconds until a client that heard nothing asks once more."""


class Job(Client):
    """Appends to one job, reads its answers in order, now and then reads some again and lets go of what it has read."""

    kind: Kind = "bulk"

    def __init__(self, simulation: Simulation, tenant: str, every: float) -> None:
        self.name = tenant.encode()
        self.acknowledged = 0
        self.unserved = 0
        self._first = 0  # the first that is not let go
        self._asked: list[Request] = []  # from there on
        self._seen: list[bytes] = []  # their answers, as far as they were read
        self._open: Submit | None = None
        super().__init__(simulation, tenant, every)

    # ---- appending ----
    def ask(self) -> None:
        rng = self.rng
        if self._open is None:
            n = rng.choice((1, 5, 40, 200, 500 if rng.random() < 0.1 else 100))
            op = rng.choice((None, *truth.OPS))
            requests = [self.new(op) for _ in range(n)]
            body = frames.write_submit(requests, self.name, self._first + len(self._asked), self.tenant)
            self._open = frames.read_submit(body, n, 1 << 20)
            self._asked += requests
            self.append()
        if rng.random() < 0.7:
            self.read()

    def append(self) -> None:
        """Send what is not acknowledged: it counts once however often it is sent."""
        submit, life = self._open, self.simulation.ledger.life
        if submit is None:
            return

        def told(future: Future[int]) -> None:
            if submit is self._open and self._heard(life):
                self._told(submit, future)

        self.simulation.journalled.backlog.submit(submit).add_done_callback(told)

    def _told(self, submit: Submit, future: Future[int]) -> None:
        wanted = submit.first + len(submit.rows.args)
        error = future.exception()
        if error is None:
            if future.result() != wanted:
                self._wrong(f"{future.result()} requests are acknowledged, and {wanted} were sent")
            self.acknowledged, self._open = wanted, None
            self.simulation.ledger.trace(b"acknowledged %d" % wanted)
        elif isinstance(error, WireError) and error.retry_after:
            self.busy += 1
            self.simulation.world.after(error.retry_after, self.append)
        else:
            self._wrong(f"refused for ever: {error!r}")

    def server_lost(self) -> None:
        """Whatever was open has no answer: ask the next server."""
        self.simulation.world.after(_AGAIN, self.append)

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
        life = self.simulation.ledger.life

        def told(future: Future[tuple[int, int, bytes]]) -> None:
            if first >= self._first and self._heard(life):
                self._read(first, future)

        asked = Result(self.tenant, self.name, first)
        self.simulation.journalled.backlog.result(asked, PIECE, forget).add_done_callback(told)

    def _read(self, first: int, future: Future[tuple[int, int, bytes]]) -> None:
        error = future.exception()
        if error is not None:
            unknown = isinstance(error, WireError) and error.code == frames.UNKNOWN_JOB and not self.acknowledged
            if not unknown and not (isinstance(error, WireError) and error.retry_after):
                self._wrong(f"cannot be read from {first} on: {error!r}")
            return
        total, n, body = future.result()
        if total not in (self.acknowledged, self._first + len(self._asked)):
            self._wrong(f"has {total} requests, {self.acknowledged} of them acknowledged")
        for place, piece in enumerate(frames.split_answers(body, n), first - self._first):
            if place == len(self._seen):
                self._seen.append(piece)
                self._check(place, piece)
            elif piece != self._seen[place]:
                self._wrong(f"request {self._first + place} has another answer than before")

    def _check(self, place: int, piece: bytes) -> None:
        request = self._asked[place]
        (answer,) = frames.read_answers(piece, [request.op], "")
        self.simulation.ledger.trace(struct.pack("<I", self._first + place) + answer.status.encode())
        if answer.status == "unserved":
            self.unserved += 1
        elif answer != truth.expected(request):
            self._wrong(f"a wrong answer to {request}: {answer}")

    def _heard(self, life: int) -> bool:
        """Whether a server of this life is there to tell anything."""
        return life == self.simulation.ledger.life and not self.simulation.journalled.disk.dead

    def _wrong(self, what: str) -> None:
        self.simulation.ledger.wrong.append(f"{self.tenant}: {what}")
