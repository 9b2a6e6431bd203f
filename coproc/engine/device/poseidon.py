"""Poseidon and Hades on a stream: one work-item a permutation or a hash, lists of one length side by side.

A result goes out with a pad added to it, for `twice`, which asks two times and compares.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from coproc.codegen.device.hades import tag
from coproc.engine.device.protocol import Buffer, Module, Stream
from coproc.engine.protocol import U64
from coproc.params.bls12_381 import R

FAMILY: Final = "poseidon"
BLOCK: Final = 128
SLOTS: Final = 7
STATE_WORDS: Final = 20
BYTES_OF_STATE: Final = 3 * 8 * STATE_WORDS
"""Of the device's memory for a state: it, its pad, the result."""
BYTES_OF_HASH: Final = 80
"""The same for a hash, besides 32 bytes an element."""


@lru_cache(maxsize=1024)
def _tag(count: int) -> bytes:
    """Montgomery limbs of the tag of `count` elements."""
    return ((tag(count) << 256) % R).to_bytes(32, "little")


def _launch(stream: Stream, kernel: str, block: int, n: int, words: int, *arguments: Buffer, sizes: tuple[int, ...] = ()) -> U64:
    module: Module = stream.module(FAMILY, "bls12_381", block)
    out = stream.allocate(8 * words * n)
    stream.fill(out, 0xFF)
    stream.launch(module, kernel, -(-n // block), *arguments, out, np.uint32(n), *map(np.uint32, sizes), slots=SLOTS)
    return stream.download(out, np.empty((n, words), np.uint64))


def hades(stream: Stream, states: U64, pads: U64, block: int = BLOCK) -> U64:
    """uint64[n, 5, 4]: the permuted state plus `pads`, of the same shape; all reduced."""
    n = len(states)
    if not n:
        return np.zeros((0, 5, 4), np.uint64)
    return _launch(stream, "hades", block, n, STATE_WORDS, stream.upload(states), stream.upload(pads)).reshape(n, 5, 4)


def poseidon(stream: Stream, scalars: U64, counts: U64, pads: U64, block: int = BLOCK) -> U64:
    """uint64[n, 4]: the hash of counts[i] > 0 elements plus pads[i]; all reduced.

    scalars uint64[sum of counts, 4], one list after the other.
    """
    n = len(counts)
    if not n:
        return np.zeros((0, 4), np.uint64)
    if len(scalars) >= 1 << 32:
        raise ValueError("more elements than 32 bits count")
    ends = np.cumsum(counts, dtype=np.uint64)
    lengths, which = np.unique(counts, return_inverse=True)
    spans = np.stack((ends - counts, ends, which.astype(np.uint64)), axis=1).astype(np.uint32)
    tags = np.frombuffer(b"".join(_tag(int(count)) for count in lengths), np.uint64)
    order = np.argsort(which, kind="stable") if len(lengths) > 1 else None
    if order is not None:
        spans, pads = spans[order], pads[order]
    parts = (stream.upload(scalars), stream.upload(spans), stream.upload(tags), stream.upload(pads))
    out = _launch(stream, "poseidon", block, n, 4, *parts, sizes=(len(scalars), len(lengths)))
    if order is None:
        return out
    hashes = np.empty_like(out)
    hashes[order] = out
    return hashes
