"""Points as bytes, the other way: the canonical encoding of each kind that ``decode`` reads."""

from __future__ import annotations

from coproc.spec.curve import G1Point, G2Point
from coproc.spec.decode import ARK_INFINITY, ARK_LARGER, COMPRESSED, INFINITY, LARGER
from coproc.spec.fields import BLS12_381_FP, BLS12_381_FP2, BN254_FP, BN254_FP2


def _join(order: str, width: int, *values: int) -> bytearray:
    assert order in ("big", "little")
    return bytearray(b"".join(v.to_bytes(width, "big" if order == "big" else "little") for v in values))


def zcash_g1(point: G1Point) -> bytes:
    """48 bytes."""
    if point is None:
        return bytes([COMPRESSED | INFINITY]) + bytes(47)
    out = _join("big", 48, point[0])
    out[0] |= COMPRESSED | (LARGER if BLS12_381_FP.is_larger(point[1]) else 0)
    return bytes(out)


def zcash_g2(point: G2Point) -> bytes:
    """96 bytes."""
    if point is None:
        return bytes([COMPRESSED | INFINITY]) + bytes(95)
    (x0, x1), y = point
    out = _join("big", 48, x1, x0)
    out[0] |= COMPRESSED | (LARGER if BLS12_381_FP2.is_larger(y) else 0)
    return bytes(out)


def zcash_g1_uncompressed(point: G1Point) -> bytes:
    """96 bytes."""
    return bytes([INFINITY]) + bytes(95) if point is None else bytes(_join("big", 48, *point))


def zcash_g2_uncompressed(point: G2Point) -> bytes:
    """192 bytes."""
    if point is None:
        return bytes([INFINITY]) + bytes(191)
    (x0, x1), (y0, y1) = point
    return bytes(_join("big", 48, x1, x0, y1, y0))


def ark_g1(point: G1Point, compressed: bool) -> bytes:
    """32 or 64 bytes."""
    if point is None:
        return bytes(31 if compressed else 63) + bytes([ARK_INFINITY])
    x, y = point
    out = _join("little", 32, x) if compressed else _join("little", 32, x, y)
    out[-1] |= ARK_LARGER if BN254_FP.is_larger(y) else 0
    return bytes(out)


def ark_g2(point: G2Point, compressed: bool) -> bytes:
    """64 or 128 bytes."""
    if point is None:
        return bytes(63 if compressed else 127) + bytes([ARK_INFINITY])
    x, y = point
    out = _join("little", 32, *x) if compressed else _join("little", 32, *x, *y)
    out[-1] |= ARK_LARGER if BN254_FP2.is_larger(y) else 0
    return bytes(out)


def evm_bn254_g1(point: G1Point) -> bytes:
    """64 bytes."""
    return bytes(_join("big", 32, *(point or (0, 0))))


def evm_bn254_g2(point: G2Point) -> bytes:
    """128 bytes, c1 first."""
    (x0, x1), (y0, y1) = point or ((0, 0), (0, 0))
    return bytes(_join("big", 32, x1, x0, y1, y0))


def evm_bls12_381_g1(point: G1Point) -> bytes:
    """128 bytes."""
    return bytes(_join("big", 64, *(point or (0, 0))))


def evm_bls12_381_g2(point: G2Point) -> bytes:
    """256 bytes, c0 first."""
    x, y = point or ((0, 0), (0, 0))
    return bytes(_join("big", 64, *x, *y))
