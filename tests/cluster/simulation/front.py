"""`Front`: the real server of the wire, its loop, its bounds and its desk, on connections of the simulated network."""

from __future__ import annotations

import select
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from typing import Any, Final

from coproc.cluster.clock import Clock
from coproc.cluster.server import timers
from coproc.cluster.server.bounds import Bounds
from coproc.cluster.server.connection import Connection
from coproc.cluster.server.desk import Desk
from coproc.cluster.server.peers import TRUSTED, Peers
from coproc.cluster.server.poller import OUT
from coproc.cluster.server.reading import Reading
from coproc.cluster.server.roster import Roster
from coproc.cluster.server.uds import UnixServer
from coproc.cluster.server.writing import Writing

from .network import End
from .world import World

BOUNDS: Final = Bounds(
    max_frame=1 << 15, max_requests=1024, max_connections=40, max_bytes=1 << 17, partial_bytes=1 << 15, connection_bytes=1 << 16
)
USERS: Final = Peers({"uid:0": TRUSTED})
_SWEEP: Final = 0.501


class Front(UnixServer):
    """For one thread: `turn` is the loop, without the clock's part in it: whoever comes is looked at, in the order of coming."""

    def __init__(self, world: World, desk: Desk) -> None:
        self._world = world
        self._desk, self._bounds = desk, desk.bounds
        self._poller: Any = _Poller()
        self._roster = Roster(desk.bounds, desk.held, desk.counters, self._poller)
        self._writing = Writing(self._roster, desk)
        self._reading = Reading(self._roster, self._writing, desk, self._reply)
        self._reading.close()
        self._reading._reader = _Later(world)  # type: ignore[assignment]
        self._replies = deque()
        self._swept = 0.0
        self._thread = threading.current_thread()

    def accept(self, end: End) -> None:
        """A connection to this server."""
        sock: Any = _Accepted(end)
        if len(self._roster) >= self._bounds.max_connections and not self._roster.evict("too many"):
            self._turn_away(sock)
        else:
            self._roster.add(sock, self._desk.peers.of_socket(sock))

    @property
    def busy(self) -> bool:
        """Whether there is something to do now."""
        return bool(self._poller.dirty or self._replies or self._reading.ready)

    @property
    def frames(self) -> int:
        """That were taken."""
        return sum(self._desk.counters.frames.values())

    def turn(self) -> float:
        """All that can be done now; when it has to be called again, infinity where only an event makes something due."""
        while self.busy:
            for fd, mask in self._poller.events():
                if (connection := self._roster.get(fd)) is not None:
                    self._event(connection, mask)
            for _ in range(len(self._reading.ready)):
                connection = self._reading.ready.popleft()
                connection.ready = False
                self._reading.resume(connection)
            self._deliver()
        due = self._due()
        if due > self._world.clock.now():
            return due
        self._swept = self._world.clock.now()
        while self._sweep():
            pass
        return self._due()

    def _due(self) -> float:
        """When the time of a connection is over, and the server looks at it."""
        queues, seconds = self._roster.timers._queues, self._roster.timers._seconds
        first = inf
        for reason, queue in queues.items():
            if queue:
                first = min(first, next(iter(queue.values())) + seconds[reason])
        return max(first + 1e-6, self._swept + _SWEEP) if first < inf else inf

    def settled(self) -> None:
        """Nobody is owed anything, and nothing is held but what connections hold."""
        connections = self._roster.all()
        unanswered, partial = self._roster.frames, self._roster.partial
        assert not unanswered, f"{unanswered} frames are not answered"
        assert not any(connection.frames for connection in connections), "a connection is owed something"
        assert partial == sum(len(connection.data) for connection in connections), f"{partial} bytes of frames have begun"
        held = sum(len(connection.data) + connection.owed for connection in connections)
        assert self._desk.held.nbytes == held, f"{self._desk.held.nbytes} bytes are held, and {held} are there"


class _Accepted:
    """An end of a connection, as a socket of the system."""

    def __init__(self, end: End) -> None:
        self.end = end
        self.fileno, self.setblocking, self.send, self.recv_into, self.close = (
            end.fileno, end.setblocking, end.send, end.recv_into, end.close
        )  # fmt: skip

    def getsockopt(self, *_: object) -> bytes:
        return struct.pack("iii", 1, 0, 0)


class _Later:
    """A thread beside the loop."""

    def __init__(self, world: World) -> None:
        self._world = world

    def submit(self, do: Callable[..., None], *arguments: Any) -> None:
        self._world.after(0.0001, lambda: do(*arguments))

    def shutdown(self) -> None:
        pass


class _Poller:
    """`Poller`, level-triggered as epoll is. dirty: descriptors that may have something to tell."""

    def __init__(self) -> None:
        self._connections: dict[int, Connection] = {}
        self.dirty: dict[int, None] = {}

    def add(self, connection: Connection) -> None:
        fd = connection.fd
        self._connections[fd] = connection
        connection.sock.end.changed = lambda: self.dirty.setdefault(fd)  # type: ignore[attr-defined]
        self.dirty[fd] = None

    def change(self, connection: Connection, mask: int, where: Any) -> None:
        if mask & ~connection.mask:
            self.dirty[connection.fd] = None
        connection.mask = mask
        setattr(connection, _WHERE, where)

    def events(self) -> list[tuple[int, int]]:
        """What happened to whom."""
        found = []
        for fd in list(self.dirty):
            connection = self._connections[fd]
            if mask := _happened(connection):
                found.append((fd, mask))
            else:
                del self.dirty[fd]
                if not connection.open:
                    del self._connections[fd]
        return found

    def notify(self) -> None:
        pass


_WHERE: Final = "place" if "place" in Connection.__slots__ else "in_part"


def _happened(connection: Connection) -> int:
    """As epoll tells it, of what is asked for."""
    if not connection.open:
        return 0
    end, mask = connection.sock.end, 0  # type: ignore[attr-defined]
    if end.readable:
        mask |= select.EPOLLIN
    if end.ended:
        mask |= select.EPOLLRDHUP
    if end.writable:
        mask |= OUT
    mask &= connection.mask
    return mask | (select.EPOLLERR | select.EPOLLHUP if end.broken else 0)


@contextmanager
def virtual_time(clock: Clock) -> Iterator[None]:
    """The server looks at this clock."""
    real = timers.monotonic
    timers.monotonic = clock.now
    try:
        yield
    finally:
        timers.monotonic = real
