"""Pairings on a device: lines, Miller loops, products, final exponentiation.

Arrays are those of `Engine`. A product of many pairs is cut into groups of `fan` pairs, one accumulator each, and the accumulators are
multiplied in a tree. `fan` and `block` (work-items in a group of the device) are free, for tests.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from coproc.codegen.device.families import FAMILIES
from coproc.codegen.device.pairing import MILLER_TEMPORARIES, PAIRINGS, spilled
from coproc.engine.device.families import Sums
from coproc.engine.device.protocol import Buffer, Stream
from coproc.engine.protocol import GT_WORDS, U64, Curve

U32 = NDArray[np.uint32]
CURVE_NAME: Final = {Curve.BLS12_381: "bls12_381", Curve.BN254: "bn254"}
SERVES: Final = frozenset(Curve)
BLOCK: Final = 64
FAN: Final = 16
"""Pairs of an accumulator, at most: its squarings are shared."""
PRODUCT_FAN: Final = 8
"""Factors that a work-item multiplies."""
FULL: Final = 192
"""Accumulators that a multiprocessor holds: fewer pairs go to each rather than leaving some idle."""
NO_KEY: Final = 0xFFFFFFFF
KEPT: Final = 5
"""Elements of Fp12 that a final exponentiation keeps in memory."""


def pair_bytes(curve: Curve) -> int:
    """What a pair of a Miller loop takes on the device."""
    pairing = PAIRINGS[CURVE_NAME[curve]]
    return 8 * (GT_WORDS[curve] // 2 * (1 + pairing.lines(pairing.point_digits)) + GT_WORDS[curve]) + 16


class Groups(NamedTuple):
    """Items of m stretches in groups, position after position; see kernels_cuda/kernels/miller.inc.

    which uint32[k]: the item at each place. rows uint32[most + 1]: where each position begins. group[g]: the number of the g-th largest
    group. firsts int64[m + 1]: the groups of each stretch.
    """

    which: U32
    rows: U32
    group: NDArray[np.int64]
    firsts: NDArray[np.int64]

    @property
    def most(self) -> np.uint32:
        return np.uint32(len(self.rows) - 1)

    @property
    def total(self) -> int:
        return len(self.group)

    def neighbours(self) -> tuple[U32, U32]:
        """Places of the items 2u and 2u + 1 of each group that has both."""
        pairs = [(self.rows[t], self.rows[t + 1], self.rows[t + 2] - self.rows[t + 1]) for t in range(0, len(self.rows) - 2, 2)]
        none = np.empty(0, np.uint32)
        first = [np.arange(a, a + n, dtype=np.uint32) for a, _, n in pairs]
        return np.concatenate([none, *first]), np.concatenate([none, *(np.arange(b, b + n, dtype=np.uint32) for _, b, n in pairs)])


def grouped(offsets: NDArray[Any], fan: int) -> Groups:
    """Groups of at most `fan` items of one stretch, every fan-th one, of nearly the same size; a stretch without items has an empty group.

    offsets[m + 1]: the stretches.
    """
    starts, sizes = offsets[:-1].astype(np.int64), np.diff(offsets.astype(np.int64))
    groups = np.maximum(1, -(-sizes // fan))
    firsts = np.concatenate(([0], np.cumsum(groups)))
    stretch = np.repeat(np.arange(len(sizes)), groups)
    index = np.arange(firsts[-1]) - firsts[:-1][stretch]
    each = -(-(sizes[stretch] - index) // groups[stretch])
    order = np.argsort(-each, kind="stable")
    each, first, step = each[order], (starts[stretch] + index)[order], groups[stretch][order]
    most = int(each[0]) if len(each) else 0
    live = [int(np.searchsorted(-each, -t, side="left")) for t in range(most)]  # groups with more than t items
    which = [first[:c] + t * step[:c] for t, c in enumerate(live)]
    rows = np.concatenate(([0], np.cumsum(live))).astype(np.uint32)
    return Groups(np.concatenate([*which, np.empty(0, np.int64)]).astype(np.uint32), rows, order, firsts)


def _blocks(n: int, block: int) -> int:
    return -(-n // block)


def _filled(stream: Stream, nbytes: int) -> Buffer:
    buffer = stream.allocate(nbytes)
    stream.fill(buffer, 0xFF)
    return buffer


def _fan(stream: Stream, items: int) -> int:
    """Pairs of an accumulator, so that all of the device has work."""
    return min(FAN, max(1, items // (stream.device.units * FULL)))


def _accumulators(stream: Stream, curve: Curve, n: int) -> tuple[Buffer, Buffer, Buffer, int]:
    """Room for what n accumulators spill, their values, their tags, and their slots."""
    name = CURVE_NAME[curve]
    values, tags = _filled(stream, 8 * GT_WORDS[curve] * n), _filled(stream, 8 * n)
    return stream.allocate(8 * GT_WORDS[curve] // 12 * spilled(name) * n), values, tags, 12 + MILLER_TEMPORARIES[name]


def lines(stream: Stream, curve: Curve, points: U64, block: int = BLOCK) -> U64:
    """uint64[n, words of lines]: those of `Engine.lines`. points uint64[n, words], none infinite."""
    name, n = CURVE_NAME[curve], len(points)
    pairing = PAIRINGS[name]
    count, coefficient = pairing.lines(pairing.digits), 8 * GT_WORDS[curve] // 6
    module = stream.module("lines", name, block)
    slots, groups = FAMILIES["lines"].slots, _blocks(n, block)
    raw, prefix = _filled(stream, 3 * coefficient * count * n), stream.allocate(coefficient * count * n)
    stored = (2 if pairing.m_twist else 3) * coefficient * count
    out = _filled(stream, stored * n)
    stream.launch(module, "lines", groups, stream.upload(points), raw, np.uint32(n), slots=slots)
    stream.launch(module, "pack_lines", groups, raw, prefix, out, np.uint32(n), slots=slots)
    return stream.download(out, np.empty((n, stored // 8), np.uint64))


def _product(
    stream: Stream, curve: Curve, groups: Groups, m: int, values: Buffer, tags: Buffer, block: int, fan: int = PRODUCT_FAN
) -> tuple[U64, U64]:
    """Products of m stretches from the accumulators of their groups, which lie in the order of `groups.group`."""
    name, slots = CURVE_NAME[curve], FAMILIES["product"].slots
    module = stream.module("product", name, block)
    nbytes, words = 8 * GT_WORDS[curve], 2 * GT_WORDS[curve]
    place = np.empty(groups.total, np.uint32)
    place[groups.group] = np.arange(groups.total, dtype=np.uint32)
    firsts, count, last = groups.firsts, groups.total, False
    while not last:
        next_groups = grouped(firsts, fan)
        last = next_groups.total == m
        out, sums = _filled(stream, nbytes * next_groups.total), _filled(stream, 8 * next_groups.total)
        # in the end element after element, before that word after word
        strides = (words, 1) if last else (1, next_groups.total)
        stream.launch(
            module, "product", _blocks(next_groups.total, block), stream.upload(next_groups.rows), stream.upload(place[next_groups.which]),
            stream.upload(next_groups.group.astype(np.uint32)), values, tags, out, sums, next_groups.most, np.uint32(next_groups.total),
            np.uint32(count), np.uint32(strides[0]), np.uint32(strides[1]), slots=slots,
        )  # fmt: skip
        stream.free(values)
        stream.free(tags)
        values, tags, firsts, count = out, sums, next_groups.firsts, next_groups.total
        place = np.arange(count, dtype=np.uint32)
    products = stream.download(values, np.empty((m, GT_WORDS[curve]), np.uint64))
    return products, stream.download(tags, np.empty(m, np.uint64))


def miller(stream: Stream, curve: Curve, offsets: U64, g1: U64, g2: U64, tags: U64, *, fan: int | None = None, block: int = BLOCK) -> Sums:
    """Products uint64[m, words of Gt] of the Miller functions of the pairs of each stretch, defined up to what the final exponentiation
    removes. A pair with an infinity gives one. Each tag is counted once a line; the lines of a pair carry it."""
    name, m, k = CURVE_NAME[curve], len(offsets) - 1, len(g1)
    pairing = PAIRINGS[name]
    count = pairing.lines(pairing.point_digits)
    if not m:
        return Sums(np.empty((0, GT_WORDS[curve]), np.uint64), np.empty(0, np.uint64), count)
    groups = grouped(offsets, _fan(stream, k) if fan is None else fan)
    spill, out, sums, slots = _accumulators(stream, curve, groups.total)
    evaluated, carried = _filled(stream, 8 * GT_WORDS[curve] // 2 * count * k), _filled(stream, 8 * k)
    joined, module = _filled(stream, 8 * k), stream.module("lines", name, block)
    stream.launch(
        module, "lines_at", _blocks(k, block), stream.upload(groups.which), stream.upload(g1), stream.upload(g2), stream.upload(tags),
        evaluated, carried, np.uint32(k), slots=FAMILIES["lines"].slots,
    )  # fmt: skip
    first, second = groups.neighbours()
    stream.launch(
        module, "join_lines", _blocks(len(first), block), stream.upload(first), stream.upload(second), evaluated, carried, joined,
        np.uint32(len(first)), np.uint32(k), slots=FAMILIES["lines"].slots,
    )  # fmt: skip
    stream.launch(
        stream.module("miller", name, block), "miller", _blocks(groups.total, block), stream.upload(groups.rows), evaluated, carried,
        joined, spill, out, sums, groups.most, np.uint32(groups.total), np.uint32(k), slots=slots,
    )  # fmt: skip
    stream.free(evaluated)
    return Sums(*_product(stream, curve, groups, m, out, sums, block), count)


def miller_lines(
    stream: Stream, curve: Curve, offsets: U64, g1: U64, lines: U64, which: U32, tags: U64, *, fan: int | None = None, block: int = BLOCK
) -> Sums:
    """The same on prepared lines uint64[u, words of lines]; which uint32[k]: the row of each pair, NO_KEY: the pair gives one."""
    name, m, k = CURVE_NAME[curve], len(offsets) - 1, len(g1)
    pairing = PAIRINGS[name]
    count = pairing.lines(pairing.digits)
    if not m:
        return Sums(np.empty((0, GT_WORDS[curve]), np.uint64), np.empty(0, np.uint64), count)
    groups = grouped(offsets, _fan(stream, k) if fan is None else fan)
    spill, out, sums, slots = _accumulators(stream, curve, groups.total)
    rows = np.where(g1.any(axis=1), which, np.uint32(NO_KEY)).astype(np.uint32)
    stream.launch(
        stream.module("miller", name, block), "miller_stored", _blocks(groups.total, block), stream.upload(groups.rows),
        stream.upload(groups.which), stream.upload(g1), stream.upload(rows), stream.upload(lines), stream.upload(tags), spill, out, sums,
        groups.most, np.uint32(groups.total), slots=slots,
    )  # fmt: skip
    return Sums(*_product(stream, curve, groups, m, out, sums, block), count)


def final_exponentiation(stream: Stream, curve: Curve, f: U64, block: int = BLOCK) -> U64:
    """uint64[n, words of Gt] -> the same shape; 0 gives 0."""
    n, nbytes = len(f), 8 * GT_WORDS[curve]
    kept, out = stream.allocate(KEPT * nbytes * n), _filled(stream, nbytes * n)
    stream.launch(
        stream.module("final_exponentiation", CURVE_NAME[curve], block), "final_exponentiation", _blocks(n, block), stream.upload(f), kept,
        out, np.uint32(n), slots=FAMILIES["final_exponentiation"].slots,
    )  # fmt: skip
    return stream.download(out, np.empty((n, GT_WORDS[curve]), np.uint64))


def pairing(stream: Stream, curve: Curve, offsets: U64, g1: U64, g2: U64, *, fan: int | None = None, block: int = BLOCK) -> U64:
    """uint64[m, words of Gt]: products of pairings."""
    sums = miller(stream, curve, offsets, g1, g2, np.zeros(len(g1), np.uint64), fan=fan, block=block)
    return final_exponentiation(stream, curve, sums.values, block)
