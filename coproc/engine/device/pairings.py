"""Pairings on a device: lines, Miller loops, products, final exponentiation.

Arrays are those of `Engine`. A product of many pairs is cut into groups of `fan` pairs, one accumulator each, and the accumulators are
multiplied in a tree. `fan` and `block` (work-items in a group of the device) may be given, for tests; else what the device has room for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from coproc.codegen.device.families import FAMILIES
from coproc.codegen.device.pairing import MILLER_TEMPORARIES, PAIRINGS, spilled
from coproc.engine.device.families import Sums
from coproc.engine.device.groups import U32, grouped
from coproc.engine.device.points import fitting
from coproc.engine.device.protocol import Buffer, Device, Stream
from coproc.engine.protocol import GT_WORDS, U64, Curve

Offsets = NDArray[Any]
CURVE_NAME: Final = {Curve.BLS12_381: "bls12_381", Curve.BN254: "bn254"}
SERVES: Final = frozenset(Curve)
FAN: Final = 16
"""Pairs of an accumulator, at most: its squarings are shared."""
PRODUCT_FAN: Final = 8
"""Factors that a work-item multiplies."""
FULL: Final = 128
"""Accumulators that keep a multiprocessor at work, one warp a scheduler: more of them would share fewer squarings each."""
NO_KEY: Final = 0xFFFFFFFF
_SHARE: Final = 8
"""Of the device's memory one part in so many is for the lines of a call: there are several calls at once."""
KEPT: Final = 5
"""Elements of Fp12 that a final exponentiation keeps in memory."""


