"""Prepared keys never change an answer: fresh, known, evicted, or alike but for a byte."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from coproc.coprocessor import Coprocessor
from coproc.engine.memory import Buffers
from coproc.keys import KeyRegistry
from coproc.operation import Request
from coproc.wire import rkyv
from tests.fuzz import mutate
from tests.fuzz.parts import LAYOUT
from tests.samples import requests
from tests.vectors import load

WITH_KEYS = pytest.mark.parametrize("op", ["verify_plonk", "verify_groth16_bn254"])


def asked_of(op: str, count: int) -> list[Request]:
    """Cases at even distances, so that most of the recorded keys take part."""
    cases = [c for c in load.dusk(op) if c.args is not None]
    return [requests.request_of(cases[i * len(cases) // count]) for i in range(count)]


def bare(cp: Coprocessor, asked: list[Request]) -> list[tuple[object, ...]]:
    return [(a.value, a.status, a.retbuf) for a in cp.run(asked)]


@WITH_KEYS
@pytest.mark.parametrize(("max_bytes", "max_keys"), [(256 << 20, 1), (256 << 20, 3), (1, 4096), (100_000, 4096)])
def test_a_registry_of_any_size_gives_the_same_answers(cp: Coprocessor, op: str, max_bytes: int, max_keys: int, thorough: bool) -> None:
    asked = asked_of(op, 60 if thorough else 6)
    wanted = bare(cp, asked)
    with Coprocessor(cp.engine, workers=2) as small:
        small.keys = KeyRegistry(cp.engine, max_bytes, max_keys)
        for order in (asked, asked[::-1]) if thorough else (asked,):
            found = dict(zip(order, bare(small, order), strict=True))
            assert [found[r] for r in asked] == wanted
        assert [bare(small, [r])[0] for r in asked] == wanted
        for shelf in (small.keys.plonk, small.keys.groth16):
            assert len(shelf) <= max_keys
            assert shelf.size <= max_bytes


@WITH_KEYS
def test_keys_that_differ_in_one_byte_are_different_keys(cp: Coprocessor, op: str, thorough: bool) -> None:
    """Each byte flip of a key is answered as by a registry that never saw another key, singly and in one batch."""
    good = next(c for c in requests.cases(op, accepted=True) if c.version in (None, "V3"))
    rng = random.Random(op)
    variants = [requests.request_of(good)]
    for _ in range(30 if thorough else 3):
        fields = mutate.fields_of(good)
        key = bytearray(fields[0])
        key[rng.randrange(len(key))] ^= 1 << rng.randrange(8)
        fields[0] = bytes(key)
        variants.append(variants[0]._replace(args=rkyv.write(LAYOUT[op], fields)))
    fresh = []
    for variant in variants:
        with Coprocessor(cp.engine, workers=1) as new:
            fresh += bare(new, [variant])
    assert [bare(cp, [v])[0] for v in variants] == fresh
    assert bare(cp, variants) == fresh
    assert fresh[0] == (True, "ok", b"\1")
    assert (False, "ok", b"\0") in fresh


@WITH_KEYS
def test_threads_share_a_registry_that_is_always_full(cp: Coprocessor, op: str, thorough: bool) -> None:
    asked = asked_of(op, 40 if thorough else 4)
    wanted = bare(cp, asked)
    with Coprocessor(cp.engine, workers=2) as shared, ThreadPoolExecutor(4) as pool:
        shared.keys = KeyRegistry(cp.engine, max_keys=2)
        for found in pool.map(lambda _: bare(shared, asked), range(6 if thorough else 2)):
            assert found == wanted


@WITH_KEYS
def test_keys_that_lie_in_one_place_are_those_that_lie_apart(cp: Coprocessor, op: str) -> None:
    """Rows of many elements that point at two keys, one of them also at a shorter one: what they say is what each says by itself."""
    first, second = (mutate.fields_of(case)[0] for case in requests.cases(op, accepted=True)[:2])
    keys = [first, first[:-1], second, b"none"]
    which = [0] * 40 + [2] + [0] * 9 + [2] * 20 + [3]
    for short in (False, True):  # a place with two lengths
        order = [*which, 1] if short else which
        held = [keys[0], keys[0], keys[2], keys[3]]
        buffers = Buffers.of([held[i] for i in order])
        buffers.lengths[:] = [len(keys[i]) for i in order]
        registry = KeyRegistry(cp.engine)
        shelf = registry.plonk if op == "verify_plonk" else registry.groth16
        rows, _ = shelf.rows(buffers)
        assert len(shelf) == len({keys[i] for i in order})
        for i, row in zip(order, rows, strict=True):
            alone, _ = shelf.rows(Buffers.of([keys[i]]))
            assert (row == alone[0]).all()
