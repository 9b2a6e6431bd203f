"""Interrupts that never tear a line: SIGINT and SIGTERM wait while answers are being written."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Final

GRACE: Final = 1.0
"""Seconds in which a second signal is the first one again: process groups and wrappers often deliver it twice."""


class Interruption:
    """A context in which SIGINT and SIGTERM raise KeyboardInterrupt, but not inside `held` (there a second one does)."""

    def __init__(self) -> None:
        self._held = False
        self._seen = False
        self._ending = False
        self._first = 0.0
        self._former: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                self._former[number] = signal.signal(number, self._handle)
            except ValueError:
                break  # not the main thread: whoever runs us handles signals
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        for number, former in self._former.items():
            signal.signal(number, former)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._ending or (self._seen and now - self._first < GRACE):
            return
        again = self._seen
        if not again:
            self._seen, self._first = True, now
        if again or not self._held:
            raise KeyboardInterrupt

    def end(self) -> None:
        """From here on interrupts are ignored: what is left to do is short and must be done."""
        self._ending = True

    @contextmanager
    def held(self) -> Iterator[None]:
        """What happens inside is done in whole before an interrupt is obeyed."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._seen:
            raise KeyboardInterrupt
