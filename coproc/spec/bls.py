"""BLS signatures of Dusk: signatures in G1, keys in G2, e(sig, g2) = e(H(msg), pk).

Keys and signatures arrive as archived affine points, unchecked: Montgomery limbs, a byte that says infinity, padding.
V1 (before the fork Aegis) hashes to the generator times a scalar, which makes signatures transferable between messages (kept);
V2 follows RFC 9380.
A multisignature sums keys weighted by coefficients of their own, against rogue keys. Limbs that are not below p: ``raw/bls.py``.
Sources: [bls12_381-bls] src/keys/public.rs, src/signatures.rs, src/hash.rs; [BDN18] for the coefficients.
"""

from __future__ import annotations

from functools import lru_cache

from coproc.params.bls12_381 import P
from coproc.spec.curve import BLS12_381_G1 as G1
from coproc.spec.curve import BLS12_381_G2 as G2
from coproc.spec.curve import G1Point, G2Point
from coproc.spec.encode import zcash_g2
from coproc.spec.fields import BLS12_381_FP
from coproc.spec.hash_to_curve import hash_to_g1
from coproc.spec.hashes import hash_to_scalar
from coproc.spec.pairing import BLS12_381
from coproc.spec.raw import bls as raw
from coproc.spec.verdict import require

DST_V2 = b"BLS_SIG_BLS12381G1_XMD:SHA-256_DUSK_V2"
COEFFICIENT_PREFIX_V2 = b"BLS_SIG_BLS12381_SCALAR_SHA256_DUSK_H1_V2"
LIMBS = 48  # bytes a coordinate


def coordinates(archived: bytes) -> tuple[int, ...]:
    """The Montgomery limbs of an archived point: 2 coordinates of 104 bytes, 4 of 200."""
    return tuple(int.from_bytes(archived[i : i + LIMBS], "little") for i in range(0, len(archived) - 8, LIMBS))


def is_infinity(archived: bytes) -> bool:
    """Any non-zero byte counts."""
    return archived[-8] != 0


@lru_cache(maxsize=1 << 12)
def valid_signature(archived: bytes) -> tuple[int, int]:
    """104 bytes of reduced limbs -> a point of prime order, not infinity; else Invalid."""
    x, y = (BLS12_381_FP.from_mont(limbs) for limbs in coordinates(archived))
    require(not is_infinity(archived) and G1.contains((x, y)) and G1.in_subgroup((x, y)), "invalid signature")
    return x, y


@lru_cache(maxsize=1 << 12)
def valid_key(archived: bytes) -> tuple[tuple[int, int], tuple[int, int]]:
    """200 bytes of reduced limbs -> a point of prime order, not infinity; else Invalid."""
    x0, x1, y0, y1 = (BLS12_381_FP.from_mont(limbs) for limbs in coordinates(archived))
    point = (x0, x1), (y0, y1)
    require(not is_infinity(archived) and G2.contains(point) and G2.in_subgroup(point), "invalid key")
    return point


def hash_message(message: bytes, version: int) -> G1Point:
    """H(msg)."""
    return G1.mul(hash_to_scalar(message), G1.generator) if version == 1 else hash_to_g1(message, DST_V2)


def verify_point(message: bytes, key: G2Point, signature: G1Point, version: int) -> bool:
    """e(sig, g2) e(-H(msg), pk) = 1."""
    return BLS12_381.is_one([(signature, G2.generator), (G1.neg(hash_message(message, version)), key)])


def coefficient(encoded_key: bytes, version: int) -> int:
    """The weight of a key in a multisignature, from its 96 compressed bytes."""
    return hash_to_scalar((COEFFICIENT_PREFIX_V2 if version > 1 else b"") + encoded_key)


@lru_cache(maxsize=1 << 12)
def weighted_key(archived: bytes, version: int) -> G2Point:
    """t pk; Invalid for an invalid key."""
    point = valid_key(archived)
    return G2.mul(coefficient(zcash_g2(point), version), point)


def is_reduced(*archived: bytes) -> bool:
    return all(limbs < P for point in archived for limbs in coordinates(point))


def verify(message: bytes, key: bytes, signature: bytes, version: int) -> bool:
    """verify_bls: version 1 or 2; raises Invalid for an invalid point."""
    if not is_reduced(key, signature):
        return raw.verify(hash_message(message, version), key, signature)
    return verify_point(message, valid_key(key), valid_signature(signature), version)


def verify_multisig(message: bytes, keys: tuple[bytes, ...], signature: bytes, version: int) -> bool:
    """verify_bls_multisig: no keys, an invalid key or keys that cancel are refused; order and repetitions are free."""
    require(len(keys) > 0, "no keys")
    if not is_reduced(*keys, signature):
        return raw.verify_multisig(hash_message(message, version), keys, signature, lambda encoded: coefficient(encoded, version))
    total: G2Point = None
    for key in keys:
        total = G2.add(total, weighted_key(key, version))
    require(total is not None, "the keys cancel")
    return verify_point(message, total, valid_signature(signature), version)
