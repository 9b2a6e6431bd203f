"""`Clock`: the time that the batcher sees, so that tests and the simulation can give it another."""

from __future__ import annotations

import threading
from time import monotonic
from typing import Protocol


class Clock(Protocol):
    """Seconds that never go back."""

    def now(self) -> float:
        """Seconds since some instant."""

    def wait(self, condition: threading.Condition, timeout: float | None) -> None:
        """Wait, with the condition held, until it is notified or `timeout` seconds (None: any number) are over."""


class RealClock:
    """The monotonic clock of the system, which all processes of one machine share."""

    def now(self) -> float:
        return monotonic()

    def wait(self, condition: threading.Condition, timeout: float | None) -> None:
        condition.wait(timeout)


class VirtualClock:
    """A clock that stands until it is told to go on, for one thread. Nobody waits on it: whoever drives it calls `Batcher.pump`."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Raises ValueError where time would go back."""
        self.to(self._now + seconds)

    def to(self, when: float) -> None:
        """Raises ValueError where time would go back."""
        if when < self._now:
            raise ValueError(f"from {self._now} back to {when}")
        self._now = when

    def wait(self, condition: threading.Condition, timeout: float | None) -> None:
        """Raises RuntimeError: with one thread nobody would ever notify."""
        raise RuntimeError("nobody waits on a virtual clock")
