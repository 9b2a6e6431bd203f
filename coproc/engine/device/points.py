"""Points on a device: decoding, the multiples of the subgroup tests, scalar multiplication, Jacobian to affine form.

Arrays are those of `Engine`. `block` is the number of work-items in a group: free, for tests; else what fits the device.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from coproc.codegen.device import curves
from coproc.codegen.device.families import FAMILIES
from coproc.engine.device.protocol import Buffer, Stream
from coproc.engine.protocol import ENCODED_BYTES, POINT_WORDS, U8, U64, Check, Encoding, Group

CURVE_NAME: Final = {
    Group.BLS12_381_G1: "bls12_381", Group.BLS12_381_G2: "bls12_381", Group.BN254_G1: "bn254", Group.BN254_G2: "bn254",
}  # fmt: skip
DEGREE: Final = {Group.BLS12_381_G1: 1, Group.BLS12_381_G2: 2, Group.BN254_G1: 1, Group.BN254_G2: 2}
BASE_WORDS: Final = {"bls12_381": 12, "bn254": 8}
"""32-bit words of an element of Fp."""
SCALAR_WORDS: Final = 8
"""The same of Fr."""
ENTRIES: Final = 8
"""Affine multiples in the table of a point: P, ..., 8P."""
TERMS_A_THREAD: Final = 8
"""Terms of one sum that a work-item takes; longer sums are cut, and their parts added up."""
SUMMANDS: Final = 4
"""Points that a work-item adds up to a sum: few, as long sums wait for one another."""
_INVERSES: Final = 8
"""Elements that a work-item contributes to one inversion."""

SERVES: Final[dict[str, frozenset[Any]]] = {
    "decode": frozenset(ENCODED_BYTES),
    "subgroup": frozenset((Group.BLS12_381_G1, Group.BLS12_381_G2, Group.BN254_G2)),
    "scalar_mul": frozenset(Group),
}


def groups_of(n: int, block: int) -> int:
    return -(-n // block)


def jacobian_words(group: Group) -> int:
    """32-bit words of X, Y, Z and the norm of Z."""
    return (3 * DEGREE[group] + 1) * BASE_WORDS[CURVE_NAME[group]]


def fitting(stream: Stream, name: str, curve: str, block: int | None = None) -> int:
    """`block`, or the largest group of a family for whose slots the device has scratch."""
    if block is not None:
        return block
    family = FAMILIES[name]
    each = 4 * (BASE_WORDS[curve] if family.base == "fp" else SCALAR_WORDS) * family.slots
    return next((b for b in family.blocks if b * each <= stream.device.scratch), family.blocks[-1])


def launch(
    stream: Stream, family: str, group: Group, kernel: str, items: int, *args: Buffer | np.uint32, block: int | None,
    slots: int | None = None,
) -> None:  # fmt: skip
    """A kernel of the family of a group, one work-item for each of `items`."""
    name = f"{family}_g{DEGREE[group]}"
    block = fitting(stream, name, CURVE_NAME[group], block)
    module = stream.module(name, CURVE_NAME[group], block)
    stream.launch(module, kernel, groups_of(items, block), *args, slots=FAMILIES[name].slots if slots is None else slots)


def invert(stream: Stream, group: Group, planes: Buffer, offset: int, n: int, block: int | None) -> None:
    """Elements of Fp at word `offset` of planes become their inverses, 0 stays 0. block: a power of two."""
    name = CURVE_NAME[group]
    block = fitting(stream, "invert", name, block)
    module = stream.module("invert", name, block)
    prefix = stream.allocate(4 * BASE_WORDS[name] * n)
    each = min(_INVERSES, max(1, n // (block * 16)))
    groups = groups_of(n, block * each)
    slots = FAMILIES["invert"].slots
    stream.launch(module, "invert", groups, planes, prefix, np.uint32(offset), np.uint32(n), np.uint32(each), slots=slots)
    stream.free(prefix)


def affine(stream: Stream, group: Group, planes: Buffer, n: int, block: int | None = None) -> Buffer:
    """n Jacobian points in planes (see kernels_cuda/kernels/jacobian.inc) -> a buffer in the Engine's layout; uses up the planes."""
    out = stream.allocate(8 * POINT_WORDS[group] * n)
    stream.fill(out, 0xFF)
    invert(stream, group, planes, 3 * DEGREE[group] * BASE_WORDS[CURVE_NAME[group]] * n, n, block)
    launch(stream, "affine", group, "affine", n, planes, out, np.uint32(n), block=block)
    return out


