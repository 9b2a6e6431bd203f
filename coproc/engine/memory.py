"""Memory that engines read where it lies: addresses of arrays, and byte strings as addresses and lengths."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import string_at
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]
Addresses = NDArray[np.uint64]

_MULTIPLES: Final = 4096
_BYTES_HEADER: Final = bytes.__basicsize__ - 1  # a bytes object's own bytes begin here (the type counts a final zero in)
_of: Final = ctypes.c_char.from_buffer
_addressof: Final = ctypes.addressof


def address_of(array: np.ndarray[Any, Any]) -> int:
    """Where the elements of a C-contiguous array lie; 0 if it has none. Raises ValueError for any other array."""
    try:
        return _addressof(_of(array))  # type: ignore[arg-type]
    except (TypeError, ValueError):  # read-only, empty, or not contiguous
        if not array.flags.c_contiguous:
            raise ValueError("an array argument is not C-contiguous") from None
        return int(array.__array_interface__["data"][0]) if array.size else 0


@cache
def _multiples(step: int) -> U64:
    return np.arange(0, step * _MULTIPLES, step, dtype=np.uint64)


def multiples(n: int, step: int) -> U64:
    """uint64[n]: 0, step, 2 step, ...; shared, not to be written to."""
    return _multiples(step)[:n] if n <= _MULTIPLES else np.arange(0, step * n, step, dtype=np.uint64)


def rows_of(array: np.ndarray[Any, Any]) -> Addresses:
    """The address of each row of a C-contiguous array, uint64[n]; the caller keeps the array."""
    step = array.nbytes // max(len(array), 1)
    return multiples(len(array), max(step, 1)) + np.uint64(address_of(array))


class Buffers:
    """n byte strings where they lie: addresses uint64[n], lengths uint64[n] in bytes, and whatever keeps them alive.

    Never copies. Indexing copies one element out, for engines in plain Python and for error messages.
    """

    __slots__ = ("addresses", "lengths", "owner")

    def __init__(self, addresses: Addresses, lengths: U64, owner: object = None) -> None:
        self.addresses = addresses
        self.lengths = lengths
        self.owner = owner

    @classmethod
    def of(cls, items: Sequence[bytes]) -> Buffers:
        """The bytes objects themselves (CPython keeps the bytes of one at a fixed distance from its address)."""
        addresses = np.fromiter(map(id, items), np.uint64, len(items))
        addresses += np.uint64(_BYTES_HEADER)
        return cls(addresses, np.fromiter(map(len, items), np.uint64, len(items)), items)

    @classmethod
    def one(cls, item: bytes) -> Buffers:
        """`of` a single bytes object."""
        return cls(np.array((id(item) + _BYTES_HEADER,), np.uint64), np.array((len(item),), np.uint64), item)

    @classmethod
    def columns(cls, data: U8, offsets: I64) -> Buffers:
        """Element i is data[offsets[i]:offsets[i + 1]]; offsets int64[n + 1], ascending, within data, which is C-contiguous."""
        starts = offsets[:-1].astype(np.uint64)
        lengths = offsets[1:].astype(np.uint64) - starts
        return cls(starts + np.uint64(address_of(data)), lengths, data)

    def take(self, index: Any) -> Buffers:
        """The elements of an index or a slice, in its order."""
        return Buffers(self.addresses[index], self.lengths[index], self.owner)

    def __len__(self) -> int:
        return len(self.addresses)

    def __getitem__(self, i: int) -> bytes:
        return string_at(int(self.addresses[i]), int(self.lengths[i]))
