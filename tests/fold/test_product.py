"""The value of a fold is e(g1, g2) to the weighted sum of the errors, for every form of claims and any stretch of them."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from coproc.engine.protocol import Curve, Engine
from coproc.fold import product
from coproc.fold.coefficients import coefficients, halves
from coproc.fold.product import Fold
from coproc.fold.singly import settle_singly
from coproc.fold.terms import sum_scalars
from tests.engine import kit
from tests.fold import made

CURVES = pytest.mark.parametrize("curve", list(Curve))
FORMS = pytest.mark.parametrize("form", made.FORMS)


def folded(engine: Engine, curve: Curve, errors: list[int], form: str) -> tuple[Fold, list[int]]:
    """A fold and its coefficients."""
    r = coefficients(engine, curve, halves(form.encode(), len(errors)))
    return Fold(engine, curve, made.claims(engine, curve, errors, form), r), kit.ints_of(r.plain)


@CURVES
@FORMS
def test_a_fold_is_the_pairing_of_the_weighted_errors(engine: Engine, thorough: bool, curve: Curve, form: str) -> None:
    errors = [0, 5, 0, -7, 1, 0, 3, 0, 0][: 9 if thorough else 3]
    fold, r = folded(engine, curve, errors, form)
    n = len(errors)
    for stretches in ([(0, n)], [(0, 1), (1, 2), (2, n)]) if thorough else ([(0, 2), (2, n)],):
        before = fold.checks
        found = fold.values(stretches)
        assert fold.checks == before + len(stretches)
        for (start, stop), value in zip(stretches, found, strict=True):
            exponent = sum(a * b for a, b in zip(r[start:stop], errors[start:stop], strict=True))
            assert np.array_equal(value, made.power(engine, curve, exponent)[0]), (start, stop)


@CURVES
@FORMS
def test_true_claims_fold_to_one_and_one_false_claim_does_not(engine: Engine, thorough: bool, curve: Curve, form: str) -> None:
    n = 7 if thorough else 3
    for errors in ([0] * n, [0] * (n - 1) + [1]):
        fold, _ = folded(engine, curve, errors, form)
        assert fold.is_one(fold.values([(0, n)]))[0] == (not any(errors))
        blocks = made.claims(engine, curve, errors, form)
        assert np.concatenate([settle_singly(engine, b) for b in blocks]).tolist() == [int(e == 0) for e in errors]


@CURVES
@FORMS
def test_quotients_and_kept_products_are_those_of_the_stretches(
    engine: Engine, thorough: bool, curve: Curve, form: str, monkeypatch: Any
) -> None:
    """Over leaves of four claims, whatever was asked before."""
    monkeypatch.setattr(product, "LEAF", 4)
    n = 19 if thorough else 5
    rng = random.Random(f"{form}{curve}")
    errors = [rng.choice((0, 0, rng.randrange(1, 99))) for _ in range(n)]
    fold, r = folded(engine, curve, errors, form)

    def wanted(start: int, stop: int) -> Any:
        return made.power(engine, curve, sum(a * b for a, b in zip(r[start:stop], errors[start:stop], strict=True)))[0]

    root = fold.values([(0, n)])
    assert np.array_equal(root[0], wanted(0, n))
    groups = [[(0, 8), (8, 12), (12, 14)], [(14, 15), (16, n)], [(4, 8), (9, 11), (15, 16)]] if thorough else [[(0, 4)], [(1, 3), (4, 5)]]
    for stretches in groups:
        for (start, stop), value in zip(stretches, fold.values(stretches), strict=True):
            assert np.array_equal(value, wanted(start, stop)), (start, stop)
    left = fold.values([(0, 4)])
    assert np.array_equal(fold.quotients(root, left)[0], wanted(4, n))


@CURVES
def test_pairs_with_infinity_are_left_out(engine: Engine, curve: Curve) -> None:
    """Infinity in each place of a pair: as points of either group, and as lines that are not there."""
    group_1, group_2 = kit.GROUPS[curve]
    (block,) = made.claims(engine, curve, [0, 0, 0], "points")
    own, fixed = block.slots
    assert own.g2 is not None
    assert fixed.lines is not None
    own.g1[0] = 0  # type: ignore[index]
    own.g2[1] = 0
    fixed.lines[:2] = 0
    r = coefficients(engine, curve, halves(b"infinity", 3))
    fold = Fold(engine, curve, [block], r)
    assert fold.is_one(fold.values([(0, 3)])).all()
    assert fold.is_one(fold.values([(0, 1), (1, 2), (2, 3)])).all()
    assert settle_singly(engine, block).tolist() == [1, 1, 1]
    fixed.lines[2] = 0
    fold = Fold(engine, curve, [block], r)
    assert not fold.is_one(fold.values([(0, 3)]))[0]
    assert fold.is_one(fold.values([(0, 2), (2, 3)])).tolist() == [True, False]
    assert (group_1, group_2) == kit.GROUPS[curve]


@CURVES
def test_sums_of_scalars_are_exact(engine: Engine, curve: Curve) -> None:
    """Also of a thousand scalars of 256 ones, which are not reduced."""
    rng = random.Random(f"sums{curve}")
    sizes = (1, 2, 1000, 7)
    values = [rng.randrange(kit.ORDER[curve]) for _ in range(2 * sum(sizes))]
    values[6:2006] = [(1 << 256) - 1] * 2000
    starts = np.cumsum((0, *sizes[:-1]))
    found = sum_scalars(engine, curve, kit.scalars(values).reshape(-1, 2, 4), starts)
    ends = [*starts.tolist()[1:], sum(sizes)]
    wanted = [
        [sum(values[k : 2 * stop : 2][2 * start // 2 :]) % kit.ORDER[curve] for k in (0, 1)]
        for start, stop in zip(starts, ends, strict=True)
    ]
    assert [kit.ints_of(row) for row in found] == wanted
