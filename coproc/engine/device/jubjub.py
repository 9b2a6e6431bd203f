"""What the kernels on JubJub need from the host: the table of the generator's multiples, sums, and secret multiples to blind with."""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import Final

import numpy as np

from coproc.codegen.device.jubjub import ENTRY_ELEMENTS, GENERATOR_BYTES, TABLE_ENTRIES
from coproc.engine.cpu import CpuEngine
from coproc.engine.device.protocol import Array, Buffer, Stream
from coproc.engine.device.resident import table
from coproc.engine.device.trust import random_words
from coproc.engine.protocol import U64, Field, FieldOp
from coproc.params.jubjub import GENERATOR, IDENTITY, D, Point, Q, R, add, mul

FAMILY: Final = "jubjub"
BLOCK: Final = 128
SLOTS: Final = 9
_MONT: Final = 1 << 256
_VALUES: Final = 256
_FQ: Final = Field.BLS12_381_FR

Extended = tuple[U64, U64, U64, U64]
"""Points u, v, z, t with t = u v / z, uint64[n, 4] each."""
Indices = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


def limbs(*values: int) -> U64:
    """uint64[n, 4]: elements of Fr of BLS12-381 in Montgomery form."""
    return np.frombuffer(b"".join((v * _MONT % Q).to_bytes(32, "little") for v in values), np.uint64).reshape(-1, 4)


def _inverses(values: list[int]) -> list[int]:
    """Of non-zero elements, by one inversion."""
    prefix = [1]
    for v in values:
        prefix.append(prefix[-1] * v % Q)
    inverse, out = pow(prefix[-1], -1, Q), []
    for v, before in zip(reversed(values), reversed(prefix[:-1]), strict=True):
        out.append(inverse * before % Q)
        inverse = inverse * v % Q
    return out[::-1]


@cache
def generator_table() -> U64:
    """uint64[32, 256, 3, 4]: (v + u, v - u, 2 d u v) of d 2^(8 j) 2^-256 G, for each byte j and value d."""
    base = mul(pow(_MONT, -1, R), GENERATOR)
    column: list[Point] = []
    for _ in range(GENERATOR_BYTES):
        column.append(base)
        for _ in range(8):
            base = add(base, base)
    rows: list[list[Point]] = [[IDENTITY] * GENERATOR_BYTES, column]
    while len(rows) < _VALUES:
        # d u1 u2 v1 v2 = t: denominators (1 + t)(1 - t) of a whole row share an inversion
        last = rows[-1]
        products = [D * a[0] % Q * b[0] % Q * a[1] % Q * b[1] % Q for a, b in zip(last, column, strict=True)]
        inverses = _inverses([(1 - t * t) % Q for t in products])
        rows.append(
            [
                ((a[0] * b[1] + a[1] * b[0]) * (1 - t) % Q * i % Q, (a[1] * b[1] + a[0] * b[0]) * (1 + t) % Q * i % Q)
                for a, b, t, i in zip(last, column, products, inverses, strict=True)
            ]
        )
    flat = [x for j in range(GENERATOR_BYTES) for row in rows for u, v in (row[j],) for x in (v + u, v - u, 2 * D * u % Q * v)]
    return limbs(*flat).reshape(GENERATOR_BYTES, _VALUES, 3, 4)


def generator_buffer(stream: Stream) -> Buffer:
    """The table on the device, which keeps it."""
    return table(stream, "multiples of JubJub's generator", generator_table)


