"""A question as one array, in which a key that many requests have is named and not repeated: what goes through the object store.

Requests of Groth16 carry 36 kB of key each, 1,024 of them are 37 MB; a worker that has the key is sent 200 kB. A key is bytes here and
nothing else: what is not recognised is sent as it is, and what is put together again is what there was.

The array: offsets int64[n + 1] of what is left of the argument buffers, names int64[n] (0: nothing is left out), places int64[n] at
which it is left out, rules uint8[n], aligns uint8[n], then what is left.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from ctypes import string_at
from typing import Any, Final

import numpy as np

from coproc.engine.protocol import I64, U8, Buffers, Engine, address_of
from coproc.errors import InvalidInput

from ..sealed import Question
from .protocol import PackedBatch

LEAST: Final = 1024
"""Bytes of a key from which on naming it pays."""


class Names:
    """Names of keys that were seen, and their bytes; the least recent ones go. Safe from any number of threads."""

    def __init__(self, max_bytes: int = 64 << 20) -> None:
        self._max_bytes, self._bytes = max_bytes, 0
        self._names: OrderedDict[bytes, int] = OrderedDict()
        self._next = 1
        self._lock = threading.Lock()

    def name(self, data: bytes, often: bool) -> int:
        """The name of a key, 0 for one that is new and does not come `often`."""
        with self._lock:
            name = self._names.get(data, 0)
            if name:
                self._names.move_to_end(data)
            elif often:
                name = self._names[data] = self._next
                self._next += 1
                self._bytes += len(data)
                while self._bytes > self._max_bytes and len(self._names) > 1:
                    gone, _ = self._names.popitem(last=False)
                    self._bytes -= len(gone)
            return name


def pack(question: Question, engine: Engine, known: Names) -> tuple[U8, dict[int, bytes]]:
    """A question's requests as an array, and the keys that it names. engine: finds equal keys."""
    parts, n = question.parts, len(question)
    starts = np.concatenate([part.offsets[:-1] for part in parts])
    lengths = np.concatenate([np.diff(part.offsets) for part in parts])
    bases = np.concatenate([np.full(len(part), address_of(part.data), np.uint64) for part in parts])
    keys = question.keys if len(question.keys) == n else np.zeros((n, 2), np.int64)
    names, cut, table = _named(keys, bases + (starts + keys[:, 0]).astype(np.uint64), engine, known)
    offsets = np.zeros(n + 1, np.int64)
    np.cumsum(lengths - cut, out=offsets[1:])
    pieces: list[Any] = []
    first = 0
    for part in parts:
        view, mine = memoryview(part.data), slice(first, first + len(part))
        first += len(part)
        left = cut[mine]
        if left.any():
            at = part.offsets[:-1] + np.where(left > 0, keys[mine, 0], 0)
            columns = part.offsets[:-1], at, at + left, part.offsets[1:]
            for a, b, c, d in zip(*(column.tolist() for column in columns), strict=True):
                pieces += (view[a:b], view[c:d])
        else:
            pieces.append(view[int(part.offsets[0]) : int(part.offsets[-1])])
    rules, aligns = np.concatenate([part.rules for part in parts]), np.concatenate([part.aligns for part in parts])
    head = [offsets.tobytes(), names.tobytes(), keys[:, 0].tobytes(), rules.tobytes(), aligns.tobytes()]
    return np.frombuffer(b"".join([*head, *pieces]), np.uint8), table


def _named(keys: I64, addresses: Any, engine: Engine, known: Names) -> tuple[I64, I64, dict[int, bytes]]:
    """names int64[n] and the bytes int64[n] that each request is shorter, and the keys behind the names."""
    n = len(keys)
    names, cut, table = np.zeros(n, np.int64), np.zeros(n, np.int64), {}
    index = np.flatnonzero(keys[:, 1] >= LEAST)
    if not len(index):
        return names, cut, {}
    sizes = keys[index, 1]
    first = engine.group(Buffers(addresses[index], sizes.astype(np.uint64))).astype(np.int64)
    distinct, counts = np.unique(first, return_counts=True)
    for one, count in zip(distinct.tolist(), counts.tolist(), strict=True):
        data = string_at(int(addresses[index[one]]), int(sizes[one]))
        name = known.name(data, count > 1)
        if name:
            table[name] = data
            names[index[first == one]] = name
            cut[index[first == one]] = len(data)
    return names, cut, table


def unpack(op: str, n: int, array: U8, table: Mapping[int, bytes]) -> PackedBatch:
    """The requests again. Raises InvalidInput for an array that is too short, and KeyError for a name that is not in the table."""
    head = 8 * (3 * n + 1) + 2 * n
    if array.dtype != np.uint8 or array.ndim != 1 or array.size < head:
        raise InvalidInput("no array of requests")
    view = memoryview(array)
    offsets, names, places = (np.frombuffer(view, np.int64, count, 8 * at).copy() for at, count in ((0, n + 1), (n + 1, n), (2 * n + 1, n)))
    rules = np.frombuffer(view, np.uint8, n, 8 * (3 * n + 1)).copy()
    aligns = np.frombuffer(view, np.uint8, n, 8 * (3 * n + 1) + n).copy()
    data = np.frombuffer(view, np.uint8, offset=head) if array.size > head else np.zeros(0, np.uint8)
    packed = PackedBatch(op, rules, aligns, data, offsets)
    packed.check()
    if not names.any():
        return packed
    keys = {0: b"", **table}
    places[names == 0] = 0
    if np.any((places < 0) | (places > np.diff(offsets))):
        raise InvalidInput("a key that is left out outside its request")
    rest = memoryview(data)
    pieces: list[Any] = []
    starts = offsets[:-1]
    for name, a, b, c in zip(names.tolist(), starts.tolist(), (starts + places).tolist(), offsets[1:].tolist(), strict=True):
        pieces += (rest[a:b], keys[name], rest[b:c])
    size = {name: len(data) for name, data in keys.items()}
    whole = np.zeros(n + 1, np.int64)
    np.cumsum(np.diff(offsets) + np.fromiter((size[name] for name in names.tolist()), np.int64, n), out=whole[1:])
    return PackedBatch(op, rules, aligns, np.frombuffer(b"".join(pieces), np.uint8), whole)
