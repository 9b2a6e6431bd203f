"""Interrupts that never tear a line: SIGINT and SIGTERM wait while answers are being written."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any


class Interruption:
    """A context in which SIGINT and SIGTERM raise KeyboardInterrupt, but not inside `held` (there a second one does)."""

    def __init__(self) -> None:
        self._held = False
        self._seen = False
        self._ending = False
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
        again, self._seen = self._seen, True
        if not self._ending and (again or not self._held):
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
