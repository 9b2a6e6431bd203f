"""One sum of very many multiples on a device: sorted digits, stretches, buckets; see kernels_cuda/kernels/msm_large.inc."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from coproc.codegen.device import curves
from coproc.codegen.device.families import FAMILIES
from coproc.engine.device import points as device_points
from coproc.engine.device.points import BLOCK, CURVE_NAME, DEGREE, groups_of, jacobian_words, launch, split
from coproc.engine.device.protocol import Array, Buffer, Stream
from coproc.engine.protocol import U64, Group

MAX_BITS: Final = 16
_RADIX_BITS: Final = 6
_KEYS_EACH: Final = 64
"""Keys that a work-item of the sort has."""
_STRETCHES: Final = 1 << 16
"""Work-items that the stretches of a sum should keep busy."""
_SHORTEST, _LONGEST = 16, 256
_ADDITION, _BUCKET = 11, 37
"""Multiplications of Fp or Fp2 for a term of a window, and for a bucket."""


class Partial(NamedTuple):
    """Jacobian planes of the levels' sums of every window, uint32[words, levels windows]; what each is multiplied by; the tags seen."""

    planes: Array
    factors: list[int]
    tags: int
    times: int


def bits_of(group: Group, terms: int) -> int:
    """The length of digits with the fewest multiplications."""
    name, degree = CURVE_NAME[group], DEGREE[group]

    def cost(bits: int) -> int:
        return curves.windows(name, degree, bits) * (2 * degree * terms * _ADDITION + (_BUCKET << (bits - 1)))

    return min(range(3, MAX_BITS + 1), key=cost)


def _sort(stream: Stream, keys: Buffer, values: Buffer, n: int, windows: int, bits: int, block: int | None) -> tuple[Buffer, Buffer]:
    """`windows` arrays of n keys below 2^bits, ascending, and their values."""
    family = FAMILIES["sort"]
    each_block = 4 * 12 * family.slots
    block = block or next((b for b in family.blocks if b * each_block <= stream.device.scratch), family.blocks[-1])
    module = stream.module("sort", "bls12_381", block)
    blocks = groups_of(n, block * _KEYS_EACH)
    counts = stream.allocate(4 * windows * blocks << _RADIX_BITS)
    others = stream.allocate(keys.nbytes), stream.allocate(values.nbytes)
    for shift in range(0, bits, _RADIX_BITS):
        sizes = np.uint32(n), np.uint32(blocks), np.uint32(_KEYS_EACH), np.uint32(shift)
        stream.launch(module, "count_digits", windows * blocks, keys, counts, *sizes, slots=family.slots)
        stream.launch(module, "add_before", windows, counts, np.uint32(blocks << _RADIX_BITS), slots=1)
        stream.launch(module, "move", windows * blocks, keys, values, counts, *others, *sizes, slots=family.slots)
        (keys, values), others = others, (keys, values)
    for buffer in (counts, *others):
        stream.free(buffer)
    return keys, values


def partial(
    stream: Stream, group: Group, points: U64, scalars: U64, tags: U64, block: int = BLOCK, bits: int | None = None,
    sort_block: int | None = None, each: int | None = None,
) -> Partial:  # fmt: skip
    """What the host adds up to the sum of scalars[j] times points[j], one or more terms; bits, sort_block and each are free, for tests."""
    terms, degree = len(points), DEGREE[group]
    bits = bits or bits_of(group, terms)
    shorts, words, windows = split(stream, group, scalars, bits, block)
    n = terms * 2 * degree
    keys, values = stream.allocate(4 * n * windows), stream.allocate(4 * n * windows)
    sizes = np.uint32(terms), np.uint32(words), np.uint32(windows), np.uint32(bits)
    launch(stream, "msm_large", group, "digits", n * windows, shorts, keys, values, *sizes, block=block)
    stream.free(shorts)
    keys, values = _sort(stream, keys, values, n, windows, bits, sort_block)

    buckets = (1 << (bits - 1)) + 1
    point_bytes = 4 * 3 * degree * device_points.BASE_WORDS[CURVE_NAME[group]]
    places = buckets * windows
    held, held_tags = stream.allocate(point_bytes * places), stream.allocate(8 * places)
    for buffer in (held, held_tags):
        stream.fill(buffer, 0)
    each = each or min(max(n * windows // _STRETCHES, _SHORTEST), _LONGEST)
    source: tuple[Buffer, ...] = keys, values, stream.upload(points), stream.upload(tags)
    kernel, size = "stretches", n
    while True:
        count = groups_of(size, each)
        entries = 2 * count * windows
        after = stream.allocate(4 * entries), stream.allocate(point_bytes * entries), stream.allocate(8 * entries)
        for buffer in after:
            stream.fill(buffer, 0xFF)
        first = np.uint32(terms if kernel == "stretches" else size)
        numbers = first, np.uint32(windows), np.uint32(each), np.uint32(count), np.uint32(places)
        launch(stream, "msm_large", group, kernel, count * windows, *source, held, held_tags, *after, *numbers, block=block)
        for buffer in source:
            stream.free(buffer)
        if count == 1:
            break
        source, kernel, size = after, "join", 2 * count
        each = min(each, _SHORTEST)

    levels = [groups_of(buckets, 8)]
    while levels[-1] > 1:
        levels.append(groups_of(levels[-1], 8))
    total = sum(levels) * windows
    weighted, weighted_tags = stream.allocate(4 * jacobian_words(group) * total), stream.allocate(8 * total)
    for buffer in (weighted, weighted_tags):
        stream.fill(buffer, 0xFF)
    size, base = buckets, 0
    for count in levels:
        sums = stream.allocate(point_bytes * count * windows), stream.allocate(8 * count * windows)
        for buffer in sums:
            stream.fill(buffer, 0xFF)
        numbers = np.uint32(size), np.uint32(windows), np.uint32(count), np.uint32(base), np.uint32(total)
        args = held, held_tags, *sums, weighted, weighted_tags
        launch(stream, "msm_large", group, "eighths", count * windows, *args, *numbers, block=block)
        for buffer in (held, held_tags):
            stream.free(buffer)
        (held, held_tags), size, base = sums, count, base + count * windows
    offsets = np.concatenate(([0], np.cumsum(np.repeat(levels, windows)))).astype(np.uint32)
    out, seen = device_points.add_up(stream, group, offsets, weighted, weighted_tags, total, block)
    number = len(levels) * windows
    planes = stream.download(out, np.empty((jacobian_words(group), number), np.uint32))
    found = stream.download(seen, np.empty(number, np.uint64)).sum(dtype=np.uint64)
    factors = [8**level << (bits * w) for level in range(len(levels)) for w in range(windows)]
    return Partial(planes, factors, int(found), number * 2 * degree)
