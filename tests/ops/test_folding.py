"""Folding changes no answer: every vector in one run, public forged batches, what shares a fold, and what its coefficients depend on."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from coproc.coprocessor import Coprocessor
from coproc.engine.cpu import CpuEngine
from coproc.engine.protocol import Engine
from coproc.fold.settle import Combiner, Record
from coproc.operation import Request, Rules
from coproc.wire import rkyv, snarkjs
from coproc.wire.groth16 import convert_proofs, prepare_key
from tests.conftest import NATIVE
from tests.fuzz import mutate
from tests.fuzz.parts import LAYOUT
from tests.samples import requests
from tests.vectors import load

VERIFICATIONS = [op for op in requests.OPS if op.startswith("verify_")]


def every_case(thorough: bool) -> list[load.DuskCase]:
    """Every recorded verification; for the engine spec a few that fold, and a few that do not."""
    if thorough:
        return [case for op in VERIFICATIONS for case in load.dusk(op)]
    cases = []
    for op in VERIFICATIONS:
        cases += requests.cases(op, accepted=True)[:2] + requests.cases(op, accepted=False)[:1]
    return cases


def wrong(cp: Coprocessor, cases: Sequence[load.DuskCase]) -> list[str]:
    answers = cp.run([requests.request_of(c) for c in cases])
    return [d for c, a in zip(cases, answers, strict=True) if (d := requests.difference(c, a, gas=None))]


def test_all_vectors_in_one_run_are_answered_as_dusk_answers_them(cp: Coprocessor, thorough: bool) -> None:
    """Shuffled, in one call, so that claims of all operations meet in the same folds."""
    cases = every_case(thorough)
    random.Random("all").shuffle(cases)
    assert wrong(cp, cases) == []


def forged() -> list[dict[str, Any]]:
    return load.public("zk/forged_batch_groth16_bn254")


def test_public_forged_batches_are_told_apart(cp: Coprocessor, thorough: bool) -> None:
    """Proofs made so that their errors cancel under guessed coefficients: each is answered as alone, also all batches together."""
    vks = load.verifying_keys("zk/forged_batch_groth16_bn254")
    asked, wanted = [], []
    for case in forged() if thorough else forged()[:1]:
        key = prepare_key(cp.engine, snarkjs.verifying_key(vks[case["in"]["vk"]]))
        items, expect = (case["in"]["items"], case["expect"]) if thorough else (case["in"]["items"][:3], case["expect"][:3])
        claims = [(snarkjs.proof(i["proof"]), snarkjs.public_inputs(i["public"])) for i in items]
        batch = [Request("verify_groth16_bn254", rkyv.write(LAYOUT["verify_groth16_bn254"], [key.data, c.proof, c.inputs]))
                 for c in convert_proofs(cp.engine, key, claims)]  # fmt: skip
        assert [a.value for a in cp.run(batch)] == expect
        asked += batch
        wanted += expect
    assert False in wanted
    for _ in range(3 if thorough else 1):
        assert [a.value for a in cp.run(asked)] == wanted


def test_small_batches_are_settled_singly_and_larger_ones_folded(engine: Engine) -> None:
    records: list[Record] = []
    with Coprocessor(engine, workers=1) as cp:
        cp.combiner = Combiner(on_record=records.append)
        good = requests.accepted("verify_kzg_proof", 3)
        assert [a.value for a in cp.run(good[:2])] == [True, True]
        assert records == []
        assert [a.value for a in cp.run(good)] == [True] * 3
        (record,) = records
        assert (record.claims, record.checks, record.false) == (3, 1, 0)


def test_claims_of_several_operations_share_one_fold(engine: Engine) -> None:
    """PLONK, KZG and BLS over BLS12-381 in one run: one fold, one final exponentiation; Groth16 over BN254: another.

    A Groth16 key is proven honest when it is used again, so its first claim is settled singly.
    """
    records: list[Record] = []
    with Coprocessor(engine, workers=1) as cp:
        cp.combiner = Combiner(on_record=records.append)
        asked = [requests.accepted(op, 3)[i] for i in range(3) for op in VERIFICATIONS if op != "verify_schnorr"]
        for _ in range(2):
            records.clear()
            assert all(a.value is True for a in cp.run(asked))
        assert [(r.claims, r.checks) for r in records] == [(12, 1), (3, 1)]


def test_a_fold_that_fails_inside_leaves_requests_unserved(engine: Engine) -> None:
    """Never an answer: whatever goes wrong in the combiner."""

    class Broken(Combiner):
        def settle(self, engine: Engine, blocks: Any) -> Any:
            raise MemoryError("none left")

    with Coprocessor(engine, workers=1) as cp:
        cp.combiner = Broken()
        asked = [*requests.accepted("verify_kzg_proof", 2), *requests.accepted("verify_schnorr", 1)]
        assert [a.status for a in cp.run(asked)] == ["unserved", "unserved", "ok"]


@pytest.mark.parametrize("op", [op for op in VERIFICATIONS if op != "verify_schnorr"])
def test_coefficients_depend_on_every_field_the_rules_the_order_and_the_number(op: str) -> None:
    engine = CpuEngine(NATIVE[-1])
    cases = [c for c in requests.cases(op, accepted=True) if c.version in (None, "V3", "Aegis")]
    ours = mutate.fields_of(cases[0])
    other = max(cases, key=lambda c: sum(a != b for a, b in zip(ours, mutate.fields_of(c), strict=True)))
    theirs = mutate.fields_of(other)
    first, second = requests.request_of(cases[0]), requests.request_of(other)

    def digest_of(asked: list[Request]) -> bytes:
        records: list[Record] = []
        with Coprocessor(engine, workers=1) as cp:
            cp.combiner = Combiner(draw_seed=lambda: bytes(32), on_record=records.append, least=1)
            for _ in range(2):  # a Groth16 key is proven honest when it comes again
                cp.run(asked)
        return records[-1].digest

    swapped = []
    for k, field in enumerate(theirs):
        if field != ours[k]:
            fields = [*ours[:k], field, *ours[k + 1 :]]
            swapped.append([first._replace(args=rkyv.write(LAYOUT[op], fields)), second])
    assert len(swapped) >= 2
    runs = [[first, second], [second, first], [first], [first, second, second], *swapped]
    if op in ("verify_plonk", "verify_bls", "verify_bls_multisig"):
        others = Rules(plonk="V1", fork="PreFork")
        runs += [[first._replace(rules=others), second], [first, second._replace(rules=others)]]
    digests = [digest_of(run) for run in runs]
    assert len(set(digests)) == len(runs)
    assert digest_of(runs[0]) == digests[0]


def test_a_groth16_point_that_does_not_decode_is_false_though_the_equation_holds(cp: Coprocessor) -> None:
    """Under a key that accepts anything: A, B, C and the inputs in turn are no encoding; one by one and among others."""
    (case,) = [c for c in requests.cases("verify_groth16_bn254", accepted=True) if c.case == "pvk-accepts-anything-infinity-a"]
    fields, good = mutate.fields_of(case), requests.request_of(case)
    bad = []
    for place, start, size in ((1, 0, 32), (1, 32, 64), (1, 96, 32), (2, 0, 32)):
        changed = list(fields)
        changed[place] = fields[place][:start] + b"\xff" * (size - 1) + b"\x3f" + fields[place][start + size :]
        bad.append(good._replace(args=rkyv.write(LAYOUT[case.op], changed)))
    assert [a.value for a in cp.run([good, *bad, good])] == [True, False, False, False, False, True]
    assert [cp.run([r])[0].value for r in [good, *bad]] == [True, False, False, False, False]
