"""`World`: virtual time and what happens in it."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from math import inf

from coproc.cluster.clock import VirtualClock


class World:
    """Events in the order of their times, then of their making. `pump` is called after each, and says when it wants to be called again."""

    def __init__(self, start: float = 0.0) -> None:
        self.clock = VirtualClock(start)
        self.pump: Callable[[], float] = lambda: inf
        self.happened = 0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()

    def after(self, seconds: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.clock.now() + seconds, next(self._numbers), event))

    def run(self, until: float = inf) -> None:
        """Everything up to a time; without one, until nothing is left to happen."""
        wake = self.pump()
        while True:
            event_at = self._events[0][0] if self._events else inf
            at = min(event_at, wake)
            if at > until or at == inf:
                break
            self.clock.to(max(at, self.clock.now()))
            if event_at <= wake:
                heapq.heappop(self._events)[2]()
            self.happened += 1
            wake = self.pump()
        if until < inf:
            self.clock.to(max(until, self.clock.now()))
