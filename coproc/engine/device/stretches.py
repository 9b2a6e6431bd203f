"""Stretches of items, by their offsets: cut to what a device holds, and put together to what fills it."""

from __future__ import annotations

import numpy as np

from coproc.engine.protocol import U64


def cut(offsets: U64, most: int) -> U64:
    """The offsets, and cuts inside stretches of more than `most`."""
    if len(offsets) < 2 or int(np.diff(offsets).max()) <= most:
        return offsets
    inner = [np.arange(a + most, b, most) for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True) if b - a > most]
    return np.sort(np.concatenate((offsets.astype(np.int64), *inner)), kind="stable").astype(np.uint64)


def packed(offsets: U64, most: int) -> list[slice]:
    """Stretches in runs of about `most` items, at least one stretch each."""
    found, start, m = [], 0, len(offsets) - 1
    while start < m:
        stop = int(np.searchsorted(offsets, offsets[start] + np.uint64(most), side="right")) - 1
        stop = min(max(stop, start + 1), m)
        found.append(slice(start, stop))
        start = stop
    return found
