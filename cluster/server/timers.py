"""`Timers`: connections that have so many seconds for something, in the order in which their time is over."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from math import inf
from time import monotonic

from .connection import Connection


class Timers:
    """A queue for each reason: whoever began first is over first, so a look at the first of each is enough. For one thread."""

    def __init__(self, seconds: Mapping[str, float]) -> None:
        self._seconds = dict(seconds)
        self._queues: dict[str, OrderedDict[Connection, float]] = {reason: OrderedDict() for reason in seconds}

    def start(self, reason: str, connection: Connection) -> None:
        """From now on, also where it began before."""
        queue = self._queues[reason]
        queue[connection] = monotonic()
        queue.move_to_end(connection)

    def stop(self, reason: str, connection: Connection) -> None:
        self._queues[reason].pop(connection, None)

    def forget(self, connection: Connection) -> None:
        """It is gone."""
        for queue in self._queues.values():
            queue.pop(connection, None)

    def next(self) -> float:
        """When the time of the next is over; infinite where nobody has so much time only."""
        firsts = ((self._seconds[reason], next(iter(queue.values()), None)) for reason, queue in self._queues.items())
        return min((begun + seconds for seconds, begun in firsts if begun is not None), default=inf)

    def over(self) -> tuple[str, Connection] | None:
        """One whose time is over, with the reason; it has no time for that any more."""
        now = monotonic()
        for reason, queue in self._queues.items():
            for connection, begun in queue.items():
                if now - begun <= self._seconds[reason]:
                    break
                del queue[connection]
                return reason, connection
        return None
