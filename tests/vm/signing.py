"""Signs as Dusk's BLS does (rules from Aegis on): multi-signatures of small secret keys, points as contracts get them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from coproc.params.bls12_381 import R
from coproc.spec.bls import coefficient, hash_message
from coproc.spec.curve import BLS12_381_G1 as G1
from coproc.spec.curve import BLS12_381_G2 as G2
from coproc.spec.encode import zcash_g2
from coproc.spec.fields import BLS12_381_FP as FP


def _archived(coordinates: Sequence[int]) -> bytes:
    """Montgomery limbs, then the byte of infinity and seven of padding."""
    return b"".join(FP.to_mont(a).to_bytes(48, "little") for a in coordinates) + bytes(8)


@cache
def _key(secret: int) -> tuple[bytes, int]:
    point = G2.mul(secret, G2.generator)
    assert point is not None
    return _archived((*point[0], *point[1])), coefficient(zcash_g2(point), 2)


def key(secret: int) -> bytes:
    """The public key, 200 bytes."""
    return _key(secret)[0]


@cache
def sign(message: bytes, secrets: tuple[int, ...]) -> bytes:
    """The multi-signature of all that hold `secrets`, 104 bytes."""
    total = sum(secret * _key(secret)[1] for secret in secrets) % R
    point = G1.mul(total, hash_message(message, 2))
    assert point is not None
    return _archived(point)
