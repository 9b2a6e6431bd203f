"""`UnixServer`: length-prefixed frames on a Unix socket, one thread around epoll.

Nothing blocks the thread: a frame of many requests is read by another thread, batches run in pools, and what is answered elsewhere comes
back through a queue. An answer that the memo knows is sent from here at once. What a client can make the server hold is bounded (`Bounds`).
"""

from __future__ import annotations

import errno
import logging
import os
import select
import threading
from collections import OrderedDict, deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Final

from coproc.cluster import frames
from coproc.cluster.frames import WireError

from .connection import FRAME_BYTES, Connection
from .desk import Desk
from .listening import listen, unlisten

_log: Final = logging.getLogger("coproc.cluster.server")
_IN: Final = select.EPOLLIN | select.EPOLLRDHUP
_OUT: Final = select.EPOLLOUT
_GONE: Final = select.EPOLLHUP | select.EPOLLERR
_READ: Final = 1 << 16
_MORE: Final = 1 << 18  # bytes read at once where a frame has begun
_TURN: Final = 8  # frames of a connection before others have their turn
_SWEEP: Final = 0.5  # seconds between looks at slow clients
_FEW: Final = 32  # requests that the loop itself takes; more are for another thread
_ACCEPTS: Final = 64  # in a row
_EVENTS: Final = 4096  # at once
_PIECES_SECONDS: Final = 0.0003  # in which pieces of frames are read before everybody is looked at again
_SWEPT: Final = 16  # connections closed before everybody is looked at again
_LINGER: Final = 2.0  # seconds for the last ERROR of a connection that is closed


