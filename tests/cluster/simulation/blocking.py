"""`Call`: code that blocks on a connection, in virtual time and in one thread.

Where it would block it is left, and done once more from its start when there is more: what it read and wrote before it reads and writes
from a log, so that it takes the same way to the same place. So the real client and the real pipe to workers run here as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from .network import End
from .world import Event, World


class _Waits(BaseException):
    """Nothing is there yet."""


class Call:
    """run: what is done. reset: puts what it changes, sockets apart, where it was. future: of what it returns or raises."""

    def __init__(self, world: World, run: Callable[[], Any], reset: Callable[[], None]) -> None:
        self._world, self._run, self._reset = world, run, reset
        self.future: Future[Any] = Future()
        self._log: list[Any] = []
        self._at = 0
        self._waits: int | None = None  # at which operation
        self._timer: Event | None = None
        self.late = False
        """What is waited for has not come in time."""

    def start(self) -> Future[Any]:
        self.attempt()
        return self.future

    @property
    def leaving(self) -> bool:
        """Whether the code is on its way out, only to come back."""
        return self._waits == self._at

    def attempt(self) -> None:
        """As far as it gets."""
        self._at, self._waits = 0, None
        self._reset()
        try:
            result = self._run()
        except _Waits:
            return
        except Exception as error:
            self._done()
            self.future.set_exception(error)
        else:
            self._done()
            self.future.set_result(result)

    def _done(self) -> None:
        self._world.cancel(self._timer)

    def wait(self, seconds: float | None) -> None:
        """Leave, and come back when something happened or the time is over."""
        if self._waits is None and self._timer is None and seconds is not None:
            self._timer = self._world.after(seconds, self._over)
        self._waits = self._at
        raise _Waits

    def _over(self) -> None:
        self.late = True
        self.attempt()

    def operation(self, what: Callable[[], Any]) -> Any:
        """What an operation returns or raises, which happens once."""
        if self._at < len(self._log):
            outcome = self._log[self._at]
        else:
            try:
                outcome = what()
            except OSError as error:
                outcome = error
            self._log.append(outcome)
            self._world.cancel(self._timer)
            self._timer, self.late = None, False
        self._at += 1
        if isinstance(outcome, OSError):
            raise outcome
        return outcome


class Socket:
    """A socket that blocks, over an end of a connection. call: who uses it now."""

    call: Call

    def __init__(self, end: End, call: Call | None = None) -> None:
        self._end = end
        if call is not None:
            self.call = call
        self._timeout: float | None = None

    def settimeout(self, seconds: float | None) -> None:
        self._timeout = seconds

    def sendall(self, data: bytes | memoryview) -> None:
        self.call.operation(lambda: self._end.push(bytes(data)))

    def recv(self, size: int) -> bytes:
        data: bytes = self.call.operation(lambda: self._receive(size))
        return data

    def recv_into(self, buffer: memoryview) -> int:
        data = self.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.call.leaving:
            self._end.close()

    def _receive(self, size: int) -> bytes:
        call, end = self.call, self._end
        end.changed = _nothing
        try:
            return end.recv(size)
        except BlockingIOError:
            if call.late:
                raise TimeoutError("timed out") from None
            end.changed = call.attempt
            call.wait(self._timeout)
        raise AssertionError


def _nothing() -> None:
    pass
