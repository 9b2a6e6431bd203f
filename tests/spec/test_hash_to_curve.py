"""Hashing to both groups of BLS12-381: the points of RFC 9380 and of EIP-2537."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from py_ecc.bls import hash_to_curve as py_h2c
from py_ecc.optimized_bls12_381 import normalize

from coproc.params import bls12_381_hash
from coproc.spec import curve, encode, hash_to_curve
from coproc.spec.fields import BLS12_381_FP, BLS12_381_FP2
from tests.vectors import load

RFC = load.public("h2c/rfc9380")
EXPAND = load.public("h2c/rfc9380_expand_message")


def number(text: str) -> Any:
    """ "0x.." or "0x..,0x.." as an element of Fp or of Fp2."""
    parts = tuple(int(x, 16) for x in text.split(","))
    return parts if len(parts) > 1 else parts[0]


@pytest.mark.parametrize("case", [c for c in RFC if "BLS12381" in c["in"]["suite"]], ids=lambda c: c["id"])
def test_points_of_the_rfc(case: dict[str, Any]) -> None:
    message, dst, suite = case["in"]["msg"].encode(), case["in"]["dst"].encode(), case["in"]["suite"]
    expected = number(case["expect"]["P"]["x"]), number(case["expect"]["P"]["y"])
    if suite.endswith("_RO_"):
        hash_to = hash_to_curve.hash_to_g1 if "G1" in suite else hash_to_curve.hash_to_g2
        assert hash_to(message, dst) == expected
    elif "G1" in suite:
        assert hash_to_curve.map_to_g1(hash_to_curve.hash_to_field(message, dst, 1)[0]) == expected
    else:
        u0, u1 = hash_to_curve.hash_to_field(message, dst, 2)
        assert hash_to_curve.map_fp2_to_g2((u0, u1)) == expected


@pytest.mark.parametrize("case", EXPAND, ids=lambda c: c["id"])
def test_uniform_bytes_of_the_rfc(case: dict[str, Any]) -> None:
    out = hash_to_curve.expand_message_xmd(case["in"]["msg"].encode(), case["in"]["dst"].encode(), case["in"]["len"])
    assert out.hex() == case["expect"]["uniform_bytes"]


def test_points_are_the_ones_of_py_ecc() -> None:
    dst = b"BLS_SIG_BLS12381G1_XMD:SHA-256_DUSK_V2"
    for message in (b"", b"abc", bytes(200)):
        x, y = normalize(py_h2c.hash_to_G1(message, dst, hashlib.sha256))
        assert hash_to_curve.hash_to_g1(message, dst) == (int(x), int(y))
        theirs = normalize(py_h2c.hash_to_G2(message, dst, hashlib.sha256))
        assert hash_to_curve.hash_to_g2(message, dst) == tuple(tuple(int(c) for c in part.coeffs) for part in theirs)


@pytest.mark.parametrize("case", [c for c in load.public("evm/bls12381_map_fp2_to_g2") if "out" in c["expect"]][:12], ids=lambda c: c["id"])
def test_map_fp2_to_g2_is_the_precompile(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["in"]["data"])
    u = int.from_bytes(data[:64], "big"), int.from_bytes(data[64:], "big")
    assert encode.evm_bls12_381_g2(hash_to_curve.map_fp2_to_g2(u)).hex() == case["expect"]["out"]


def test_exceptional_inputs_of_the_swu_map_land_on_the_curve() -> None:
    """u = 0 and Z u^2 = -1, where the formula divides by zero."""
    for u in (0, BLS12_381_FP.sqrt(BLS12_381_FP.neg(BLS12_381_FP.inv(bls12_381_hash.SSWU_Z)))):
        assert u is not None
        point = hash_to_curve.simplified_swu(BLS12_381_FP, bls12_381_hash.E1_PRIME, bls12_381_hash.SSWU_Z, u)
        assert bls12_381_hash.E1_PRIME.contains(point)
        assert curve.BLS12_381_G1.in_subgroup(hash_to_curve.map_to_g1(u))
    point2 = hash_to_curve.simplified_swu(BLS12_381_FP2, bls12_381_hash.E2_PRIME, bls12_381_hash.SSWU2_Z, (0, 0))
    assert bls12_381_hash.E2_PRIME.contains(point2)


def test_too_many_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match="too many"):
        hash_to_curve.expand_message_xmd(b"", b"dst", 255 * 32 + 1)
