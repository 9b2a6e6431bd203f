"""All host functions on `opencl:0`: every recorded answer of Dusk, function by function and all in one shuffled call, on the device."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from coproc.coprocessor import Coprocessor
from coproc.engine.device.engine import Always, DeviceEngine
from coproc.engine.device.opencl import OpenClDevice
from coproc.operation import Answer, Request, Rules
from tests.conftest import DEVICE, assert_believed
from tests.samples import requests
from tests.vectors import load

METHODS = {
    "poseidon_hash": {"poseidon"},
    "verify_plonk": {"decode BLS12_381_G1", "msm BLS12_381_G1", "miller_loop_lines BLS12_381"},
    "verify_groth16_bn254": {"decode BN254_G1", "decode BN254_G2", "msm BN254_G1", "miller_loop BN254"},
    "verify_schnorr": {"schnorr"},
    "verify_bls": {"decode BLS12_381_G1", "msm BLS12_381_G1", "miller_loop BLS12_381"},
    "verify_bls_multisig": {"decode BLS12_381_G1", "msm BLS12_381_G1", "miller_loop BLS12_381"},
    "verify_kzg_proof": {"decode BLS12_381_G1", "msm BLS12_381_G1"},
}
"""What each function asks of a device; the others are plain hashes and ECDSA, which the host keeps."""


class Asked(Always):
    """Sends everything to the device and remembers what."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}

    def takes(self, what: str, n: int) -> bool:
        self.seen[what] = self.seen.get(what, 0) + n
        return super().takes(what, n)


class Recorded(NamedTuple):
    request: Request
    difference: Callable[[Answer], str | None]


def _mutated(case: dict[str, Any], index: int) -> Recorded:
    def difference(answer: Answer) -> str | None:
        retbuf = None if answer.retbuf is None else answer.retbuf.hex()
        right = retbuf == case["retbuf"] and (answer.status == "panic") == (case["retbuf"] is None) and case["gas"] in (None, answer.gas)
        return None if right else f"mutated/{case['op']}:{index}: {answer}"

    return Recorded(Request(case["op"], bytes.fromhex(case["argbuf"]), Rules(plonk=case["plonk"], fork=case["fork"])), difference)


def recorded(op: str) -> list[Recorded]:
    """Every case of a function: the recorded set, the two fresh ones, and the mutated buffers."""
    found = []
    for case in (case for vectors in sorted(load.DUSK_COUNTS) for case in load.dusk(op, vectors)):
        gas = case.price_boreas if case.version == "Boreas" else 0
        found.append(Recorded(requests.request_of(case), lambda answer, c=case, g=gas: requests.difference(c, answer, gas=g)))  # type: ignore[misc]
    return found + [_mutated(case, i) for i, case in enumerate(load.mutated(op))]


def wrong(cp: Coprocessor, some: list[Recorded]) -> list[str]:
    answers = cp.run([one.request for one in some])
    assert {answer.engine for answer in answers if answer.engine} == {DEVICE}
    return [d for one, answer in zip(some, answers, strict=True) if (d := one.difference(answer))]


@pytest.fixture(scope="module")
def asked() -> Asked:
    return Asked()


@pytest.fixture(scope="module")
def cp(asked: Asked) -> Iterator[Coprocessor]:
    with Coprocessor(DeviceEngine(OpenClDevice(), DEVICE, policy=asked), workers=1) as opened:
        yield opened
        assert_believed(opened.engine)


@pytest.mark.parametrize("op", requests.OPS)
def test_every_recorded_answer_is_given_on_the_device(cp: Coprocessor, asked: Asked, op: str) -> None:
    asked.seen.clear()
    assert wrong(cp, recorded(op)) == []
    assert {what for what, n in asked.seen.items() if n} >= METHODS.get(op, set())


def test_all_recorded_answers_are_given_in_one_shuffled_call(cp: Coprocessor) -> None:
    """So that claims of all functions meet in the same folds, false ones among them."""
    every = [one for op in requests.OPS for one in recorded(op)]
    assert len(every) == sum(sum(counts.values()) for counts in (*load.DUSK_COUNTS.values(), load.MUTATED_COUNTS))
    random.Random("device").shuffle(every)
    assert wrong(cp, every) == []
