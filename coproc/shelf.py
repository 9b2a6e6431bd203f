"""A shelf of prepared keys: recognised by comparing their bytes, bounded, shared by threads.

A `Stock` only grows: entries never change once they are in, so whoever holds one reads it without a lock while others append. When
the shelf is full, a new stock takes over with the more recently used half of what is allowed; keys that left live on for as long as
some batch holds the old stock. Adding a key therefore costs the same however many there are.

What pays only for keys that come again is left for their second use: `Ripen` makes it, as an array whose address goes into one word of
the key's row, so that a reader finds the old word or the new one. Its size is counted from the start.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from ctypes import string_at
from itertools import count
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from coproc.engine.memory import I64, U64, Addresses, Buffers, address_of
from coproc.engine.protocol import Engine

Mask = NDArray[np.bool_]

_FEW: Final = 8  # up to so many known keys a single request is compared with all of them
_OVERHEAD: Final = 512  # bytes that an entry costs beside its data and its native form


class Prepared(NamedTuple):
    """k keys: what operations read of each, uint64[k, width], and the arrays that addresses in it point into, one a key."""

    rows: U64
    natives: list[U64]


Prepare = Callable[[Buffers], Prepared]
Ripen = Callable[[list[bytes], list[U64], U64], list[U64 | None]]
"""Bytes, native forms and rows of keys that are used for the second time -> what is made of each, None for nothing."""


class Stock:
    """Keys that were prepared, in the order in which they came. `count` of them are there; capacity is fixed."""

    __slots__ = ("_addresses", "_lengths", "count", "data", "grown", "natives", "ripe", "rows", "samples", "size", "used")

    def __init__(self, width: int, capacity: int) -> None:
        self.rows: U64 = np.zeros((capacity, width), np.uint64)
        self.used: I64 = np.zeros(capacity, np.int64)  # when each was last asked for; only eviction reads it
        self.ripe: Mask = np.zeros(capacity, np.bool_)  # has it been used twice
        self._addresses: Addresses = np.zeros(capacity, np.uint64)
        self._lengths: U64 = np.zeros(capacity, np.uint64)
        self.data: list[bytes] = []
        self.natives: list[U64] = []
        self.grown: dict[int, U64] = {}  # what ripening made
        self.samples: dict[tuple[int, bytes], list[int]] = {}
        self.size = 0
        self.count = 0

    def known(self, index: list[int] | slice) -> Buffers:
        return Buffers(self._addresses[index], self._lengths[index], self.data)

    def append(self, data: list[bytes], prepared: Prepared, tick: int | I64, size: int) -> I64:
        """The indices of new keys of `size` bytes. `count` moves last, so a reader sees whole entries."""
        start = self.count
        place = slice(start, start + len(data))
        self.data += data
        self.natives += prepared.natives
        self.rows[place], self.used[place] = prepared.rows, tick
        buffers = Buffers.of(data)
        self._addresses[place], self._lengths[place] = buffers.addresses, buffers.lengths
        for i, key in enumerate(data, start):
            self.samples.setdefault(_sample(key, len(key)), []).append(i)
        self.size += size
        self.count = place.stop
        return np.arange(place.start, place.stop, dtype=np.int64)


def _sample(data: bytes | int, length: int) -> tuple[int, bytes]:
    """Length and a few bytes from the middle of a byte string or of what lies at an address."""
    start = length // 2
    return length, data[start : start + 32] if type(data) is bytes else string_at(data + start, min(32, length - start))  # type: ignore[operator]


class Shelf:
    """The prepared keys of one kind."""

    def __init__(
        self,
        engine: Engine,
        prepare: Prepare,
        width: int,
        max_bytes: int,
        max_keys: int,
        ripen: Ripen | None = None,
        column: int = 0,
        reserve: int = 0,
    ) -> None:
        """ripen: makes what a key that is used again has more, `reserve` bytes, whose address goes into `column` of its row."""
        self._engine, self._prepare, self._width, self._max_bytes, self._max_keys = engine, prepare, width, max_bytes, max_keys
        self._ripen, self._column, self._reserve = ripen, column, reserve
        self._lock = threading.Lock()
        self._ticks = count(1)
        self._stock = Stock(width, max_keys)

    def rows(self, data: Buffers) -> tuple[U64, object]:
        """uint64[n, width]: the row of each element's key, prepared now if it is new; and what keeps the keys alive.

        Elements that lie in one place, as those that a worker was sent do, are read once.
        """
        addresses = data.addresses
        if len(addresses) > _FEW and np.count_nonzero(addresses[1:] == addresses[:-1]) * 2 > len(addresses):
            _, first, which = np.unique(addresses, return_index=True, return_inverse=True)
            if np.array_equal(data.lengths[first][which], data.lengths):
                distinct = data.take(first)
                self.rows(distinct)  # what comes twice in a batch is used again
                rows, hold = self.rows(distinct)
                return rows[which], hold
        stock = self._stock
        index = self._find(stock, data)
        if len(index) == 1:
            i = index.item(0)
            if i >= 0:
                stock.used[i] = next(self._ticks)
                if self._ripen is not None and not stock.ripe.item(i):
                    self._ripened(stock, index)
                return stock.rows[i : i + 1].copy(), stock
        elif np.count_nonzero(index < 0) == 0:
            stock.used[index] = next(self._ticks)
            self._ripened(stock, index)
            return stock.rows[index], stock
        return self._extend(stock, index, data)

    def _ripened(self, stock: Stock, index: I64) -> None:
        """See to keys that were there before, or that come twice in one batch."""
        if self._ripen is None or not len(index) or stock.ripe[index].all():
            return
        new = np.unique(index[~stock.ripe[index]]).tolist()
        made = self._ripen([stock.data[i] for i in new], [stock.natives[i] for i in new], stock.rows[new])
        with self._lock:
            for i, more in zip(new, made, strict=True):
                if more is not None and not stock.ripe[i]:
                    stock.grown[i] = more
                    stock.rows[i, self._column] = address_of(more)
                stock.ripe[i] = True

    def __len__(self) -> int:
        return self._stock.count

    def held(self) -> Iterator[tuple[bytes, U64]]:
        """The keys that are there, in the order in which they came, each with its row uint64[1, width]."""
        stock = self._stock
        for i, data in enumerate(stock.data[: stock.count]):
            yield data, stock.rows[i : i + 1]

    @property
    def size(self) -> int:
        """Bytes held."""
        return self._stock.size

    def _find(self, stock: Stock, data: Buffers) -> I64:
        """The index of each element among the known keys, or -1."""
        known = stock.count
        if len(data.addresses) != 1 or known <= _FEW:
            return self._engine.match(data, stock.known(slice(known)))
        length = data.lengths.item(0)
        alike = [i for i in stock.samples.get(_sample(data.addresses.item(0), length), ()) if i < known]
        if not alike:
            return np.full(1, -1, np.int64)
        found: int = self._engine.match(data, stock.known(alike)).item(0)
        return np.array([alike[found] if found >= 0 else -1], np.int64)

    def _extend(self, stock: Stock, index: I64, data: Buffers) -> tuple[U64, object]:
        """Prepare what is new, without the lock; then put it on the shelf as it is by now."""
        missing = np.flatnonzero(index < 0)
        strange = data.take(missing)
        first = self._engine.group(strange)
        distinct = np.unique(first)
        fresh = [strange[int(i)] for i in distinct]
        prepared = self._prepare(Buffers.of(fresh))
        tick = next(self._ticks)
        here = np.flatnonzero(index >= 0)
        stock.used[index[here]] = tick
        self._ripened(stock, index[here])
        with self._lock:
            shelf, places = self._put(fresh, prepared, tick)
        again = np.bincount(np.searchsorted(distinct, first)) > 1
        self._ripened(shelf, places[again])
        rows = np.empty((len(index), self._width), np.uint64)
        rows[here] = stock.rows[index[here]]
        rows[missing] = shelf.rows[places[np.searchsorted(distinct, first)]]
        return rows, (stock, shelf)

    def _put(self, fresh: list[bytes], prepared: Prepared, tick: int) -> tuple[Stock, I64]:
        """Add keys to the stock of the moment; where they are. Twins that another thread has added meanwhile are not added again."""
        stock, size = self._stock, self._size(fresh, prepared.natives)
        if len(fresh) > self._max_keys or size > self._max_bytes:  # they do not fit at all: a stock for this batch alone
            stock = Stock(self._width, len(fresh))
            return stock, stock.append(fresh, prepared, tick, size)
        places = self._engine.match(Buffers.of(fresh), stock.known(slice(stock.count)))
        new = np.flatnonzero(places < 0).tolist()
        if len(new) < len(fresh):
            fresh, prepared = [fresh[i] for i in new], Prepared(prepared.rows[new], [prepared.natives[i] for i in new])
            size = self._size(fresh, prepared.natives)
        if stock.count + len(fresh) > self._max_keys or stock.size + size > self._max_bytes:
            twins = np.flatnonzero(places >= 0)
            stock, moved = self._renewed(stock, places[twins], len(fresh), size)
            places[twins] = moved
        places[new] = stock.append(fresh, prepared, tick, size)
        self._stock = stock
        return stock, places

    def _renewed(self, old: Stock, needed: I64, count: int, size: int) -> tuple[Stock, I64]:
        """A stock with room for `count` keys of `size` bytes: the needed entries, then the most recently used. Where the needed ones are.

        The needed ones are part of a batch that fits as a whole.
        """
        order = np.argsort(old.used[: old.count], kind="stable")[::-1]
        kept = needed.tolist()
        chosen = set(kept)
        costs = [self._size([d], [n]) for d, n in zip(old.data, old.natives, strict=True)]
        room = self._max_bytes - size - sum(costs[i] for i in kept)
        spare = min(self._max_keys // 2, self._max_keys - count - len(kept))
        least = room - self._max_bytes // 2
        for i in order.tolist():
            room -= costs[i]
            if spare <= 0 or room < max(least, 0):
                break
            if i not in chosen:
                kept.append(i)
                spare -= 1
        stock = Stock(self._width, self._max_keys)
        moved = [old.data[i] for i in kept], [old.natives[i] for i in kept]
        stock.append(moved[0], Prepared(old.rows[kept], moved[1]), old.used[kept], self._size(*moved))
        stock.ripe[: len(kept)] = old.ripe[kept]
        stock.grown = {new: old.grown[i] for new, i in enumerate(kept) if i in old.grown}
        return stock, np.arange(len(needed), dtype=np.int64)

    def _size(self, data: list[bytes], natives: list[U64]) -> int:
        """Bytes that keys take, with what ripening will add."""
        return sum(map(len, data)) + sum(native.nbytes for native in natives) + (_OVERHEAD + self._reserve) * len(data)
