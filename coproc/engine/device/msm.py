"""Sums of multiples on a device.

Few terms a sum: windows of four bits, a work-item for some terms (`points.sums_by_ladder`). More: buckets, a group of work-items for each
window of some terms; then sorted digits (`msm_large`). The host adds up what is left of each window: sums of powers of two times
points, whose number does not depend on that of the terms.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np

from coproc.engine.cpu import CpuEngine
from coproc.engine.device import msm_large
from coproc.engine.device import points as device_points
from coproc.engine.device.elements import are_elements
from coproc.engine.device.families import Sums
from coproc.engine.device.points import BASE_WORDS, CURVE_NAME, DEGREE, affine, download_points, fitting, jacobian_words, launch, split
from coproc.engine.device.protocol import Stream
from coproc.engine.device.trust import Mismatch
from coproc.engine.protocol import POINT_WORDS, U64, Field, FieldOp, Group, rows_of

FEW: Final = 96
"""Sums of fewer terms take the ladder."""
MANY: Final = 1 << 13
"""Sums of as many terms are sorted."""
_LEAST_CHUNK: Final = 32
_FIELD: Final = {"bls12_381": Field.BLS12_381_FP, "bn254": Field.BN254_FP}

SERVES: Final = frozenset(Group)


class _Part(NamedTuple):
    """Some of the sums of a call: their values, what their tags add up to, how often each was counted."""

    values: U64
    tags: U64
    times: int


@cache
def _host() -> CpuEngine:
    return CpuEngine()


def bits_of(block: int) -> int:
    """Bits of the digits for which a group of `block` work-items has enough of them."""
    return max(bits for bits in range(2, 9) if bits << (bits - 2) <= block and 1 << (bits - 1) <= block)


def affine_on_host(cpu: CpuEngine, group: Group, planes: Any) -> U64:
    """uint32[words, n] Jacobian points in planes -> uint64[n, words]: for the few that the host adds up.

    Raises Mismatch where a coordinate is not reduced.
    """
    field, words, degree = _FIELD[CURVE_NAME[group]], BASE_WORDS[CURVE_NAME[group]], DEGREE[group]
    n = planes.shape[1]
    if not are_elements(field, np.ascontiguousarray(planes.T).view(np.uint64)).all():
        raise Mismatch("msm: what is left of a window is no point")
    elements = [np.ascontiguousarray(planes[i * words : (i + 1) * words].T).view(np.uint64) for i in range(3 * degree + 1)]

    def mul(a: U64, b: U64) -> U64:
        return cpu.field(field, FieldOp.MUL, a, b)

    def mul_fq(a: list[U64], b: list[U64]) -> list[U64]:
        if degree == 1:
            return [mul(a[0], b[0])]
        c0 = cpu.field(field, FieldOp.SUB, mul(a[0], b[0]), mul(a[1], b[1]))
        return [c0, cpu.field(field, FieldOp.ADD, mul(a[0], b[1]), mul(a[1], b[0]))]

    inverse = cpu.field(field, FieldOp.INV, elements[-1])
    z = [inverse]
    if degree == 2:
        z = [mul(elements[4], inverse), cpu.field(field, FieldOp.NEG, mul(elements[5], inverse))]
    zz = mul_fq(z, z)
    x, y = mul_fq(elements[:degree], zz), mul_fq(elements[degree : 2 * degree], mul_fq(zz, z))
    return np.concatenate((*x, *y), axis=1).reshape(n, POINT_WORDS[group])


def add_windows(cpu: CpuEngine, group: Group, planes: Any, m: int, factors: list[int]) -> U64:
    """uint64[m, words]: sum over w of factors[w] times point w m + i of the planes, by the host."""
    windows = len(factors)
    flat = affine_on_host(cpu, group, planes).reshape(windows, m, -1)
    points = np.ascontiguousarray(flat.transpose(1, 0, 2)).reshape(m * windows, -1)
    row = np.frombuffer(b"".join(f.to_bytes(32, "little") for f in factors), "<u8").reshape(windows, 4)
    scalars = np.ascontiguousarray(np.tile(row, (m, 1)).astype(np.uint64))
    return cpu.msm(group, np.arange(0, m * windows + 1, windows, dtype=np.uint64), rows_of(points), scalars)


def _chunks(sizes: Any, windows: int, units: int, most: int) -> tuple[Any, Any]:
    """Cuts of the terms, and how many chunks each sum has: enough groups for every multiprocessor, few enough to be worth their trees."""
    wanted = min(max(-(-int(sizes.sum()) // max(units // windows, 1)), _LEAST_CHUNK), most)
    parts = np.maximum(-(-sizes // wanted), 1)
    starts = np.concatenate(([0], np.cumsum(sizes)))
    each = -(-sizes // parts)
    firsts = np.concatenate(([0], np.cumsum(parts)))
    inner = np.arange(firsts[-1]) - np.repeat(firsts[:-1], parts)
    cuts = np.repeat(starts[:-1], parts) + np.minimum(inner * np.repeat(each, parts), np.repeat(sizes, parts))
    return np.append(cuts, starts[-1]).astype(np.uint32), parts


def by_buckets(stream: Stream, group: Group, offsets: U64, points: U64, scalars: U64, tags: U64, block: int | None = None) -> _Part:
    """Sums of some hundred to some thousand terms each; see kernels_cuda/kernels/msm_small.inc."""
    block = fitting(stream, f"msm_small_g{DEGREE[group]}", CURVE_NAME[group], block)
    m, k = len(offsets) - 1, len(points)
    bits = bits_of(block)
    shorts, words, windows = split(stream, group, scalars, bits, block)
    most = block * BASE_WORDS[CURVE_NAME[group]] // (2 * DEGREE[group])
    cuts, parts = _chunks(np.diff(offsets).astype(np.int64), windows, stream.device.units, most)
    chunks = len(cuts) - 1
    rows = windows * bits
    count = chunks * rows
    out, sums = stream.allocate(4 * jacobian_words(group) * count), stream.allocate(8 * count)
    for buffer in (out, sums):
        stream.fill(buffer, 0xFF)
    args = stream.upload(cuts), stream.upload(points), shorts, stream.upload(tags), out, sums
    sizes = np.uint32(k), np.uint32(words), np.uint32(chunks), np.uint32(bits)
    launch(stream, "msm_small", group, "buckets", chunks * windows * block, *args, *sizes, block=block)
    if chunks != m:
        firsts = np.concatenate(([0], np.cumsum(np.tile(parts, rows)))).astype(np.uint32)
        out, sums = device_points.add_up(stream, group, firsts, out, sums, count, block)
    planes = stream.download(out, np.empty((jacobian_words(group), rows * m), np.uint32))
    seen = stream.download(sums, np.empty((rows, m), np.uint64)).sum(axis=0, dtype=np.uint64)
    factors = [1 << (bits * w + (row if row < bits - 1 else 0)) for w in range(windows) for row in range(bits)]
    return _Part(add_windows(_host(), group, planes, m, factors), seen, rows * 2 * DEGREE[group])


def by_sorting(stream: Stream, group: Group, offsets: U64, points: U64, scalars: U64, tags: U64, block: int | None = None) -> _Part:
    """Sums of very many terms, one after the other, of as many bits a digit as suit the longest."""
    bits = msm_large.bits_of(group, int(np.diff(offsets).max()))
    values, seen, times = [], [], 0
    for start, stop in pairwise(offsets.astype(np.int64)):
        rows = slice(start, stop)
        part = msm_large.partial(stream, group, points[rows], scalars[rows], tags[rows], block, bits)
        values.append(add_windows(_host(), group, part.planes, 1, part.factors))
        seen.append(part.tags)
        times = part.times
    return _Part(np.concatenate(values), np.array(seen, np.uint64), times)


def by_ladder(stream: Stream, group: Group, offsets: U64, points: U64, scalars: U64, tags: U64, block: int | None = None) -> _Part:
    """Sums of few terms."""
    m = len(offsets) - 1
    planes, sums, windows = device_points.sums_by_ladder(stream, group, offsets, points, scalars, tags, block)
    seen = stream.download(sums, np.empty(m, np.uint64))
    return _Part(download_points(stream, group, affine(stream, group, planes, m, block), m), seen, windows * 2 * DEGREE[group])


def _stretches(offsets: U64, which: Any) -> tuple[U64, Any]:
    """Offsets of the chosen sums alone, and where their terms are."""
    starts, sizes = offsets[:-1][which].astype(np.int64), np.diff(offsets).astype(np.int64)[which]
    chosen = np.concatenate(([0], np.cumsum(sizes)))
    rows = np.arange(chosen[-1]) + np.repeat(starts - chosen[:-1], sizes)
    return chosen.astype(np.uint64), rows


def msm(stream: Stream, group: Group, offsets: U64, points: U64, scalars: U64, tags: U64, block: int | None = None) -> Sums:
    """Sum i of scalars[j] times points[j], offsets[i] <= j < offsets[i + 1], and the sum of tags[j].

    points uint64[k, words] of order r or infinite, scalars uint64[k, 4] below 2^256, tags uint64[k]. A tag is added wherever a digit of its
    term is read, so the device counts it many times; what is missing or too much there is missing or too much in the sum returned.
    """
    m = len(offsets) - 1
    values, seen = np.zeros((m, POINT_WORDS[group]), np.uint64), np.zeros(m, np.uint64)
    sizes = np.diff(offsets).astype(np.int64)
    for method, chosen in ((by_ladder, sizes < FEW), (by_buckets, (sizes >= FEW) & (sizes < MANY)), (by_sorting, sizes >= MANY)):
        which = np.flatnonzero(chosen)
        if not len(which):
            continue
        stretches, rows = _stretches(offsets, which)
        part = method(stream, group, stretches, points[rows], scalars[rows], tags[rows], block)
        values[which] = part.values
        running = np.zeros(len(rows) + 1, np.uint64)
        np.cumsum(tags[rows], out=running[1:])
        once = running[stretches[1:].astype(np.int64)] - running[stretches[:-1].astype(np.int64)]
        seen[which] = part.tags - np.uint64(part.times - 1) * once
    return Sums(values, seen)
