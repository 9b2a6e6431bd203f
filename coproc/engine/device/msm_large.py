"""One sum of very many multiples on a device: sorted digits, stretches, buckets; see kernels_cuda/kernels/msm_large.inc."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from coproc.codegen.device import curves
from coproc.codegen.device.families import FAMILIES
from coproc.engine.device import points as device_points
from coproc.engine.device.points import CURVE_NAME, DEGREE, fitting, groups_of, jacobian_words, launch, split
from coproc.engine.device.protocol import Array, Buffer, Stream
from coproc.engine.protocol import POINT_WORDS, U64, Group

MAX_BITS: Final = 16
_RADIX_BITS: Final = 6
_KEYS_EACH: Final = 64
"""Keys that a work-item of the sort has."""
MOST_ENDS: Final = 32
"""Ends of stretches in one bucket that are added up at once."""
_STRETCHES_A_UNIT: Final = 416
"""Work-items that a multiprocessor has for stretches: as many as an H100's scratch holds."""
_SHORTEST, _LONGEST = 16, 256
_ADDITION, _BUCKET = 11, 32
"""Multiplications of Fp or Fp2 for a term of a window, and for a bucket."""


_JOINED, _FULL_TOP = 20_000_000, 3
"""What `_join` keeps an H100 from multiplying; the top window is full enough with one of 2^3 values."""


class Partial(NamedTuple):
    """Jacobian planes of the levels' sums of every window, uint32[words, levels windows]; what each is multiplied by; the tags seen."""

    planes: Array
    factors: list[int]
    tags: int
    times: int


def bits_of(group: Group, terms: int) -> int:
    """The length of digits with the fewest multiplications. Few values of the top window mean long buckets, which are joined in turns."""
    name, degree = CURVE_NAME[group], DEGREE[group]

    def cost(bits: int) -> int:
        windows = curves.windows(name, degree, bits)
        top = max(curves.short_bound(name, degree) >> (bits * (windows - 1)), 1)
        joined = _JOINED if top << _FULL_TOP < 1 << (bits - 1) else 0
        return windows * (2 * degree * terms * _ADDITION + (_BUCKET << (bits - 1))) + joined

    return min(range(3, MAX_BITS + 1), key=cost)


def _sort(stream: Stream, keys: Buffer, values: Buffer, n: int, windows: int, bits: int, block: int | None) -> tuple[Buffer, Buffer]:
    """`windows` arrays of n keys below 2^bits, ascending, and their values."""
    family = FAMILIES["sort"]
    block = fitting(stream, "sort", "bls12_381", block)
    module = stream.module("sort", "bls12_381", block)
    blocks = groups_of(n, block * _KEYS_EACH)
    counts = stream.allocate(4 * windows * blocks << _RADIX_BITS)
    others = stream.allocate(keys.nbytes), stream.allocate(values.nbytes)
    for buffer in (counts, *others):
        stream.fill(buffer, 0xFF)
    for shift in range(0, bits, _RADIX_BITS):
        sizes = np.uint32(n), np.uint32(blocks), np.uint32(_KEYS_EACH), np.uint32(shift)
        stream.launch(module, "count_digits", windows * blocks, keys, counts, *sizes, slots=family.slots)
        stream.launch(module, "add_before", windows, counts, np.uint32(blocks << _RADIX_BITS), slots=1)
        stream.launch(module, "move", windows * blocks, keys, values, counts, *others, *sizes, slots=family.slots)
        (keys, values), others = others, (keys, values)
    for buffer in (counts, *others):
        stream.free(buffer)
    return keys, values


def _point_bytes(group: Group) -> int:
    """Of X, Y and Z."""
    return 4 * 3 * DEGREE[group] * device_points.BASE_WORDS[CURVE_NAME[group]]


def _entries(stream: Stream, point_bytes: int, n: int) -> tuple[Buffer, Buffer, Buffer]:
    """Keys, points and tags of a list."""
    made = stream.allocate(4 * n), stream.allocate(point_bytes * n), stream.allocate(8 * n)
    for buffer in made:
        stream.fill(buffer, 0xFF)
    return made


def _join(
    stream: Stream, group: Group, entries: tuple[Buffer, ...], size: int, windows: int, held: Buffer, held_tags: Buffer, places: int,
    block: int | None,
) -> None:  # fmt: skip
    """Adds up `size` entries a window to their buckets, however many a bucket has."""
    point_bytes = _point_bytes(group)
    while True:
        count = groups_of(size, _SHORTEST)
        after = _entries(stream, point_bytes, 2 * count * windows)
        numbers = np.uint32(size), np.uint32(windows), np.uint32(_SHORTEST), np.uint32(count), np.uint32(places)
        args = *entries, held, held_tags, *after
        launch(stream, "msm_large", group, "join", count * windows, *args, *numbers, block=block)
        for buffer in entries:
            stream.free(buffer)
        if count == 1:
            return
        entries, size = after, 2 * count


