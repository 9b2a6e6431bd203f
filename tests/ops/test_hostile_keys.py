"""Groth16 under prepared keys that lie: a batch answers as the single call does, and only honest keys are folded."""

from __future__ import annotations

import random

import pytest

from coproc.coprocessor import Coprocessor
from coproc.engine.cpu import CpuEngine
from coproc.engine.protocol import Engine
from coproc.fold.settle import Combiner, Record
from coproc.operation import Request
from coproc.wire import rkyv
from tests.conftest import NATIVE
from tests.fuzz import mutate
from tests.fuzz.parts import LAYOUT
from tests.ops import hostile_keys
from tests.samples import requests

OP = "verify_groth16_bn254"


def bases() -> list[tuple[hostile_keys.Parts, bytes, bytes]]:
    """Honest keys (as far as the names of the recorded cases say) with an accepted proof each."""
    found = []
    for case in requests.cases(OP, accepted=True):
        key, proof, inputs = mutate.fields_of(case)
        parts = hostile_keys.cut(key)
        if parts is not None and parts.data() == key and case.case.startswith("valid"):
            found.append((parts, proof[:128], inputs[:32]))
    assert len(found) >= 3
    return found


def request(parts: hostile_keys.Parts, proof: bytes, inputs: bytes) -> Request:
    return Request(OP, rkyv.write(LAYOUT[OP], [parts.data(), proof, inputs]))


def drawn(engine: Engine, count: int, seed: str) -> list[tuple[str, Request]]:
    """Requests of every kind of key in turn: the proof of the honest key, now and then with its A or inputs from another proof."""
    rng, some = random.Random(seed), bases()
    found = []
    for i in range(count):
        parts, proof, inputs = rng.choice(some)
        kind = hostile_keys.KINDS[i % len(hostile_keys.KINDS)]
        if rng.random() < 0.2:
            other = rng.choice(some)
            proof, inputs = rng.choice(((other[1][:32] + proof[32:], inputs), (proof, other[2])))
        found.append((kind, request(hostile_keys.variant(engine, parts, kind, rng), proof, inputs)))
    return found


def singly(engine: Engine, asked: list[Request]) -> list[tuple[object, str]]:
    with Coprocessor(engine, workers=1) as alone:
        alone.combiner = Combiner(least=1 << 60)
        return [(a.value, a.status) for r in asked for a in alone.run([r])]


def compare(engine: Engine, count: int, seed: str) -> set[tuple[object, str]]:
    """Batches of hostile keys, twice, so that every key is one that came again: what came out."""
    named = drawn(engine, count, seed)
    asked = [r for _, r in named]
    wanted = singly(engine, asked)
    records: list[Record] = []
    with Coprocessor(engine, workers=1) as cp:
        cp.combiner = Combiner(on_record=records.append, least=1)
        order = list(range(count))
        for _ in range(2):
            random.Random(seed).shuffle(order)
            records.clear()
            for start in range(0, count, 44):
                index = order[start : start + 44]
                found = [(a.value, a.status) for a in cp.run([asked[i] for i in index])]
                assert found == [wanted[i] for i in index], [named[i][0] for i, f in zip(index, found, strict=True) if f != wanted[i]]
    honest = sum(kind in hostile_keys.HONEST for kind, _ in named)
    assert sum(r.claims for r in records) == honest
    return set(wanted)


def test_hostile_keys_answer_in_batches_as_alone(engine: Engine, thorough: bool) -> None:
    found = compare(engine, 110 if thorough else 22, "hostile")
    assert found >= {(True, "ok"), (False, "ok"), (None, "panic")}


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_ten_thousand_hostile_keys_answer_in_batches_as_alone(block: int) -> None:
    compare(CpuEngine(NATIVE[-1]), 506, f"block {block}")


@pytest.mark.parametrize("kind", hostile_keys.KINDS)
def test_only_honest_keys_are_folded(kind: str) -> None:
    """Each kind of key with a true proof, asked again and again."""
    engine = CpuEngine(NATIVE[-1])
    parts, proof, inputs = bases()[0]
    asked = [request(hostile_keys.variant(engine, parts, kind, random.Random(f"{kind}{i}")), proof, inputs) for i in range(4)] * 2
    wanted = singly(engine, asked)
    records: list[Record] = []
    with Coprocessor(engine, workers=1) as cp:
        cp.combiner = Combiner(on_record=records.append)
        assert [(a.value, a.status) for a in cp.run(asked)] == wanted
    assert [r.claims for r in records] == ([8] if kind in hostile_keys.HONEST else [])
    assert all(r.false == 0 for r in records)
