"""`Batcher`: the requests of all clients, in batches, fairly, each answered once.

A request that is known is answered from the memo; one that waits or runs already does not run twice: whoever asks again listens to the
first. The others wait by class, operation and rules. A batch is closed when it is full, when enough for one wait while the pool is idle,
when the oldest has waited long enough for company, or when waiting longer would miss the earliest deadline; it runs as soon as the pool
has a place. While the pool is busy batches grow by themselves.

A failure of a pool is never an answer (`Dispatcher`): the worst that a request gets is "unserved", as it does where its deadline passes
while it waits.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from copy import deepcopy
from functools import partial
from itertools import starmap
from math import inf
from time import monotonic
from typing import Any, Final

from coproc.batch import answers_of
from coproc.coprocessor import operation_of
from coproc.errors import CoprocError, InvalidInput
from coproc.operation import ALIGNMENTS, Answer, Request
from coproc.ops import OPERATIONS

from .clock import Clock, RealClock
from .dispatch import STALL_SECONDS, Dispatcher, Stage
from .entry import Cut
from .inflight import Group
from .limits import Limits
from .listener import Collector
from .memo import Memo, memo_key, memo_keys
from .pools.protocol import PackedAnswers, PackedBatch, Pool
from .service import Stats
from .telling import Told
from .ticket import KINDS, NO_DEADLINE, Kind, Ticket
from .waiting import Offer, Waiting

_LOOK: Final = 1.0
"""Seconds after which the driving thread looks around even if nothing seems due."""


class Batcher:
    """A `Service` over a pool. A context manager; safe from any number of threads."""

    def __init__(
        self,
        pool: Pool,
        clock: Clock | None = None,
        memo: Memo | None = None,
        limits: Limits | None = None,
        last: Sequence[Stage | Pool] = (),
        stall_seconds: float = STALL_SECONDS,
        drive: bool = True,
    ) -> None:
        """last: the pools for what `pool` cannot do, in order. stall_seconds: a batch without an answer by then runs again.

        drive: with a thread of its own, which waits on the clock; without, somebody calls `pump` when it asked to be.
        """
        self._clock = clock or RealClock()
        self.memo = Memo() if memo is None else memo
        self.limits = limits or Limits()
        self._dispatcher = Dispatcher((Stage(pool), *last), self._clock, stall_seconds)
        self._state = threading.Condition()
        self._waiting = Waiting(self._clock, self.memo, self.limits, lambda: self._dispatcher.capacity)
        self._open, self._closed = True, False
        self._wake = inf
        self._mine = threading.local()
        self._thread = threading.Thread(target=self._drive, name="coproc-batcher", daemon=True) if drive else None
        if self._thread is not None:
            self._thread.start()

    # ---- in ----
    def submit(self, ticket: Ticket) -> Future[Answer]:
        """Raises Busy, InvalidInput for what is no request, and CoprocError once it drains."""
        return self.submit_many((ticket,))[0]

    def submit_many(self, tickets: Sequence[Ticket]) -> list[Future[Answer]]:
        """All or none are taken. Raises as `submit`."""
        offers = list(starmap(_offer, tickets))
        self._take(partial(self._waiting.offer, offers))
        return [offer.to for offer in offers]

    def submit_packed(self, batch: PackedBatch, kind: Kind, deadline: float = NO_DEADLINE, tenant: str = "") -> Future[PackedAnswers]:
        """`submit_batches` of one."""
        return self.submit_batches([batch], kind, deadline, tenant)[0]

    def submit_batches(
        self, batches: Sequence[PackedBatch], kind: Kind, deadline: float = NO_DEADLINE, tenant: str = ""
    ) -> list[Future[PackedAnswers]]:
        """Any number of requests, a batch for each operation, without a Python object a request. All or none are taken. Raises as `submit`.

        "bulk" does not look into the memo: requests in bulk are rarely known, and looking costs a hash each. The tenants of the batches
        are those of whoever packed them and do not count here.
        """
        _known(kind)
        groups = []
        for batch in batches:
            batch.check()
            groups.append(Group(batch, None if kind == "bulk" else memo_keys(batch), Collector(OPERATIONS[batch.op], len(batch))))
        if some := [group for group in groups if len(group.batch)]:
            self._take(partial(self._waiting.offer_packed, some, kind, deadline, tenant))
        for group in groups:
            if not len(group.batch):
                group.to.resolve()
        return [group.to.future for group in groups]

    def peek(self, request: Request) -> Answer | None:
        """The answer, where the memo has it."""
        return self.memo.get(request)

    def warm(self, batches: Sequence[PackedBatch], tenant: str = "") -> int:
        """Answer requests ahead, as those of a mempool, into the memo; how many were not known. Does not wait. Raises as `submit`."""
        groups = []
        for batch in batches:
            batch.check()
            keys = memo_keys(batch)
            if index := self.memo.missing(keys):
                some = batch.take(index)
                groups.append(Group(some, [keys[i] for i in index], Collector(OPERATIONS[batch.op], len(some))))
        if groups:
            self._take(partial(self._waiting.offer_packed, groups, "mempool", NO_DEADLINE, tenant))
        return sum(len(group.batch) for group in groups)

    def _take(self, offer: partial[list[Told]]) -> None:
        with self._state:
            if not self._open:
                raise CoprocError("this batcher takes no more requests")
            told = offer()
            if getattr(self._mine, "telling", False):  # whoever is told asks again: the next batch is chosen when all were told
                cuts: list[Cut] = []
            else:
                cuts, more = self._next()
                told += more
        self._tell_and_send(told, cuts)

    # ---- out ----
    def pump(self) -> float:
        """Start what is due; when to call again, on the clock, infinity where only an event can make something due."""
        overdue = self._dispatcher.expire()
        with self._state:
            cuts, told = self._next()
        self._tell_and_send(told, cuts)
        with self._state:
            return min(self._wake, inf if overdue is None else overdue)

    def _next(self, trusted: bool = False) -> tuple[list[Cut], list[Told]]:
        """What starts now, and who is told that it is too late. With the state held. trusted: as in `Waiting.due`."""
        told, wake = self._waiting.expire()
        cuts = []
        while (free := self._dispatcher.capacity - self._waiting.stats.in_flight) > 0:
            cut, due = self._waiting.due(free, trusted)
            if cut is None:
                wake = min(wake, due)
                break
            cuts.append(cut)
        if wake < self._wake:
            self._state.notify_all()
        self._wake = wake
        return cuts, told

    def _tell_and_send(self, told: list[Told], cuts: list[Cut]) -> None:
        """With nothing held. What a pool answers at once, in this thread, comes back here: it waits its turn, or the stack would grow."""
        self._tell(told)
        pending: deque[Cut] | None = getattr(self._mine, "pending", None)
        if pending is not None:
            pending.extend(cuts)
            return
        self._mine.pending = pending = deque(cuts)
        try:
            while pending:
                cut = pending.popleft()
                started = self._clock.now()
                self._dispatcher.run(cut.pack()).add_done_callback(partial(self._answered, cut, started))
        finally:
            del self._mine.pending

    def _answered(self, cut: Cut, started: float, future: Future[PackedAnswers]) -> None:
        answers = future.result()
        objects = answers_of(OPERATIONS[cut.op], answers.columns()) if cut.keyed else []
        seconds = answers.seconds or self._clock.now() - started
        with self._state:
            told = self._waiting.answered(cut, answers, objects, seconds)
            cuts, more = self._next(trusted=True)
            if not self._waiting.held.requests:
                self._state.notify_all()
        self._tell_and_send(told + more, cuts)
        # a place goes to doubtful tenants only after those who were told could ask again: else they would always come too late
        with self._state:
            cuts, more = self._next()
        self._tell_and_send(more, cuts)

    def _tell(self, told: list[Told]) -> None:
        if not told:
            return
        before, self._mine.telling = getattr(self._mine, "telling", False), True
        try:
            for tell in told:
                tell()
        finally:
            self._mine.telling = before

    def _drive(self) -> None:
        while True:
            wake = self.pump()
            with self._state:
                if self._closed:
                    return
                now = self._clock.now()
                if (wake := min(wake, self._wake)) > now:
                    self._clock.wait(self._state, min(wake - now, _LOOK))

    # ---- the end ----
    def drain(self, timeout: float | None = None) -> bool:
        """Take nothing more and wait until everything is answered; False where the time was too short."""
        with self._state:
            self._open = False
            self._waiting.drain()
        self.pump()
        until = inf if timeout is None else monotonic() + timeout
        with self._state:
            while self._waiting.held.requests:
                left = until - monotonic()
                if left <= 0:
                    return False
                self._state.wait(min(left, _LOOK))
        return True

    def close(self) -> None:
        """`drain` without end, then stop. The pool is the caller's to close."""
        self.drain()
        with self._state:
            self._closed = True
            self._state.notify_all()
        if self._thread is not None:
            self._thread.join()

    def stats(self) -> Stats:
        """A copy of the figures."""
        with self._state:
            stats = deepcopy(self._waiting.figures())
        stats.retries, stats.lost = self._dispatcher.retries, self._dispatcher.lost
        return stats

    def __enter__(self) -> Batcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _known(kind: str) -> None:
    if kind not in KINDS:
        raise InvalidInput(f"class: {kind!r} is none of {', '.join(KINDS)}")


def _offer(request: Request, kind: Kind, deadline: float, tenant: str) -> Offer:
    """Raises InvalidInput."""
    op, rules, align = request.op, request.rules, request.align
    args: Any = request.args  # a caller without types may give others
    operation_of(op)
    _known(kind)
    if align not in ALIGNMENTS:
        raise InvalidInput(f"align: {align!r} is none of 1, 2, 4, 8")
    if type(args) is not bytes:
        if not isinstance(args, (bytearray, memoryview)):
            raise InvalidInput(f"args: bytes are wanted, not {type(args).__name__}")
        request = request._replace(args=bytes(args))
    return Offer(op, rules.code, align, request.args, memo_key(request), kind, deadline, tenant, Future())
