"""Groth16 proofs of snarkjs, gnark and arkworks, verified by the primitives alone: one sum for the inputs, one product of pairings.

e(A, B) = e(alpha, beta) e(sum_i input_i IC_i, gamma) e(C, delta)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from coproc.engine.protocol import U64, Curve, Encoding, Engine, FieldOp, Group, Status
from tests.engine import kit
from tests.vectors import load

Sample = Callable[[Sequence[Any], int], Sequence[Any]]


class Refused(Exception):
    """A coordinate or an input is not canonical, or a point not of the group."""


@dataclass(frozen=True)
class Key:
    """Points of the verifying key, one row each; `ic` one more than there are inputs."""

    alpha: U64
    beta: U64
    gamma: U64
    delta: U64
    ic: U64


def integers(text: Any) -> list[int]:
    return [i for t in text for i in integers(t)] if isinstance(text, list) else [int(text)]


def points(engine: Engine, group: Group, rows: Sequence[Any]) -> U64:
    """snarkjs points [x, y, z], z one or zero (infinity), as rows. Raises Refused."""
    values: list[kit.Point] = []
    for row in rows:
        *xy, z = row
        if integers(z) not in ([1], [0], [1, 0], [0, 0]):
            raise Refused
        coordinates = integers(xy)
        if max(coordinates) >= kit.MODULUS[kit.field_of(group)]:
            raise Refused
        values.append(tuple(coordinates) if any(integers(z)) else None)
    words = kit.points(group, values)
    if any(s != Status.OK for s in engine.check(group, 3, words)):
        raise Refused
    return words


def key_of(engine: Engine, curve: Curve, vk: dict[str, Any]) -> Key:
    g1, g2 = kit.GROUPS[curve]
    return Key(
        points(engine, g1, [vk["vk_alpha_1"]]),
        points(engine, g2, [vk["vk_beta_2"]]),
        points(engine, g2, [vk["vk_gamma_2"]]),
        points(engine, g2, [vk["vk_delta_2"]]),
        points(engine, g1, vk["IC"]),
    )


Claim = tuple[U64, U64] | None


def claim(engine: Engine, curve: Curve, key: Key, a: U64, b: U64, c: U64, inputs: Sequence[int]) -> Claim:
    """The pairs whose product must be one: (-A, B), (alpha, beta), (sum, gamma), (C, delta). None for a wrong count or a large input."""
    if len(inputs) + 1 != len(key.ic) or any(i >= kit.ORDER[curve] for i in inputs):
        return None
    g1 = kit.GROUPS[curve][0]
    total = kit.msm(engine, g1, [(key.ic, [1, *inputs])])
    minus = engine.scalar_mul(g1, a, kit.scalars([kit.ORDER[curve] - 1]))
    return np.concatenate([minus, key.alpha, total, c]), np.concatenate([b, key.beta, key.gamma, key.delta])


def snarkjs_claim(engine: Engine, curve: Curve, key: Key, proof: dict[str, Any], public: Sequence[str]) -> Claim:
    g1, g2 = kit.GROUPS[curve]
    try:
        a, b, c = points(engine, g1, [proof["pi_a"]]), points(engine, g2, [proof["pi_b"]]), points(engine, g1, [proof["pi_c"]])
    except Refused:
        return None
    return claim(engine, curve, key, a, b, c, [int(p) for p in public])


def verdicts(engine: Engine, curve: Curve, claims: Sequence[Claim]) -> list[bool]:
    found = iter(kit.products_are_one(engine, curve, [c for c in claims if c is not None]))
    return [c is not None and next(found) for c in claims]


SUITES = {
    "zk/groth16_bn254": (Curve.BN254, 4),
    "zk/groth16_bn254_generated": (Curve.BN254, 4),
    "zk/groth16_bn254_derived": (Curve.BN254, 9),
    "zk/groth16_bls12381": (Curve.BLS12_381, 1),
    "zk/groth16_bls12381_generated": (Curve.BLS12_381, 3),
    "zk/groth16_bls12381_derived": (Curve.BLS12_381, 7),
}


@pytest.mark.parametrize("suite", sorted(SUITES))
def test_snarkjs_proofs_verify_by_primitives(engine: Engine, sample: Sample, suite: str) -> None:
    curve, few = SUITES[suite]
    cases = sample(load.public(suite), few)
    vks = load.verifying_keys(suite)
    keys = {name: key_of(engine, curve, vks[name]) for name in {c["in"]["vk"] for c in cases}}
    claims = [snarkjs_claim(engine, curve, keys[c["in"]["vk"]], c["in"]["proof"], c["in"]["public"]) for c in cases]
    found = verdicts(engine, curve, claims)
    assert [(c["id"], v) for c, v in zip(cases, found, strict=True)] == [(c["id"], c["expect"]) for c in cases]


@pytest.mark.parametrize(("suite", "curve"), [("bn254", Curve.BN254), ("bls12381", Curve.BLS12_381)])
def test_items_that_cancel_in_a_fold_are_told_apart(engine: Engine, sample: Sample, suite: str, curve: Curve) -> None:
    """Forged batches: each verdict is that of the item alone."""
    cases = sample(load.public(f"zk/forged_batch_groth16_{suite}"), 2)
    vks = load.verifying_keys(f"zk/forged_batch_groth16_{suite}")
    claims, wanted = [], []
    for case in cases:
        key = key_of(engine, curve, vks[case["in"]["vk"]])
        items, expect = case["in"]["items"], case["expect"]
        if engine.name == "spec":
            items, expect = items[:6], expect[:6]
        claims += [snarkjs_claim(engine, curve, key, i["proof"], i["public"]) for i in items]
        wanted += expect
    assert False in wanted
    assert verdicts(engine, curve, claims) == wanted


def test_published_verifying_keys_decode(engine: Engine, sample: Sample) -> None:
    """Keys live on chains: every point is on its curve and in its group."""
    for case in sample(load.public("zk/groth16_bn254_vks"), 3):
        key = key_of(engine, Curve.BN254, case["in"]["vk"])
        assert key.ic.any(axis=1).any()


def gnark_point(group: Group, item: bytes) -> bytes:
    """gnark's compressed BN254 point (big-endian, c1 first; top bits 10 smaller y, 11 larger, 01 infinity) in arkworks' form."""
    flag = item[0] >> 6
    out = bytearray(bytes([item[0] & 0x3F]) + item[1:])
    out.reverse()
    out[-1] |= {2: 0x00, 3: 0x80, 1: 0x40}[flag]
    assert len(out) == (32 if group == Group.BN254_G1 else 64)
    return bytes(out)


def test_a_gnark_proof_verifies_by_primitives(engine: Engine) -> None:
    """WriteTo of proof (A, B, C), key (alpha, beta1, beta2, gamma, delta1, delta2, K) and witness (two counts, a length, the values)."""
    g1, g2 = Group.BN254_G1, Group.BN254_G2

    def read(data: bytes, groups: Sequence[Group]) -> tuple[list[U64], bytes]:
        out = []
        for group in groups:
            size = 32 if group == g1 else 64
            words, status = kit.decode(engine, group, Encoding.ARK_COMPRESSED, [gnark_point(group, data[:size])])
            assert status == [Status.OK]
            out.append(words)
            data = data[size:]
        return out, data

    (case,) = (c for c in load.public("zk/gnark_binary") if c["op"] == "gnark_groth16_bn254")
    (a, b, c), _ = read(bytes.fromhex(case["in"]["proof"]), [g1, g2, g1])
    (alpha, _, beta, gamma, _, delta), rest = read(bytes.fromhex(case["in"]["vk"]), [g1, g1, g2, g2, g1, g2])
    ic, _ = read(rest[4:], [g1] * int.from_bytes(rest[:4], "big"))
    witness = bytes.fromhex(case["in"]["public_witness"])
    values = [int.from_bytes(witness[i : i + 32], "big") for i in range(12, len(witness), 32)]
    assert len(values) == int.from_bytes(witness[:4], "big")
    key = Key(alpha, beta, gamma, delta, np.concatenate(ic))
    good = claim(engine, Curve.BN254, key, a, b, c, values)
    bad = claim(engine, Curve.BN254, key, a, b, c, [values[0] + 1])
    assert verdicts(engine, Curve.BN254, [good, bad]) == [True, False]


def test_arkworks_bytes_verify_by_primitives(engine: Engine) -> None:
    """Prepared pieces over BLS12-381: e(A, B) e(sum, -gamma) e(C, -delta) equals the given e(alpha, beta), in the field's own power."""
    g1, g2 = Group.BLS12_381_G1, Group.BLS12_381_G2

    def read(group: Group, data: bytes) -> U64:
        size = 48 if group == g1 else 96
        words, status = kit.decode(engine, group, Encoding.ZCASH, [data[i : i + size] for i in range(0, len(data), size)])
        assert set(status) == {Status.OK}
        return words

    for case in load.public("zk/groth16_arkworks_bytes"):
        given = {k: bytes.fromhex(v) for k, v in case["in"].items()}
        proof = given["proof_bytes"]
        a, b, c = read(g1, proof[:48]), read(g2, proof[48:144]), read(g1, proof[144:192])
        ic = read(g1, given["vk_gamma_abc_g1_bytes"])
        values = [int.from_bytes(given["public_inputs_bytes"][i : i + 32], "little") for i in range(0, 32 * (len(ic) - 1), 32)]
        total = kit.msm(engine, g1, [(ic, [1, *values])])
        lines = np.concatenate([b, read(g2, given["gamma_g2_neg_pc_bytes"]), read(g2, given["delta_g2_neg_pc_bytes"])])
        value = engine.pairing(Curve.BLS12_381, kit.offsets([3]), np.concatenate([a, total, c]), lines)
        target = given["alpha_g1_beta_g2_bytes"]
        wanted = [int.from_bytes(target[i : i + 48], "little") for i in range(0, 576, 48)]
        words = kit.montgomery(kit.BASE_FIELD[Curve.BLS12_381], wanted).reshape(1, -1)
        # arkworks' exponent on BLS12-381 is three times (p^12 - 1) / r, as ours is.
        assert np.array_equal(value, words) == case["expect"]
        other = engine.fp12(Curve.BLS12_381, FieldOp.SQR, value)
        assert not np.array_equal(other, words)
