"""Coefficients of a fold: 128 secret bits a claim, never zero, from a fresh seed and a digest of everything that the claims were made of.

Whoever made the proofs can predict nothing: the seed is drawn after the batch is sealed. With r_i uniform over a set C of residues mod r,
independent, a batch that holds a false claim passes with a probability of at most 1 / |C|: fixing all but that claim's coefficient,
one residue at most makes the weighted sum of logarithms vanish.

C = {a + b mu : 0 <= a, b < 2^64, not both 0} for a number mu that an endomorphism multiplies by, so that r_i P costs 64 doublings: in
BLS12-381 mu = x^2 and the integer a + b x^2 is below r; in BN254 mu = LAMBDA. The 2^128 - 1 pairs give as many residues, none of them 0:
the difference of two pairs is a pair (s, t) != (0, 0) with |s|, |t| < 2^64; if s + t mu = 0 mod r, then r divides s^2 + s t + t^2 (as
mu^2 = mu - 1, BLS12-381) or s^2 - s t + t^2 (as mu^2 = -mu - 1, BN254), which is at least 1 and below 3 * 2^128 < r.
"""

from __future__ import annotations

from functools import cache
from hashlib import blake2b, shake_256
from typing import Final, NamedTuple

import numpy as np

from coproc.engine.protocol import U64, Curve, Engine, FieldOp
from coproc.fold.claims import SCALARS_OF

BITS: Final = 128
SEED_BYTES: Final = 32
_DOMAIN: Final = b"coproc fold 1"


@cache
def mu(curve: Curve) -> int:
    """The curves' files prove what they say while they are imported, a twentieth of a second each: only who folds waits."""
    from coproc.params import bls12_381, bn254

    return bls12_381.X_ABS**2 if curve == Curve.BLS12_381 else bn254.LAMBDA


@cache
def _order(curve: Curve) -> int:
    from coproc.params import bls12_381, bn254

    return bls12_381.R if curve == Curve.BLS12_381 else bn254.R


class Coefficients(NamedTuple):
    """One a claim: uint64[n, 4] each, Montgomery and plain."""

    mont: U64
    plain: U64


def seal(curve: Curve, parts: list[bytes], seed: bytes) -> bytes:
    """The digest that coefficients come from: of the seed, and of each part of the batch with its length, in order."""
    state = blake2b(_DOMAIN, digest_size=64, key=seed)
    state.update(bytes([curve]))
    for part in parts:
        state.update(len(part).to_bytes(8, "little") + part)
    return state.digest()


def halves(digest: bytes, n: int, bits: int = BITS) -> U64:
    """uint64[n, 2]: pairs (a, b) of `bits` random bits together, never (0, 0)."""
    keep = np.array([(1 << min(bits, 64)) - 1, (1 << max(bits - 64, 0)) - 1], np.uint64)
    pairs = np.frombuffer(shake_256(digest).digest(16 * n), "<u8").reshape(n, 2) & keep
    again = 0
    while len(zero := np.flatnonzero(~pairs.any(axis=1))):
        again += 1
        fresh = shake_256(digest + again.to_bytes(8, "little")).digest(16 * len(zero))
        pairs[zero] = np.frombuffer(fresh, "<u8").reshape(-1, 2) & keep
    return pairs


def coefficients(engine: Engine, curve: Curve, pairs: U64) -> Coefficients:
    """a + b mu of each pair."""
    n, field = len(pairs), SCALARS_OF[curve]
    plain = np.zeros((2 * n, 4), np.uint64)
    plain[:n, 0], plain[n:, 0] = pairs[:, 0], pairs[:, 1]
    mont = engine.field(field, FieldOp.TO_MONT, plain)
    times = engine.field(field, FieldOp.MUL, mont[n:], np.repeat(montgomery(curve, mu(curve)), n, axis=0))
    total = engine.field(field, FieldOp.ADD, mont[:n], times)
    return Coefficients(total, engine.field(field, FieldOp.FROM_MONT, total))


def montgomery(curve: Curve, value: int) -> U64:
    """uint64[1, 4]: a scalar in Montgomery form."""
    return np.frombuffer(((value << 256) % _order(curve)).to_bytes(32, "little"), "<u8").astype(np.uint64).reshape(1, 4)
