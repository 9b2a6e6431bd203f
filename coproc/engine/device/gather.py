"""What lies at addresses, as one array: devices read no memory of the host's, so whatever is given by address is copied together."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from coproc.engine.protocol import U8, U64, Addresses


def records(addresses: Addresses, nbytes: int) -> U8:
    """uint8[n, nbytes]: the bytes at each address, none of which is 0.

    numpy sees the stretch from the first address to the last as overlapping records, one at every byte, and reads those asked for alone.
    """
    n = len(addresses)
    if not n:
        return np.zeros((0, nbytes), np.uint8)
    first = int(addresses.min())
    span = int(addresses.max()) - first
    window: Any = (ctypes.c_uint8 * (span + nbytes)).from_address(first)
    all_records: np.ndarray[Any, Any] = np.ndarray((span + 1,), np.dtype((np.void, nbytes)), window, strides=(1,))
    taken = all_records[(addresses - np.uint64(first)).astype(np.int64)]
    return np.ascontiguousarray(taken).view(np.uint8).reshape(n, nbytes)


def words(addresses: Addresses, count: int) -> U64:
    """uint64[n, count]: the words at each address."""
    return records(addresses, 8 * count).view(np.uint64)
