"""KZG openings of EIP-4844, by decoders, sums and one pairing equation."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from coproc.engine.protocol import Curve, Encoding, Engine, Group, Status
from tests.engine import kit
from tests.vectors import load

Sample = Callable[[Sequence[Any], int], Sequence[Any]]

G1, G2 = Group.BLS12_381_G1, Group.BLS12_381_G2
#: [tau] G2 of the mainnet ceremony.
TAU_G2 = bytes.fromhex(
    "b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72"
    "185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2"
)


def verdict(engine: Engine, commitment: bytes, z: bytes, y: bytes, proof: bytes) -> bool | None:
    """e(C - y G + z proof, G2) e(-proof, [tau] G2) = 1; None where the inputs are no inputs."""
    if (len(commitment), len(z), len(y), len(proof)) != (48, 32, 32, 48):
        return None
    scalars = [int.from_bytes(x, "big") for x in (z, y)]
    words, status = kit.decode(engine, G1, Encoding.ZCASH, [commitment, proof])
    if max(scalars) >= kit.BLS_R or any(s != Status.OK for s in status):
        return None
    bases = np.concatenate([words, kit.points(G1, [kit.GENERATOR[G1]])])
    r = kit.BLS_R
    left = kit.msm(engine, G1, [(bases, [1, scalars[0], -scalars[1] % r]), (words[1:], [r - 1])])
    tau = kit.decode(engine, G2, Encoding.ZCASH, [TAU_G2])[0]
    g2 = np.concatenate([kit.points(G2, [kit.GENERATOR[G2]]), tau])
    return kit.products_are_one(engine, Curve.BLS12_381, [(left, g2)])[0]


def test_openings_verify_as_in_c_kzg(engine: Engine, sample: Sample) -> None:
    cases = sample(load.public("kzg/verify_kzg_proof"), 6)
    for case in cases:
        fields = [bytes.fromhex(case["in"][k][2:]) for k in ("commitment", "z", "y", "proof")]
        assert verdict(engine, *fields) == case["expect"], case["id"]


def test_point_evaluation_is_that_of_eip4844(engine: Engine) -> None:
    for case in load.public("evm/kzg_point_evaluation"):
        data = bytes.fromhex(case["in"]["data"])
        versioned, z, y, commitment, proof = data[:32], data[32:64], data[64:96], data[96:144], data[144:192]
        assert versioned == b"\x01" + hashlib.sha256(commitment).digest()[1:]
        assert verdict(engine, commitment, z, y, proof) is True
        assert case["expect"]["out"] == (4096).to_bytes(32, "big").hex() + kit.BLS_R.to_bytes(32, "big").hex()
