"""Encoded points for the mutations: the encodings written by hand, and points of small order in each of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from coproc.engine.protocol import Group
from coproc.params import jubjub
from tests.engine import kit, torsion

BLS_LIMBS = 1 << 384
FR_LIMBS = 1 << 256


def larger(group: Group, point: tuple[int, ...]) -> bool:
    """Whether y is the larger of y and -y: the last coordinate decides, the one before where that is zero."""
    p = kit.MODULUS[kit.field_of(group)]
    y = point[len(point) // 2 :]
    top = next((c for c in reversed(y) if c), 0)
    return top > p // 2


def zcash(group: Group, point: kit.Point) -> bytes:
    width = 1 if group == Group.BLS12_381_G1 else 2
    if point is None:
        return b"\xc0" + bytes(48 * width - 1)
    out = bytearray(b"".join(c.to_bytes(48, "big") for c in reversed(point[:width])))
    out[0] |= 0x80 | 0x20 * larger(group, point)
    return bytes(out)


def ark(group: Group, point: kit.Point, *, full: bool = False) -> bytes:
    """arkworks, compressed or `full` (uncompressed)."""
    width = 1 if group == Group.BN254_G1 else 2
    size = 32 * width * (2 if full else 1)
    if point is None:
        return bytes(size - 1) + b"\x40"
    out = bytearray(b"".join(c.to_bytes(32, "little") for c in point)[:size])
    out[-1] |= 0x80 * larger(group, point)
    return bytes(out)


def raw(group: Group, point: kit.Point) -> bytes:
    """Dusk's archive: Montgomery limbs, infinity byte, seven bytes of padding."""
    values = (0,) * (2 if group == Group.BLS12_381_G1 else 4) if point is None else point
    return b"".join((c * BLS_LIMBS % kit.BLS_P).to_bytes(48, "little") for c in values) + bytes([point is None]) + bytes(7)


def raw_point(group: Group, data: bytes) -> kit.Point:
    """The point of an archive, its limbs reduced."""
    width = 2 if group == Group.BLS12_381_G1 else 4
    if data[48 * width]:
        return None
    inverse = pow(BLS_LIMBS, -1, kit.BLS_P)
    return tuple(int.from_bytes(data[48 * i : 48 * i + 48], "little") * inverse % kit.BLS_P for i in range(width))


def decompressed(group: Group, data: bytes, write: Callable[[kit.Point], bytes]) -> kit.Point:
    """The point of the curve whose encoding by `write` begins with the bytes of x in `data`; None where there is none."""
    size = 48 if group in (Group.BLS12_381_G1, Group.BLS12_381_G2) else 32
    width = 1 if group in (Group.BLS12_381_G1, Group.BN254_G1) else 2
    if size == 48:
        masked = bytes([data[0] & 0x1F]) + data[1:]
        x = tuple(int.from_bytes(masked[48 * i : 48 * i + 48], "big") for i in range(width))[::-1]
    else:
        end = 32 * width - 1
        masked = data[:end] + bytes([data[end] & 0x3F])
        x = tuple(int.from_bytes(masked[32 * i : 32 * i + 32], "little") for i in range(width))
    for point in torsion.curve_points(group, [x]):
        opposite = kit.negated(group, point)
        return opposite if write(opposite) == data else point
    return None


@cache
def strangers(group: Group) -> tuple[kit.Point, ...]:
    """Points that are not in the group of prime order, those of small order first; where there are none, multiples of the generator."""
    if group == Group.BN254_G1:
        return tuple(torsion.multiply(group, k, kit.GENERATOR[group]) for k in (1, 2, 3))
    small = tuple(torsion.point_of_order(group, order) for order in torsion.SMALL_ORDERS[group])
    return small + torsion.outside_points(group, 2)


@cache
def small_jubjub() -> tuple[tuple[int, int], ...]:
    """The eight points of order dividing 8."""
    return tuple(jubjub.mul(i, jubjub.TORSION) if i else jubjub.IDENTITY for i in range(8))


def jubjub_affine(data: bytes) -> tuple[int, int] | None:
    """(u/z, v/z) of 160 archived bytes; None where z is zero."""
    inverse = pow(FR_LIMBS, -1, kit.BLS_R)
    u, v, z = (int.from_bytes(data[32 * i : 32 * i + 32], "little") * inverse % kit.BLS_R for i in range(3))
    if z == 0:
        return None
    scale = pow(z, -1, kit.BLS_R)
    return u * scale % kit.BLS_R, v * scale % kit.BLS_R


def jubjub_raw(point: tuple[int, int], scale: int = 1, split: int = 1) -> bytes:
    """Extended coordinates scaled by `scale`, with t1 = u / split-wise factors: t1 t2 z = u v for any split."""
    u, v = point
    r = kit.BLS_R
    values = (u * scale, v * scale, scale, u * split, v * scale * pow(split, -1, r))
    return b"".join((x % r * FR_LIMBS % r).to_bytes(32, "little") for x in values)
