"""The registry of prepared verification keys of one engine, and the fixed points that verifiers share.

A key is recognised by comparing its bytes with those seen (hashing 36 kB costs as much as a proof). Each kind of key has a shelf:
bounded in bytes and in number, the least recently used leave first. Threads share it: a batch takes the current `Stock`, an
immutable picture of the shelf, and holds it while native code reads the keys; keys that leave the shelf live on until then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from ctypes import string_at
from itertools import count
from typing import Final, NamedTuple

import numpy as np

from coproc.engine.protocol import (
    I64,
    PLONK_KEY_POINTS,
    U64,
    Buffers,
    Curve,
    Engine,
    Groth16KeyHeader,
    Group,
    PlonkKeyHeader,
    Status,
    address_of,
)

DEFAULT_BYTES: Final = 256 << 20
DEFAULT_KEYS: Final = 4096
_FEW: Final = 8  # up to so many known keys a single request is compared with all of them


class Key(NamedTuple):
    """One prepared key: the bytes it was made from, its native form (empty if invalid), what operations read of it, its size."""

    data: bytes
    native: U64
    row: list[int]
    size: int


class Stock:
    """An immutable picture of a shelf. rows uint64[m, width]: what operations read of each key."""

    __slots__ = ("keys", "known", "rows", "samples", "size", "used")

    def __init__(self, keys: list[Key], rows: U64, used: I64) -> None:
        self.keys = keys
        self.rows = rows
        self.used = used  # when each was last asked for, a tick; the one thing that changes, and only eviction reads it
        self.known = Buffers.of([key.data for key in keys])
        self.size = sum(key.size for key in keys)
        self.samples: dict[tuple[int, bytes], list[int]] = {}
        for i, key in enumerate(keys):
            self.samples.setdefault(_sample(key.data, len(key.data)), []).append(i)


def _sample(data: bytes | int, length: int) -> tuple[int, bytes]:
    """Length and a few bytes from the middle of a byte string or of what lies at an address."""
    start, stop = length // 2, min(length // 2 + 32, length)
    return length, data[start:stop] if isinstance(data, bytes) else string_at(data + start, stop - start)


Prepare = Callable[[Buffers], "list[Key]"]


class Shelf:
    """The prepared keys of one kind."""

    def __init__(self, engine: Engine, prepare: Prepare, width: int, max_bytes: int, max_keys: int) -> None:
        self._engine, self._prepare, self._max_bytes, self._max_keys = engine, prepare, max_bytes, max_keys
        self._lock = threading.Lock()
        self._ticks = count(1)
        self._stock = Stock([], np.zeros((0, width), np.uint64), np.zeros(0, np.int64))

    def rows(self, data: Buffers) -> tuple[U64, Stock]:
        """uint64[n, width]: the row of each element's key, prepared now if it is new; and what keeps the keys alive."""
        stock = self._stock
        index = self._find(stock, data)
        if len(index) == 1:
            i = index.item(0)
            if i >= 0:
                stock.used[i] = next(self._ticks)
                return stock.rows[i : i + 1], stock
        elif np.count_nonzero(index < 0) == 0:
            stock.used[index] = next(self._ticks)
            return stock.rows[index], stock
        return self._extend(stock, data, index)

    def __len__(self) -> int:
        return len(self._stock.keys)

    @property
    def size(self) -> int:
        """Bytes held."""
        return self._stock.size

    def _find(self, stock: Stock, data: Buffers) -> I64:
        """The index of each element among the known keys, or -1."""
        if len(data.addresses) != 1 or len(stock.keys) <= _FEW:
            return self._engine.match(data, stock.known)
        length = data.lengths.item(0)
        alike = stock.samples.get(_sample(data.addresses.item(0), length))
        if alike is None:
            return np.full(1, -1, np.int64)
        found: int = self._engine.match(data, stock.known.take(alike)).item(0)
        return np.array([alike[found] if found >= 0 else -1], np.int64)

    def _extend(self, stock: Stock, data: Buffers, index: I64) -> tuple[U64, Stock]:
        """Prepare what is new, without the lock; then put it on the shelf as it is by now."""
        missing = np.flatnonzero(index < 0)
        strange = data.take(missing)
        first = self._engine.group(strange)  # int positions within `strange`
        distinct = np.unique(first)
        fresh = self._prepare(strange.take(distinct))
        tick = next(self._ticks)
        index = index.copy()
        index[missing] = len(stock.keys) + np.searchsorted(distinct, first).astype(np.int64)
        used = stock.used.copy()
        used[index[index < len(used)]] = tick
        grown = _grown(stock, used, fresh, tick)
        with self._lock:
            # another thread may have changed the shelf meanwhile: its keys stay, ours join, twins do not
            now = self._stock
            base = grown if now is stock else _grown(now, now.used, _unknown(self._engine, now, fresh), tick)
            self._stock = self._trimmed(base)
        return grown.rows[index], grown

    def _trimmed(self, stock: Stock) -> Stock:
        """Without the least recently used keys that do not fit."""
        if stock.size <= self._max_bytes and len(stock.keys) <= self._max_keys:
            return stock
        kept: list[int] = []
        room = self._max_bytes
        for i in np.argsort(stock.used, kind="stable")[::-1].tolist():
            room -= stock.keys[i].size
            if room < 0 or len(kept) == self._max_keys:
                break
            kept.append(i)
        kept.sort()
        return Stock([stock.keys[i] for i in kept], stock.rows[kept], stock.used[kept])


def _grown(stock: Stock, used: I64, fresh: list[Key], tick: int) -> Stock:
    rows = np.array([key.row for key in fresh], np.uint64).reshape(-1, stock.rows.shape[1])
    return Stock(stock.keys + fresh, np.concatenate([stock.rows, rows]), np.concatenate([used, np.full(len(fresh), tick, np.int64)]))