def pair_bytes(curve: Curve) -> int:
    """What a pair of a Miller loop takes on the device: points, lines, at worst an accumulator of its own."""
    pairing = PAIRINGS[CURVE_NAME[curve]]
    return 8 * (GT_WORDS[curve] // 2 * (1 + pairing.lines(pairing.point_digits)) + 3 * GT_WORDS[curve]) + 32


def _launch(
    stream: Stream, family: str, curve: Curve, kernel: str, items: int, *args: Buffer | np.uint32, block: int | None, slots: int = 0
) -> None:
    """A kernel with a work-item for each of `items`."""
    name = CURVE_NAME[curve]
    block = fitting(stream, family, name, block)
    stream.launch(stream.module(family, name, block), kernel, -(-items // block), *args, slots=slots or FAMILIES[family].slots)


def _filled(stream: Stream, nbytes: int) -> Buffer:
    buffer = stream.allocate(nbytes)
    stream.fill(buffer, 0xFF)
    return buffer


def _fan(device: Device, pairs: int) -> int:
    """Pairs of an accumulator: as many as leave work for all of the device, two by two."""
    if device.emulated:
        return FAN
    fan = round(pairs / (device.units * FULL))
    return min(FAN, fan - fan % 2) if fan > 1 else 1


def _accumulators(stream: Stream, curve: Curve, n: int) -> tuple[Buffer, Buffer, Buffer, int]:
    """Room for what n accumulators spill, their values, their tags, and their slots."""
    name = CURVE_NAME[curve]
    values, tags = _filled(stream, 8 * GT_WORDS[curve] * n), _filled(stream, 8 * n)
    return stream.allocate(8 * GT_WORDS[curve] // 12 * spilled(name) * n), values, tags, 12 + MILLER_TEMPORARIES[name]


def lines(stream: Stream, curve: Curve, points: U64, block: int | None = None) -> U64:
    """uint64[n, words of lines]: those of `Engine.lines`. points uint64[n, words], none infinite."""
    name, n = CURVE_NAME[curve], len(points)
    pairing = PAIRINGS[name]
    count, coefficient = pairing.lines(pairing.digits), 8 * GT_WORDS[curve] // 6
    raw, prefix = _filled(stream, 3 * coefficient * count * n), stream.allocate(coefficient * count * n)
    stored = (2 if pairing.m_twist else 3) * coefficient * count
    out = _filled(stream, stored * n)
    _launch(stream, "lines", curve, "lines", n, stream.upload(points), raw, np.uint32(n), block=block)
    _launch(stream, "lines", curve, "pack_lines", n, raw, prefix, out, np.uint32(n), block=block)
    return stream.download(out, np.empty((n, stored // 8), np.uint64))


def _product(
    stream: Stream, curve: Curve, firsts: Offsets, place: U32, values: Buffer, tags: Buffer, block: int | None, fan: int = PRODUCT_FAN
) -> tuple[U64, U64]:
    """Products of stretches of elements of Fp12, word after word of all of them, and the sums of their tags, which both are freed.

    firsts[m + 1]: the stretches, none empty; place: where each element lies.
    """
    m = len(firsts) - 1
    nbytes, words = 8 * GT_WORDS[curve], 2 * GT_WORDS[curve]
    count, last = len(place), False
    while not last:
        groups = grouped(firsts, fan)
        last = groups.total == m
        out, sums = _filled(stream, nbytes * groups.total), _filled(stream, 8 * groups.total)
        # in the end element after element, before that word after word
        strides = (words, 1) if last else (1, groups.total)
        _launch(
            stream, "product", curve, "product", groups.total, stream.upload(groups.rows), stream.upload(place[groups.which]),
            stream.upload(groups.group.astype(np.uint32)), values, tags, out, sums, groups.most, np.uint32(groups.total),
            np.uint32(count), np.uint32(strides[0]), np.uint32(strides[1]), block=block,
        )  # fmt: skip
        stream.free(values)
        stream.free(tags)
        values, tags, firsts, count = out, sums, groups.firsts, groups.total
        place = np.arange(count, dtype=np.uint32)
    products = stream.download(values, np.empty((m, GT_WORDS[curve]), np.uint64))
    return products, stream.download(tags, np.empty(m, np.uint64))


def _in_passes(most: int, offsets: U64, run: Callable[[slice, U64], Sums]) -> tuple[Offsets, Sums]:
    """Runs of at most `most` pairs, stretches cut where they must be. run(pairs, their offsets). Returns the parts of each stretch, and
    the results of the parts."""
    bounds = offsets.astype(np.int64)
    parts = np.maximum(1, -(-np.diff(bounds) // most))
    firsts = np.concatenate(([0], np.cumsum(parts)))
    index = np.arange(firsts[-1]) - np.repeat(firsts[:-1], parts)
    cuts = np.append(np.repeat(bounds[:-1], parts) + index * most, bounds[-1])
    results, start = [], 0
    while start < len(cuts) - 1:
        stop = max(start + 1, int(np.searchsorted(cuts, cuts[start] + most, side="right")) - 1)
        results.append(run(slice(int(cuts[start]), int(cuts[stop])), (cuts[start : stop + 1] - cuts[start]).astype(np.uint64)))
        start = stop
    times = results[0].times
    return firsts, Sums(np.concatenate([r.values for r in results]), np.concatenate([r.tags for r in results]), times)


def miller(
    stream: Stream,
    curve: Curve,
    offsets: U64,
    g1: U64,
    g2: U64,
    tags: U64,
    *,
    fan: int | None = None,
    block: int | None = None,
    most: int | None = None,
) -> Sums:
    """Products uint64[m, words of Gt] of the Miller functions of the pairs of each stretch, defined up to what the final exponentiation
    removes. A pair with an infinity gives one. Each tag is counted once a line; the lines of a pair carry it.

    most: pairs at once, whose lines lie in the device's memory together.
    """
    name, m, k = CURVE_NAME[curve], len(offsets) - 1, len(g1)
    if most is None:
        most = max(FAN, stream.device.memory // _SHARE // pair_bytes(curve))
    if m and k > most:
        firsts, parts = _in_passes(
            most, offsets, lambda s, mine: miller(stream, curve, mine, g1[s], g2[s], tags[s], fan=fan, block=block, most=most)
        )
        values = stream.upload(np.ascontiguousarray(parts.values.view(np.uint32).T))
        place = np.arange(len(parts.tags), dtype=np.uint32)
        return Sums(*_product(stream, curve, firsts, place, values, stream.upload(parts.tags), block), parts.times)
    pairing = PAIRINGS[name]
    count = pairing.lines(pairing.point_digits)
    if not m:
        return Sums(np.empty((0, GT_WORDS[curve]), np.uint64), np.empty(0, np.uint64), count)
    groups = grouped(offsets, _fan(stream.device, k) if fan is None else fan)
    spill, out, sums, slots = _accumulators(stream, curve, groups.total)
    evaluated, carried = _filled(stream, 8 * GT_WORDS[curve] // 2 * count * k), _filled(stream, 8 * k)
    joined = _filled(stream, 8 * k)
    _launch(
        stream, "lines", curve, "lines_at", k, stream.upload(groups.which), stream.upload(g1), stream.upload(g2), stream.upload(tags),
        evaluated, carried, np.uint32(k), block=block,
    )  # fmt: skip
    first, second = groups.neighbours()
    _launch(
        stream, "lines", curve, "join_lines", len(first), stream.upload(first), stream.upload(second), evaluated, carried, joined,
        np.uint32(len(first)), np.uint32(k), block=block,
    )  # fmt: skip
    _launch(
        stream, "miller", curve, "miller", groups.total, stream.upload(groups.rows), evaluated, carried, joined, spill, out, sums,
        groups.most, np.uint32(groups.total), np.uint32(k), block=block, slots=slots,
    )  # fmt: skip
    stream.free(evaluated)
    return Sums(*_product(stream, curve, groups.firsts, groups.places(), out, sums, block), count)


def miller_lines(
    stream: Stream,
    curve: Curve,
    offsets: U64,
    g1: U64,
    lines: U64,
    which: U32,
    tags: U64,
    *,
    fan: int | None = None,
    block: int | None = None,
) -> Sums:
    """The same on prepared lines uint64[u, words of lines]; which uint32[k]: the row of each pair, NO_KEY: the pair gives one."""
    name, m, k = CURVE_NAME[curve], len(offsets) - 1, len(g1)
    pairing = PAIRINGS[name]
    count = pairing.lines(pairing.digits)
    if not m:
        return Sums(np.empty((0, GT_WORDS[curve]), np.uint64), np.empty(0, np.uint64), count)
    groups = grouped(offsets, _fan(stream.device, k) if fan is None else fan)
    spill, out, sums, slots = _accumulators(stream, curve, groups.total)
    rows = np.where(g1.any(axis=1), which, np.uint32(NO_KEY)).astype(np.uint32)
    _launch(
        stream, "miller", curve, "miller_stored", groups.total, stream.upload(groups.rows), stream.upload(groups.which), stream.upload(g1),
        stream.upload(rows), stream.upload(lines), stream.upload(tags), spill, out, sums, groups.most, np.uint32(groups.total),
        block=block, slots=slots,
    )  # fmt: skip
    return Sums(*_product(stream, curve, groups.firsts, groups.places(), out, sums, block), count)


def final_exponentiation(stream: Stream, curve: Curve, f: U64, block: int | None = None) -> U64:
    """uint64[n, words of Gt] -> the same shape; 0 gives 0."""
    n, nbytes = len(f), 8 * GT_WORDS[curve]
    kept, out = stream.allocate(KEPT * nbytes * n), _filled(stream, nbytes * n)
    _launch(
        stream, "final_exponentiation", curve, "final_exponentiation", n, stream.upload(f), kept, out, np.uint32(n), block=block
    )  # fmt: skip
    return stream.download(out, np.empty((n, GT_WORDS[curve]), np.uint64))


def pairing(stream: Stream, curve: Curve, offsets: U64, g1: U64, g2: U64, *, fan: int | None = None, block: int | None = None) -> U64:
    """uint64[m, words of Gt]: products of pairings."""
    sums = miller(stream, curve, offsets, g1, g2, np.zeros(len(g1), np.uint64), fan=fan, block=block)
    return final_exponentiation(stream, curve, sums.values, block)
