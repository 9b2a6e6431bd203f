"""A forged batch passes with the probability that its coefficients' length says: 2^-k at k bits, never at 128."""

from __future__ import annotations

import numpy as np
import pytest

from coproc.engine.cpu import CpuEngine
from coproc.engine.protocol import Curve, Engine
from coproc.fold.coefficients import Coefficients, coefficients, halves, seal
from coproc.fold.product import Fold
from coproc.fold.settle import Combiner
from tests.conftest import NATIVE
from tests.fold import made

BITS = 8


def forgeries(engine: Engine, curve: Curve, bits: int, batches: int, start: int) -> tuple[Fold, list[tuple[int, int]]]:
    """Batches of two false claims whose errors cancel if their coefficients are equal, each batch with a seed of its own."""
    (block,) = made.claims(engine, curve, [1, -1], "sums")
    seeds = (i.to_bytes(32, "little") for i in range(start, start + batches))
    pairs = np.concatenate([halves(seal(curve, [block.seal()], seed), 2, bits) for seed in seeds])
    r: Coefficients = coefficients(engine, curve, pairs)
    many = block.take(np.tile(np.arange(2), batches))
    return Fold(engine, curve, [many], r), [(2 * i, 2 * i + 2) for i in range(batches)]


def sums_cancel(fold: Fold, stretches: list[tuple[int, int]]) -> np.ndarray:
    """bool[m]: is the product of pairings one, told from the points: both lines are those of +-g2, so their sums must be equal."""
    node = np.repeat(np.arange(len(stretches)), 2)
    _, sums, of = fold._sums(node, len(stretches))
    assert of.tolist() == sorted([*range(len(stretches))] * 2)
    return (sums[::2] == sums[1::2]).all(axis=1)


@pytest.mark.parametrize("curve", list(Curve))
def test_twenty_thousand_forged_batches_pass_one_in_256_times(curve: Curve) -> None:
    """78 +- 26 of 20,000 (three standard deviations) at 8 bits, none of 5,000 at 128; the pairing agrees on what the points say."""
    engine = CpuEngine(NATIVE[-1])
    batches, passed = 20_000, 0
    for start in range(0, batches, 4000):
        fold, stretches = forgeries(engine, curve, BITS, 4000, start)
        cancel = sums_cancel(fold, stretches)
        passed += int(cancel.sum())
        some = sorted([*np.flatnonzero(cancel)[:10].tolist(), *np.flatnonzero(~cancel)[:10].tolist()])
        assert fold.is_one(fold.values([stretches[i] for i in some])).tolist() == cancel[some].tolist()
    assert 52 <= passed <= 104
    assert not sums_cancel(*forgeries(engine, curve, 128, 5000, 0)).any()


@pytest.mark.slow
@pytest.mark.parametrize("curve", list(Curve))
def test_a_million_forged_batches_at_twelve_bits(curve: Curve) -> None:
    """244 +- 47; and none of 100,000 at 128 bits."""
    engine = CpuEngine(NATIVE[-1])
    passed = 0
    for start in range(0, 100_000, 5000):
        assert not sums_cancel(*forgeries(engine, curve, 128, 5000, start)).any()
    for start in range(0, 1_000_000, 5000):
        passed += int(sums_cancel(*forgeries(engine, curve, 12, 5000, start)).sum())
    assert 197 <= passed <= 291


def test_the_switch_shortens_what_a_combiner_draws_and_nothing_else(engine: Engine) -> None:
    """A batch whose errors cancel for equal coefficients: with one bit they are equal, so it passes; whole coefficients refuse it."""
    blocks = made.claims(engine, Curve.BN254, [1, -1, 0], "sums")
    assert Combiner(bits=1).settle(engine, blocks)[0].tolist() == [1, 1, 1]
    assert Combiner().settle(engine, blocks)[0].tolist() == [0, 0, 1]
    for bits in (0, -1, 129):
        with pytest.raises(ValueError, match="bits"):
            Combiner(bits=bits)


def test_nothing_outside_the_tests_shortens_coefficients(monkeypatch: pytest.MonkeyPatch) -> None:
    """A coprocessor takes whole coefficients, whatever its environment says."""
    import coproc

    for name in ("COPROC_BITS", "COPROC_COEFFICIENTS", "COPROC_COEFFICIENT_BITS", "COPROC_FOLD_BITS"):
        monkeypatch.setenv(name, "8")
    with coproc.open(engine="spec", workers=1) as cp:
        assert cp.combiner._bits == 128
