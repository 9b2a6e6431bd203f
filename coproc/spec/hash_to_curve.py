"""Hashing to BLS12-381, random oracle variants, with expand_message_xmd over SHA-256. [RFC9380]"""

from __future__ import annotations

import hashlib
from typing import TypeVar

from coproc.params import bls12_381
from coproc.params.arithmetic import Curve as PlainCurve
from coproc.params.bls12_381_hash import E1_PRIME, E2_PRIME, H_EFF, ISOGENY_1, ISOGENY_2, SSWU2_Z, SSWU_Z
from coproc.spec.curve import BLS12_381_G1, BLS12_381_G2, G1Point, G2Point
from coproc.spec.fields import BLS12_381_FP, BLS12_381_FP2, Field, Fp2

T = TypeVar("T")
EXTRA = 64  # bytes a coordinate: ceil((381 + 128)/8)


def expand_message_xmd(message: bytes, dst: bytes, size: int) -> bytes:
    """Uniform bytes; ValueError where they are too many. 5.3.1, with the rule of 5.3.3 for a long domain separation tag"""
    if len(dst) > 255:
        dst = hashlib.sha256(b"H2C-OVERSIZE-DST-" + dst).digest()
    suffix = dst + bytes([len(dst)])
    count = -(-size // 32)
    if count > 255 or size > 65535:
        raise ValueError("too many bytes asked for")
    b0 = hashlib.sha256(bytes(64) + message + size.to_bytes(2, "big") + b"\x00" + suffix).digest()
    block, out = bytes(32), b""
    for i in range(1, count + 1):
        block = hashlib.sha256(bytes(x ^ y for x, y in zip(b0, block, strict=True)) + bytes([i]) + suffix).digest()
        out += block
    return out[:size]


def hash_to_field(message: bytes, dst: bytes, count: int) -> tuple[int, ...]:
    """``count`` elements of Fp. 5.2"""
    data = expand_message_xmd(message, dst, count * EXTRA)
    return tuple(int.from_bytes(data[i : i + EXTRA], "big") % bls12_381.P for i in range(0, len(data), EXTRA))


def simplified_swu(k: Field[T], curve: PlainCurve[T], z: T, u: T) -> tuple[T, T]:
    """A point of y^2 = g(x) = x^3 + A x + B for any u.

    x is x1 = -B/A (1 + 1/(Z^2 u^4 + Z u^2)), or B/(Z A) where that divides by zero; or Z u^2 x1 where g(x1) is no square. The sign of
    y is that of u. 6.6.2
    """
    a, b = curve.a, curve.b
    zu2 = k.mul(z, k.sqr(u))
    t = k.add(k.sqr(zu2), zu2)
    if t == k.zero:
        x = k.mul(b, k.inv(k.mul(z, a)))
    else:
        x = k.mul(k.mul(k.neg(b), k.inv(a)), k.add(k.one, k.inv(t)))
    y = k.sqrt(k.add(k.mul(k.add(k.sqr(x), a), x), b))
    if y is None:
        x = k.mul(zu2, x)
        y = k.sqrt(k.add(k.mul(k.add(k.sqr(x), a), x), b))
    assert y is not None
    return x, y if k.is_odd(y) == k.is_odd(u) else k.neg(y)


def to_e1(u: int) -> G1Point:
    """map_to_curve onto E1, cofactor not cleared."""
    return ISOGENY_1(simplified_swu(BLS12_381_FP, E1_PRIME, SSWU_Z, u))


def to_e2(u: Fp2) -> G2Point:
    """map_to_curve onto E2, cofactor not cleared."""
    return ISOGENY_2(simplified_swu(BLS12_381_FP2, E2_PRIME, SSWU2_Z, u))


def clear_cofactor_1(point: G1Point) -> G1Point:
    """[1 - x] P. 8.8.1"""
    return BLS12_381_G1.mul(H_EFF, point)


def clear_cofactor_2(point: G2Point) -> G2Point:
    """[x^2 - x - 1] P + [x - 1] psi(P) + psi^2([2] P). 8.8.2, appendix G.3"""
    x, curve = bls12_381.X, BLS12_381_G2
    if point is None:
        return None
    out = curve.add(curve.mul(x * x - x - 1, point), curve.mul(x - 1, bls12_381.psi(point)))
    double = curve.mul(2, point)
    return out if double is None else curve.add(out, bls12_381.psi(bls12_381.psi(double)))


def map_to_g1(u: int) -> G1Point:
    """map_to_curve and clear_cofactor of one element of Fp. [EIP-2537] MAP_FP_TO_G1"""
    return clear_cofactor_1(to_e1(u))


def map_fp2_to_g2(u: Fp2) -> G2Point:
    """map_to_curve and clear_cofactor of one element of Fp2. [EIP-2537] MAP_FP2_TO_G2"""
    return clear_cofactor_2(to_e2(u))


def hash_to_g1(message: bytes, dst: bytes) -> G1Point:
    """BLS12381G1_XMD:SHA-256_SSWU_RO_. 3, 8.8.1"""
    u0, u1 = hash_to_field(message, dst, 2)
    return clear_cofactor_1(BLS12_381_G1.add(to_e1(u0), to_e1(u1)))


def hash_to_g2(message: bytes, dst: bytes) -> G2Point:
    """BLS12381G2_XMD:SHA-256_SSWU_RO_. 3, 8.8.2"""
    a0, a1, b0, b1 = hash_to_field(message, dst, 4)
    return clear_cofactor_2(BLS12_381_G2.add(to_e2((a0, a1)), to_e2((b0, b1))))
