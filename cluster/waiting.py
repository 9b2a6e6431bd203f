"""`Waiting`: what the batcher holds, as a state machine without threads: requests go in, batches and answers come out.

Everything is decided here, by the clock that was given and by nothing else, so that a simulation replays to the last batch.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from itertools import count
from math import inf
from typing import Final, NamedTuple

import numpy as np

from coproc.batch import unserved
from coproc.engine.protocol import Status
from coproc.operation import Answer
from coproc.ops import OPERATIONS

from .clock import Clock
from .cost import CostModel, units
from .entry import Cut, Entry
from .fair import FairQueue, leave
from .lane import Lane
from .limits import Limits
from .listener import Collector, Listener
from .memo import Memo
from .past import Past
from .pools.protocol import PackedAnswers, PackedBatch
from .room import Load, Room
from .service import Stats
from .ticket import KINDS, Kind
from .urgency import Urgency

Told = Callable[[], None]
"""Tells somebody an answer; to be called when nothing is locked."""

ENOUGH: Final = {"bool": 16, "other": 256}
"""Requests from which on a batch of verifications, or of hashes, does not wait for company while the pool is idle."""
MIXED: Final = 255
"""In place of a rules code, for a packed batch of several."""
_STALE: Final = 1024


class Offer(NamedTuple):
    """A request that somebody wants answered. key: of the memo; place: in a collector."""

    op: str
    code: int
    align: int
    args: bytes
    key: bytes
    kind: Kind
    deadline: float
    tenant: str
    to: Future[Answer] | Collector
    place: int = 0


class Waiting:
    """Requests that wait and run. For one thread at a time. capacity: batches that the pool runs at once."""

    def __init__(self, clock: Clock, memo: Memo, limits: Limits, capacity: Callable[[], int]) -> None:
        self._clock, self._memo, self._limits, self._capacity = clock, memo, limits, capacity
        self.stats = Stats()
        self.costs = CostModel()
        self._past = Past(limits.max_tenants)
        self._room = Room(limits, capacity)
        self._urgency = Urgency(limits)
        self._classes = {kind: FairQueue(kind, limits, self.costs, self._past.doubtful) for kind in KINDS}
        self._by_key: dict[bytes, Entry] = {}
        self._deadlines: list[tuple[float, int, Entry]] = []
        self._numbers = count()
        self._draining = False
        self._doubtful = 0  # batches of doubtful tenants that run

    # ---- in ----
    def offer(self, offers: Sequence[Offer]) -> list[Told]:
        """Take requests; those whose answers are known are told. All or none are taken: raises Busy and InvalidInput."""
        told: list[Told] = []
        found = [self._memo.find(offer.key) for offer in offers]
        unknown = [offer for offer, answer in zip(offers, found, strict=True) if answer is None]
        loads = self._take_room(unknown)
        now = self._clock.now()
        for offer, load in zip(unknown, loads, strict=True):
            self._listen(offer, load, now)
        for offer, answer in zip(offers, found, strict=True):
            if answer is not None:
                self.stats.memo_hits += 1
                self._tell(offer.to, offer.place, answer, told)
        self._accepted(len(offers), len(offers) - len(unknown))
        return told

    def offer_packed(self, batch: PackedBatch, kind: Kind, deadline: float, tenant: str, to: Collector, first: int = 0) -> None:
        """Take requests of one operation, none or all. first: their place in the collector. Raises as `offer`."""
        n, nbytes = len(batch), batch.nbytes
        some = units(batch.op, n, nbytes)
        load = Load(n, nbytes, some * self.costs.slope((batch.op, False)))
        self._hold(tenant, kind, load)
        listener = Listener(to, first, deadline, kind, tenant, load)
        now = self._clock.now()
        code = int(batch.rules[0]) if np.all(batch.rules == batch.rules[0]) else MIXED
        entry = Entry(batch.op, code, n, nbytes, some, next(self._numbers), now, [listener], packed=batch)
        self._wait(entry, listener)
        self._accepted(n, 0)

    def _accepted(self, requests: int, answered: int) -> None:
        self.stats.accepted += requests
        self.stats.answered += answered

    def _weight(self, tenant: str) -> float:
        return self._limits.doubtful_weight if self._past.doubtful(tenant) else 1.0

    def _hold(self, tenant: str, kind: Kind, load: Load) -> None:
        try:
            self._room.take(tenant, kind, load, self._weight(tenant))
        except Exception:
            self.stats.busy += load.requests
            raise

    def _take_room(self, offers: Sequence[Offer]) -> list[Load]:
        """Hold what each takes; a duplicate takes a place, and neither bytes nor work."""
        loads: list[Load] = []
        sums: dict[tuple[str, Kind], Load] = {}
        for offer in offers:
            if offer.key in self._by_key:
                load = Load(1)
            else:
                nbytes = len(offer.args)
                load = Load(1, nbytes, units(offer.op, 1, nbytes) * self.costs.slope((offer.op, False)))
            loads.append(load)
            sums.setdefault((offer.tenant, offer.kind), Load()).add(load)
        held: list[tuple[str, Kind, Load]] = []
        try:
            for (tenant, kind), load in sums.items():
                self._room.take(tenant, kind, load, self._weight(tenant))
                held.append((tenant, kind, load))
        except Exception:
            for tenant, kind, load in held:
                self._room.give(tenant, kind, load)
            self.stats.busy += len(offers)
            raise
        return loads

    def _listen(self, offer: Offer, load: Load, now: float) -> None:
        listener = Listener(offer.to, offer.place, offer.deadline, offer.kind, offer.tenant, load)
        entry = self._by_key.get(offer.key)
        if entry is None:
            n = len(offer.args)
            entry = Entry(
                offer.op, offer.code, 1, n, units(offer.op, 1, n), next(self._numbers), now, [listener], offer.args, offer.align, offer.key
            )
            self._by_key[offer.key] = entry
            self._wait(entry, listener)
            return
        self.stats.duplicates += 1
        entry.listeners.append(listener)
        if entry.places:
            self._wait(entry, listener)

    def _wait(self, entry: Entry, listener: Listener) -> None:
        """The entry waits for a listener as well, in the queue of its tenant."""
        queue = self._classes[listener.kind]
        for place in entry.places:
            place.lane.sooner(listener.deadline)
        if not any(place.queue is queue and place.tenant == listener.tenant for place in entry.places):
            queue.add(entry, listener.tenant)
        if listener.deadline < inf:
            heapq.heappush(self._deadlines, (listener.deadline, next(self._numbers), entry))

    # ---- out ----
    def drain(self) -> None:
        """Nothing more comes, so nothing waits for company."""
        self._draining = True

    def due(self, free: int, trusted: bool = False) -> tuple[Cut | None, float]:
        """The next batch, where `free` > 0 batches can start, or None and the time to ask again.

        trusted: none where it would be one of doubtful tenants.
        """
        now, ready, wake = self._clock.now(), {}, inf
        for kind, queue in self._classes.items():
            lanes = []
            for lane in queue.lanes.values():
                close_at = self._close_at(kind, lane)
                if close_at <= now:
                    lanes.append(lane)
                else:
                    wake = min(wake, close_at)
            if lanes:
                ready[kind] = queue.first(lanes)
        if not ready:
            return None, wake
        longest = self._limits.batch_seconds
        seconds = {kind: min(self.costs.seconds((lane.op, False), lane.units), longest[kind]) for kind, lane in ready.items()}
        if trusted and any(self._classes[kind].doubts(lane) for kind, lane in ready.items()):
            return None, now
        kind = self._urgency.choose(seconds)
        lane = ready[kind]
        queue = self._classes[kind]
        doubt = queue.doubts(lane)
        places = free if doubt else free + self._doubtful  # those of doubtful tenants are free soon
        most = min(self._limits.batch_requests, max(_enough(lane.op), -(-queue.among(lane, doubt) // places)))
        cut = queue.cut(lane, most)
        self._doubtful += cut.line[1]
        self.stats.batches += 1
        self.stats.batched += cut.requests
        self.stats.in_flight += 1
        return cut, now

    def _close_at(self, kind: Kind, lane: Lane) -> float:
        if self._draining or lane.requests >= min(_enough(lane.op), self._limits.batch_requests):
            return -inf
        needed = self.costs.seconds((lane.op, False), lane.units) + self._limits.margin
        return min(lane.since + self._limits.linger[kind], lane.earliest - needed)

    def expire(self) -> tuple[list[Told], float]:
        """Those whose deadline passed while they wait are told "unserved"; when to ask again."""
        now = self._clock.now()
        told: list[Told] = []
        while self._deadlines and self._deadlines[0][0] <= now:
            _, _, entry = heapq.heappop(self._deadlines)
            if entry.places:
                self._expired(entry, now, told)
        if len(self._deadlines) > 2 * self._room.total.requests + _STALE:
            self._deadlines = [item for item in self._deadlines if item[2].places]
            heapq.heapify(self._deadlines)
        return told, self._deadlines[0][0] if self._deadlines else inf

    def _expired(self, entry: Entry, now: float, told: list[Told]) -> None:
        gone = [listener for listener in entry.listeners if listener.deadline <= now]
        if not gone:
            return
        if entry.packed is not None:
            self._expired_packed(entry, entry.packed, told)
            return
        answer = Answer(None, "unserved", None, OPERATIONS[entry.op].cost_of(entry.args, entry.code, entry.align), "")
        entry.listeners = [listener for listener in entry.listeners if listener.deadline > now]
        if not entry.listeners:
            leave(entry, 1)
            self._forget(entry)
        self.stats.expired += len(gone)
        for listener in gone:
            self._answer(listener, answer, now, told)

    def _expired_packed(self, entry: Entry, packed: PackedBatch, told: list[Told]) -> None:
        """What runs of it is answered; what waits is not."""
        start, left = entry.taken, entry.left
        listener = entry.listeners[0]
        leave(entry, left)
        self.stats.expired += left
        rest = packed.slice(start, start + left)
        answers = PackedAnswers.of(unserved(OPERATIONS[entry.op], rest.batch(), ""))
        self._answer_some(entry, listener, start, answers, 0, left, told)

    # ---- answers ----
    def answered(self, cut: Cut, answers: PackedAnswers, singles: Sequence[Answer], seconds: float) -> list[Told]:
        """A batch is answered. singles: the same answers as objects, where the batch has single requests. seconds: that it took."""
        now, at = self._clock.now(), 0
        told: list[Told] = []
        self._doubtful -= cut.line[1]
        self.stats.in_flight -= 1
        self._learn(cut, answers, seconds)
        for entry, start, stop, _ in cut.pieces:
            rows = stop - start
            if entry.packed is not None:
                self._answer_some(entry, entry.listeners[0], start, answers, at, at + rows, told)
            else:
                answer = singles[at]
                if entry.key is not None:
                    self._memo.store(entry.key, answer)
                self._forget(entry)
                for listener in entry.listeners:
                    self._answer(listener, answer, now, told)
            at += rows
        return told

    def _learn(self, cut: Cut, answers: PackedAnswers, seconds: float) -> None:
        stats, op = self.stats, cut.op
        stats.seconds[op] = stats.seconds.get(op, 0.0) + seconds
        stats.requests[op] = stats.requests.get(op, 0) + cut.requests
        served = answers.status != Status.UNSERVED
        if seconds > 0 and served.all():
            self.costs.learn(cut.line, cut.units, seconds)
        if OPERATIONS[op].kind != "bool":
            return
        refused = served & (answers.value == 0)
        verdicts: dict[str, list[int]] = {}
        at = 0
        if not refused.any() and not any(self._past.known(piece.tenant) for piece in cut.pieces):
            return
        for _, start, stop, tenant in cut.pieces:
            some = slice(at, at + stop - start)
            counts = verdicts.setdefault(tenant, [0, 0])
            counts[0] += int(np.count_nonzero(served[some]))
            counts[1] += int(np.count_nonzero(refused[some]))
            at += stop - start
        for tenant, (seen, bad) in verdicts.items():
            self._past.learn(tenant, seen, bad)

    def _answer_some(
        self, entry: Entry, listener: Listener, place: int, answers: PackedAnswers, start: int, stop: int, told: list[Told]
    ) -> None:
        """Requests of a packed entry, from `place` of it on, are answered by some of the answers."""
        rows = stop - start
        entry.answered += rows
        self.stats.answered += rows
        self.stats.unserved += int(np.count_nonzero(answers.status[start:stop] == Status.UNSERVED))
        if self._clock.now() > listener.deadline:
            self.stats.late += rows
        if entry.answered == entry.requests:
            self._room.give(listener.tenant, listener.kind, listener.load)
        to = listener.to
        if isinstance(to, Collector) and to.some(listener.place + place, answers, start, stop):
            told.append(to.resolve)

    def _answer(self, listener: Listener, answer: Answer, now: float, told: list[Told]) -> None:
        self._room.give(listener.tenant, listener.kind, listener.load)
        self.stats.answered += 1
        self.stats.unserved += answer.status == "unserved"
        self.stats.late += now > listener.deadline
        self._tell(listener.to, listener.place, answer, told)

    def _tell(self, to: Future[Answer] | Collector, place: int, answer: Answer, told: list[Told]) -> None:
        if not isinstance(to, Collector):
            told.append(partial(_resolve, to, answer))
        elif to.one(place, answer):
            told.append(to.resolve)

    def _forget(self, entry: Entry) -> None:
        if entry.key is not None:
            del self._by_key[entry.key]

    # ---- figures ----
    @property
    def held(self) -> Load:
        """All that is held."""
        return self._room.total

    def figures(self) -> Stats:
        """The counters, with what is held now."""
        stats = self.stats
        stats.held, stats.held_bytes = self._room.total.requests, self._room.total.nbytes
        stats.waiting = {kind: queue.requests for kind, queue in self._classes.items()}
        stats.tenants = len({tenant for queue in self._classes.values() for tenant in queue.tenants})
        return stats


def _resolve(future: Future[Answer], answer: Answer) -> None:
    if future.set_running_or_notify_cancel():
        future.set_result(answer)


def _enough(op: str) -> int:
    return ENOUGH["bool" if OPERATIONS[op].kind == "bool" else "other"]
