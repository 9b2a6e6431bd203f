"""verify_kzg_proof of EIP-4844: e(C - y G1, G2) = e(proof, (tau - z) G2). [EIP-4844], [c-kzg]"""

from __future__ import annotations

from coproc.params import bls12_381
from coproc.spec.curve import BLS12_381_G1 as G1
from coproc.spec.curve import BLS12_381_G2 as G2
from coproc.spec.decode import zcash_g1
from coproc.spec.pairing import BLS12_381
from coproc.spec.verdict import require


def scalar(data: bytes) -> int:
    """32 big-endian bytes below r."""
    value = int.from_bytes(data, "big")
    require(value < bls12_381.R, "a scalar is not canonical")
    return value


def verify(z: bytes, y: bytes, commitment: bytes, proof: bytes) -> bool:
    """Does the committed polynomial take the value y at z?"""
    c, w = zcash_g1(commitment), zcash_g1(proof)
    left = G1.sub(c, G1.mul(scalar(y), G1.generator))
    right = G2.sub(bls12_381.KZG_TAU_G2, G2.mul(scalar(z), G2.generator))
    return BLS12_381.is_one([(left, G2.generator), (G1.neg(w), right)])
