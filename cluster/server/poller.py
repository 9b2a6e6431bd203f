"""`Poller`: what happened to connections, apart by where they stand, and what wakes the server.

Clients whose frames come whole stand at the front. Those with a large frame that came in part, and strangers, who have finished no frame
yet or send it in crumbs, wait in an epoll of their own within the first, of which a few are looked at at a time: thousands of them cost
the front next to nothing. Whoever is looked at goes to the end of the kernel's list.
"""

from __future__ import annotations

import os
import select
from contextlib import suppress
from time import monotonic
from typing import Final

from .connection import FRONT, PART, STRANGE, Connection

IN: Final = select.EPOLLIN | select.EPOLLRDHUP
OUT: Final = select.EPOLLOUT
_ONCE: Final = select.EPOLLIN | select.EPOLLONESHOT
_EVENTS: Final = 256  # at once
_FEW: Final = 8  # at once, of those within
_BREATH: Final = 0.000_1  # seconds
_SELECTED: Final = 1024  # descriptors that select takes
Event = tuple[int, int]
"""A descriptor and what happened to it."""


class Poller:
    """For one thread, `notify` apart.

    parts      whether something came for frames in part
    strangers  whether something came for strangers or listeners
    Once it did, they are looked at no more until `of_parts` and `of_strangers`: what waits there wakes nobody twice.
    """

    def __init__(self) -> None:
        self._polls = {place: select.epoll() for place in (FRONT, PART, STRANGE)}
        self._front = self._polls[FRONT]
        self._part, self._strange = self._polls[PART].fileno(), self._polls[STRANGE].fileno()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._woken = self._told = False
        self._within = {self._wake, self._part, self._strange}
        self._waiting: list[Event] = []
        self.parts = self.strangers = False
        self._front.register(self._wake, select.EPOLLIN)
        self._front.register(self._part, _ONCE)
        self._front.register(self._strange, _ONCE)

    def listen(self, fd: int) -> None:
        self._polls[STRANGE].register(fd, select.EPOLLIN)

    def unlisten(self, fd: int) -> None:
        self._polls[STRANGE].unregister(fd)

    def add(self, connection: Connection) -> None:
        """Tells the events of its `mask`, where it stands."""
        self._polls[connection.place].register(connection.fd, connection.mask)

    def change(self, connection: Connection, mask: int, place: int) -> None:
        """A connection that is closed is forgotten by itself."""
        if place != connection.place:
            self._polls[connection.place].unregister(connection.fd)
            self._polls[place].register(connection.fd, mask)
        elif mask != connection.mask:
            self._polls[place].modify(connection.fd, mask)
        connection.mask, connection.place = mask, place

    def wait(self, seconds: float) -> list[Event]:
        """What happened at the front."""
        events, self._waiting = self._waiting, []
        return events or self._poll(seconds)

    def breathe(self) -> None:
        """Let go of the processor until something happens, for a moment at most: a client that was just woken may wait for it.

        To yield it is not enough: the system may well choose the server again, and then for milliseconds.
        """
        end = monotonic() + _BREATH
        while not self.asked() and (left := end - monotonic()) > 0 and self._front.fileno() < _SELECTED:
            select.select([self._front], [], [], left)  # epoll itself counts in milliseconds

    def asked(self) -> bool:
        """Whether something happened at the front, or the server was told of something, that `wait` would return for."""
        if not self._waiting:
            self._waiting = self._poll(0)
        return bool(self._waiting) or self._told

    def of_parts(self) -> list[Event]:
        """A few events of frames in part."""
        self.parts = False
        events = self._polls[PART].poll(0, _FEW)
        self._front.modify(self._part, _ONCE)
        return events

    def of_strangers(self) -> list[Event]:
        """A few events of strangers and listeners."""
        self.strangers = False
        events = self._polls[STRANGE].poll(0, _FEW)
        self._front.modify(self._strange, _ONCE)
        return events

    def _poll(self, seconds: float) -> list[Event]:
        self._told, events = False, self._front.poll(seconds, _EVENTS)
        if len(events) == 1 and events[0][0] not in self._within:  # as it is mostly
            return events
        for fd, _ in events:
            if fd == self._wake:
                os.eventfd_read(self._wake)
                self._woken, self._told = False, True
            elif fd == self._part:
                self.parts = True
            elif fd == self._strange:
                self.strangers = True
        return [event for event in events if event[0] not in self._within]

    def notify(self) -> None:
        """End a wait, from any thread."""
        if not self._woken:
            self._woken = True
            with suppress(BlockingIOError):
                os.eventfd_write(self._wake, 1)

    def close(self) -> None:
        for poll in self._polls.values():
            poll.close()
        os.close(self._wake)
