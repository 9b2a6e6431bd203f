"""`Reading`: what comes from the clients of the Unix socket, cut into frames, and taken to the desk."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from coproc.cluster import frames
from coproc.cluster.frames import WireError

from .connection import FRAME_BYTES, Connection
from .desk import Desk
from .roster import Roster
from .writing import Writing

_READ: Final = 1 << 16
_MORE: Final = 1 << 18  # bytes read at once where a frame of a client has begun
_CRUMB: Final = 1 << 12  # bytes; who sends less of a frame that it does not end is a stranger again
_TURN: Final = 2  # frames of a connection before others have their turn
_FEW: Final = 32  # requests that the loop itself takes; more are for another thread
_BUSY: Final = "busy: no room for this frame"

Reply = Callable[[Connection, int, bytes], None]
"""Takes the frame of a reply and what was held for it, from any thread."""


class Reading:
    """For one thread."""

    def __init__(self, roster: Roster, writing: Writing, desk: Desk, reply: Reply) -> None:
        self._roster, self._writing, self._desk, self._reply = roster, writing, desk, reply
        self._bounds, self._counters = desk.bounds, desk.counters
        self.ready: deque[Connection] = deque()  # with complete frames that are to be taken
        self._buffer = memoryview(bytearray(_MORE))
        self._reader = ThreadPoolExecutor(1, "coproc-frames")

    def close(self) -> None:
        self._reader.shutdown()

    def read(self, connection: Connection) -> None:
        """Some bytes are there."""
        if connection.ready:  # its turn comes
            return
        try:
            size = connection.sock.recv_into(self._buffer, _MORE if connection.data and connection.known else _READ)
        except BlockingIOError:
            return
        except OSError:
            self._roster.close(connection, "gone")
            return
        if not size:
            self.ended(connection)
            return
        data = self._buffer[:size]
        self._counters.bytes_in += size
        if connection.closing:  # what follows a frame that was none
            return
        if connection.skip:
            skipped = min(connection.skip, size)
            connection.skip -= skipped
            if connection.skip:
                return
            self._roster.begun(connection, False)
            data = data[skipped:]
        if connection.data:
            self._roster.keep(connection, data)
            connection.known &= size >= _CRUMB  # known again if the frame ends here
            self.resume(connection)
            return
        taken = self._take_all(connection, data)
        if connection.open and not connection.closing and taken < len(data):
            self._roster.keep(connection, data[taken:])
        self._begun(connection)

    def resume(self, connection: Connection) -> None:
        """Take what is complete and may be taken now."""
        if not connection.ready:
            self.go_on(connection)

    def go_on(self, connection: Connection) -> None:
        """`resume` where its turn has come."""
        if not connection.open:
            return
        others = len(self.ready)
        if connection.data and not connection.closing:
            taken = self._take_all(connection, connection.data)
            if connection.data:  # else it was dropped with the connection
                self._roster.drop(connection, taken)
        connection.ready = len(self.ready) > others
        self._begun(connection)

    def ended(self, connection: Connection) -> None:
        """The client sends nothing more; what it is owed it gets."""
        connection.eof = True
        if connection.idle or connection.closing:
            self._roster.close(connection, "gone")
        else:
            self._roster.watch(connection)

    def _take_all(self, connection: Connection, data: memoryview | bytearray) -> int:
        """Take the frames in `data`, so many in a turn; how many bytes are done with."""
        at, end, bounds = 0, len(data), self._bounds
        for turn in range(_TURN + 1):
            if end - at < 4:
                return at
            (size,) = frames.LENGTH.unpack_from(data, at)
            stop = at + 4 + size
            if size > bounds.max_frame or size < frames.HEADER.size:
                code = frames.TOO_LARGE if size > bounds.max_frame else frames.MALFORMED
                text = f"a payload of {size:,} bytes: {frames.HEADER.size} to {bounds.max_frame:,} are taken"
                self._writing.refuse(connection, WireError(code, text), _number(data, at))
                return end
            if stop > end and (error := _nonsense(data, at)) is not None:  # what is there is enough to tell
                self._writing.refuse(connection, error, _number(data, at))
                return end
            if stop > end or connection.owed > bounds.connection_bytes:
                return at
            if turn == _TURN:
                connection.ready = True
                self.ready.append(connection)
                return at
            with memoryview(data) as view:
                payload = bytes(view[at + 4 : stop])
            self._take(connection, payload)
            at = stop
            if connection.closing or not connection.open:
                return end
        return at

    def _begun(self, connection: Connection) -> None:
        """Note whether a frame has begun; refuse it where there is no room for it; read on or not."""
        if connection.closing or not connection.open:
            self._roster.watch(connection)
            return
        data = connection.data
        waits = connection.ready or connection.owed > self._bounds.connection_bytes
        self._roster.begun(connection, bool(data or connection.skip) and not waits)
        if self._roster.partial > self._bounds.partial_bytes and len(data) >= 4 + frames.HEADER.size and not waits:
            (size,) = frames.LENGTH.unpack_from(data)
            if 4 + size > len(data):
                connection.skip = 4 + size - len(data)
                number = _number(data, 0)
                self._roster.drop(connection, len(data))
                self._writing.refuse(connection, WireError(frames.BUSY, _BUSY, 0.1), number)
        self._roster.watch(connection)

    def _take(self, connection: Connection, payload: bytes) -> None:
        """A complete frame."""
        self._roster.begun(connection, False)
        self._roster.finished(connection)
        cost = len(payload) + FRAME_BYTES
        if not self._roster.held.take(cost):
            self._writing.refuse(connection, WireError(frames.BUSY, _BUSY, 0.1), _number(payload, -4))
            return
        connection.frames += 1
        self._roster.frames += 1
        connection.held += cost
        if payload[1] != frames.RESULT and int.from_bytes(payload[4:8], "little") > _FEW:
            self._reader.submit(self._take_later, connection, cost, payload)
        elif (reply := self._to_desk(connection, cost, payload)) is not None:
            self._writing.settle(connection, cost, reply)

    def _take_later(self, connection: Connection, cost: int, payload: bytes) -> None:
        reply = self._to_desk(connection, cost, payload)
        if reply is not None:
            self._reply(connection, cost, reply)

    def _to_desk(self, connection: Connection, cost: int, payload: bytes) -> bytes | None:
        return self._desk.take(payload, lambda frame: self._reply(connection, cost, frame), connection.peer)


def _nonsense(data: memoryview | bytearray, at: int) -> WireError | None:
    """Why the frame that begins there is none of a client, if its header is there and tells so."""
    if at + 4 + frames.HEADER.size > len(data):
        return None
    version, kind = data[at + 4], data[at + 5]
    if version != frames.VERSION:
        return WireError(frames.UNSUPPORTED_VERSION, f"version {version}: this end speaks {frames.VERSION}")
    if not frames.EXECUTE <= kind <= frames.WARM:
        return WireError(frames.MALFORMED, f"kind {kind}: there is none such")
    return None


def _number(data: bytes | bytearray | memoryview, at: int) -> int:
    """The id in the frame that begins there, 0 where it is not all there."""
    return int.from_bytes(data[at + 12 : at + 20], "little") if at + 20 <= len(data) else 0
