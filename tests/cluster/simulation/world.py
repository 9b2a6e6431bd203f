"""`World`: virtual time and what happens in it."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from math import inf

from coproc.cluster.clock import VirtualClock

Event = list[Callable[[], None] | None]
"""Something that will happen, once; nothing where it was cancelled."""


class World:
    """Events in the order of their times, then of their making. `pump` is called after each, and says when it wants to be called again."""

    def __init__(self, start: float = 0.0) -> None:
        self.clock = VirtualClock(start)
        self.pump: Callable[[], float] = lambda: inf
        self.happened = 0
        self._events: list[tuple[float, int, Event]] = []
        self._numbers = count()

    def after(self, seconds: float, event: Callable[[], None]) -> Event:
        made: Event = [event]
        heapq.heappush(self._events, (self.clock.now() + seconds, next(self._numbers), made))
        return made

    def cancel(self, event: Event | None) -> None:
        """It will not happen."""
        if event is not None:
            event[0] = None

    def run(self, until: float = inf) -> None:
        """Everything up to a time; without one, until nothing is left to happen."""
        events, clock = self._events, self.clock
        wake = self.pump()
        while True:
            while events and events[0][2][0] is None:
                heapq.heappop(events)
            event_at = events[0][0] if events else inf
            at = min(event_at, wake)
            if at > until or at == inf:
                break
            clock.to(max(at, clock.now()))
            if event_at <= wake:
                happens = heapq.heappop(events)[2][0]
                if happens is not None:
                    happens()
            self.happened += 1
            wake = self.pump()
        if until < inf:
            clock.to(max(until, clock.now()))
