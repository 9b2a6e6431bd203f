"""Hashing to G1 is RFC 9380's BLS12381G1_XMD:SHA-256_SSWU_RO_."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from coproc.engine.protocol import Buffers, Check, Engine, Field, Group, Status
from tests.engine import kit
from tests.vectors import load

Sample = Callable[[Sequence[Any], int], Sequence[Any]]

G1 = Group.BLS12_381_G1
RANDOM_ORACLE, ENCODE = "BLS12381G1_XMD:SHA-256_SSWU_RO_", "BLS12381G1_XMD:SHA-256_SSWU_NU_"


def suite(name: str) -> list[dict[str, Any]]:
    cases = [c for c in load.public("h2c/rfc9380") if c["in"]["suite"] == name]
    assert cases
    return cases


def wanted(case: dict[str, Any]) -> kit.Point:
    return int(case["expect"]["P"]["x"], 16), int(case["expect"]["P"]["y"], 16)


def hashed(engine: Engine, messages: Sequence[bytes], dst: bytes) -> list[kit.Point]:
    return kit.coordinates(G1, engine.hash_to_g1(Buffers.of(list(messages)), dst))


def test_hash_to_g1_gives_the_points_of_the_rfc(engine: Engine) -> None:
    cases = suite(RANDOM_ORACLE)
    for dst in {c["in"]["dst"] for c in cases}:
        chosen = [c for c in cases if c["in"]["dst"] == dst]
        assert hashed(engine, [c["in"]["msg"].encode() for c in chosen], dst.encode()) == [wanted(c) for c in chosen]


def test_map_to_g1_gives_the_points_of_the_rfc(engine: Engine) -> None:
    """One field element encodes to a curve point (NU); the sum of two is the hash (RO)."""
    single, double = suite(ENCODE), suite(RANDOM_ORACLE)
    us = [int(u, 16) for c in single + double for u in c["expect"]["u"]]
    points = engine.map_to_g1(kit.montgomery(Field.BLS12_381_FP, us))
    assert kit.coordinates(G1, points[: len(single)]) == [wanted(c) for c in single]
    rest = points[len(single) :]
    sums = engine.add(G1, rest[0::2].copy(), rest[1::2].copy())
    assert kit.coordinates(G1, sums) == [wanted(c) for c in double]


def test_exceptional_field_elements_map_into_the_group(engine: Engine, thorough: bool) -> None:
    """Where Z^2 u^4 + Z u^2 = 0, Z = 11, the map divides by zero unless told otherwise: u = 0 and both roots of -1/Z."""
    p = kit.BLS_P
    exceptional = pow(-pow(11, -1, p), (p + 1) // 4, p)
    assert (11 * exceptional**2 + 1) % p == 0
    us = [0, exceptional, p - exceptional]
    us += [1, p - 1, 2, p - 2, (p - 1) // 2, (p + 1) // 2] if thorough else []
    points = engine.map_to_g1(kit.montgomery(Field.BLS12_381_FP, us))
    assert set(engine.check(G1, Check.ON_CURVE | Check.IN_SUBGROUP, points)) == {Status.OK}
    assert points.any(axis=1).all()
    # The sign of y is that of u: opposite u, opposite points.
    values = kit.coordinates(G1, points)
    assert [kit.negated(G1, v) for v in values[1::2]] == values[2::2]


def test_hashes_do_not_depend_on_batch_mates(engine: Engine, thorough: bool) -> None:
    dst = b"BLS_SIG_BLS12381G1_XMD:SHA-256_DUSK_V2"
    messages = [bytes([i % 251]) * i for i in ((0, 1, 31, 32, 33, 55, 56, 63, 64, 65, 127, 128, 129, 1000) if thorough else (0, 64, 129))]
    together = hashed(engine, messages, dst)
    assert len(set(together)) == len(messages)
    assert together == [hashed(engine, [m], dst)[0] for m in messages]


def test_the_domain_separates(engine: Engine) -> None:
    """Another tag, a longer one, and one beyond 255 bytes (hashed first, RFC 9380 section 5.3.3)."""
    tags = [b"a", b"b", b"aa", b"a" * 255, b"a" * 256, b"a" * 257]
    assert len({hashed(engine, [b"message"], tag)[0] for tag in tags}) == len(tags)
