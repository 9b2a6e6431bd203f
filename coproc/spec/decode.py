"""Points as bytes: zcash's encoding of BLS12-381, arkworks' of BN254, the EVM's of both. Every function raises Invalid.

zcash       48 or 96 bytes, big-endian (Fp2: c1 first); in byte 0 the flags 0x80 compressed, 0x40 infinity, 0x20 y is the larger root
arkworks    32 bytes a coordinate, little-endian (Fp2: c0 first); in the last byte the flags 0x80 y is the larger root, 0x40 infinity
EVM         big-endian coordinates, (0, 0) for infinity; EIP-196/197: 32 bytes, c1 first; EIP-2537: 64 bytes, c0 first
Sources: [zcash-bls], [bls12_381] src/g1/dusk.rs and src/g2/dusk.rs; [ark-ec] src/models/short_weierstrass; [EIP-196] [EIP-197] [EIP-2537].
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, TypeVar

from coproc.params import bls12_381, bn254
from coproc.spec.curve import BLS12_381_G1, BLS12_381_G2, BN254_G1, BN254_G2, Curve, G1Point, G2Point
from coproc.spec.fields import Fp2
from coproc.spec.verdict import Invalid, require

T = TypeVar("T")
COMPRESSED: Final = 0x80
INFINITY: Final = 0x40
LARGER: Final = 0x20
ARK_LARGER: Final = 0x80
ARK_INFINITY: Final = 0x40


def _below(value: int, p: int) -> int:
    require(value < p, "a coordinate is not below the modulus")
    return value


def _on_curve(curve: Curve[T], point: tuple[T, T]) -> tuple[T, T]:
    require(curve.contains(point), "not on the curve")
    return point


def _in_subgroup(curve: Curve[T], point: tuple[T, T] | None, check: bool) -> tuple[T, T] | None:
    require(not check or curve.in_subgroup(point), "not in the subgroup of prime order")
    return point


def _with_root(curve: Curve[T], x: T, larger: bool) -> tuple[T, T]:
    """(x, y) with the larger or the smaller root."""
    y = curve.field.sqrt(curve.y_squared(x))
    if y is None:
        raise Invalid("x is no abscissa of the curve")
    return x, y if curve.field.is_larger(y) == larger else curve.field.neg(y)


# ---- zcash, BLS12-381 -----------------------------------------------------------------------------------------------------
def _zcash_flags(data: bytes, size: int, compressed: bool) -> tuple[int, bytes]:
    """(flags, the first ``size`` bytes without them); infinity must be all zeros."""
    require(len(data) >= size, "too short")
    flags, rest = data[0] & 0xE0, bytes([data[0] & 0x1F]) + data[1:size]
    require(bool(flags & COMPRESSED) == compressed, "compression flag")
    require(compressed or not flags & LARGER, "sort flag of an uncompressed point")
    if flags & INFINITY:
        require(not flags & LARGER and not any(rest), "infinity is not canonical")
    return flags, rest


def _big_endian(data: bytes) -> tuple[int, ...]:
    return tuple(_below(int.from_bytes(data[i : i + 48], "big"), bls12_381.P) for i in range(0, len(data), 48))


@lru_cache(maxsize=1 << 14)
def zcash_g1(data: bytes, subgroup: bool = True) -> G1Point:
    """48 bytes, of a slice that may be longer."""
    flags, rest = _zcash_flags(data, 48, True)
    if flags & INFINITY:
        return None
    point = _with_root(BLS12_381_G1, _big_endian(rest)[0], bool(flags & LARGER))
    return _in_subgroup(BLS12_381_G1, point, subgroup)


@lru_cache(maxsize=1 << 12)
def zcash_g2(data: bytes, subgroup: bool = True) -> G2Point:
    """96 bytes, of a slice that may be longer."""
    flags, rest = _zcash_flags(data, 96, True)
    if flags & INFINITY:
        return None
    c1, c0 = _big_endian(rest)
    point = _with_root(BLS12_381_G2, (c0, c1), bool(flags & LARGER))
    return _in_subgroup(BLS12_381_G2, point, subgroup)


def zcash_g1_uncompressed(data: bytes, subgroup: bool = True, on_curve: bool = True) -> G1Point:
    """96 bytes: x, y."""
    flags, rest = _zcash_flags(data, 96, False)
    if flags & INFINITY:
        return None
    x, y = _big_endian(rest)
    return _checked(BLS12_381_G1, (x, y), subgroup, on_curve)


def zcash_g2_uncompressed(data: bytes, subgroup: bool = True, on_curve: bool = True) -> G2Point:
    """192 bytes: x, y."""
    flags, rest = _zcash_flags(data, 192, False)
    if flags & INFINITY:
        return None
    x1, x0, y1, y0 = _big_endian(rest)
    return _checked(BLS12_381_G2, ((x0, x1), (y0, y1)), subgroup, on_curve)


def _checked(curve: Curve[T], point: tuple[T, T], subgroup: bool, on_curve: bool) -> tuple[T, T] | None:
    """A point whose y was given: on the curve and in the subgroup, where that is asked for (the second implies the first)."""
    if on_curve or subgroup:
        _on_curve(curve, point)
    return _in_subgroup(curve, point, subgroup)


# ---- arkworks, BN254 ------------------------------------------------------------------------------------------------------
class Reader:
    """Takes arkworks values from the front of a byte string; Invalid where it ends too early."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def take(self, size: int) -> bytes:
        end = self.position + size
        require(end <= len(self.data), "too short")
        out = self.data[self.position : end]
        self.position = end
        return out

    def u64(self) -> int:
        return int.from_bytes(self.take(8), "little")

    def boolean(self) -> bool:
        byte = self.take(1)[0]
        require(byte <= 1, "not a bool")
        return byte == 1

    def fp(self) -> int:
        return _below(int.from_bytes(self.take(32), "little"), bn254.P)

    def fp2(self) -> Fp2:
        return self.fp(), self.fp()

    def fp_with_flags(self) -> tuple[int, int]:
        """(value, flags): the top two bits are flags, not both."""
        data = bytearray(self.take(32))
        flags = data[31] & (ARK_LARGER | ARK_INFINITY)
        require(flags != ARK_LARGER | ARK_INFINITY, "both flags are set")
        data[31] ^= flags
        return _below(int.from_bytes(data, "little"), bn254.P), flags

    def g1(self, compressed: bool, subgroup: bool = True, on_curve: bool = True) -> G1Point:
        """Infinity by its flag alone; the sort flag of an uncompressed point is ignored. The cofactor is 1."""
        del subgroup
        if compressed:
            x, flags = self.fp_with_flags()
            return None if flags == ARK_INFINITY else _with_root(BN254_G1, x, flags == ARK_LARGER)
        x = self.fp()
        y, flags = self.fp_with_flags()
        return None if flags == ARK_INFINITY else _checked(BN254_G1, (x, y), False, on_curve)

    def g2(self, compressed: bool, subgroup: bool = True, on_curve: bool = True) -> G2Point:
        """As g1, with the subgroup check."""
        if compressed:
            c0 = self.fp()
            c1, flags = self.fp_with_flags()
            if flags == ARK_INFINITY:
                return None
            return _in_subgroup(BN254_G2, _with_root(BN254_G2, (c0, c1), flags == ARK_LARGER), subgroup)
        x, c0 = self.fp2(), self.fp()
        c1, flags = self.fp_with_flags()
        return None if flags == ARK_INFINITY else _checked(BN254_G2, (x, (c0, c1)), subgroup, on_curve)


