"""`Roster`: the connections of a server, who goes when there are too many, and what is held for all of them."""

from __future__ import annotations

from collections import OrderedDict
from socket import socket
from typing import Final

from .bounds import Bounds
from .connection import FRONT, PART, STRANGE, Connection
from .counters import Counters
from .held import Held
from .poller import IN, OUT, Poller
from .timers import Timers

SLOW, STUCK, LINGERS = "slow", "reads nothing", "malformed"
"""Why a connection has only so much time: a frame has begun; answers are to be read; it is about to be closed."""
_LINGER: Final = 2.0
"""Seconds for the last ERROR of a connection that is closed."""


class Roster:
    """For one thread, `len` apart."""

    def __init__(self, bounds: Bounds, held: Held, counters: Counters, poller: Poller) -> None:
        self.bounds, self.held, self.counters, self.poller = bounds, held, counters, poller
        self.timers = Timers({SLOW: bounds.frame_seconds, STUCK: bounds.write_seconds, LINGERS: _LINGER})
        self.partial = 0  # bytes of frames that have begun
        self.frames = 0  # taken and not answered
        self._connections: OrderedDict[int, Connection] = OrderedDict()  # the one without a finished frame for longest comes first

    def __len__(self) -> int:
        return len(self._connections)

    def get(self, fd: int) -> Connection | None:
        return self._connections.get(fd)

    def all(self) -> list[Connection]:
        return list(self._connections.values())

    def add(self, sock: socket, peer: str) -> Connection:
        sock.setblocking(False)
        connection = Connection(sock, IN, peer)
        self._connections[connection.fd] = connection
        self.poller.add(connection)
        self.counters.accepted += 1
        return connection

    def finished(self, connection: Connection) -> None:
        """A frame of it is complete."""
        connection.known = True
        self._connections.move_to_end(connection.fd)

    def evict(self, reason: str) -> bool:
        """Close the connection that has been without a finished frame for longest, unless something is owed to all of them."""
        for connection in self._connections.values():
            if connection.idle:
                self.close(connection, reason)
                return True
        return False

    def keep(self, connection: Connection, data: bytes | memoryview) -> None:
        """Bytes of a frame that has begun."""
        connection.data += data
        self.held.add(len(data))
        self.partial += len(data)

    def drop(self, connection: Connection, size: int) -> None:
        """The first `size` bytes of what was kept."""
        if size:
            del connection.data[:size]
            self.held.add(-size)
            self.partial -= size

    def begun(self, connection: Connection, begun: bool) -> None:
        """Whether a frame of it has begun, and more of it is awaited."""
        if begun != connection.begun:
            connection.begun = begun
            if begun:
                self.timers.start(SLOW, connection)
            else:
                self.timers.stop(SLOW, connection)

    def watch(self, connection: Connection) -> None:
        """Ask for what matters: no reading where too much is held or frames wait already, writing only where something waits."""
        if connection.open:
            reads = not (connection.eof or connection.ready) and connection.owed <= self.bounds.connection_bytes
            mask = (IN if reads else 0) | (OUT if connection.out else 0)
            place = STRANGE if not connection.known else PART if connection.begun and not connection.out else FRONT
            self.poller.change(connection, mask, place)

    def close(self, connection: Connection, reason: str) -> None:
        if not connection.open:
            return
        if reason not in ("gone", "end"):
            self.counters.closed[reason] += 1
        self.drop(connection, len(connection.data))
        self.held.add(-connection.out_bytes)
        self.timers.forget(connection)
        del self._connections[connection.fd]
        connection.fd = -1
        connection.out.clear()
        connection.out_bytes = 0
        connection.sock.close()  # epoll forgets it
