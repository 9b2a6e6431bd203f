"""`Writing`: what goes to the clients of the Unix socket, as fast as they read it."""

from __future__ import annotations

from coproc.cluster import frames
from coproc.cluster.frames import WireError

from .connection import Connection
from .desk import Desk
from .roster import LINGERS, STUCK, Roster


class Writing:
    """For one thread."""

    def __init__(self, roster: Roster, desk: Desk) -> None:
        self._roster, self._desk, self._counters = roster, desk, desk.counters

    def settle(self, connection: Connection, cost: int, frame: bytes) -> None:
        """A frame is answered. cost: bytes that were held for it."""
        connection.frames -= 1
        self._roster.frames -= 1
        connection.held -= cost
        self._roster.held.add(-cost)
        if not connection.open:
            return
        self.send(connection, frame)
        if frame[5] == frames.ERROR and frame[20] in frames.CLOSING:
            self.shut(connection)
        if connection.open and (connection.eof or connection.closing) and connection.idle:
            self._roster.close(connection, "malformed" if connection.closing else "gone")

    def send(self, connection: Connection, frame: bytes) -> None:
        view = memoryview(frame)
        if not connection.out:
            try:
                sent = connection.sock.send(frame)
            except BlockingIOError:
                sent = 0
            except OSError:
                self._roster.close(connection, "gone")
                return
            self._counters.bytes_out += sent
            if sent == len(frame):
                return
            self._roster.timers.start(STUCK, connection)
            view = view[sent:]
        connection.out.append(view)
        connection.out_bytes += len(view)
        self._roster.held.add(len(view))
        self._roster.watch(connection)

    def flush(self, connection: Connection) -> bool:
        """Whether all is sent and the connection is still open."""
        while connection.out:
            view = connection.out[0]
            try:
                sent = connection.sock.send(view)
            except BlockingIOError:
                return False
            except OSError:
                self._roster.close(connection, "gone")
                return False
            self._counters.bytes_out += sent
            self._roster.timers.start(STUCK, connection)
            connection.out_bytes -= sent
            self._roster.held.add(-sent)
            if sent < len(view):
                connection.out[0] = view[sent:]
                return False
            connection.out.popleft()
        self._roster.timers.stop(STUCK, connection)
        if connection.closing or (connection.eof and connection.idle):
            self._roster.close(connection, "malformed" if connection.closing else "gone")
        return connection.open

    def refuse(self, connection: Connection, error: WireError, number: int) -> None:
        """Tell an error; after some the connection is closed."""
        self.send(connection, self._desk.refusal(number, error))
        if error.code in frames.CLOSING:
            self.shut(connection)

    def shut(self, connection: Connection) -> None:
        """Send what is to be sent, then close; what comes until then is ignored."""
        if not connection.open:
            return
        connection.closing, connection.known = True, False
        self._roster.begun(connection, False)
        self._roster.timers.start(LINGERS, connection)
        self._roster.drop(connection, len(connection.data))
        if connection.idle:
            self._roster.close(connection, "malformed")
