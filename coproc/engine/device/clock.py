"""A clock for what a device was asked for: a kernel or a copy that ends no more is a lost device, not a thread that waits for ever.

The bound is generous: `seconds` for a call that finds the device idle, and more by what was asked for, of all streams together, since they
share the device. It tells a device that hangs from one that works, nothing else. Whoever waits looks at the state of an event, at once for
some microseconds, then in pauses of a sixteenth of what it has waited: short work is not kept waiting, long work costs no core.

A device that is given up is not used again. What its driver may still write to, and whatever waits in its destructor, is left behind: it
is never freed, so that the process goes on, and ends, beside a kernel that does not.
"""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final, Protocol

from coproc.errors import EngineLost, InvalidInput
from coproc.settings import setting

SECONDS: Final = 10
"""What a call gets on an idle device where nobody set `device_seconds`."""
EMULATED: Final = 30
"""Times as much where a processor does the work: it compiles each kernel when it is first launched, and shares its cores."""
_WAVE: Final = 0.1
"""Of `seconds` for each group that a multiprocessor gets of a launch: the longest kernel takes some hundredths of a second."""
_RATE: Final = 1e8
"""Bytes a second of a copy, where `seconds` is `SECONDS`: a fiftieth of what a card's bus does."""
_AT_ONCE: Final = 200e-6
_LONGEST: Final = 4e-3
"""Seconds of a pause."""


def setting_seconds() -> float:
    """`device_seconds`, COPROC_DEVICE_SECONDS. Raises InvalidInput."""
    text = setting("device_seconds")
    if text is None:
        return SECONDS
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 1 << 20):
        raise InvalidInput(f"device_seconds is a number of seconds, at least 1, not {text[:32]!r}")
    return int(text)


def leave_behind(*things: object) -> None:
    """Never frees them: a destructor would wait for what does not end."""
    for thing in things:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


class Work(Protocol):
    """A stream, as far as its end goes."""

    def end(self) -> None: ...

    def drop(self) -> None: ...


class Clock:
    """Of one device; safe from any number of threads. lost: why it is given up."""

    def __init__(self, name: str, units: int, emulated: bool, seconds: float | None = None) -> None:
        """seconds: instead of what is set."""
        self.name = name
        self.seconds = seconds if seconds is not None else setting_seconds() * (EMULATED if emulated else 1)
        self.lost: str | None = None
        self._units = max(1, units)
        self._asked = 0.0
        self._lock = Lock()

    def launch(self, groups: int) -> float:
        """Seconds that so many groups may take."""
        return self.seconds * _WAVE * groups / self._units

    def copy(self, nbytes: int) -> float:
        return self.seconds / SECONDS * nbytes / _RATE

    def add(self, seconds: float) -> None:
        with self._lock:
            self._asked += seconds

    @property
    def bound(self) -> float:
        """Seconds within which a stream must answer, by all that the device was asked for and has not done."""
        return self.seconds + max(0.0, self._asked)

    def check(self) -> None:
        """Raises EngineLost where the device was given up."""
        if self.lost is not None:
            raise EngineLost(self.lost)

    def give_up(self, bound: float) -> None:
        """Raises EngineLost."""
        with self._lock:
            if self.lost is None:
                self.lost = f"{self.name} did not answer within {bound:.0f} s"
        self.check()

    @contextmanager
    def work(self, device: object, stream: Work) -> Iterator[None]:
        """The stream's work, done when it ends. After an error the stream is dropped, or left behind where the device was given up."""
        try:
            yield
            stream.end()
        except BaseException:
            if self.lost is not None:
                leave_behind(device, stream)
            else:
                stream.drop()
            raise


class Account:
    """What one stream asked for and has not done, in seconds of its device's clock. Of one thread at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._asked = self._done = 0.0

    def launch(self, groups: int) -> None:
        self._add(self._clock.launch(groups))

    def copy(self, nbytes: int) -> None:
        self._add(self._clock.copy(nbytes))

    def _add(self, seconds: float) -> None:
        self._clock.check()
        self._asked += seconds
        self._clock.add(seconds)

    def waiter(self, done: Callable[[], bool], *keep: object) -> Callable[[], None]:
        """What waits until `done` holds, which comes after all that was asked for until now. keep: left behind where it never does.

        The waiter raises EngineLost, and what `done` raises.
        """
        asked = self._asked

        def wait() -> None:
            try:
                self._wait(done)
            except BaseException:
                leave_behind(*keep)
                raise
            if asked > self._done:
                self._clock.add(self._done - asked)
                self._done = asked

        return wait

    def _wait(self, done: Callable[[], bool]) -> None:
        started, bound = time.monotonic(), 0.0
        while not done():
            self._clock.check()
            waited = time.monotonic() - started
            bound = max(bound, self._clock.bound)
            if waited > bound:
                self._clock.give_up(bound)
            if waited < _AT_ONCE:
                os.sched_yield()  # the shortest sleep of Linux takes 60 µs more than it should
            else:
                time.sleep(min(waited / 16, _LONGEST))

    def close(self) -> None:
        """The stream is dropped, with what it has not done."""
        self._clock.add(self._done - self._asked)
        self._done = self._asked