def _unknown(engine: Engine, stock: Stock, keys: list[Key]) -> list[Key]:
    index = engine.match(Buffers.of([key.data for key in keys]), stock.known)
    return [key for key, i in zip(keys, index.tolist(), strict=True) if i < 0]


class KeyRegistry:
    """Prepared keys and fixed points of one engine. Safe from any number of threads."""

    def __init__(self, engine: Engine, max_bytes: int = DEFAULT_BYTES, max_keys: int = DEFAULT_KEYS) -> None:
        self.engine = engine
        self._lock = threading.RLock()
        self.plonk = Shelf(engine, self._plonk, PLONK_ROW, max_bytes, max_keys)
        self.groth16 = Shelf(engine, self._groth16, GROTH16_ROW, max_bytes, max_keys)
        self._fixed: FixedPoints | None = None

    @property
    def fixed(self) -> FixedPoints:
        """The fixed points of BLS12-381, prepared when first asked for."""
        if self._fixed is None:
            with self._lock:
                if self._fixed is None:
                    self._fixed = FixedPoints(self.engine)
        return self._fixed

    def _plonk(self, data: Buffers) -> list[Key]:
        blobs, status = self.engine.plonk_key(data)
        table = 8 * self.engine.msm_table_words(Group.BLS12_381_G1)
        return [_plonk_row(data[i], blob, status.item(i), table) for i, blob in enumerate(blobs)]

    def _groth16(self, data: Buffers) -> list[Key]:
        blobs, status = self.engine.groth16_key(data)
        return [_groth16_row(data[i], blob, status.item(i)) for i, blob in enumerate(blobs)]


# Columns of the row of a PLONK key: is it valid, its address, addresses of the points, of their tables, of the lines of h and x_h.
PLONK_VALID, PLONK_KEY = 0, 1
PLONK_POINTS: Final = slice(2, 2 + PLONK_KEY_POINTS)
PLONK_TABLES: Final = slice(2 + PLONK_KEY_POINTS, 2 + 2 * PLONK_KEY_POINTS)
PLONK_LINES: Final = slice(2 + 2 * PLONK_KEY_POINTS, 4 + 2 * PLONK_KEY_POINTS)
PLONK_ROW: Final = 4 + 2 * PLONK_KEY_POINTS

# Of a Groth16 key: is it valid, addresses of the target and of the lines of gamma and delta (0: infinity), are these lists too short.
GROTH16_VALID, GROTH16_TARGET = 0, 1
GROTH16_LINES: Final = slice(2, 4)
GROTH16_SHORT: Final = slice(4, 6)
GROTH16_ROW: Final = 6
BN254_LINES: Final = 91


def _plonk_row(data: bytes, native: U64, status: int, table: int) -> Key:
    if status != Status.OK:
        return Key(data, native, [0] * PLONK_ROW, len(data) + 512)
    header = PlonkKeyHeader(*native[:8].tolist())
    base = address_of(native)
    points = [base + 8 * header.points + 96 * i for i in range(PLONK_KEY_POINTS)]
    tables = [base + 8 * header.tables + table * i if header.tables else 0 for i in range(PLONK_KEY_POINTS)]
    lines = [base + 8 * offset if offset else 0 for offset in (header.lines_h, header.lines_x_h)]
    return Key(data, native, [1, base, *points, *tables, *lines], len(data) + native.nbytes + 512)


def _groth16_row(data: bytes, native: U64, status: int) -> Key:
    if status != Status.OK:
        return Key(data, native, [0] * GROTH16_ROW, len(data) + 512)
    header = Groth16KeyHeader(*native[:8].tolist())
    base = address_of(native)
    pairs = (
        (header.lines_gamma, header.gamma_count, header.gamma_infinity),
        (header.lines_delta, header.delta_count, header.delta_infinity),
    )
    lines = [0 if infinity else base + 8 * offset for offset, _, infinity in pairs]
    short = [int(not infinity and given < BN254_LINES) for _, given, infinity in pairs]
    return Key(data, native, [1, base + 8 * header.target, *lines, *short], len(data) + native.nbytes + 512)


class FixedPoints:
    """Points of BLS12-381 that belong to no key: the generators and the KZG ceremony's [tau]G2, with addresses of what is prepared."""

    def __init__(self, engine: Engine) -> None:
        from coproc.params import bls12_381 as params

        def words(*values: int) -> list[int]:
            """Montgomery limbs."""
            return [(v << 384) % params.P >> 64 * k & 0xFFFFFFFFFFFFFFFF for v in values for k in range(6)]

        (x, y), ((a, b), (c, d)), ((e, f), (g, h)) = params.G1, params.G2, params.KZG_TAU_G2
        self._g1: U64 = np.array([words(x, y), words(x, -y)], np.uint64)
        self._tables = engine.msm_table(Group.BLS12_381_G1, self._g1)
        self._lines = engine.lines(Curve.BLS12_381, np.array([words(a, b, c, d), words(a, b, -c, -d), words(e, f, -g, -h)], np.uint64))
        step = self._lines.strides[0]
        self.g1 = address_of(self._g1)
        self.minus_g1 = self.g1 + 96
        self.g1_table = address_of(self._tables)
        self.minus_g1_table = self.g1_table + self._tables.strides[0] if self.g1_table else 0
        self.g2_lines = address_of(self._lines)
        self.minus_g2_lines = self.g2_lines + step
        self.minus_tau_lines = self.g2_lines + 2 * step


__all__ = ["FixedPoints", "Key", "KeyRegistry", "Shelf", "Stock"]
