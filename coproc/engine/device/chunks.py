"""Batches of any size on a device: cut to its memory, several chunks in flight, each on a stream of its own.

While one chunk is computed the next one travels: the streams are driven by threads, which wait without the interpreter lock.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Final, TypeVar

from coproc.engine.device.protocol import Device, Stream

T = TypeVar("T")

STREAMS: Final = 3
"""Chunks in flight: one comes, one is computed, one goes."""
_SHARE: Final = 0.6
"""Of the device's memory, for the chunks in flight."""
_FULL: Final = 2048
"""Items a multiprocessor that keep it busy: smaller chunks would not."""


class Chunks:
    """Runs functions of a stream and a slice over 0 ... n."""

    def __init__(self, device: Device, streams: int = STREAMS) -> None:
        self._device = device
        self._streams = streams
        self._budget = int(device.memory * _SHARE) // streams
        self._least = 1 if device.emulated else device.units * _FULL
        self._pool: ThreadPoolExecutor | None = None
        self._lock = Lock()

    def most(self, nbytes: int) -> int:
        """Items of a chunk, by the memory that they take."""
        return max(1, self._budget // max(nbytes, 1))

    def slices(self, n: int, nbytes: int) -> list[slice]:
        """nbytes: what an item takes on the device, with everything in between."""
        most = self.most(nbytes)
        share = -(-n // self._streams)
        size = min(most, max(share, self._least))
        if self._device.emulated:
            size = min(most, max(n, 1))
        return [slice(start, min(start + size, n)) for start in range(0, n, size)]

    def run(self, n: int, nbytes: int, f: Callable[[Stream, slice], T]) -> list[T]:
        """The results in order. The first error of any chunk is raised, after all have ended."""
        return self.each(self.slices(n, nbytes), f)

    def each(self, slices: list[slice], f: Callable[[Stream, slice], T]) -> list[T]:
        if len(slices) <= 1:
            return [self._one(f, s) for s in slices]
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._streams, "coproc-device")
        futures = [self._pool.submit(self._one, f, s) for s in slices]
        errors = [error for error in (future.exception() for future in futures) if error is not None]
        if errors:
            raise errors[0]
        return [future.result() for future in futures]

    def _one(self, f: Callable[[Stream, slice], T], s: slice) -> T:
        with self._device.stream() as stream:
            return f(stream, s)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()