def _fill_buckets(
    stream: Stream, group: Group, sorted_items: tuple[Buffer, Buffer], points: Buffer, tags: Buffer, terms: int, windows: int, buckets: int,
    each: int, most: int, block: int | None,
) -> tuple[Buffer, Buffer]:  # fmt: skip
    """Jacobian sums of the buckets of every window, and of their tags."""
    point_bytes, places, n = _point_bytes(group), buckets * windows, terms * 2 * DEGREE[group]
    held, held_tags = stream.allocate(point_bytes * places), stream.allocate(8 * places)
    for buffer in (held, held_tags):
        stream.fill(buffer, 0)
    count = groups_of(n, each)
    ends = _entries(stream, point_bytes, 2 * count * windows)
    sizes = np.uint32(terms), np.uint32(windows), np.uint32(each), np.uint32(count), np.uint32(places)
    args = *sorted_items, points, tags, held, held_tags, *ends, *sizes
    launch(stream, "msm_large", group, "stretches", count * windows, *args, block=block)
    if count > 1:
        flag = stream.upload(np.zeros(1, np.uint32))
        limits = np.uint32(2 * count), np.uint32(windows), np.uint32(places), np.uint32(most)
        launch(stream, "msm_large", group, "ends", places, *ends, held, held_tags, flag, *limits, block=block)
        if stream.download(flag, np.zeros(1, np.uint32))[0]:
            _join(stream, group, ends, 2 * count, windows, held, held_tags, places, block)
    return held, held_tags


def _weigh(
    stream: Stream, group: Group, held: Buffer, held_tags: Buffer, windows: int, buckets: int, block: int | None
) -> tuple[Buffer, Buffer, int]:
    """Jacobian sums V and of their tags, level by level and window by window, and the number of levels.

    The sum of i times bucket i of a window is the sum of 2^level V.
    """
    point_bytes = _point_bytes(group)
    levels = [groups_of(buckets, 2)]
    while levels[-1] > 1:
        levels.append(groups_of(levels[-1], 2))
    total = sum(levels) * windows
    weighted = stream.allocate(point_bytes * total), stream.allocate(8 * total)
    for buffer in weighted:
        stream.fill(buffer, 0xFF)
    size, base = buckets, 0
    for count in levels:
        sums = stream.allocate(point_bytes * count * windows), stream.allocate(8 * count * windows)
        for buffer in sums:
            stream.fill(buffer, 0xFF)
        sizes = np.uint32(size), np.uint32(windows), np.uint32(count), np.uint32(base), np.uint32(total)
        launch(stream, "msm_large", group, "pairs", count * windows, held, held_tags, *sums, *weighted, *sizes, block=block)
        for buffer in (held, held_tags):
            stream.free(buffer)
        (held, held_tags), size, base = sums, count, base + count * windows
    offsets = np.concatenate(([0], np.cumsum(np.repeat(levels, windows)))).astype(np.uint32)
    return (*device_points.add_up(stream, group, offsets, *weighted, total, block), len(levels))


def _length(items: int, units: int) -> int:
    """Of a stretch: whole rounds of all multiprocessors."""
    at_once = _STRETCHES_A_UNIT * units
    rounds = groups_of(items, at_once * _LONGEST)
    return max(groups_of(items, at_once * rounds), _SHORTEST)


def partial(
    stream: Stream, group: Group, points: U64, scalars: U64, tags: U64, block: int | None = None, bits: int | None = None,
    sort_block: int | None = None, each: int | None = None, most: int = MOST_ENDS,
) -> Partial:  # fmt: skip
    """What the host adds up to the sum of scalars[j] times points[j], one or more terms.

    bits of a digit, groups of the sort, items of a stretch and ends added up at once are free, for tests.
    """
    terms = len(points)
    bits = bits or bits_of(group, terms)
    shorts, words, windows = split(stream, group, scalars, bits, block)
    n = terms * 2 * DEGREE[group]
    if max(n * windows, terms * 2 * POINT_WORDS[group]) >> 31:
        raise ValueError(f"{terms} terms of one sum have more digits than kernels can number")
    keys, values = stream.allocate(4 * n * windows), stream.allocate(4 * n * windows)
    for buffer in (keys, values):
        stream.fill(buffer, 0xFF)
    sizes = np.uint32(terms), np.uint32(words), np.uint32(windows), np.uint32(bits)
    launch(stream, "msm_large", group, "digits", n * windows, shorts, keys, values, *sizes, block=block)
    items = _sort(stream, keys, values, n, windows, bits, sort_block)
    buckets = (1 << (bits - 1)) + 1
    each = each or _length(n * windows, stream.device.units)
    given = stream.upload(points), stream.upload(tags)
    held = _fill_buckets(stream, group, items, *given, terms, windows, buckets, each, most, block)
    out, seen, levels = _weigh(stream, group, *held, windows, buckets, block)
    number = levels * windows
    planes = stream.download(out, np.empty((jacobian_words(group), number), np.uint32))
    found = stream.download(seen, np.empty(number, np.uint64)).sum(dtype=np.uint64)
    for buffer in (shorts, *items, *given, out, seen):
        stream.free(buffer)
    factors = [1 << (bits * w + level) for level in range(levels) for w in range(windows)]
    return Partial(planes, factors, int(found), number * 2 * DEGREE[group])
