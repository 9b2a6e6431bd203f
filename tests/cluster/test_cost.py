"""The cost model: positive, near the table at first, near what was measured later."""

from __future__ import annotations

from random import Random

import pytest

from coproc.cluster.cost import TABLE, CostModel, units
from coproc.ops import OPERATIONS

LINE = ("verify_plonk", False)


def test_every_operation_has_a_price() -> None:
    assert TABLE.keys() == OPERATIONS.keys()


def test_before_anything_was_measured_the_table_holds() -> None:
    model = CostModel()
    for op, price in TABLE.items():
        assert model.seconds((op, False), units(op, 10, 0)) == pytest.approx(price.batch + 10 * price.request)


@pytest.mark.parametrize(("base", "slope"), [(0.0, 0.1), (0.002, 1.0), (0.01, 5.0), (0.5, 20.0)])
def test_base_and_slope_are_found_from_noisy_batches(base: float, slope: float) -> None:
    model, rng = CostModel(), Random(1)
    for _ in range(300):
        u = units("verify_plonk", rng.randint(1, 200), 0)
        model.learn(LINE, u, (base + slope * u) * rng.uniform(0.95, 1.05))
    for n in (20, 100, 200):
        u = units("verify_plonk", n, 0)
        assert model.seconds(LINE, u) == pytest.approx(base + slope * u, rel=0.1, abs=5e-4)


def test_it_follows_a_machine_that_gets_slower() -> None:
    model, u = CostModel(), units("verify_plonk", 50, 0)
    for slope in (1.0, 8.0):
        for _ in range(100):
            model.learn(LINE, u, slope * u)
        assert model.seconds(LINE, u) == pytest.approx(slope * u, rel=0.1)


def test_estimates_stay_positive_whatever_is_measured() -> None:
    model, rng = CostModel(), Random(2)
    for _ in range(2000):
        model.learn(LINE, rng.choice((0.0, 1e-9, 1.0, 1e3)), rng.choice((0.0, 1e-9, 1.0, 1e4)))
        assert model.seconds(LINE, 1.0) > 0
        assert 0 < model.most(LINE, 0.1) < 1e9


def test_operations_and_doubtful_tenants_have_lines_of_their_own() -> None:
    model = CostModel()
    before = model.seconds(("verify_bls", False), 1.0)
    for _ in range(100):
        model.learn(("verify_bls", True), 1.0, 50.0)
    assert model.seconds(("verify_bls", False), 1.0) == before
    assert model.seconds(("verify_bls", True), 1.0) > 25
