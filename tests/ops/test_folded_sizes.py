"""One transcript whatever the speed settings: the size of batches (each from 1 to 70), their order, threads and engine."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import Any

from coproc.coprocessor import Coprocessor
from coproc.operation import Answer
from tests.ops.test_folding import every_case, wrong
from tests.samples import requests


def test_every_size_of_batch_answers_as_dusk(cp: Coprocessor, thorough: bool) -> None:
    """Batches of 1 to 70 requests of all verifications, one of each size."""
    cases = every_case(thorough)
    rng = random.Random("sizes")
    sizes = list(range(1, 71)) if thorough else [2, 5]
    rng.shuffle(sizes)
    drawn = [cases[i % len(cases)] for i in rng.sample(range(sum(sizes)), sum(sizes))]
    for size in sizes:
        batch, drawn = drawn[:size], drawn[size:]
        assert wrong(cp, batch) == [], size
    assert not drawn


def digest(answers: Sequence[Answer]) -> str:
    return hashlib.sha256(repr([(a.value, a.status, a.retbuf, a.gas) for a in answers]).encode()).hexdigest()


def test_one_transcript_for_every_batch_size_order_and_number_of_threads(cp: Coprocessor, thorough: bool) -> None:
    """One sha256 of all verdicts and gas, under Boreas, whatever the speed settings."""
    cases = every_case(thorough)
    rng = random.Random("transcript")
    chosen = [requests.request_of(c, fork="Boreas") for c in rng.sample(cases, min(240 if thorough else 8, len(cases)))]
    n = len(chosen)
    orders = {"given": list(range(n)), "reversed": list(range(n))[::-1], "shuffled": rng.sample(range(n), n)}
    sizes = (1, 2, 3, 7, 64, 1024) if thorough else (1, 1024)
    found = set()
    for workers in (1, 2) if thorough else (1,):
        with Coprocessor(cp.engine, workers=workers) as other:
            for k, size in enumerate(sizes):
                order = list(orders.values())[(k + workers) % 3]
                answers: list[Any] = [None] * n
                for start in range(0, n, size):
                    index = order[start : start + size]
                    for i, answer in zip(index, other.run([chosen[i] for i in index]), strict=True):
                        answers[i] = answer
                found.add(digest(answers))
            futures = [other.submit(r) for r in chosen] if thorough else []
            found |= {digest([f.result(timeout=300) for f in futures])} if futures else set()
    assert len(found) == 1
