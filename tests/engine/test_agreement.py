"""Engines agree with the specification bit for bit, primitive by primitive, on random inputs and on those at the edges."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from coproc.engine.protocol import (
    PLONK_TERMS,
    Buffers,
    Curve,
    Encoding,
    Engine,
    FieldOp,
    Group,
    Layout,
    PlonkKeyHeader,
    Status,
)  # fmt: skip
from coproc.operation import Request
from tests.conftest import engine_named
from tests.engine import kit
from tests.fuzz import mutate, points
from tests.fuzz.parts import LAYOUT
from tests.samples import requests
from tests.vectors import load

Sample = Callable[[Sequence[Any], int], Sequence[Any]]

CURVES = pytest.mark.parametrize("curve", list(Curve), ids=lambda c: c.name.lower())


@pytest.fixture(scope="module")
def spec() -> Engine:
    return engine_named("spec")


def parsed(engine: Engine, layout: Layout, asked: Sequence[Request]) -> list[Any]:
    """Per element: status, and for each field its position in the buffer and its count."""
    items = Buffers.of([r.args for r in asked])
    found = engine.parse(layout, items, np.array([r.align for r in asked], np.uint8))
    rows = []
    for i in range(len(asked)):
        if found.status[i] != Status.OK:
            assert not found.fields[i].any()
            assert not found.counts[i].any()
            rows.append(None)
            continue
        start = int(items.addresses[i])
        rows.append([(int(f) - start, int(c)) for f, c in zip(found.fields[i], found.counts[i], strict=True) if f])
    return rows


@pytest.mark.parametrize("op", ["hash", "poseidon_hash", *(o for o in requests.OPS if o.startswith("verify")), "secp256k1_recover"])
def test_parsing_agrees_on_damaged_buffers(engine: Engine, spec: Engine, op: str, thorough: bool) -> None:
    """Pointers, counts, ends and alignments of every kind; no field ever lies outside its buffer."""
    rng = random.Random(op)
    asked = []
    for request in mutate.stream(op, "parse", 300 if thorough else 30):
        for _ in range(4):
            asked.append(request._replace(args=mutate._damage(rng, op, request.args), align=rng.choice((1, 2, 4, 8, 8))))
    ours, theirs = parsed(engine, LAYOUT[op], asked), parsed(spec, LAYOUT[op], asked)
    assert ours == theirs
    assert None in ours
    assert any(ours)


def test_equal_bytes_are_matched_and_grouped(engine: Engine) -> None:
    """match: the index of equal bytes or -1; group: the first of its kind. Lengths and single bytes tell apart."""
    rng = random.Random(5)
    known = [b"", b"\0", bytes(31), bytes(32), b"x" * 100, b"x" * 99 + b"y", b"y" + b"x" * 99, *(rng.randbytes(48) for _ in range(40))]
    data = [rng.choice([*known, rng.randbytes(48), b"x" * 101]) for _ in range(500)]
    table = {k: i for i, k in enumerate(known)}
    assert engine.match(Buffers.of(data), Buffers.of(known)).tolist() == [table.get(d, -1) for d in data]
    first: dict[bytes, int] = {}
    assert engine.group(Buffers.of(data)).tolist() == [first.setdefault(d, i) for i, d in enumerate(data)]
    assert engine.match(Buffers.of(data), Buffers.of([])).tolist() == [-1] * len(data)
    assert engine.match(Buffers.of([]), Buffers.of(known)).shape == (0,)
    assert engine.group(Buffers.of([])).shape == (0,)


@pytest.mark.parametrize("kind", ["schnorr", "bls", "multisig", "poseidon"])
def test_unreduced_limbs_agree(engine: Engine, spec: Engine, kind: str, thorough: bool) -> None:
    """Signatures, keys and scalars with multiples of the modulus added, as archived; reduced ones take the same path here."""
    op = {"schnorr": "verify_schnorr", "bls": "verify_bls", "multisig": "verify_bls_multisig", "poseidon": "poseidon_hash"}[kind]
    rng = random.Random(kind)
    rows = []
    for _ in range({"schnorr": 150, "bls": 60, "multisig": 24, "poseidon": 150}[kind] if thorough else 8):
        fields = mutate.fields_of(rng.choice(requests.cases(op, accepted=True)))
        for _ in range(rng.choice((0, 1, 2))):
            places = [p for p in mutate.parts_of(op, fields) if p.kind in ("fr", "jubjub", "jubjub_scalar", "raw_g1", "raw_g2")]
            part = rng.choice(places)
            mutate._put(fields, part, mutate.MUTATIONS[part.kind](rng, fields[part.field][part.offset : part.offset + part.size]))
        rows.append(fields)
    columns = [kit.addresses_of_bytes([row[k] for row in rows]) for k in range(len(rows[0]))]

    def answers(which: Engine) -> Any:
        if kind == "poseidon":
            out, status = which.poseidon_hash(columns[0][0], np.array([len(r[0]) // 32 for r in rows], np.uint64))
            return out.tolist(), status.tolist()
        if kind == "schnorr":
            verdict, status = which.schnorr(columns[0][0], columns[1][0], columns[2][0])
            return verdict.tolist(), status.tolist()
        keys = [row[1][i : i + 200] for row in rows for i in range(0, len(row[1]), 200)]
        where, block = kit.addresses_of_bytes(keys)
        sizes = kit.offsets(len(row[1]) // 200 for row in rows)
        versions = np.array([1 + i % 2 for i in range(len(rows))], np.uint8)
        assert len(block) > 0
        return which.bls_exact(kind == "multisig", versions, Buffers.of([r[0] for r in rows]), sizes, where, columns[2][0]).tolist()

    ours = answers(engine)
    assert ours == answers(spec)
    if kind != "poseidon" and thorough:
        verdicts = ours[0] if kind == "schnorr" else ours
        assert 0 < sum(verdicts) < len(verdicts)


@CURVES
def test_pairings_agree_in_every_coordinate(engine: Engine, spec: Engine, curve: Curve, thorough: bool) -> None:
    """The value in Gt, not the verdict alone: the same exponent, the same tower, the same order of coordinates."""
    rng = random.Random(curve)
    sizes = [1, 2, 3, 0] if thorough else [1, 2]
    rows = []
    for group in kit.GROUPS[curve]:
        generator = kit.points(group, [kit.GENERATOR[group]])
        ks = [rng.randrange(kit.ORDER[curve]) for _ in range(sum(sizes))]
        rows.append(spec.scalar_mul(group, np.repeat(generator, len(ks), axis=0), kit.scalars(ks)))
    ours = engine.pairing(curve, kit.offsets(sizes), *rows)
    assert np.array_equal(ours, spec.pairing(curve, kit.offsets(sizes), *rows))


@CURVES
def test_final_exponentiation_agrees_on_any_value(engine: Engine, spec: Engine, curve: Curve, thorough: bool) -> None:
    """Not only on what Miller loops give: BN254 keys bring any Fp12 and any coefficients. Zero stays zero."""
    rng = random.Random(curve)
    p = kit.MODULUS[kit.BASE_FIELD[curve]]
    values = [[rng.randrange(p) for _ in range(12)] for _ in range(4 if thorough else 1)]
    values += [[1] + [0] * 11, [0] * 11 + [1], [0, 1] + [0] * 10]
    words = kit.montgomery(kit.BASE_FIELD[curve], [c for v in values for c in v]).reshape(len(values), -1)
    assert np.array_equal(engine.final_exponentiation(curve, words), spec.final_exponentiation(curve, words))


@CURVES
def test_fp12_agrees_on_any_value(engine: Engine, spec: Engine, curve: Curve) -> None:
    rng = random.Random(curve + 10)
    p = kit.MODULUS[kit.BASE_FIELD[curve]]
    a, b = (
        kit.montgomery(kit.BASE_FIELD[curve], [rng.choice((0, 1, p - 1, rng.randrange(p))) for _ in range(240)]).reshape(20, -1)
        for _ in range(2)
    )
    assert np.array_equal(engine.fp12(curve, FieldOp.MUL, a, b), spec.fp12(curve, FieldOp.MUL, a, b))
    for op in (FieldOp.SQR, FieldOp.INV):
        assert np.array_equal(engine.fp12(curve, op, a), spec.fp12(curve, op, a))


def test_lines_on_bn254_are_the_coefficients_of_arkworks(engine: Engine) -> None:
    """A key's gamma_g2_neg_pc and delta_g2_neg_pc are the lines of -gamma and -delta, 91 of three elements, bit for bit."""
    keys = {c.args["pvk"] for c in requests.cases("verify_groth16_bn254", accepted=True) if c.args and c.case.startswith("valid")}
    assert len(keys) == 3
    group = Group.BN254_G2
    for text in keys:
        data = bytes.fromhex(text)
        count = int.from_bytes(data[448:456], "little")
        at = 456 + 64 * count + 384
        g2, status = kit.decode(engine, group, Encoding.ARK_UNCOMPRESSED, [data[192:320], data[320:448]])
        assert status == [Status.OK] * 2
        minus = kit.points(group, [kit.negated(group, p) for p in kit.coordinates(group, g2)])
        lines = engine.lines(Curve.BN254, minus)
        for i in range(2):
            assert int.from_bytes(data[at : at + 8], "little") == 91
            given = [int.from_bytes(data[j : j + 32], "little") for j in range(at + 8, at + 8 + 192 * 91, 32)]
            assert np.array_equal(lines[i], kit.montgomery(kit.BASE_FIELD[Curve.BN254], given).ravel()[: lines.shape[1]])
            at += 9 + 192 * 91