def sums(stream: Stream, a: U64, c: U64, points: U64, block: int = BLOCK) -> Array:
    """a[i] 2^-256 G + c[i] P[i] as uint64[n, 3, 4]: u, v, z. a, c uint64[n, 4] plain, c below 2^250; points uint64[n, 2, 4]: u, v."""
    n = len(a)
    if not n:
        return np.zeros((0, 3, 4), np.uint64)
    entries, out = stream.allocate(32 * ENTRY_ELEMENTS * TABLE_ENTRIES * n), stream.allocate(96 * n)
    parts = (stream.upload(a), stream.upload(c), stream.upload(points), generator_buffer(stream))
    stream.launch(stream.module(FAMILY, "bls12_381", block), "jubjub_sums", -(-n // block), *parts, entries, out, np.uint32(n), slots=SLOTS)
    return stream.download(out, np.empty((n, 3, 4), np.uint64))


class Secrets:
    """Random scalars s and the points s 2^-256 G; every `take` gives others, sums of those before.

    A take adds to each of the first half one of the second, then to each of the second one of the first: a map that can be undone, so that
    however many are taken, they stay as many unknowns as there were.
    """

    SIZE: Final = 64

    def __init__(self, cpu: CpuEngine) -> None:
        self._cpu = cpu
        random = cpu.field(Field.JUBJUB_FR, FieldOp.TO_MONT, random_words((self.SIZE, 4)))
        self._scalars = random
        table, digits = generator_table(), random.view(np.uint8)
        zero, one = np.zeros((self.SIZE, 4), np.uint64), np.tile(limbs(1), (self.SIZE, 1))
        point: Extended = zero, one, one, zero
        for j in range(GENERATOR_BYTES):
            point = self._sum(point, *table[j, digits[:, j]].transpose(1, 0, 2))
        self._u, self._v = self._affine(point)
        self._lock = Lock()

    def take(self) -> tuple[U64, U64, U64]:
        """Scalars uint64[SIZE, 4] below the order; u and v of their points, uint64[SIZE, 4]."""
        half = self.SIZE // 2
        first, second = np.arange(half), np.arange(half, self.SIZE)
        with self._lock:
            turns = (random_words((2,)) % np.uint64(half)).tolist()
            self._scalars, self._u, self._v = self._scalars.copy(), self._u.copy(), self._v.copy()
            self._add_to(first, np.roll(second, turns[0]))
            self._add_to(second, np.roll(first, turns[1]))
            return self._scalars, self._u, self._v

    def _add_to(self, these: Indices, others: Indices) -> None:
        self._scalars[these] = self._cpu.field(Field.JUBJUB_FR, FieldOp.ADD, self._scalars[these], self._scalars[others])
        u, v, a, b = self._u[these], self._v[these], self._u[others], self._v[others]
        d2, one = (np.tile(limbs(value), (len(these), 1)) for value in (2 * D % Q, 1))
        entry = self._add(b, a), self._subtract(b, a), self._mul(self._mul(a, b), d2)
        self._u[these], self._v[these] = self._affine(self._sum((u, v, one, self._mul(u, v)), *entry))

    # [HWCD08] section 3, as in kernels_cuda/kernels/jubjub.inc
    def _sum(self, point: Extended, v_plus_u: U64, v_minus_u: U64, t2d: U64) -> Extended:
        u, v, z, t = point
        a, b = self._mul(self._subtract(v, u), v_minus_u), self._mul(self._add(v, u), v_plus_u)
        c, d = self._mul(t, t2d), self._add(z, z)
        e, f, g, h = self._subtract(b, a), self._subtract(d, c), self._add(d, c), self._add(b, a)
        return self._mul(e, f), self._mul(g, h), self._mul(f, g), self._mul(e, h)

    def _affine(self, point: Extended) -> tuple[U64, U64]:
        inverse = self._cpu.field(_FQ, FieldOp.INV, point[2])
        return self._mul(point[0], inverse), self._mul(point[1], inverse)

    def _mul(self, a: U64, b: U64) -> U64:
        return self._cpu.field(_FQ, FieldOp.MUL, a, np.ascontiguousarray(b))

    def _add(self, a: U64, b: U64) -> U64:
        return self._cpu.field(_FQ, FieldOp.ADD, a, b)

    def _subtract(self, a: U64, b: U64) -> U64:
        return self._cpu.field(_FQ, FieldOp.SUB, a, b)
