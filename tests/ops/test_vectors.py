"""Every host function answers as Dusk's own code: value, status, return buffer and gas."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from coproc.coprocessor import Coprocessor
from coproc.operation import Answer
from tests.samples import requests
from tests.vectors import load
from tests.vectors.load import DuskCase

Sample = Callable[[Sequence[DuskCase], int], Sequence[DuskCase]]

#: How many cases the specification answers in `make test`; it is asked all in `make test-all`.
FEW = {
    "verify_plonk": 16, "verify_groth16_bn254": 12, "verify_schnorr": 24, "verify_bls": 16, "verify_bls_multisig": 10,
    "verify_kzg_proof": 12, "secp256k1_recover": 80, "hash": 80, "keccak256": 20, "sha256": 80, "poseidon_hash": 30,
}  # fmt: skip

EVERY_OP = pytest.mark.parametrize("op", requests.OPS)
EVERY_SET = pytest.mark.parametrize("vectors", sorted(load.DUSK_COUNTS))


def assert_equal(cases: Sequence[DuskCase], answers: Sequence[Answer], gas: Sequence[int | None]) -> None:
    rows = zip(cases, answers, gas, strict=True)
    wrong = [d for case, answer, price in rows if (d := requests.difference(case, answer, gas=price))]
    assert not wrong, f"{len(wrong)} of {len(cases)} differ:\n" + "\n".join(wrong[:20])
    assert cases


@EVERY_SET
@EVERY_OP
def test_answers_are_those_of_dusk(cp: Coprocessor, sample: Sample, op: str, vectors: str, thorough: bool) -> None:
    """One batch of all cases, at no gas before Boreas."""
    if vectors != "dusk" and not thorough:
        few = max(2, FEW[op] // 4)
    else:
        few = FEW[op]
    cases = sample(load.dusk(op, vectors), few)
    answers = cp.run([requests.request_of(c) for c in cases])
    gas = [0 if c.version != "Boreas" else c.price_boreas for c in cases]
    assert_equal(cases, answers, gas)


@EVERY_OP
def test_answers_under_boreas_cost_its_price(cp: Coprocessor, sample: Sample, op: str) -> None:
    """Where the rules of the signature do not change with the fork, neither does the answer."""
    cases = [c for c in sample(load.dusk(op), 2 * FEW[op] // 3) if c.version != "PreFork"]
    answers = cp.run([requests.request_of(c, fork="Boreas") for c in cases])
    assert_equal(cases, answers, [c.price_boreas for c in cases])


@EVERY_OP
def test_gas_is_a_function_of_the_bytes_alone(cp: Coprocessor, sample: Sample, op: str) -> None:
    """The same under either engine, valid or not, and without running anything: `Operation.cost`."""
    import coproc

    operation = coproc.OPERATIONS[op]
    for case in load.dusk(op):
        for fork in ("PreFork", "Aegis"):
            assert operation.cost(case.argbuf, requests.rules_of(case.version, fork)) == 0
        price = operation.cost(case.argbuf, requests.rules_of(case.version, "Boreas"))
        if case.price_boreas is not None:
            assert price == case.price_boreas, case.name
        else:
            assert price > 0
    panicking = [c for c in load.dusk(op) if c.status == "panic"]
    for case, answer in zip(panicking, cp.run([requests.request_of(c, fork="Boreas") for c in panicking]), strict=True):
        assert answer.gas == operation.cost(case.argbuf, requests.rules_of(case.version, "Boreas"))


@EVERY_OP
def test_a_panic_is_a_status_and_never_a_verdict(cp: Coprocessor, op: str) -> None:
    panicking = [c for c in load.dusk(op) if c.status == "panic"]
    if op in ("poseidon_hash", "verify_groth16_bn254", "verify_schnorr"):
        assert panicking
    for answer in cp.run([requests.request_of(c) for c in panicking]):
        assert (answer.status, answer.value, answer.retbuf) == ("panic", None, None)
