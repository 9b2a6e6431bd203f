"""Mutated argument buffers are answered and priced as Dusk's VM did: five thousand of them, recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from coproc.coprocessor import Coprocessor
from coproc.operation import Request, Rules
from tests.ops.test_vectors import FEW
from tests.samples import requests
from tests.vectors import load

Sample = Callable[[Sequence[Any], int], Sequence[Any]]


@pytest.mark.parametrize("op", requests.OPS)
def test_mutated_buffers_are_answered_as_in_the_vm(cp: Coprocessor, sample: Sample, op: str) -> None:
    cases = sample(load.mutated(op), FEW[op])
    asked = [Request(op, bytes.fromhex(c["argbuf"]), Rules(plonk=c["plonk"], fork=c["fork"])) for c in cases]
    wrong = []
    for i, (case, answer) in enumerate(zip(cases, cp.run(asked), strict=True)):
        retbuf = None if answer.retbuf is None else answer.retbuf.hex()
        gas = answer.gas if case["gas"] is not None else None
        if (retbuf, gas) != (case["retbuf"], case["gas"]) or (answer.status == "panic") != (case["retbuf"] is None):
            wrong.append((i, answer.status, retbuf, case["retbuf"], answer.gas, case["gas"]))
    assert not wrong, f"{len(wrong)} of {len(cases)} differ: {wrong[:5]}"


def test_mutated_buffers_hold_panics_and_both_verdicts() -> None:
    assert sum(load.MUTATED_COUNTS.values()) == 5159
    for op in requests.OPS:
        retbufs = {c["retbuf"] for c in load.mutated(op)}
        assert {"00", "01"} <= retbufs if op.startswith("verify") else len(retbufs) > 50
        if op in ("poseidon_hash", "verify_groth16_bn254", "verify_schnorr"):
            assert None in retbufs