def download_points(stream: Stream, group: Group, buffer: Buffer, n: int) -> U64:
    return stream.download(buffer, np.empty((n, POINT_WORDS[group]), np.uint64))


def decode(
    stream: Stream, group: Group, encoding: Encoding, data: U8, checks: int = Check.ON_CURVE, block: int | None = None
) -> tuple[U64, U8]:
    """data uint8[n, bytes of an encoding] -> points uint64[n, words], status uint8[n] as of `Engine.decode` with these checks.

    The subgroup is not looked at. Raises ValueError where the group has no such encoding.
    """
    size = ENCODED_BYTES.get((group, encoding))
    if size is None or data.ndim != 2 or data.shape[1] != size:
        raise ValueError(f"no encodings of {group.name} as {encoding.name} in bytes of shape {data.shape}")
    n = len(data)
    points, status = stream.allocate(8 * POINT_WORDS[group] * n), stream.allocate(4 * n)
    for buffer in (points, status):
        stream.fill(buffer, 0xFF)
    launch(
        stream, "decode", group, "decode", n, stream.upload(data), points, status, np.uint32(n), np.uint32(encoding), np.uint32(size // 4),
        np.uint32(checks), block=block,
    )  # fmt: skip
    found = stream.download(status, np.empty(n, np.uint32))
    return download_points(stream, group, points, n), found.astype(np.uint8)


def subgroup(stream: Stream, group: Group, points: U64, block: int | None = None) -> U64:
    """uint64[n, words]: the image of each point of the curve that is compared with -phi(P), -psi(P) or (BN254's second group) -P.

    See kernels_cuda/kernels/subgroup.inc. BN254's first group has no other points, and no such map: ValueError.
    """
    if group not in SERVES["subgroup"]:
        raise ValueError(f"every point of {group.name}'s curve is in the group")
    n = len(points)
    planes = stream.allocate(4 * jacobian_words(group) * n)
    stream.fill(planes, 0xFF)
    launch(stream, "subgroup", group, "subgroup", n, stream.upload(points), planes, np.uint32(n), block=block)
    return download_points(stream, group, affine(stream, group, planes, n, block), n)


def _words_of(value: int, count: int) -> Any:
    return np.array([value >> (32 * i) & 0xFFFFFFFF for i in range(count)], np.uint32)


def split(stream: Stream, group: Group, scalars: U64, bits: int = curves.WINDOW_BITS, block: int | None = None) -> tuple[Buffer, int, int]:
    """Short scalars of n scalars in planes of 32-bit words, their words, their windows of `bits` bits.

    Window minus 2^(bits - 1) is a digit. scalars uint64[n, 4], any.
    """
    name, degree, n = CURVE_NAME[group], DEGREE[group], len(scalars)
    windows = curves.windows(name, degree, bits)
    words = -(-(windows * bits) // 32)
    out = stream.allocate(4 * 2 * degree * words * n)
    stream.fill(out, 0xFF)
    offset = stream.upload(_words_of(curves.offset(windows, bits), 8))
    args = stream.upload(scalars), offset, out, np.uint32(n), np.uint32(words)
    launch(stream, "multiples", group, "split", n, *args, block=block, slots=curves.split_slots(name, degree))
    return out, words, windows


def tables(stream: Stream, group: Group, points: Buffer, n: int, block: int | None = None) -> Buffer:
    """P, ..., 8P of n points of order r, affine, in planes."""
    words = BASE_WORDS[CURVE_NAME[group]] * DEGREE[group]
    if 2 * words * ENTRIES * n >> 32:
        raise ValueError(f"tables of {n} points have more words than kernels can number")
    out = stream.allocate(4 * 2 * words * ENTRIES * n)
    chain = stream.allocate(4 * ((ENTRIES - 1) * words + BASE_WORDS[CURVE_NAME[group]]) * n)
    for buffer in (out, chain):
        stream.fill(buffer, 0xFF)
    launch(stream, "multiples", group, "multiples", n, points, out, chain, np.uint32(n), block=block)
    invert(stream, group, chain, (ENTRIES - 1) * words * n, n, block)
    launch(stream, "multiples", group, "flatten", n, out, chain, np.uint32(n), block=block)
    stream.free(chain)
    return out


def sums_by_ladder(
    stream: Stream, group: Group, offsets: U64, points: U64, scalars: U64, tags: U64, block: int | None = None
) -> tuple[Buffer, Buffer, int]:
    """Jacobian planes and tag sums (u64) of m sums of multiples, and how often each tag was counted; see `msm.msm`."""
    m, k = len(offsets) - 1, len(points)
    shorts, words, windows = split(stream, group, scalars, block=block)
    multiples = tables(stream, group, stream.upload(points), k, block)
    sizes = np.diff(offsets).astype(np.int64)
    parts = -(-sizes // TERMS_A_THREAD)
    firsts = np.concatenate(([0], np.cumsum(parts)))
    cuts = np.full(int(firsts[-1]) + 1, k, np.uint32)
    starts = offsets[:-1].astype(np.int64)
    cuts[:-1] = np.repeat(starts - TERMS_A_THREAD * firsts[:-1], parts) + TERMS_A_THREAD * np.arange(firsts[-1])
    count = len(cuts) - 1
    out, sums = stream.allocate(4 * jacobian_words(group) * count), stream.allocate(8 * count)
    for buffer in (out, sums):
        stream.fill(buffer, 0xFF)
    held = stream.upload(tags)
    args = stream.upload(cuts), multiples, shorts, held, out, sums, np.uint32(count), np.uint32(k), np.uint32(words), np.uint32(windows)
    launch(stream, "multiples", group, "ladder", count, *args, block=block)
    if count == m and (parts == 1).all():
        return out, sums, windows
    return (*add_up(stream, group, firsts.astype(np.uint32), out, sums, count, block), windows)


def add_up(
    stream: Stream, group: Group, offsets: Any, planes: Buffer, tags: Buffer, n: int, block: int | None = None, each: int = SUMMANDS
) -> tuple[Buffer, Buffer]:
    """Sums of n Jacobian points and of their tags; offsets uint32[m + 1]. A work-item adds up to `each`, long sums take several steps."""
    m = len(offsets) - 1
    sizes = np.diff(offsets.astype(np.int64))
    parts = np.where(sizes > 2 * each, -(-sizes // each), 1)
    firsts = np.concatenate(([0], np.cumsum(parts)))
    inner = np.repeat(offsets[:-1].astype(np.int64) - each * firsts[:-1], parts) + each * np.arange(firsts[-1])
    cuts = np.append(inner, n).astype(np.uint32)
    count = len(inner)
    out, sums = stream.allocate(4 * jacobian_words(group) * count), stream.allocate(8 * count)
    for buffer in (out, sums):
        stream.fill(buffer, 0xFF)
    args = stream.upload(cuts), planes, tags, out, sums, np.uint32(count), np.uint32(n)
    launch(stream, "multiples", group, "add_up", count, *args, block=block)
    if count == m:
        return out, sums
    return add_up(stream, group, firsts.astype(np.uint32), out, sums, count, block, each)


def scalar_mul(stream: Stream, group: Group, points: U64, scalars: U64, block: int | None = None) -> U64:
    """points uint64[n, words] of order r or infinite, scalars uint64[n, 4], any below 2^256 -> uint64[n, words]."""
    n = len(points)
    if not n:
        return np.empty((0, POINT_WORDS[group]), np.uint64)
    planes, _, _ = sums_by_ladder(stream, group, np.arange(n + 1, dtype=np.uint64), points, scalars, np.zeros(n, np.uint64), block)
    return download_points(stream, group, affine(stream, group, planes, n, block), n)
