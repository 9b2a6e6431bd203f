"""Every size of batch from 1 to 70 answers as Dusk answers its members."""

from __future__ import annotations

import random

from coproc.coprocessor import Coprocessor
from tests.ops.test_folding import every_case, wrong


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
