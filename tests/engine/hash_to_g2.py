"""Hashing to G2 by the specification: no host function needs it, some vectors do. Points as the tests write them."""

from __future__ import annotations

from functools import cache

from coproc.spec import hash_to_curve
from tests.engine.kit import Point


@cache
def hash_to_g2(message: bytes, dst: bytes) -> Point:
    """RFC 9380, BLS12381G2_XMD:SHA-256_SSWU_RO_."""
    return flat(hash_to_curve.hash_to_g2(message, dst))


def flat(point: tuple[tuple[int, int], tuple[int, int]] | None) -> Point:
    return None if point is None else (*point[0], *point[1])
