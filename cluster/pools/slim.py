"""A question as one array, in which a key that many requests have is named and not repeated: what goes through the object store.

What goes is the fields of argument buffers that decode. Requests of Groth16 carry 36 kB of key each, 1,024 of them are 37 MB; a worker that
has the key is sent 200 kB, and reads the one key that it keeps. A key is bytes here and nothing else: the first field of a layout.
What is not recognised is sent as it is.

The array: counts uint64[n, f] of the f fields of the layout, names int64[n] of the first ones (0: it is there itself), rules uint8[n],
then the bytes of the fields in columns, each from a multiple of 8 on: a Vec is a column, and so are the fields that lie beside each other
in the root, since operations read them in one go.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from ctypes import string_at
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np

from coproc.engine.protocol import I64, MAX_FIELDS, U8, U64, Addresses, Buffers, Engine, Parsed, address_of
from coproc.errors import InvalidInput
from coproc.ops import OPERATIONS
from coproc.wire.rkyv import ROOTS, Vec

from ..sealed import Question
from .protocol import RULE_CODES

LEAST: Final = 1024
"""Bytes of a key from which on naming it pays."""
MOST: Final = 1 << 32
"""Elements of a field: more than any argument buffer has."""


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


class Column(NamedTuple):
    """Fields that lie in a row: the first one, how far behind it each begins, and their bytes; width: of an element of a Vec, else 0."""

    field: int
    behind: tuple[int, ...]
    size: int
    width: int

    def sizes(self, counts: U64) -> U64:
        """uint64[n]: bytes of each request."""
        return counts[:, self.field] * np.uint64(self.width) if self.width else np.full(len(counts), self.size, np.uint64)


@cache
def columns(op: str) -> tuple[Column, ...]:
    """Those of an operation's layout."""
    found: list[Column] = []
    start = 0
    for k, field in enumerate(ROOTS[OPERATIONS[op].layout].fields):
        if isinstance(field, Vec):
            found.append(Column(k, (0,), 0, field.size))
        elif found and not found[-1].width and start + found[-1].size == field.at:
            last = found[-1]
            found[-1] = last._replace(behind=(*last.behind, last.size), size=last.size + field.size)
        else:
            start = field.at
            found.append(Column(k, (0,), field.size, 0))
    return tuple(found)


def pack(question: Question, engine: Engine, known: Names) -> tuple[U8, dict[int, bytes]]:
    """A question's requests as an array, and the keys that it names. engine: finds equal keys."""
    fields, counts = question.parsed.fields, question.parsed.counts
    shape = columns(question.op)
    names, table = _named(fields[:, 0], shape[0].sizes(counts), engine, known)
    used = np.ascontiguousarray(counts[:, : sum(len(column.behind) for column in shape)])
    pieces: list[Any] = [used.data, names.data, np.ascontiguousarray(question.rules).data]
    at = sum(piece.nbytes for piece in pieces)
    for k, column in enumerate(shape):
        here = np.flatnonzero(names == 0) if k == 0 else slice(None)
        data = _gathered(fields[here, column.field], column.sizes(counts)[here])
        pieces += (bytes(-at % 8), data)
        at += -at % 8 + len(data)
    return np.frombuffer(b"".join(pieces), np.uint8), table


class _Memory:
    """What lies between two addresses, as an array interface: item i is the `size` bytes from `start` + i on."""

    def __init__(self, start: int, count: int, size: int) -> None:
        self.__array_interface__ = {"data": (start, True), "shape": (count,), "typestr": f"|V{size}", "strides": (1,), "version": 3}


def _gathered(addresses: Addresses, sizes: U64) -> bytes | memoryview:
    """The bytes at some addresses, one after another."""
    if not len(sizes) or not sizes.any():
        return b""
    size = int(sizes[0])
    if np.count_nonzero(sizes == size) < len(sizes):
        return b"".join(map(string_at, addresses.tolist(), sizes.tolist()))
    # all of one size: one look-up in an array of overlapping items, of which only those that are asked for are read
    start = addresses.min()
    items: Any = np.asarray(_Memory(int(start), int(addresses.max() - start) + 1, size))
    return memoryview(items[(addresses - start).astype(np.int64)].view(np.uint8))


def _named(addresses: Addresses, sizes: U64, engine: Engine, known: Names) -> tuple[I64, dict[int, bytes]]:
    """names int64[n] of keys, and what is behind them."""
    names, table = np.zeros(len(sizes), np.int64), {}
    index = np.flatnonzero(sizes >= LEAST)
    if not len(index):
        return names, {}
    first = engine.group(Buffers(addresses[index].copy(), sizes[index].copy())).astype(np.int64)
    distinct, which, counts = np.unique(first, return_inverse=True, return_counts=True)
    found = np.zeros(len(distinct), np.int64)
    for i, (one, count) in enumerate(zip(index[distinct].tolist(), counts.tolist(), strict=True)):
        data = string_at(int(addresses[one]), int(sizes[one]))
        name = known.name(data, count > 1)
        if name:
            table[name] = data
            found[i] = name
    names[index] = found[which]
    return names, table


def unpack(op: str, n: int, array: U8, table: Mapping[int, bytes]) -> tuple[U8, Parsed, list[object]]:
    """rules, fields and what these point into.

    Raises InvalidInput for an array that is none, and KeyError for a name that is not in the table.
    """
    if op not in OPERATIONS or n < 1 or array.dtype != np.uint8 or array.ndim != 1:
        raise InvalidInput("no array of requests")
    shape = columns(op)
    f = sum(len(column.behind) for column in shape)
    head = 8 * n * (f + 1) + n
    if array.size < head:
        raise InvalidInput("an array of requests that ends early")
    whole: Any = np.ascontiguousarray(array)
    view = memoryview(whole)
    counts = np.frombuffer(view, np.uint64, n * f).reshape(n, f)
    names = np.frombuffer(view, np.int64, n, 8 * n * f)
    rules = np.frombuffer(view, np.uint8, n, 8 * n * (f + 1)).copy()
    if np.any(counts > MOST) or not np.isin(rules, RULE_CODES).all():
        raise InvalidInput("no counts and rules of requests")
    keys = {name: np.frombuffer(table[name], np.uint8) for name in np.unique(names).tolist() if name}
    fields, all_counts = np.zeros((2, n, MAX_FIELDS), np.uint64)
    base, at = address_of(np.frombuffer(view, np.uint8)), head
    for k, column in enumerate(shape):
        at += -at % 8
        sizes = column.sizes(counts).astype(np.int64)
        ends = at + np.cumsum(np.where(names == 0, sizes, 0) if k == 0 else sizes)
        begins = np.concatenate(([at], ends[:-1]))
        for j, behind in enumerate(column.behind):
            fields[:, column.field + j] = (base + begins + behind).astype(np.uint64)
        at = int(ends[-1])
        if k == 0:
            firsts = sizes
    if at != array.size:
        raise InvalidInput("an array of requests that does not end where it should")
    for name, key in keys.items():
        chosen = names == name
        fields[chosen, 0] = address_of(key)
        if np.any(firsts[chosen] != key.size):
            raise InvalidInput("a key of another size")
    all_counts[:, :f] = counts
    return rules, Parsed(fields, all_counts, np.zeros(n, np.uint8)), [view, keys]
