"""Hostile clients of a server on a Unix socket: frames that are never finished, and garbage. They stand for other machines."""

from __future__ import annotations

import os
import select
import socket
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path
from random import Random
from time import monotonic, thread_time
from typing import Final, Literal

from coproc.cluster import frames
from coproc.engine.protocol import Layout
from coproc.operation import Request
from coproc.wire import rkyv

KNOWN: Final = Request("sha256", rkyv.write(Layout.BYTES, [b"known"]))
Priority = Literal["idle", "nice", "equal"]
_PIECE: Final = 1 << 16
_ROW: Final = 20
_ROUND: Final = 0.5  # seconds in which every slow connection gets a byte
_GONE: Final = select.EPOLLRDHUP | select.EPOLLHUP


def garbage(random: Random) -> bytes:
    """One connection's worth of it, up to some hundred kilobytes."""
    size = random.choice((10, 1000, 100_000, 400_000))
    body = random.randbytes(size)
    good = frames.reply(frames.EXECUTE, 1, 7, frames.write_execute([KNOWN], "block", "hostile"))
    kind = random.randrange(6)
    if kind == 0:
        return body
    if kind == 1:  # a plausible length, nonsense in it
        return frames.LENGTH.pack(size) + body
    if kind == 2:  # a plausible header too
        return frames.reply(frames.EXECUTE, random.choice((1, 1000, 0xFFFFFFFF)), 9, body)
    if kind == 3:
        return good[: random.randrange(1, len(good))]
    if kind == 4:  # a frame that never ends
        return frames.LENGTH.pack(8 << 20) + good[4:] + body
    changed = bytearray(good * (1 + size // len(good)))
    changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


class Hostile:
    """Slow connections and senders of garbage, in threads.

    gone: slow connections that the server closed; oldest: seconds from the first byte to the end, of the one that lived longest, those
    that live at the end included. sent: bytes of garbage. processor: seconds that all this took itself, known at the end.
    """

    def __init__(self, path: Path, slow: int, total: int, seed: int, rate: float, priority: Priority = "idle") -> None:
        """total: bytes of garbage, rate: a second at most. priority: idle, only where nobody else runs; nice, the lowest; equal."""
        self.path, self.slow, self.total, self.seed, self.rate, self.priority = path, slow, total, seed, rate, priority
        self.stop = threading.Event()
        self.sent = self.gone = 0
        self.oldest = self.processor = 0.0
        self._threads = [threading.Thread(target=self._thread, args=(run,), daemon=True) for run in (self._dribble, self._garbage)]

    def __enter__(self) -> Hostile:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self._threads:
            thread.join()

    def _thread(self, run: object) -> None:
        thread = threading.get_native_id()
        if self.priority == "idle":
            os.sched_setscheduler(thread, os.SCHED_IDLE, os.sched_param(0))
        elif self.priority == "nice":
            os.setpriority(os.PRIO_PROCESS, thread, 19)
        assert callable(run)
        run()
        self.processor += thread_time()

    def _connect(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(5)
        sock.connect(str(self.path))
        return sock

    # ---- slow ----
    def _dribble(self) -> None:
        frame = frames.reply(frames.EXECUTE, 1, 7, frames.write_execute([Request("hash", bytes(100_000))]))
        begun: dict[int, tuple[socket.socket, float]] = {}
        turns: deque[tuple[int, int]] = deque()  # descriptor, bytes sent
        watch = select.epoll()

        def over(fd: int) -> None:
            sock, since = begun.pop(fd)
            self.oldest = max(self.oldest, monotonic() - since)
            sock.close()

        while not self.stop.is_set():
            while len(begun) < self.slow and not self.stop.is_set():
                try:
                    sock = self._connect()
                    since = monotonic()
                    sock.sendall(frame[:3])
                except OSError:  # the queue of connections is full
                    self.stop.wait(0.01)
                    continue
                begun[sock.fileno()] = sock, since
                watch.register(sock, _GONE)
                turns.append((sock.fileno(), 3))
            gone = [fd for fd, _ in watch.poll(0, self.slow + 1) if fd in begun]
            for _ in range(min(_ROW, len(turns))):
                fd, at = turns.popleft()
                if fd in gone or fd not in begun:
                    continue
                try:
                    begun[fd][0].sendall(frame[at : at + 1])
                except OSError:
                    gone.append(fd)
                else:
                    turns.append((fd, at + 1))
            for fd in gone:
                over(fd)
            self.gone += len(gone)
            if gone:
                turns = deque(turn for turn in turns if turn[0] in begun)
            self.stop.wait(_ROUND * _ROW / max(self.slow, _ROW))
        for fd in list(begun):
            over(fd)
        watch.close()

    # ---- garbage ----
    def _garbage(self) -> None:
        random, start = Random(self.seed), monotonic()
        while not self.stop.is_set() and self.sent < self.total:
            data = garbage(random)
            try:
                sock = self._connect()
            except OSError:
                self.stop.wait(0.01)
                continue
            with suppress(OSError), sock:
                for at in range(0, len(data), _PIECE):
                    sock.sendall(data[at : at + _PIECE])  # fails once the server has closed the connection
                    self.sent += len(data[at : at + _PIECE])
                    self.stop.wait(max(0.0, start + self.sent / self.rate - monotonic()))