class UnixServer:
    """Serves from `start` to `close`."""

    def __init__(self, path: Path, desk: Desk) -> None:
        """Makes the socket, mode 0600. Raises InvalidInput where the path cannot be used or another server has it."""
        self.path = path
        self._desk, self._bounds = desk, desk.bounds
        self._listener, self._lock = listen(path)
        self._poll = select.epoll()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._woken = False
        self._replies: deque[tuple[Connection, int, bytes]] = deque()
        self._connections: OrderedDict[int, Connection] = OrderedDict()  # the one without a finished frame for longest comes first
        self._ready: deque[Connection] = deque()  # with complete frames that are to be taken
        self._bytes = 0  # of all connections
        self._partial = 0  # those in `data` among them
        self._frames = 0
        self._stop = self._draining = False
        self._swept = 0.0
        self._reader = ThreadPoolExecutor(1, "coproc-frames")
        self._thread = threading.Thread(target=self._run, name="coproc-uds", daemon=True)
        self._poll.register(self._listener.fileno(), select.EPOLLIN)
        self._poll.register(self._wake, select.EPOLLIN)

    def start(self) -> None:
        self._thread.start()

    @property
    def connections(self) -> int:
        return len(self._connections)

    @property
    def held(self) -> int:
        """Bytes held for clients."""
        return self._bytes

    def drain(self, timeout: float) -> bool:
        """Take no connections more and wait until every frame is answered and read; False where the time was too short."""
        self._draining = True
        self._notify()
        end = monotonic() + timeout
        while monotonic() < end:
            if not self._frames and not any(c.out for c in list(self._connections.values())):
                return True
            threading.Event().wait(0.01)
        return False

    def close(self) -> None:
        """Close every connection and end the thread."""
        self._stop = True
        self._notify()
        if self._thread.is_alive():
            self._thread.join()
        self._reader.shutdown()
        for connection in list(self._connections.values()):
            self._close(connection, "end")
        self._end_listener()
        self._poll.close()
        os.close(self._wake)
        unlisten(self.path, self._lock)

    # ---- the loop ----
    def _run(self) -> None:
        listener, turn, behind = self._listener.fileno(), 0, False
        while not self._stop:
            slow: list[tuple[Connection, int]] = []
            for fd, mask in self._poll.poll(0 if self._ready or behind else _SWEEP, _EVENTS):
                if fd == self._wake:
                    os.eventfd_read(fd)
                elif fd == listener:
                    self._accept()
                elif (connection := self._connections.get(fd)) is not None:
                    if connection.begun and not mask & _OUT:
                        slow.append((connection, mask))
                    else:
                        self._guarded(connection, mask)
            turn = self._pieces(slow, turn)
            for _ in range(len(self._ready)):
                connection = self._ready.popleft()
                connection.ready = False
                self._guarded(connection, 0)
            self._deliver()
            if (now := monotonic()) - self._swept >= _SWEEP:
                behind = not self._sweep(now)
                self._swept = self._swept if behind else now
            if self._draining and listener >= 0:
                self._end_listener()
                listener = -1

    def _pieces(self, slow: list[tuple[Connection, int]], turn: int) -> int:
        """Frames that come in pieces wait for those that come whole; for a while, not always the same ones first. The next turn."""
        turn = turn if turn < len(slow) else 0
        until = monotonic() + _PIECES_SECONDS
        for connection, mask in slow[turn:]:
            if connection.open:
                self._guarded(connection, mask)
            turn += 1
            if monotonic() > until:
                break
        return turn

    def _guarded(self, connection: Connection, mask: int) -> None:
        try:
            if mask:
                self._event(connection, mask)
            else:
                self._resume(connection)
        except Exception:
            _log.exception("a connection is closed for an error of the server")
            self._close(connection, "error")

    def _event(self, connection: Connection, mask: int) -> None:
        if mask & _OUT:
            self._flush(connection)
        if not connection.open:
            return
        if mask & select.EPOLLIN:
            self._read(connection)
        elif mask & _GONE:
            self._close(connection, "gone")
        elif mask & select.EPOLLRDHUP:
            self._ended(connection)

    def _accept(self) -> None:
        for _ in range(_ACCEPTS):
            try:
                sock, _ = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    self._evict("no descriptors")
                return
            if len(self._connections) >= self._bounds.max_connections and not self._evict("too many"):
                self._desk.counters.closed["refused"] += 1
                sock.setblocking(False)
                with suppress(OSError):
                    sock.send(self._desk.refusal(0, WireError(frames.BUSY, "busy: too many connections", 1.0)))
                sock.close()
                continue
            sock.setblocking(False)
            connection = Connection(sock, _IN)
            self._connections[connection.fd] = connection
            self._poll.register(connection.fd, _IN)
            self._desk.counters.accepted += 1

    def _evict(self, reason: str) -> bool:
        """Close the connection that has been without a finished frame for longest, unless something is owed to all of them."""
        for connection in self._connections.values():
            if connection.idle:
                self._close(connection, reason)
                return True
        return False

    # ---- what comes ----
    def _read(self, connection: Connection) -> None:
        if connection.ready:  # its turn comes
            return
        try:
            data = connection.sock.recv(_MORE if connection.data else _READ)
        except BlockingIOError:
            return
        except OSError:
            self._close(connection, "gone")
            return
        if not data:
            self._ended(connection)
            return
        self._desk.counters.bytes_in += len(data)
        if connection.closing:  # what follows a frame that was none
            return
        if connection.skip:
            skipped = min(connection.skip, len(data))
            connection.skip -= skipped
            if connection.skip:
                return
            connection.begun = 0.0
            data = data[skipped:]
        if connection.data:
            self._keep(connection, data)
            self._resume(connection)
            return
        taken = self._take_all(connection, data)
        if connection.open and taken < len(data):
            self._keep(connection, data[taken:] if taken else data)
        self._begun(connection)

    def _keep(self, connection: Connection, data: bytes) -> None:
        connection.data += data
        self._bytes += len(data)
        self._partial += len(data)

    def _drop(self, connection: Connection, size: int) -> None:
        """The first `size` bytes of what was kept."""
        del connection.data[:size]
        self._bytes -= size
        self._partial -= size

    def _resume(self, connection: Connection) -> None:
        """Take what is complete and may be taken now."""
        if not connection.open:
            return
        if connection.data and not connection.closing and not connection.ready:
            taken = self._take_all(connection, connection.data)
            if connection.data:  # else it was dropped with the connection
                self._drop(connection, taken)
        self._begun(connection)

    def _take_all(self, connection: Connection, data: bytes | bytearray) -> int:
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
                self._refuse(connection, WireError(code, text), _number(data, at))
                return end
            if stop > end or connection.owed > bounds.connection_bytes:
                return at
            if turn == _TURN:
                connection.ready = True
                self._ready.append(connection)
                return at
            self._take(connection, bytes(data[at + 4 : stop]))
            at = stop
            if connection.closing or not connection.open:
                return end
        return at

    def _begun(self, connection: Connection) -> None:
        """Note when the frame in hand began; refuse it where there is no room for it; read on or not."""
        if connection.closing or not connection.open:
            return
        data = connection.data
        waits = connection.ready or connection.owed > self._bounds.connection_bytes
        connection.begun = (connection.begun or monotonic()) if (data or connection.skip) and not waits else 0.0
        if self._partial > self._bounds.partial_bytes and len(data) >= 4 + frames.HEADER.size and not waits:
            (size,) = frames.LENGTH.unpack_from(data)
            if 4 + size > len(data):
                connection.skip = 4 + size - len(data)
                number = _number(data, 0)
                self._drop(connection, len(data))
                self._refuse(connection, WireError(frames.BUSY, "busy: no room for this frame", 0.1), number)
        self._watch(connection)

    def _take(self, connection: Connection, payload: bytes) -> None:
        """A complete frame."""
        connection.begun = 0.0
        self._connections.move_to_end(connection.fd)
        cost = len(payload) + FRAME_BYTES
        if self._bytes + cost > self._bounds.max_bytes:
            self._refuse(connection, WireError(frames.BUSY, "busy: no room for this frame", 0.1), _number(payload, -4))
            return
        connection.frames += 1
        connection.held += cost
        self._frames += 1
        self._bytes += cost
        if payload[1] != frames.RESULT and int.from_bytes(payload[4:8], "little") > _FEW:
            self._reader.submit(self._take_later, connection, cost, payload)
        elif (reply := self._desk.take(payload, lambda frame: self._reply(connection, cost, frame))) is not None:
            self._settle(connection, cost, reply)

    def _take_later(self, connection: Connection, cost: int, payload: bytes) -> None:
        reply = self._desk.take(payload, lambda frame: self._reply(connection, cost, frame))
        if reply is not None:
            self._reply(connection, cost, reply)

    def _refuse(self, connection: Connection, error: WireError, number: int) -> None:
        self._send(connection, self._desk.refusal(number, error))
        if error.code in frames.CLOSING:
            self._shut(connection)

    def _shut(self, connection: Connection) -> None:
        """Send what is to be sent, then close; what comes until then is ignored."""
        if not connection.open:
            return
        connection.closing = True
        connection.begun = monotonic()
        self._drop(connection, len(connection.data))
        if connection.idle:
            self._close(connection, "malformed")

    def _ended(self, connection: Connection) -> None:
        """The client sends nothing more; what it is owed it gets."""
        connection.eof = True
        if connection.idle or connection.closing:
            self._close(connection, "gone")
        else:
            self._watch(connection)

    # ---- what goes ----
    def _reply(self, connection: Connection, cost: int, frame: bytes) -> None:
        """From any thread."""
        self._replies.append((connection, cost, frame))
        self._notify()

    def _notify(self) -> None:
        if not self._woken and threading.current_thread() is not self._thread:
            self._woken = True
            os.eventfd_write(self._wake, 1)

    def _deliver(self) -> None:
        self._woken = False
        while self._replies:
            connection, cost, frame = self._replies.popleft()
            self._settle(connection, cost, frame)
            if connection.open and (connection.data or connection.mask & select.EPOLLIN == 0):
                self._resume(connection)

    def _settle(self, connection: Connection, cost: int, frame: bytes) -> None:
        """A frame is answered."""
        connection.frames -= 1
        connection.held -= cost
        self._frames -= 1
        self._bytes -= cost
        if not connection.open:
            return
        self._send(connection, frame)
        if frame[5] == frames.ERROR and frame[20] in frames.CLOSING:
            self._shut(connection)
        if connection.open and (connection.eof or connection.closing) and connection.idle:
            self._close(connection, "malformed" if connection.closing else "gone")

    def _send(self, connection: Connection, frame: bytes) -> None:
        if not connection.out:
            try:
                sent = connection.sock.send(frame)
            except BlockingIOError:
                sent = 0
            except OSError:
                self._close(connection, "gone")
                return
            self._desk.counters.bytes_out += sent
            if sent == len(frame):
                return
            connection.wrote = monotonic()
            view = memoryview(frame)[sent:]
        else:
            view = memoryview(frame)
        connection.out.append(view)
        connection.out_bytes += len(view)
        self._bytes += len(view)
        self._watch(connection)

    def _flush(self, connection: Connection) -> None:
        while connection.out:
            view = connection.out[0]
            try:
                sent = connection.sock.send(view)
            except BlockingIOError:
                return
            except OSError:
                self._close(connection, "gone")
                return
            self._desk.counters.bytes_out += sent
            connection.wrote = monotonic()
            connection.out_bytes -= sent
            self._bytes -= sent
            if sent < len(view):
                connection.out[0] = view[sent:]
                return
            connection.out.popleft()
        if connection.closing or (connection.eof and connection.idle):
            self._close(connection, "malformed" if connection.closing else "gone")
        else:
            self._resume(connection)

    # ---- whom to listen to ----
    def _watch(self, connection: Connection) -> None:
        """Ask for what matters: no reading where too much is held, writing only where something waits."""
        if not connection.open:
            return
        reads = not connection.eof and connection.owed <= self._bounds.connection_bytes
        mask = (_IN if reads else 0) | (_OUT if connection.out else 0)
        if mask != connection.mask:
            connection.mask = mask
            self._poll.modify(connection.fd, mask)

    def _sweep(self, now: float) -> bool:
        """Close those that do not get on, a few at a time; whether that were all."""
        left = _SWEPT
        slow, stuck, linger = now - self._bounds.frame_seconds, now - self._bounds.write_seconds, now - _LINGER
        for connection in list(self._connections.values()):
            if connection.closing:
                if connection.begun >= linger:
                    continue
                self._close(connection, "malformed")
            elif connection.begun and connection.begun < slow:
                self._desk.counters.closed["slow"] += 1
                self._refuse(connection, WireError(frames.MALFORMED, f"a frame took more than {self._bounds.frame_seconds:g} s"), 0)
            elif connection.out and connection.wrote < stuck:
                self._close(connection, "reads nothing")
            else:
                continue
            left -= 1
            if not left:
                return False
        return True

    def _close(self, connection: Connection, reason: str) -> None:
        if not connection.open:
            return
        if reason not in ("gone", "end"):
            self._desk.counters.closed[reason] += 1
        self._drop(connection, len(connection.data))
        self._bytes -= connection.out_bytes
        del self._connections[connection.fd]
        connection.fd = -1
        connection.out.clear()
        connection.out_bytes = 0
        connection.sock.close()  # epoll forgets it

    def _end_listener(self) -> None:
        if self._listener.fileno() >= 0:
            self._poll.unregister(self._listener.fileno())
            self._listener.close()


def _number(data: bytes | bytearray, at: int) -> int:
    """The id in the frame that begins there, 0 where it is not all there."""
    return int.from_bytes(data[at + 12 : at + 20], "little") if at + 20 <= len(data) else 0
