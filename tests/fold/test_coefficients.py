"""Coefficients: secret, never zero, all different, short for the endomorphism, and bound to everything that was read."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from coproc.engine.protocol import Curve, Engine
from coproc.fold import coefficients as c
from tests.engine import kit

CURVES = pytest.mark.parametrize("curve", list(Curve))
SEED = bytes(range(32))


def integers(pairs: np.ndarray) -> list[tuple[int, int]]:
    return [(int(a), int(b)) for a, b in pairs]


@CURVES
def test_a_coefficient_is_a_plus_b_mu(engine: Engine, curve: Curve) -> None:
    top = (1 << 64) - 1
    chosen = [(0, 1), (1, 0), (top, top), (top, 0), (0, top), *integers(c.halves(b"x", 5))]
    found = c.coefficients(engine, curve, np.array(chosen, np.uint64))
    wanted = [(a + b * c.mu(curve)) % kit.ORDER[curve] for a, b in chosen]
    assert kit.ints_of(found.plain) == wanted
    assert kit.ints_of(found.mont) == [(x << 256) % kit.ORDER[curve] for x in wanted]
    assert 0 not in wanted


@CURVES
def test_mu_is_a_sixth_or_third_root_of_unity(curve: Curve) -> None:
    """The norm form in the proof that pairs give different residues."""
    mu, r = c.mu(curve), kit.ORDER[curve]
    assert (mu * mu + (1 - mu if curve == Curve.BLS12_381 else 1 + mu)) % r == 0
    assert r > 3 << 128


@CURVES
def test_different_pairs_are_different_residues(curve: Curve) -> None:
    """No short pair is zero: extreme differences, and all small ones."""
    mu, r = c.mu(curve), kit.ORDER[curve]
    top = (1 << 64) - 1
    ends = [0, 1, 2, 3, top // 2, top - 1, top]
    residues = {(a + b * mu) % r for a, b in product(ends, ends)}
    assert len(residues) == len(ends) ** 2
    assert 0 not in {(s * a + b * mu) % r for a, b in combinations(range(1, 60), 2) for s in (1, -1)}


@CURVES
def test_a_coefficient_multiplies_points_as_its_residue(engine: Engine, curve: Curve) -> None:
    group = kit.GROUPS[curve][0]
    pairs = c.halves(b"y", 4)
    found = c.coefficients(engine, curve, pairs)
    base = np.tile(kit.points(group, [kit.GENERATOR[group]]), (4, 1))
    short = engine.scalar_mul(group, base, found.plain)
    halves = kit.scalars([int(a) for a, _ in pairs]), kit.scalars([int(b) for _, b in pairs])
    image = engine.scalar_mul(group, base, kit.scalars([c.mu(curve)] * 4))
    long = engine.add(group, engine.scalar_mul(group, base, halves[0]), engine.scalar_mul(group, image, halves[1]))
    assert np.array_equal(short, long)


def test_no_coefficient_is_zero_however_short() -> None:
    for bits in (1, 2, 8, 63, 64, 65, 128):
        pairs = c.halves(bytes([bits]), 3000, bits)
        assert pairs.any(axis=1).all()
        assert max(int(a) | int(b) << 64 for a, b in pairs) < 1 << bits
    assert {tuple(p) for p in integers(c.halves(b"", 100, 1))} == {(1, 0)}
    assert len(set(integers(c.halves(b"", 5000, 8)))) == 255


def test_short_coefficients_are_uniform() -> None:
    """Chi-square of 100,000 coefficients of 4 bits over 15 values: below 36.1, the point that one in a thousand passes."""
    counts = np.bincount(c.halves(b"uniform", 100_000, 4)[:, 0].astype(np.int64), minlength=16)
    assert counts[0] == 0
    expected = 100_000 / 15
    assert ((counts[1:] - expected) ** 2 / expected).sum() < 36.1


def test_whole_coefficients_use_all_their_bits_and_do_not_repeat() -> None:
    """Each of the 128 bits is set in about half of 20,000: within five standard deviations."""
    pairs = c.halves(b"many", 20_000)
    assert len(set(integers(pairs))) == 20_000
    ones = np.unpackbits(pairs.view(np.uint8).reshape(-1, 16), axis=1).sum(axis=0)
    assert (abs(ones.astype(int) - 10_000) < 354).all()


def test_whatever_is_read_moves_the_digest() -> None:
    parts = [b"verify_plonk", b"verify_bls"]
    digests = [
        c.seal(Curve.BLS12_381, parts, SEED),
        c.seal(Curve.BN254, parts, SEED),
        c.seal(Curve.BLS12_381, parts[::-1], SEED),
        c.seal(Curve.BLS12_381, parts[:1], SEED),
        c.seal(Curve.BLS12_381, [*parts, b""], SEED),
        c.seal(Curve.BLS12_381, [parts[0] + parts[1]], SEED),
        c.seal(Curve.BLS12_381, [parts[0] + b"v", parts[1][1:]], SEED),
        c.seal(Curve.BLS12_381, parts, SEED[:-1] + b"\0"),
    ]
    assert len(set(digests)) == len(digests)
    assert len({c.halves(d, 1).tobytes() for d in digests}) == len(digests)


def test_the_same_seed_replays_the_same_coefficients() -> None:
    digest = c.seal(Curve.BN254, [b"a"], SEED)
    assert digest == c.seal(Curve.BN254, [b"a"], SEED)
    assert np.array_equal(c.halves(digest, 100), c.halves(digest, 100))
