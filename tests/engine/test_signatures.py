"""Ethereum's BLS signatures (keys in G1, signatures in G2) by decoders and pairings; messages are hashed to G2 by the specification."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from coproc.engine.protocol import ENCODED_BYTES, U64, Curve, Encoding, Engine, Group, Status
from tests.engine import kit
from tests.engine.hash_to_g2 import hash_to_g2
from tests.vectors import load

Sample = Callable[[Sequence[Any], int], Sequence[Any]]

G1, G2 = Group.BLS12_381_G1, Group.BLS12_381_G2
POP = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_"


def octets(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def decoded(engine: Engine, group: Group, item: bytes, *, infinity: bool) -> U64 | None:
    """The point as one row; None where it is refused. infinity: whether infinity may stand."""
    if len(item) != ENCODED_BYTES[group, Encoding.ZCASH]:
        return None
    words, status = kit.decode(engine, group, Encoding.ZCASH, [item])
    if status[0] != Status.OK or (not infinity and not words.any()):
        return None
    return words


Product = tuple[U64, U64] | None


def product(engine: Engine, keys: Sequence[bytes], messages: Sequence[bytes], signature: bytes, dst: str) -> Product:
    """The pairs of prod e(key_i, H(message_i)) e(-g1, signature); None where a part is refused already."""
    points = [decoded(engine, G1, key, infinity=False) for key in keys]
    sig = decoded(engine, G2, signature, infinity=True)
    if sig is None or not points or len(points) != len(messages):
        return None
    hashes = kit.points(G2, [hash_to_g2(m, dst.encode()) for m in messages])
    minus = kit.points(G1, [kit.negated(G1, kit.GENERATOR[G1])])
    good = [p for p in points if p is not None]
    return (np.concatenate([*good, minus]), np.concatenate([hashes, sig])) if len(good) == len(points) else None


def verdicts(engine: Engine, products: Sequence[Product]) -> list[bool]:
    found = iter(kit.products_are_one(engine, Curve.BLS12_381, [p for p in products if p is not None]))
    return [p is not None and next(found) for p in products]


def test_signatures_verify_as_in_the_ethereum_suite(engine: Engine, sample: Sample) -> None:
    cases = sample(load.public("bls/eth_verify"), 4)
    products = [
        product(engine, [octets(c["in"]["pubkey"])], [octets(c["in"]["message"])], octets(c["in"]["signature"]), POP) for c in cases
    ]
    assert verdicts(engine, products) == [c["expect"] for c in cases]


def test_aggregates_verify_as_in_the_ethereum_suite(engine: Engine) -> None:
    cases = load.public("bls/eth_aggregate_verify") + load.public("bls/eth_fast_aggregate_verify")
    products = []
    for case in cases:
        given = case["in"]
        messages = given["messages"] if "messages" in given else [given["message"]] * len(given["pubkeys"])
        products.append(
            product(engine, [octets(k) for k in given["pubkeys"]], [octets(m) for m in messages], octets(given["signature"]), POP)
        )
    assert verdicts(engine, products) == [c["expect"] for c in cases]


def test_signature_sets_verify_as_in_the_ethereum_suite(engine: Engine) -> None:
    """A set is valid if each of its members is."""
    for case in load.public("bls/eth_batch_verify"):
        rows = zip(case["in"]["pubkeys"], case["in"]["messages"], case["in"]["signatures"], strict=True)
        products = [product(engine, [octets(k)], [octets(m)], octets(s), POP) for k, m, s in rows]
        assert all(verdicts(engine, products)) == case["expect"]


def test_aggregation_is_the_sum_of_signatures(engine: Engine) -> None:
    for case in load.public("bls/eth_aggregate"):
        words, status = kit.decode(engine, G2, Encoding.ZCASH, [octets(s) for s in case["in"]])
        assert set(status) == {Status.OK}
        total = kit.msm(engine, G2, [(words, [1] * len(words))])
        assert kit.encode(engine, G2, Encoding.ZCASH, total) == [octets(case["expect"])]


@pytest.mark.parametrize("scheme", ["basic", "pop"])
def test_signatures_verify_as_in_wycheproof(engine: Engine, sample: Sample, scheme: str) -> None:
    cases = sample(load.public(f"bls/wycheproof_bls_sig_g2_{scheme}_verify"), 4)
    products = []
    for case in cases:
        group = case["in"]["group"]
        products.append(
            product(
                engine, [octets(group["publicKey"]["pk"])], [octets(case["in"]["msg"])], octets(case["in"]["sig"]), group["ciphersuite"]
            )
        )
    found = verdicts(engine, products)
    assert [(c["id"], v) for c, v in zip(cases, found, strict=True)] == [(c["id"], c["expect"] == "valid") for c in cases]


def test_aggregates_verify_as_in_wycheproof(engine: Engine, sample: Sample) -> None:
    """The basic scheme wants distinct messages."""
    cases = sample(load.public("bls/wycheproof_bls_sig_g2_aggregate_verify"), 3)
    products = []
    for case in cases:
        messages = [octets(m) for m in case["in"]["messages"]]
        distinct = len(set(messages)) == len(messages)
        keys = [octets(k) for k in case["in"]["pubkeys"]]
        dst = case["in"]["group"]["ciphersuite"]
        products.append(product(engine, keys, messages, octets(case["in"]["sig"]), dst) if distinct else None)
    found = verdicts(engine, products)
    assert [(c["id"], v) for c, v in zip(cases, found, strict=True)] == [(c["id"], c["expect"] == "valid") for c in cases]
