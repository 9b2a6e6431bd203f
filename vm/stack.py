"""A thread whose stack holds the deepest call tree: 48 contracts, each with its own full stack, and the host's frames between them.

A thread's usual stack of 8 MiB does not, and running off its end is a crash, not a trap.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Final, TypeVar

STACK_BYTES: Final = 128 << 20  # of address space; memory only as far as it is used
_T = TypeVar("_T")
_starting = threading.Lock()


class _Outcome:
    """What a piece of work came to."""

    __slots__ = ("done", "error", "value")

    def __init__(self) -> None:
        self.done = threading.Lock()
        self.done.acquire()
        self.error: BaseException | None = None
        self.value: object = None


class DeepThread:
    """Runs one piece of work at a time; starts with the first. Work may run more work, which then runs where it is."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._work: queue.SimpleQueue[tuple[Callable[[], object], _Outcome] | None] = queue.SimpleQueue()

    def run(self, work: Callable[[], _T]) -> _T:
        """The result of work. Raises what it raises. An interrupt of the waiting thread is raised when the work is done."""
        if self._thread is None:
            self._start()
        elif threading.current_thread() is self._thread:
            return work()
        outcome = _Outcome()
        self._work.put((work, outcome))
        interrupt: BaseException | None = None
        while True:
            try:
                outcome.done.acquire()
                break
            except BaseException as error:
                interrupt = error
        if interrupt is not None:
            raise interrupt
        if outcome.error is not None:
            try:
                raise outcome.error
            finally:
                outcome.error = None
        return outcome.value  # type: ignore[return-value]  # what this work returned

    def close(self) -> None:
        """End the thread, unless it is this one."""
        if self._thread is not None and threading.current_thread() is not self._thread:
            self._work.put(None)
            self._thread.join()
            self._thread = None

    def _start(self) -> None:
        with _starting:
            before = threading.stack_size(STACK_BYTES)
            try:
                self._thread = threading.Thread(target=self._serve, name="coproc-vm", daemon=True)
                self._thread.start()
            finally:
                threading.stack_size(before)

    def _serve(self) -> None:
        while (item := self._work.get()) is not None:
            work, outcome = item
            try:
                outcome.value = work()
            except BaseException as error:
                outcome.error = error
            outcome.done.release()
            del work, outcome, item
