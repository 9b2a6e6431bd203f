"""The search for false claims: every pattern is found exactly, within 2 k log2(n/k) + 2 k + 1 checks, and gives way where most are false.

The patterns run on a model of a fold (values are sums modulo a prime instead of powers of a pairing), and a few on true folds.
"""

from __future__ import annotations

import random
from itertools import pairwise
from math import log2
from typing import Any

import numpy as np
import pytest

from coproc.engine.protocol import Curve, Engine
from coproc.fold.claims import Claims
from coproc.fold.product import Stretch
from coproc.fold.search import Contradiction, search
from coproc.fold.settle import Combiner, Record
from tests.fold import made

P = (1 << 31) - 1


class Model:
    """A fold whose group is the integers modulo P, with weights that nobody guesses."""

    def __init__(self, false: set[int], n: int, rng: random.Random) -> None:
        self.n, self.checks, self.false = n, 0, false
        weights = np.array([rng.randrange(1, P) if i in false else 0 for i in range(n)], np.int64)
        self.before = np.concatenate(([0], np.cumsum(weights)))

    def values(self, stretches: list[Stretch]) -> Any:
        self.checks += len(stretches)
        assert all(a[1] <= b[0] for a, b in pairwise(stretches))
        return np.array([[(self.before[stop] - self.before[start]) % P] for start, stop in stretches])

    def quotients(self, a: Any, b: Any) -> Any:
        return (a - b) % P

    def is_one(self, values: Any) -> Any:
        return (values == 0).all(axis=1)

    def single(self, index: Any) -> Any:
        assert (np.diff(index) > 0).all()
        return np.array([i not in self.false for i in index.tolist()], np.uint8)

    def blame(self, rng: random.Random) -> Any:
        order = np.array(rng.sample(range(self.n), self.n))
        root = self.values([(0, self.n)])
        if self.is_one(root)[0]:
            return np.ones(self.n, np.uint8)
        return search(self, root, self.single, order)  # type: ignore[arg-type]


def bound(n: int, k: int) -> float:
    return 2 * k * log2(n / k) + 2 * k + 1 if k else 1


def run(rng: random.Random, n: int, k: int, *, together: bool = False) -> int:
    """The checks of one pattern of k false claims among n."""
    start = rng.randrange(n - k + 1)
    false = set(range(start, start + k)) if together else set(rng.sample(range(n), k))
    model = Model(false, n, rng)
    verdict = model.blame(rng)
    assert {i for i in range(n) if not verdict[i]} == false
    return model.checks


@pytest.mark.parametrize("patterns", [1500, pytest.param(10_000, marks=pytest.mark.slow)])
def test_random_patterns_among_1024_are_found_within_the_bound(patterns: int) -> None:
    rng = random.Random(f"patterns{patterns}")
    for i in range(patterns):
        k = i % 65
        assert run(rng, 1024, k) <= bound(1024, k), (i, k)


def test_one_false_claim_among_1024_costs_at_most_23_checks_wherever_it_is() -> None:
    rng = random.Random("one")
    for position in range(0, 1024, 3):
        model = Model({position}, 1024, rng)
        assert np.flatnonzero(model.blame(rng) == 0).tolist() == [position]
        assert model.checks <= 23


def test_patterns_of_every_size_of_batch_are_found_within_the_bound() -> None:
    """Sizes that are no power of two too, and false claims side by side."""
    rng = random.Random("sizes")
    for n in (*range(1, 80), 100, 127, 128, 129, 191, 250, 257, 455, 1000, 1023):
        for k in {0, 1, min(n, 2), min(n, 3), max(1, n // 16), max(1, n // 8)}:
            for together in (False, True):
                if k <= n // 8 or k == 1:
                    assert run(rng, n, k, together=together) <= bound(n, k) + 2 * k * (n & (n - 1) != 0), (n, k, together)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75, 1.0])
def test_where_most_are_false_every_claim_is_checked_about_once(share: float) -> None:
    """All false: one fold and one check a claim. A quarter or half: never more than half as many again."""
    rng = random.Random(f"{share}")
    for n in (4, 16, 64, 100, 1024):
        for _ in range(8):
            checks = run(rng, n, int(n * share))
            assert checks <= (n + 1 if share == 1 else 1.5 * n + 4), n


def test_a_fold_that_contradicts_the_single_check_is_noticed() -> None:
    """A fold that refuses true claims, and single checks that accept what the fold refuses."""
    rng = random.Random("liar")
    model = Model({5}, 64, rng)
    model.false = set()
    with pytest.raises(Contradiction):
        model.blame(rng)
    model = Model({5, 40}, 64, rng)
    model.false = {5}
    with pytest.raises(Contradiction):
        model.blame(rng)


def settled(engine: Engine, blocks: list[Claims]) -> tuple[list[int], list[Record]]:
    records: list[Record] = []
    verdicts = Combiner(on_record=records.append, least=1).settle(engine, blocks)
    return np.concatenate(verdicts).tolist(), records


@pytest.mark.parametrize("curve", list(Curve))
@pytest.mark.parametrize("form", made.FORMS)
def test_true_folds_find_the_false_claims(engine: Engine, thorough: bool, curve: Curve, form: str) -> None:
    n = 70 if thorough else 4
    rng = random.Random(f"true{curve}{form}")
    for k in (0, 1, 2, 5, 35, n) if thorough else (1,):
        false = set(rng.sample(range(n), min(k, n)))
        errors = [rng.randrange(1, 1 << 64) if i in false else 0 for i in range(n)]
        verdict, records = settled(engine, made.claims(engine, curve, errors, form))
        assert verdict == [int(i not in false) for i in range(n)]
        (record,) = records
        assert (record.claims, record.false, record.curve) == (n, len(false), curve)
        assert record.checks <= max(bound(n, len(false)) + 2 * k, 1)


@pytest.mark.parametrize("curve", list(Curve))
def test_errors_that_cancel_under_equal_or_indexed_coefficients_are_found(engine: Engine, thorough: bool, curve: Curve) -> None:
    """Sums that vanish for all-equal coefficients, for r_i = i, for r_i = 2^i, and for r_i = 1 and 0."""
    forgeries = [[5, -5, 0, 0], [1, -2, 1, 0], [2, -1, 0, 0], [0, 0, 7, -7], [4, 2, -1, -1]]
    for errors in forgeries if thorough else forgeries[:1]:
        verdict, _ = settled(engine, made.claims(engine, curve, errors, "sums"))
        assert verdict == [int(e == 0) for e in errors]


@pytest.mark.parametrize("curve", list(Curve))
def test_a_seed_replays_a_fold(engine: Engine, curve: Curve) -> None:
    """The record of a fold names its seed and digest; the same seed draws the same coefficients, another one others."""
    errors = [0, 3, 0]
    seeds = [b"\1" * 32, b"\1" * 32, b"\2" * 32]
    records: list[Record] = []
    for seed in seeds:
        combiner = Combiner(draw_seed=lambda s=seed: s, on_record=records.append)  # type: ignore[misc]
        (verdict,) = combiner.settle(engine, made.claims(engine, curve, errors, "sums"))
        assert verdict.tolist() == [1, 0, 1]
    assert records[0] == records[1]
    assert records[0].digest != records[2].digest
    assert [r.seed for r in records] == seeds


def test_every_fold_has_a_seed_of_its_own() -> None:
    seeds = {Combiner()._draw_seed() for _ in range(100)}
    assert len(seeds) == 100
    assert {len(s) for s in seeds} == {32}
