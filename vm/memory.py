"""A contract's linear memory as the host sees it: `Memory`, over `libcoproc_vm.so`."""

from __future__ import annotations

import ctypes
from typing import Final

import numpy as np
import numpy.typing as npt

from coproc.errors import EngineLost

from .library import native
from .wasm.module import PAGE
from .wasm.rules import mapped

_STRING: Final = 1 << 31  # string_at takes a C int


class Memory:
    """Address space of 4 GiB, or 4 TiB for a 64-bit memory; pages of 64 KiB that appear as they are touched; snapshots.

    `bytes`: of address space. `length`: what `memory.size` tells, in bytes. Raises EngineLost where the system refuses memory.
    """

    __slots__ = ("_native", "_sources", "base", "bytes", "handle")

    def __init__(self, *, is_64: bool) -> None:
        self._native = native()
        self.bytes = mapped(is_64=is_64)
        self.handle = self._native.coproc_vm_memory_new(self.bytes // PAGE)
        if not self.handle:
            raise EngineLost(f"no address space for a memory of {self.bytes} bytes")
        self.base: int = self._native.coproc_vm_memory_base(self.handle)

    def close(self) -> None:
        """Give the memory back; no instance may use it any more."""
        if self.handle:
            self._native.coproc_vm_memory_free(self.handle)
            self.handle = 0

    def __del__(self) -> None:
        self.close()

    def set_pages(self, indexes: npt.NDArray[np.uint64], addresses: npt.NDArray[np.uint64]) -> None:
        """Page indexes[i] begins as the 64 KiB at addresses[i], which outlive the memory; both uint64[n], the indexes ascending.

        A page is copied when it is first touched.
        """
        self._sources = indexes, addresses = np.ascontiguousarray(indexes, np.uint64), np.ascontiguousarray(addresses, np.uint64)
        self._native.coproc_vm_memory_set_sources(self.handle, len(indexes), indexes.ctypes.data, addresses.ctypes.data)

    # ---- contents: offsets are inside `bytes` ----
    def read(self, offset: int, size: int) -> bytes:
        self._native.coproc_vm_memory_touch(self.handle, offset, size, 0)  # what it cannot open faults
        if size < _STRING:
            return ctypes.string_at(self.base + offset, size)
        return bytes((ctypes.c_char * size).from_address(self.base + offset))

    def write(self, offset: int, data: bytes) -> None:
        self._native.coproc_vm_memory_touch(self.handle, offset, len(data), 1)
        ctypes.memmove(self.base + offset, data, len(data))

    # ---- length ----
    @property
    def length(self) -> int:
        return int(self._native.coproc_vm_memory_length(self.handle))

    @length.setter
    def length(self, length: int) -> None:
        self._native.coproc_vm_memory_set_length(self.handle, length)

    def take_grown(self) -> bool:
        """Whether the memory grew since the last time this was asked."""
        grown = bool(self._native.coproc_vm_memory_grown(self.handle))
        if grown:
            self._native.coproc_vm_memory_clear_grown(self.handle)
        return grown

    # ---- snapshots ----
    def snap(self) -> None:
        """Begin a level: what is written from now on can be undone."""
        self._check(self._native.coproc_vm_memory_snap(self.handle))

    def apply(self) -> None:
        """End a level; its changes belong to the one below."""
        self._check(self._native.coproc_vm_memory_apply(self.handle))

    def revert(self) -> None:
        """End a level; its changes are undone."""
        self._check(self._native.coproc_vm_memory_revert(self.handle))

    def dirty(self) -> list[int]:
        """The indices of the pages written (Piecrust's notion of it, see memory.hpp) since the memory was made, ascending."""
        capacity = 64
        while True:
            pages = (ctypes.c_uint64 * capacity)()
            count = self._native.coproc_vm_memory_dirty(self.handle, pages, capacity)
            if count <= capacity:
                return pages[:count]
            capacity = count

    @staticmethod
    def copies() -> int:
        """Bytes that the undo levels of all memories hold, and what is kept for later ones."""
        return int(native().coproc_vm_copies())

    @staticmethod
    def _check(done: int) -> None:
        if not done:
            raise EngineLost("the system refused to change the protection of a contract's memory")
