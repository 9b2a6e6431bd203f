"""Requests that are made without a prover are distinct and true, by the specification and by every engine."""

from __future__ import annotations

from random import Random

import pytest

from coproc.coprocessor import Coprocessor
from coproc.engine.protocol import Group, Layout
from coproc.errors import InvalidInput
from coproc.measure import groups, requests
from coproc.measure.plonk import PlonkKey
from coproc.operation import Request, Rules
from coproc.ops import OPERATIONS
from coproc.wire import rkyv
from tests.conftest import NATIVE, engine_named

MAKER = engine_named(f"cpu:{NATIVE[-1]}")
ENGINES = [f"cpu:{isa}" for isa in NATIVE]
EVERY_OP = pytest.mark.parametrize("op", OPERATIONS)


@EVERY_OP
def test_they_are_distinct_and_true_on_every_engine(op: str) -> None:
    made = requests.make(MAKER, op, 24, size=3 if op == "verify_bls_multisig" else None)
    assert len(set(made.requests)) == len({r.args for r in made.requests}) == 24
    for name in ENGINES:
        with Coprocessor(engine_named(name), workers=1) as cp:
            answers = cp.run(made.requests)
        assert {(a.status, a.value is True or isinstance(a.value, bytes)) for a in answers} == {("ok", True)}
    with Coprocessor(engine_named("spec"), workers=1) as cp:
        assert [cp.run([r])[0].retbuf for r in made.requests[:2]] == [a.retbuf for a in answers[:2]]


@EVERY_OP
def test_they_depend_on_the_seed_alone(op: str) -> None:
    size = 2 if op == "verify_bls_multisig" else None
    first, again, other = (requests.make(MAKER, op, 3, size=size, seed=seed).requests for seed in (1, 1, 2))
    assert first == again
    assert not set(first) & set(other)


@pytest.mark.parametrize(
    ("op", "size", "gas"), [("sha256", 100, 3_800), ("poseidon_hash", 7, 100_000), ("verify_bls_multisig", 5, 3_500_000)]
)
def test_the_size_is_what_the_price_depends_on(op: str, size: int, gas: int) -> None:
    request = requests.make(MAKER, op, 1, size=size).requests[0]
    assert OPERATIONS[op].cost(request.args, request.rules) == gas


def test_a_simulated_plonk_proof_verifies_under_its_own_inputs_and_version_alone() -> None:
    key = PlonkKey(MAKER, Random(5), public_inputs=2)
    (proof, inputs), (other, more) = key.prove(MAKER, Random(6), 2)

    def answer(proof: bytes, inputs: bytes, plonk: str = "V3") -> object:
        with Coprocessor(MAKER, workers=1) as cp:
            return cp.run([Request("verify_plonk", rkyv.write(Layout.PLONK, [key.data, proof, inputs]), Rules(plonk))])[0].value

    assert answer(proof, inputs) is True
    assert answer(other, more) is True
    assert answer(proof, more) is answer(other, inputs) is False
    assert answer(proof, inputs, "V2") is answer(proof, inputs, "V1") is False
    swapped = proof[:48] + other[48:96] + proof[96:]
    assert answer(swapped, inputs) is False


@pytest.mark.parametrize("group", Group)
def test_a_progression_is_the_multiples_it_says(group: Group) -> None:
    made = groups.progression(MAKER, group, 11, groups.ORDER[group] - 3, 1)  # passes infinity
    assert (made.points == groups.multiples_of_generator(MAKER, group, made.logs)).all()
    assert made.logs[3] == 0
    assert not made.points[3].any()
    assert len(groups.progression(MAKER, group, 0, 1, 1).points) == 0


def test_an_unknown_operation_is_refused() -> None:
    with pytest.raises(InvalidInput, match="unknown operation 'pairing'"):
        requests.make(MAKER, "pairing", 1)
