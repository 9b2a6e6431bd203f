"""`Waiting`: what the batcher holds, as a state machine without threads: requests go in, batches and answers come out.

Everything is decided here, by the clock that was given and by nothing else, so that a simulation replays to the last batch.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from itertools import count
from math import inf
from typing import Final, NamedTuple

import numpy as np

from coproc.batch import answers_of, unserved
from coproc.engine.protocol import Status
from coproc.operation import Answer
from coproc.ops import OPERATIONS

from .clock import Clock
from .cost import CostModel, units
from .entry import Cut, Entry
from .fair import FairQueue, leave
from .inflight import Group, InFlight
from .lane import Lane
from .limits import Limits
from .listener import Listener
from .memo import Memo
from .past import Past
from .pools.protocol import PackedAnswers, PackedBatch
from .room import Load, Room
from .service import Stats
from .telling import Telling, Told
from .ticket import KINDS, Kind
from .urgency import Urgency

ENOUGH: Final = {"bool": 16, "other": 256}
"""Requests from which on a batch of verifications, or of hashes, does not wait for company while the pool is idle."""
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
    to: Future[Answer]


class Waiting:
    """Requests that wait and run. For one thread at a time. capacity: batches that the pool runs at once."""

    def __init__(self, clock: Clock, memo: Memo, limits: Limits, capacity: Callable[[], int]) -> None:
        self._clock, self._memo, self._limits, self._capacity = clock, memo, limits, capacity
        self.stats = Stats()
        self.costs = CostModel()
        self._past = Past(limits.max_tenants)
        self._room = Room(limits, capacity)
        self._telling = Telling(clock, self._room, self.stats)
        self._urgency = Urgency(limits)
        self._classes = {kind: FairQueue(kind, limits, self.costs, self._past.doubtful) for kind in KINDS}
        self._in_flight = InFlight(self._wait)
        self._deadlines: list[tuple[float, int, Entry]] = []
        self._numbers = count()
        self._draining = False
        self._doubtful = 0  # batches of doubtful tenants that run

    # ---- in ----
    def offer(self, offers: Sequence[Offer]) -> list[Told]:
        """Take requests; those whose answers are known are told. All or none are taken: raises Busy and InvalidInput."""
        told: list[Told] = []
        found = self._memo.find_all([offer.key for offer in offers])
        unknown = [offer for offer, answer in zip(offers, found, strict=True) if answer is None]
        loads = self._take_room(unknown)
        now = self._clock.now()
        for offer, load in zip(unknown, loads, strict=True):
            listener = Listener(offer.to, 0, offer.deadline, offer.kind, offer.tenant, load)
            if offer.key in self._in_flight:
                self._join(offer.key, listener)
            else:
                self._in_flight.single(offer.op, offer.code, offer.align, offer.args, offer.key, now, [listener])
        for offer, answer in zip(offers, found, strict=True):
            if answer is not None:
                self._telling.only(offer.to, 0, answer, told)
        self._accepted(len(offers), len(offers) - len(unknown))
        return told

    def offer_packed(self, groups: Sequence[Group], kind: Kind, deadline: float, tenant: str) -> list[Told]:
        """Take packed requests, all or none; those whose answers are known are told. Raises as `offer`."""
        parts = [self._in_flight.part(group, self._memo.find_all(group.keys or ())) for group in groups]
        fresh = [group.batch if part.fresh is None else group.batch.take(part.fresh) for group, part in zip(groups, parts, strict=True)]
        loads, total = [], Load(sum(len(part.shared) for part in parts))
        for batch in fresh:
            some = units(batch.op, len(batch), batch.nbytes)
            loads.append(Load(len(batch), batch.nbytes, some * self.costs.slope((batch.op, False))))
            total.add(loads[-1])
        if total.requests:
            self._hold(tenant, kind, total)
        told: list[Told] = []
        now = self._clock.now()
        for group, part, batch, load in zip(groups, parts, fresh, loads, strict=True):
            keys, to = group.keys, group.to
            if len(batch):
                those = keys if keys is None or part.fresh is None else [keys[place] for place in part.fresh]
                self._in_flight.packed(batch, those, part.fresh, now, Listener(to, 0, deadline, kind, tenant, load))
            if keys is not None:
                for place in part.shared:
                    self._join(keys[place], Listener(to, place, deadline, kind, tenant, Load(1)))
            if part.known and to.each(part.known, part.answers):
                told.append(to.resolve)
        self._accepted(sum(len(group.batch) for group in groups), sum(len(part.known) for part in parts))
        return told

    def _join(self, key: bytes, listener: Listener) -> None:
        self.stats.duplicates += 1
        self._in_flight.join(key, listener)

    def _accepted(self, requests: int, answered: int) -> None:
        self.stats.accepted += requests
        self.stats.answered += answered
        self.stats.memo_hits += answered

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
            if offer.key in self._in_flight:
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
            self._in_flight.forget(entry)
        self.stats.expired += len(gone)
        for listener in gone:
            self._telling.one(listener, answer, now, told)

    def _expired_packed(self, entry: Entry, packed: PackedBatch, told: list[Told]) -> None:
        """What runs of it is answered; what waits is not."""
        start, left = entry.taken, entry.left
        leave(entry, left)
        self.stats.expired += left + sum(len(some) for row, some in (entry.followers or {}).items() if row >= start)
        self._in_flight.forget(entry, start, start + left)
        operation = OPERATIONS[entry.op]
        columns = unserved(operation, packed.slice(start, start + left).batch(), "")
        objects = answers_of(operation, columns) if entry.followers else ()
        self._telling.some(entry, start, PackedAnswers.of(columns), 0, left, objects, told)

    # ---- answers ----
    def answered(self, cut: Cut, answers: PackedAnswers, objects: Sequence[Answer], seconds: float) -> list[Told]:
        """A batch is answered. objects: the same answers, where some go into the memo. seconds: that it took."""
        now, at = self._clock.now(), 0
        told: list[Told] = []
        self._doubtful -= cut.line[1]
        self.stats.in_flight -= 1
        self._learn(cut, answers, seconds)
        for entry, start, stop, _ in cut.pieces:
            rows = stop - start
            if entry.keys is not None:
                self._memo.store(entry.keys[start:stop], objects[at : at + rows])
                self._in_flight.forget(entry, start, stop)
            if entry.packed is not None:
                self._telling.some(entry, start, answers, at, at + rows, objects, told)
            else:
                for listener in entry.listeners:
                    self._telling.one(listener, objects[at], now, told)
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


def _enough(op: str) -> int:
    return ENOUGH["bool" if OPERATIONS[op].kind == "bool" else "other"]