# ---- EVM ------------------------------------------------------------------------------------------------------------------
def _evm_words(data: bytes, count: int, width: int, p: int) -> tuple[int, ...]:
    require(len(data) == count * width, "wrong length")
    return tuple(_below(int.from_bytes(data[i : i + width], "big"), p) for i in range(0, len(data), width))


def evm_bn254_g1(data: bytes, subgroup: bool = True, on_curve: bool = True) -> G1Point:
    """64 bytes."""
    del subgroup
    x, y = _evm_words(data, 2, 32, bn254.P)
    return _checked(BN254_G1, (x, y), False, on_curve) if x or y else None


def evm_bn254_g2(data: bytes, subgroup: bool = True, on_curve: bool = True) -> G2Point:
    """128 bytes, c1 first."""
    x1, x0, y1, y0 = words = _evm_words(data, 4, 32, bn254.P)
    return _checked(BN254_G2, ((x0, x1), (y0, y1)), subgroup, on_curve) if any(words) else None


def evm_bls12_381_g1(data: bytes, subgroup: bool = True, on_curve: bool = True) -> G1Point:
    """128 bytes."""
    x, y = _evm_words(data, 2, 64, bls12_381.P)
    return _checked(BLS12_381_G1, (x, y), subgroup, on_curve) if x or y else None


def evm_bls12_381_g2(data: bytes, subgroup: bool = True, on_curve: bool = True) -> G2Point:
    """256 bytes, c0 first."""
    x0, x1, y0, y1 = words = _evm_words(data, 4, 64, bls12_381.P)
    return _checked(BLS12_381_G2, ((x0, x1), (y0, y1)), subgroup, on_curve) if any(words) else None
