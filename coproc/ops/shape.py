"""Columns and offsets of batches: the few array shapes that operations build over and over."""

from __future__ import annotations

from ctypes import string_at
from itertools import repeat
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from coproc.engine.protocol import U8, U64, Addresses, Buffers, Parsed, multiples

Mask = NDArray[np.bool_]

MAX_BATCH: Final = 1024
"""Elements that an operation is given at once; larger batches are cut before."""


def steps(n: int, step: int) -> U64:
    """Offsets 0, step, ..., n step: every element has `step` terms. Not to be written to."""
    return multiples(n + 1, step)


def column(matrix: U64, k: int) -> U64:
    """Column k as an array of its own."""
    return matrix[:, k].copy()


def vec(parsed: Parsed, k: int) -> Buffers:
    """Field k, a Vec<u8>, of every element."""
    return Buffers(parsed.fields[:, k].copy(), parsed.counts[:, k].copy())


def is_all(mask: Mask) -> bool:
    return bool(np.count_nonzero(mask) == mask.size)


def all_of(mask: Mask, k: int) -> Mask:
    """bool[n k] -> bool[n]: do all k of an element hold?"""
    held: Mask = np.logical_and.reduce(mask.reshape(-1, k), axis=1)
    return held


def constant(n: int, value: int) -> Addresses:
    """uint64[n], all the same."""
    return np.full(n, value, np.uint64)


def verdicts(n: int, index: np.ndarray[Any, Any], some: U8) -> U8:
    """uint8[n]: `some` at an index, 0 elsewhere."""
    verdict = np.zeros(n, np.uint8)
    verdict[index] = some
    return verdict


def words_at(addresses: Addresses, words: int) -> U64:
    """uint64[n, words]: what lies at some addresses."""
    data = b"".join(map(string_at, addresses.tolist(), repeat(8 * words)))
    return np.frombuffer(data, np.uint64).reshape(-1, words)
