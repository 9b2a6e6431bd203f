"""The arithmetic and pairing precompiles of Ethereum (EIP-196, EIP-197, EIP-2537), computed by the primitives.

Each suite is one batch: every point is decoded by one call, every sum made by another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from coproc.engine.protocol import Check, Curve, Encoding, Engine, Field, Group, Status
from tests.engine import kit
from tests.vectors import load

Sample = Callable[[Sequence[dict[str, Any]], int], Sequence[dict[str, Any]]]


def calldata(case: dict[str, Any]) -> bytes:
    return bytes.fromhex(case["in"]["data"])


def expected(case: dict[str, Any]) -> bytes | None:
    """The precompile's output; None where it must fail."""
    return bytes.fromhex(case["expect"]["out"]) if "out" in case["expect"] else None


def pieces(data: bytes, *sizes: int) -> list[list[bytes]]:
    """Rows of fields of these sizes."""
    rows, at = [], 0
    while at < len(data):
        row = []
        for size in sizes:
            row.append(data[at : at + size])
            at += size
        rows.append(row)
    return rows


def assert_equal(cases: Sequence[dict[str, Any]], results: Sequence[bytes | None]) -> None:
    wrong = [(c["id"], r) for c, r in zip(cases, results, strict=True) if r != expected(c)]
    assert not wrong, f"{len(wrong)} of {len(cases)} differ: {wrong[:5]}"
    assert cases


def additions(engine: Engine, group: Group, cases: Sequence[dict[str, Any]], rows: list[list[bytes] | None]) -> list[bytes | None]:
    """row: the two encoded points, None where the precompile already refused the length."""
    flat = [p for row in rows if row for p in row]
    words, status = kit.decode(engine, group, Encoding.EVM, flat, Check.ON_CURVE)
    encoded = kit.encode(engine, group, Encoding.EVM, engine.add(group, words[0::2].copy(), words[1::2].copy()))
    out: list[bytes | None] = []
    at = 0
    for row in rows:
        if row is None:
            out.append(None)
            continue
        good = status[2 * at] == status[2 * at + 1] == Status.OK
        out.append(encoded[at] if good else None)
        at += 1
    return out


def test_bn254_add_is_that_of_eip196(engine: Engine, sample: Sample) -> None:
    cases = sample(load.public("evm/bn254_add"), 17)
    rows: list[list[bytes] | None] = [pieces(calldata(c)[:128].ljust(128, b"\0"), 64, 64)[0] for c in cases]
    assert_equal(cases, additions(engine, Group.BN254_G1, cases, rows))


def test_bn254_mul_is_that_of_eip196(engine: Engine, sample: Sample) -> None:
    cases = sample(load.public("evm/bn254_mul"), 18)
    rows = [pieces(calldata(c)[:96].ljust(96, b"\0"), 64, 32)[0] for c in cases]
    words, status = kit.decode(engine, Group.BN254_G1, Encoding.EVM, [r[0] for r in rows])
    products = engine.scalar_mul(Group.BN254_G1, words, kit.scalars(int.from_bytes(r[1], "big") for r in rows))
    encoded = kit.encode(engine, Group.BN254_G1, Encoding.EVM, products)
    assert_equal(cases, [e if s == Status.OK else None for e, s in zip(encoded, status, strict=True)])


@pytest.mark.parametrize(("suite", "group"), [("evm/bls12381_g1_add", Group.BLS12_381_G1), ("evm/bls12381_g2_add", Group.BLS12_381_G2)])
def test_bls12381_add_is_that_of_eip2537(engine: Engine, sample: Sample, suite: str, group: Group) -> None:
    cases = sample(load.public(suite), 24)
    size = 128 if group == Group.BLS12_381_G1 else 256
    rows = [pieces(calldata(c), size, size)[0] if len(calldata(c)) == 2 * size else None for c in cases]
    assert_equal(cases, additions(engine, group, cases, rows))


@pytest.mark.parametrize("tables", [False, True], ids=["bare", "with-tables"])
@pytest.mark.parametrize(("suite", "group"), [("evm/bls12381_g1_msm", Group.BLS12_381_G1), ("evm/bls12381_g2_msm", Group.BLS12_381_G2)])
def test_bls12381_msm_is_that_of_eip2537(engine: Engine, sample: Sample, suite: str, group: Group, tables: bool) -> None:
    cases = sample(load.public(suite), 8 if not tables else 2)
    size = 128 if group == Group.BLS12_381_G1 else 256
    sums, refused = [], []
    for case in cases:
        data = calldata(case)
        rows = pieces(data, size, 32) if data and len(data) % (size + 32) == 0 else []
        words, status = kit.decode(engine, group, Encoding.EVM, [r[0] for r in rows])
        refused.append(not rows or any(s != Status.OK for s in status))
        sums.append((words, [int.from_bytes(r[1], "big") for r in rows]))
    encoded = kit.encode(engine, group, Encoding.EVM, kit.msm(engine, group, sums, tables=tables))
    assert_equal(cases, [None if bad else e for e, bad in zip(encoded, refused, strict=True)])


def pairing_results(
    engine: Engine, curve: Curve, cases: Sequence[dict[str, Any]], sizes: tuple[int, int], empty: bool
) -> list[bytes | None]:
    """empty: whether calldata without a pair is legal (it is in EIP-197: one)."""
    products, refused = [], []
    for case in cases:
        data = calldata(case)
        good = len(data) % sum(sizes) == 0 and (empty or len(data) > 0)
        rows = pieces(data, *sizes) if good else []
        g1, status1 = kit.decode(engine, kit.GROUPS[curve][0], Encoding.EVM, [r[0] for r in rows])
        g2, status2 = kit.decode(engine, kit.GROUPS[curve][1], Encoding.EVM, [r[1] for r in rows])
        refused.append(not good or any(s != Status.OK for s in status1 + status2))
        products.append((g1, g2) if not refused[-1] else (g1[:0], g2[:0]))
    verdicts = kit.products_are_one(engine, curve, products)
    return [None if bad else int(v).to_bytes(32, "big") for v, bad in zip(verdicts, refused, strict=True)]


def test_bn254_pairing_is_that_of_eip197(engine: Engine, sample: Sample) -> None:
    cases = sample(load.public("evm/bn254_pairing"), 10)
    assert_equal(cases, pairing_results(engine, Curve.BN254, cases, (64, 128), empty=True))


def test_bls12381_pairing_is_that_of_eip2537(engine: Engine, sample: Sample) -> None:
    cases = sample(load.public("evm/bls12381_pairing"), 10)
    assert_equal(cases, pairing_results(engine, Curve.BLS12_381, cases, (128, 256), empty=False))


def test_bls12381_map_fp_to_g1_is_that_of_eip2537(engine: Engine, sample: Sample) -> None:
    cases = sample(load.public("evm/bls12381_map_fp_to_g1"), 20)
    values = [int.from_bytes(calldata(c), "big") for c in cases]
    good = [len(calldata(c)) == 64 and v < kit.BLS_P for c, v in zip(cases, values, strict=True)]
    u = kit.montgomery(Field.BLS12_381_FP, [v if ok else 0 for v, ok in zip(values, good, strict=True)])
    encoded = kit.encode(engine, Group.BLS12_381_G1, Encoding.EVM, engine.map_to_g1(u))
    assert_equal(cases, [e if ok else None for e, ok in zip(encoded, good, strict=True)])
