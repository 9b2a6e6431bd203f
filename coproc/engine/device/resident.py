"""Constants that stay on a device: uploaded when a kernel first wants them, thrown away when anything was wrong.

A bit that flips in one spoils whatever is computed with it, call after call. Results are checked item by item as those of any other fault
are, so it makes no answer wrong; but it would go on for ever: on each suspicion `forget` has the constants uploaded anew.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Final
from weakref import WeakKeyDictionary

from coproc.engine.device.protocol import Array, Buffer, Device, Stream

_HELD: Final[WeakKeyDictionary[Device, Tables]] = WeakKeyDictionary()
_LOCK: Final = Lock()


class Tables:
    """Of one device, by name."""

    def __init__(self) -> None:
        self._buffers: dict[str, Buffer] = {}
        self._lock = Lock()

    def get(self, stream: Stream, name: str, make: Callable[[], Array]) -> Buffer:
        buffer = self._buffers.get(name)
        if buffer is None:
            with self._lock:
                buffer = self._buffers.get(name)
                if buffer is None:
                    buffer = stream.upload(make())
                    stream.keep(buffer)
                    stream.wait()  # other streams may read it now
                    self._buffers[name] = buffer
        return buffer

    def forget(self) -> None:
        with self._lock:
            self._buffers = {}


def _tables(device: Device) -> Tables:
    with _LOCK:
        tables = _HELD.get(device)
        if tables is None:
            tables = _HELD[device] = Tables()
        return tables


def table(stream: Stream, name: str, make: Callable[[], Array]) -> Buffer:
    """The device's buffer with a constant, which kernels only read. make: the constant, asked for where the device does not have it."""
    return _tables(stream.device).get(stream, name, make)


def forget(device: Device) -> None:
    """The next calls upload the constants anew; calls in flight still use what they have."""
    _tables(device).forget()
