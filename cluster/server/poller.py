"""`Poller`: epoll, one inside the other, and what wakes it.

Connections with a frame that came in part only wait in the inner one, of which a few at a time are looked at: thousands of clients that
send a byte now and then cost those who send whole frames next to nothing. Whoever is looked at goes to the end of the kernel's list.
"""

from __future__ import annotations

import os
import select
from contextlib import suppress
from typing import Final

from .connection import Connection

IN: Final = select.EPOLLIN | select.EPOLLRDHUP
OUT: Final = select.EPOLLOUT
_EVENTS: Final = 256  # at once
_PIECES: Final = 8  # at once, of the inner one
Event = tuple[int, int]
"""A descriptor and what happened to it."""


class Poller:
    """For one thread, `notify` apart."""

    def __init__(self) -> None:
        self._outer, self._inner = select.epoll(), select.epoll()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._woken = False
        self._outer.register(self._wake, select.EPOLLIN)
        self._outer.register(self._inner.fileno(), select.EPOLLIN)

    def listen(self, fd: int) -> None:
        self._outer.register(fd, select.EPOLLIN)

    def unlisten(self, fd: int) -> None:
        self._outer.unregister(fd)

    def add(self, connection: Connection) -> None:
        """Tells the events of its `mask`."""
        self._outer.register(connection.fd, connection.mask)

    def change(self, connection: Connection, mask: int, in_part: bool) -> None:
        """in_part: a frame of it has begun, and nothing is to be written. A connection that is closed is forgotten by itself."""
        if in_part != connection.in_part:
            (self._inner if connection.in_part else self._outer).unregister(connection.fd)
            (self._inner if in_part else self._outer).register(connection.fd, mask)
        elif mask != connection.mask:
            (self._inner if in_part else self._outer).modify(connection.fd, mask)
        connection.mask, connection.in_part = mask, in_part

    def wait(self, seconds: float) -> tuple[list[Event], list[Event]]:
        """What happened: to listeners and connections; and to a few of those with a frame in part."""
        events, pieces = [], []
        for event in self._outer.poll(seconds, _EVENTS):
            if event[0] == self._wake:
                os.eventfd_read(self._wake)
                self._woken = False
            elif event[0] == self._inner.fileno():
                pieces = self._inner.poll(0, _PIECES)
            else:
                events.append(event)
        return events, pieces

    def notify(self) -> None:
        """End a wait, from any thread."""
        if not self._woken:
            self._woken = True
            with suppress(BlockingIOError):
                os.eventfd_write(self._wake, 1)

    def close(self) -> None:
        self._outer.close()
        self._inner.close()
        os.close(self._wake)
