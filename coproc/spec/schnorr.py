"""Schnorr signatures over JubJub: u G + c pk = R with c = Poseidon(R, pk, message), truncated.

A point is archived in extended coordinates (u, v, z, t1, t2), standing for (u/z, v/z) with t1 t2 = u v / z, and arrives unchecked.
Sources: [jubjub-schnorr] src/keys/public.rs and src/signatures.rs; [jubjub] src/lib.rs.
"""

from __future__ import annotations

from coproc.params import jubjub
from coproc.params.jubjub import GENERATOR, IDENTITY, Point, Q
from coproc.spec.fields import BLS12_381_FR, JUBJUB_FR
from coproc.spec.poseidon import poseidon_hash, truncated
from coproc.spec.raw import schnorr as raw
from coproc.spec.rkyv import chunks
from coproc.spec.verdict import Panic

Extended = tuple[int, ...]


def affine(point: Extended) -> Point:
    """(u/z, v/z); Panic for z = 0, where upstream inverts without looking (after a torsion test that such a point passes)."""
    u, v, z = point[:3]
    if z == 0:
        raise Panic("a point with z = 0")
    inverse = pow(z, -1, Q)
    return u * inverse % Q, v * inverse % Q


def is_valid(point: Extended) -> bool:
    """On the curve, consistent, of prime order and not the identity; Panic for z = 0."""
    _, _, z, t1, t2 = point
    u, v = affine(point)
    consistent = u * v * z % Q == t1 * t2 % Q
    return consistent and jubjub.contains((u, v)) and (u, v) != IDENTITY and jubjub.mul(jubjub.R, (u, v)) == IDENTITY


def challenge(commitment: Point, key: Point, message: int) -> int:
    return truncated(poseidon_hash((*commitment, *key, message)))


def verify(message: bytes, key: bytes, signature: bytes) -> bool:
    """32, 160 and 192 archived bytes: Montgomery limbs; u of the signature is taken mod r_j whatever its limbs."""
    limbs = [int.from_bytes(word, "little") for word in chunks(message + key + signature[32:], 32)]
    u = JUBJUB_FR.from_mont(int.from_bytes(signature[:32], "little"))
    if any(x >= Q for x in limbs):
        return raw.verify(limbs[0], tuple(limbs[1:6]), u, tuple(limbs[6:]))
    values = tuple(BLS12_381_FR.from_mont(x) for x in limbs)
    msg, pk, commitment = values[0], values[1:6], values[6:]
    if not is_valid(pk) or not is_valid(commitment):
        return False
    c = challenge(affine(commitment), affine(pk), msg)
    return jubjub.add(jubjub.mul(u, GENERATOR), jubjub.mul(c, affine(pk))) == affine(commitment)
