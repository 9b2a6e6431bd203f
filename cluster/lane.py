"""`Lane`: what waits of one operation and rules in one class, a queue for each tenant."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from typing import Final

from .entry import Entry

_STALE: Final = 32
"""Entries of a queue that may wait no more before it is cleaned."""


class TenantQueue:
    """The entries of a tenant in a lane, in the order in which they came. Some may wait no more; `live` counts those that do,
    `requests` what is left of them."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self.live = 0
        self.requests = 0

    def add(self, entry: Entry) -> None:
        self._entries.append(entry)
        self.live += 1
        self.requests += entry.left

    def head(self) -> Entry:
        """The first that waits; there is one."""
        while not self._entries[0].places:
            self._entries.popleft()
        return self._entries[0]

    def gone(self) -> None:
        """An entry waits no more. Forget such ones where they are most."""
        self.live -= 1
        if len(self._entries) > 2 * self.live + _STALE:
            self._entries = deque(entry for entry in self._entries if entry.places)

    def __iter__(self) -> Iterator[Entry]:
        return (entry for entry in self._entries if entry.places)


class Lane:
    """Queues by tenant. requests, units: that wait. since: when the oldest entry came, or earlier."""

    def __init__(self, op: str, code: int) -> None:
        self.op, self.code = op, code
        self.queues: dict[str, TenantQueue] = {}
        self.requests = 0
        self.units = 0.0
        self.since = math.inf
        self._earliest: float | None = math.inf

    def add(self, entry: Entry, tenant: str) -> None:
        queue = self.queues.get(tenant)
        if queue is None:
            queue = self.queues[tenant] = TenantQueue()
        queue.add(entry)
        self.requests += entry.left
        self.units += entry.left * entry.each
        self.since = min(self.since, entry.arrived)
        self.sooner(entry.deadline)

    def sooner(self, deadline: float) -> None:
        """An entry has a deadline."""
        if self._earliest is not None and deadline < self._earliest:
            self._earliest = deadline

    def less(self, entry: Entry, rows: int, tenant: str) -> None:
        """So many requests of an entry of a tenant wait no more."""
        self.queues[tenant].requests -= rows
        self.requests -= rows
        self.units -= rows * entry.each
        self._earliest = None

    def gone(self, tenant: str) -> None:
        """An entry of a tenant waits no more."""
        queue = self.queues[tenant]
        queue.gone()
        if not queue.live:
            del self.queues[tenant]

    @property
    def earliest(self) -> float:
        """The earliest deadline. Looks at every entry after some were taken, so ask where few wait."""
        if self._earliest is None:
            self._earliest = min((entry.deadline for queue in self.queues.values() for entry in queue), default=math.inf)
        return self._earliest
