"""One transcript whatever the speed settings: the size of batches, their order, threads, requests on their own or together, and engine."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import Any

import pytest

from coproc.coprocessor import Coprocessor
from coproc.keys import KeyRegistry
from coproc.operation import Answer
from tests.ops.test_folding import every_case
from tests.samples import requests


def digest(answers: Sequence[Answer]) -> str:
    return hashlib.sha256(repr([(a.value, a.status, a.retbuf, a.gas) for a in answers]).encode()).hexdigest()


def configurations(thorough: bool) -> list[tuple[int, int, str, int]]:
    """Size of batches, threads, order, keys that the registry holds of a kind."""
    if not thorough:
        return [(1, 1, "given", 4096), (1024, 1, "shuffled", 4096)]
    sizes, orders, keys = (1, 2, 3, 7, 64, 1024), ("given", "reversed", "shuffled"), (4096, 1)
    return [(size, 1 + k % 2, orders[(k + k // 6) % 3], keys[k // 6 % 2]) for k, size in enumerate(sizes * 4)]


FOUND: dict[int, str] = {}  # the transcript of so many requests, whatever the engine


@pytest.mark.parametrize("count", [100, pytest.param(1400, marks=pytest.mark.slow)])
def test_one_transcript_for_every_size_of_batch_order_number_of_threads_registry_and_engine(
    cp: Coprocessor, thorough: bool, count: int
) -> None:
    """One sha256 of all verdicts and gas, under Boreas, whatever the speed settings; also of requests submitted one by one."""
    cases = every_case(thorough)
    rng = random.Random("transcript")
    chosen = [requests.request_of(c, fork="Boreas") for c in rng.sample(cases, min(count if thorough else 8, len(cases)))]
    n = len(chosen)
    orders = {"given": list(range(n)), "reversed": list(range(n))[::-1], "shuffled": rng.sample(range(n), n)}
    found = set()
    some = configurations(thorough)
    for size, workers, order, keys in some if count > 100 else some[::3]:
        with Coprocessor(cp.engine, workers=workers) as other:
            other.keys = KeyRegistry(cp.engine, max_keys=keys)
            answers: list[Any] = [None] * n
            for start in range(0, n, size):
                index = orders[order][start : start + size]
                for i, answer in zip(index, other.run([chosen[i] for i in index]), strict=True):
                    answers[i] = answer
            found.add(digest(answers))
            if size == 1024:
                futures = [other.submit(r) for r in chosen]
                found.add(digest([f.result(timeout=300) for f in futures]))
    assert len(found) == 1
    assert found == {FOUND.setdefault(n, *found)}
