"""`FairQueue`: what waits in one class. The tenant that was served least goes first, in seconds of work.

Start-time fair queueing: a tenant's tag grows by the work that it was given, divided by its weight; whoever comes back after a pause
starts at the tag of who is served now, so that nobody saves up. Two tenants of equal weight that always have work differ by a quantum
and a request, whatever they send. Source: docs/references.md, [GVC96].
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from math import inf
from typing import Final

from .cost import CostModel
from .entry import Cut, Entry, Piece, Place
from .lane import Lane
from .limits import Limits
from .ticket import Kind

QUANTUM: Final = 0.002
"""Seconds of work that a tenant is given in a row."""


class FairQueue:
    """Lanes of one class. For one thread at a time. doubtful: are a tenant's requests mostly refused? Those run among themselves."""

    def __init__(self, kind: Kind, limits: Limits, costs: CostModel, doubtful: Callable[[str], bool]) -> None:
        self.kind = kind
        self._limits, self._costs, self._doubtful = limits, costs, doubtful
        self.lanes: dict[tuple[str, int], Lane] = {}
        self._tags: dict[str, float] = {}
        self._live: dict[str, int] = {}  # entries of each tenant that wait
        self._floor = 0.0

    @property
    def tenants(self) -> Iterable[str]:
        """Those with requests that wait."""
        return self._live.keys()

    @property
    def requests(self) -> int:
        """That wait; one that waits for several tenants counts for each."""
        return sum(lane.requests for lane in self.lanes.values())

    def add(self, entry: Entry, tenant: str) -> None:
        """An entry waits for a tenant."""
        if tenant not in self._live:
            self._tags[tenant] = max(self._tags.pop(tenant, 0.0), self._floor)
            self._forget()
        self._live[tenant] = self._live.get(tenant, 0) + 1
        key = (entry.op, entry.code)
        lane = self.lanes.get(key)
        if lane is None:
            lane = self.lanes[key] = Lane(*key)
        lane.add(entry, tenant)
        entry.places.append(Place(self, lane, tenant))

    def first(self, lanes: list[Lane]) -> Lane:
        """Of some lanes, the one of the tenant that was served least, and there the oldest."""
        return min(lanes, key=lambda lane: self._lead(lane)[:2])

    def _lead(self, lane: Lane) -> tuple[float, int, str]:
        """The tenant of a lane that was served least: its tag, the number of its first entry, its name."""
        tags = self._tags
        least = min(tags[tenant] for tenant in lane.queues)
        return min((least, queue.head().number, tenant) for tenant, queue in lane.queues.items() if tags[tenant] == least)

    def doubts(self, lane: Lane) -> bool:
        """Whether the next batch of a lane is one of doubtful tenants."""
        return self._doubtful(self._lead(lane)[2])

    def among(self, lane: Lane, doubt: bool) -> int:
        """Requests of a lane that can run together: of tenants that are doubtful, or of those that are not."""
        return sum(queue.requests for tenant, queue in lane.queues.items() if self._doubtful(tenant) == doubt)

    def cut(self, lane: Lane, most: int) -> Cut:
        """A batch of at most so many requests of a lane, and at least one."""
        limits, tags = self._limits, self._tags
        least, _, lead = self._lead(lane)
        self._floor = max(self._floor, least)
        doubt = self._doubtful(lead)
        cut = Cut(lane.op, self.kind, (lane.op, doubt))
        seconds, weight = limits.batch_seconds[self.kind], 1.0
        if doubt:
            seconds, weight = min(seconds, limits.doubtful_seconds), limits.doubtful_weight
        units = self._costs.most(cut.line, seconds)
        price = self._costs.slope(cut.line) / weight
        before = {tenant: tags[tenant] for tenant in lane.queues}
        heap = [(tags[tenant], i, tenant) for i, tenant in enumerate(lane.queues) if self._doubtful(tenant) == doubt]
        heapq.heapify(heap)
        full = False
        while heap and not full:
            tag, i, tenant = heapq.heappop(heap)
            until = (heap[0][0] if heap else inf) + QUANTUM
            while not full and tag < until and (queue := lane.queues.get(tenant)) is not None:
                entry = queue.head()
                rows = most - cut.requests
                if until < inf:
                    rows = min(rows, 1 + int((until - tag) / (entry.each * price)))
                rows = entry.rows(rows, units - cut.units, limits.batch_bytes - cut.nbytes)
                if not rows and not cut.pieces:
                    rows = 1
                full = not rows
                if rows:
                    self._take(cut, entry, rows, tenant)
                    tag += rows * entry.each * price
            tags[tenant] = tag
            if tenant in lane.queues:
                heapq.heappush(heap, (tag, i, tenant))
        cut.seconds = self._costs.seconds(cut.line, cut.units)
        rest = cut.seconds - self._costs.slope(cut.line) * cut.units  # what the batch takes by itself: everybody's in it, by his part
        for tenant in {piece.tenant: None for piece in cut.pieces}:
            tags[tenant] += rest / weight * (tags[tenant] - before[tenant]) / (price * cut.units)
        return cut

    def _take(self, cut: Cut, entry: Entry, rows: int, tenant: str) -> None:
        cut.pieces.append(Piece(entry, entry.taken, entry.taken + rows, tenant))
        cut.requests += rows
        cut.nbytes += entry.bytes_of(rows)
        cut.units += rows * entry.each
        cut.keyed |= entry.keys is not None
        leave(entry, rows)

    def left(self, lane: Lane, tenant: str) -> None:
        """An entry of a tenant waits no more."""
        lane.gone(tenant)
        self._live[tenant] -= 1
        if not self._live[tenant]:
            del self._live[tenant]
        if not lane.queues:
            del self.lanes[lane.op, lane.code]

    def _forget(self) -> None:
        """The tags of tenants without work that say nothing any more, and the oldest where there are too many."""
        if len(self._tags) <= 2 * max(self._limits.max_tenants, len(self._live)):
            return
        idle = [tenant for tenant in self._tags if tenant not in self._live]
        for tenant in [tenant for tenant in idle if self._tags[tenant] <= self._floor] or idle[: len(idle) // 2]:
            del self._tags[tenant]


def leave(entry: Entry, rows: int) -> None:
    """So many requests of an entry wait no more, in any of its places."""
    for place in entry.places:
        place.lane.less(entry, rows, place.tenant)
    entry.taken += rows
    if not entry.left:
        places, entry.places = entry.places, []
        for queue, lane, tenant in places:
            queue.left(lane, tenant)