def test_plonk_scalars_agree(engine: Engine, spec: Engine, sample: Sample) -> None:
    """Transcript and linearisation of every version: each scalar of each term."""
    cases = [c for c in load.dusk("verify_plonk") if c.args and len(c.args["proof"]) >= 2016 and c.args["public_inputs"]]
    cases = list(sample(cases, 8))
    fields = [mutate.fields_of(c) for c in cases]

    def scalars(which: Engine) -> Any:
        keys, status = which.plonk_key(Buffers.of([f[0] for f in fields]))
        good = [i for i, s in enumerate(status) if s == Status.OK]
        where = np.array([k.__array_interface__["data"][0] for k in (keys[i] for i in good)], np.uint64)
        inputs, block = kit.addresses_of_bytes([fields[i][2] for i in good])
        counts = np.array([len(fields[i][2]) // 32 for i in good], np.uint64)
        versions = np.array([int((cases[i].version or "V2")[1:]) for i in good], np.uint8)
        found = which.plonk_scalars(where, versions, Buffers.of([fields[i][1] for i in good]), inputs, counts)
        assert len(block) > 0
        return status.tolist(), [a.tolist() for a in found]

    ours = scalars(engine)
    assert ours == scalars(spec)
    assert np.array(ours[1][0]).shape[1:] == (PLONK_TERMS, 4)
    assert Status.OK in ours[1][2]
    assert Status.INVALID in ours[0] or engine is spec or len(cases) < 20


def test_prepared_keys_agree_on_what_is_a_key(engine: Engine, spec: Engine, sample: Sample) -> None:
    """Verifier data and prepared keys, good and mutated: the same are refused, the same counts are read."""
    rng = random.Random(3)
    for op, prepare in (("verify_plonk", "plonk_key"), ("verify_groth16_bn254", "groth16_key")):
        data = []
        for request in mutate.stream(op, "keys", 120):
            found = mutate.layouts.parse(mutate.SPEC_LAYOUT[op], request.args)
            data += [found[0]] if found else []
        data = [*sample(list(dict.fromkeys(data)), 24), b"", rng.randbytes(48), rng.randbytes(1300), bytes(40000)]
        ours, our_status = getattr(engine, prepare)(Buffers.of(data))
        theirs, their_status = getattr(spec, prepare)(Buffers.of(data))
        assert our_status.tolist() == their_status.tolist()
        assert {Status.OK, Status.INVALID} == set(our_status.tolist())
        for a, b in zip(ours, theirs, strict=True):
            assert (len(a) == 0) == (len(b) == 0)
            if len(a) and op == "verify_plonk":
                assert PlonkKeyHeader(*a[:8].tolist()).public_inputs == PlonkKeyHeader(*b[:8].tolist()).public_inputs
            elif len(a):
                assert a[3:5].tolist() == b[3:5].tolist()
                assert a[6:8].tolist() == b[6:8].tolist()


def test_points_encode_as_written_by_hand(engine: Engine) -> None:
    """The encoders against those of the fuzzer, which share nothing with either engine."""
    for group, encoding, write in (
        (Group.BLS12_381_G1, Encoding.ZCASH, lambda p: points.zcash(Group.BLS12_381_G1, p)),
        (Group.BLS12_381_G2, Encoding.ZCASH, lambda p: points.zcash(Group.BLS12_381_G2, p)),
        (Group.BN254_G1, Encoding.ARK_COMPRESSED, lambda p: points.ark(Group.BN254_G1, p)),
        (Group.BN254_G2, Encoding.ARK_COMPRESSED, lambda p: points.ark(Group.BN254_G2, p)),
        (Group.BN254_G1, Encoding.ARK_UNCOMPRESSED, lambda p: points.ark(Group.BN254_G1, p, full=True)),
        (Group.BN254_G2, Encoding.ARK_UNCOMPRESSED, lambda p: points.ark(Group.BN254_G2, p, full=True)),
        (Group.BLS12_381_G1, Encoding.DUSK_RAW, lambda p: points.raw(Group.BLS12_381_G1, p)),
        (Group.BLS12_381_G2, Encoding.DUSK_RAW, lambda p: points.raw(Group.BLS12_381_G2, p)),
    ):
        some = [kit.GENERATOR[group], kit.negated(group, kit.GENERATOR[group]), *points.strangers(group)[:2]]
        if encoding not in (Encoding.DUSK_RAW, Encoding.ARK_UNCOMPRESSED):
            some.append(None)
        assert kit.encode(engine, group, encoding, kit.points(group, some)) == [write(p) for p in some], (group, encoding)
