"""`UnixServer`: length-prefixed frames on a Unix socket, one thread around epoll.

Nothing blocks the thread: a frame of many requests is read by another thread, batches run in pools, and what is answered elsewhere comes
back through a queue. An answer that the memo knows is sent from here at once. What a client can make the server hold is bounded (`Bounds`),
and what is done for those who are no clients has turns of its own (`Turns`), with rests between them while clients ask.
"""

from __future__ import annotations

import errno
import logging
import select
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from socket import socket
from time import monotonic
from typing import Final

from coproc.cluster import frames
from coproc.cluster.frames import WireError

from .connection import Connection
from .desk import Desk
from .listening import listen, unlisten
from .poller import OUT, Poller
from .reading import Reading
from .roster import SLOW, Roster
from .scheduler import short_slice
from .turns import TURN, Turns
from .writing import Writing

_log: Final = logging.getLogger("coproc.cluster.server")
_GONE: Final = select.EPOLLHUP | select.EPOLLERR
_SWEEP: Final = 0.5  # seconds between looks at slow clients, at most
_ACCEPTS: Final = 8  # in a row


class UnixServer:
    """Serves from `start` to `close`."""

    def __init__(self, path: Path, desk: Desk) -> None:
        """Makes the socket, mode 0600. Raises InvalidInput where the path cannot be used or another server has it."""
        self.path = path
        self._desk, self._bounds = desk, desk.bounds
        self._listener, self._lock = listen(path)
        self._poller = Poller()
        self._poller.listen(self._listener.fileno())
        self._roster = Roster(desk.bounds, desk.held, desk.counters, self._poller)
        self._writing = Writing(self._roster, desk)
        self._reading = Reading(self._roster, self._writing, desk, self._reply)
        self._replies: deque[tuple[Connection, int, bytes]] = deque()
        self._stop = self._draining = False
        self._turns = Turns()
        self._sweeps = 0.0  # when connections that do not get on are closed next
        self._thread = threading.Thread(target=self._run, name="coproc-uds", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def connections(self) -> int:
        return len(self._roster)

    @property
    def held(self) -> int:
        """Bytes held for clients, those of gRPC too."""
        return self._desk.held.nbytes

    def drain(self, timeout: float) -> bool:
        """Take no connections more and wait until every frame is answered and read; False where the time was too short."""
        self._draining = True
        self._poller.notify()
        end = monotonic() + timeout
        while monotonic() < end:
            if not self._roster.frames and not any(connection.out for connection in self._roster.all()):
                return True
            threading.Event().wait(0.01)
        return False

    def close(self) -> None:
        """Close every connection and end the thread."""
        self._stop = True
        self._poller.notify()
        if self._thread.is_alive():
            self._thread.join()
        self._reading.close()
        for connection in self._roster.all():
            self._roster.close(connection, "end")
        self._end_listener()
        self._poller.close()
        unlisten(self.path, self._lock)

    # ---- the loop ----
    def _run(self) -> None:
        short_slice()
        poller, reading, turns, pause = self._poller, self._reading, self._turns, 0.0
        while not self._stop:
            events = poller.wait(pause)
            for fd, mask in events:
                self._look(fd, mask)
            answered = bool(events or self._replies)
            if self._replies:
                self._deliver()
            now = monotonic()
            if answered:
                turns.answered(now)
            if reading.ready or poller.parts:
                if events:
                    poller.breathe()
                self._behind()
                now = monotonic()
            pause = self._until_turn(now)
            if pause <= 0:
                self._turn(now)
                pause = self._until_turn(monotonic())
            if reading.ready or poller.parts or self._replies:
                pause = 0.0
            if self._draining:
                self._end_listener()

    def _until_turn(self, now: float) -> float:
        """Seconds until the next turn, or until one may be wanted."""
        if self._poller.strangers or now >= self._sweeps:
            self._turns.wanted(now)
            return self._turns.pause(now)
        return self._sweeps - now

    def _behind(self) -> None:
        """Further frames of connections that sent many, and frames in part: until somebody asks at the front, but one of each."""
        for _ in range(len(self._reading.ready)):
            self._guarded(self._reading.ready.popleft(), 0)
            if self._poller.asked():
                break
        for fd, mask in self._poller.of_parts() if self._poller.parts else ():
            self._look(fd, mask)
            if self._poller.asked():
                break

    def _turn(self, begin: float) -> None:
        """Close some that do not get on, look at some strangers, take some connections: for a moment, or until a client asks."""
        whole = self._turns.whole(begin)

        def over() -> bool:
            return monotonic() - begin >= TURN or (not whole and self._poller.asked())

        if begin >= self._sweeps:
            while self._sweep():
                if over():
                    break
            else:
                self._sweeps = min(begin + _SWEEP, self._roster.timers.next())
        if self._poller.strangers and monotonic() - begin < TURN:
            listener = self._listener.fileno()
            for fd, mask in self._poller.of_strangers():
                if fd == listener:
                    self._accept(over)
                else:
                    self._look(fd, mask)
                if over():
                    break
        self._turns.ended(begin, monotonic())

    def _look(self, fd: int, mask: int) -> None:
        if (connection := self._roster.get(fd)) is not None:
            self._guarded(connection, mask)

    def _guarded(self, connection: Connection, mask: int) -> None:
        """mask: what happened; 0: it has its turn."""
        try:
            if mask:
                self._event(connection, mask)
            else:
                self._reading.go_on(connection)
        except Exception:
            _log.exception("a connection is closed for an error of the server")
            self._roster.close(connection, "error")

    def _event(self, connection: Connection, mask: int) -> None:
        if mask & OUT and self._writing.flush(connection):
            self._reading.resume(connection)
        if not connection.open:
            return
        if mask & select.EPOLLIN:
            self._reading.read(connection)
        elif mask & _GONE:
            self._roster.close(connection, "gone")
        elif mask & select.EPOLLRDHUP:
            self._reading.ended(connection)

    def _accept(self, over: Callable[[], bool]) -> None:
        """Take new connections, and what they sent already, until the turn is over."""
        for _ in range(_ACCEPTS):
            try:
                sock, _ = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    self._roster.evict("no descriptors")
                return
            if len(self._roster) >= self._bounds.max_connections and not self._roster.evict("too many"):
                self._turn_away(sock)
            else:
                self._guarded(self._roster.add(sock, self._desk.peers.of_socket(sock)), select.EPOLLIN)
            if over():
                return

    def _turn_away(self, sock: socket) -> None:
        self._desk.counters.closed["refused"] += 1
        sock.setblocking(False)
        with suppress(OSError):
            sock.send(self._desk.refusal(0, WireError(frames.BUSY, "busy: too many connections", 1.0)))
        sock.close()

    def _reply(self, connection: Connection, cost: int, frame: bytes) -> None:
        """From any thread."""
        self._replies.append((connection, cost, frame))
        if threading.current_thread() is not self._thread:
            self._poller.notify()

    def _deliver(self) -> None:
        while self._replies:
            connection, cost, frame = self._replies.popleft()
            self._writing.settle(connection, cost, frame)
            if connection.open and (connection.data or connection.mask & select.EPOLLIN == 0):
                self._reading.resume(connection)

    def _sweep(self) -> bool:
        """Close one that does not get on; whether there was one."""
        over = self._roster.timers.over()
        if over is None:
            return False
        reason, connection = over
        if reason == SLOW:
            self._desk.counters.closed["slow"] += 1
            text = f"a frame took more than {self._bounds.frame_seconds:g} s"
            self._writing.refuse(connection, WireError(frames.MALFORMED, text), 0)
        else:
            self._roster.close(connection, reason)
        return True

    def _end_listener(self) -> None:
        if self._listener.fileno() >= 0:
            self._poller.unlisten(self._listener.fileno())
            self._listener.close()
