"""Hashing to G2 and expanding messages, in the specification alone, are those of RFC 9380."""

from __future__ import annotations

from typing import Any

from coproc.engine.protocol import Group
from coproc.spec import hash_to_curve
from tests.engine.hash_to_g2 import flat, hash_to_g2
from tests.engine.kit import BLS_P
from tests.fuzz.points import zcash
from tests.vectors import load


def fp2(text: str) -> tuple[int, int]:
    c0, c1 = text.split(",")
    return int(c0, 16), int(c1, 16)


def wanted(point: dict[str, Any]) -> tuple[int, ...]:
    return (*fp2(point["x"]), *fp2(point["y"]))


def test_expand_message_gives_the_bytes_of_the_rfc() -> None:
    for case in load.public("h2c/rfc9380_expand_message"):
        given = case["in"]
        found = hash_to_curve.expand_message_xmd(given["msg"].encode(), given["dst"].encode(), given["len"])
        assert found.hex() == case["expect"]["uniform_bytes"]


def test_hash_to_g2_gives_the_points_of_the_rfc() -> None:
    """Random oracle and encoding (NU: one field element, mapped and cleared)."""
    cases = [c for c in load.public("h2c/rfc9380") if c["in"]["suite"].startswith("BLS12381G2")]
    assert len(cases) == 9
    for case in cases:
        message, dst = case["in"]["msg"].encode(), case["in"]["dst"].encode()
        count = len(case["expect"]["u"])
        values = hash_to_curve.hash_to_field(message, dst, 2 * count)
        assert [values[i : i + 2] for i in range(0, 2 * count, 2)] == [fp2(u) for u in case["expect"]["u"]]
        point = hash_to_g2(message, dst) if count == 2 else flat(hash_to_curve.map_fp2_to_g2((values[0], values[1])))
        assert point == wanted(case["expect"]["P"])


def test_hash_to_g2_gives_the_points_of_the_ethereum_suite() -> None:
    for case in load.public("bls/eth_hash_to_G2"):
        dst = b"QUUX-V01-CS02-with-BLS12381G2_XMD:SHA-256_SSWU_RO_"
        assert hash_to_g2(case["in"]["msg"].encode(), dst) == wanted(case["expect"])


def test_hash_to_g2_gives_the_points_of_wycheproof() -> None:
    for case in load.public("bls/wycheproof_bls_hash_to_g2"):
        point = hash_to_g2(bytes.fromhex(case["in"]["msg"]), case["in"]["group"]["dst"].encode())
        assert (zcash(Group.BLS12_381_G2, point).hex() == case["in"]["expected"]) == (case["expect"] == "valid"), case["id"]


def test_map_fp2_to_g2_is_that_of_eip2537() -> None:
    for case in load.public("evm/bls12381_map_fp2_to_g2"):
        data = bytes.fromhex(case["in"]["data"])
        c0, c1 = int.from_bytes(data[:64], "big"), int.from_bytes(data[64:], "big")
        if len(data) != 128 or max(c0, c1) >= BLS_P:
            assert "error" in case["expect"], case["id"]
            continue
        point = flat(hash_to_curve.map_fp2_to_g2((c0, c1)))
        assert b"".join(c.to_bytes(64, "big") for c in point or (0,) * 4).hex() == case["expect"].get("out"), case["id"]
