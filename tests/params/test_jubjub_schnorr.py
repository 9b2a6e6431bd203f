"""JubJub: the Tate pairing tells the subgroup, and the generator's table holds odd multiples."""

from __future__ import annotations

import random

from coproc.params import jubjub, jubjub_schnorr
from coproc.params.jubjub import COFACTOR, GENERATOR, IDENTITY, TORSION, D, Point, Q, R, add, mul


def square_root(a: int) -> int | None:
    """Tonelli and Shanks, q - 1 = 2^32 t; 7 is no square."""
    t = (Q - 1) >> 32
    root, rest, unit, order = pow(a, (t + 1) // 2, Q), pow(a, t, Q), pow(7, t, Q), 32
    while rest != 1:
        power, i = rest, 0
        while power != 1:
            power, i = power * power % Q, i + 1
        if i >= order:
            return None
        factor = pow(unit, 1 << (order - i - 1), Q)
        root, unit, order = root * factor % Q, factor * factor % Q, i
        rest = rest * unit % Q
    return root


def random_point(draw: random.Random) -> Point:
    while True:
        v = draw.randrange(Q)
        u = square_root((v * v - 1) * pow(1 + D * v * v, -1, Q) % Q)
        if u is not None:
            return u, v


def test_the_tate_pairing_tells_the_subgroup_from_each_of_its_cosets() -> None:
    draw = random.Random(1)
    for _ in range(8):
        for point in (random_point(draw), mul(COFACTOR, random_point(draw))):
            shifted = point
            for _ in range(COFACTOR):
                assert jubjub.contains(shifted)
                assert jubjub_schnorr.in_subgroup(shifted) == (mul(R, shifted) == IDENTITY)
                shifted = add(shifted, TORSION)


def test_no_point_of_small_order_passes_the_tate_test() -> None:
    point = IDENTITY
    for _ in range(COFACTOR):
        assert not jubjub_schnorr.in_subgroup(point)
        point = add(point, TORSION)


def test_the_generator_table_holds_odd_multiples() -> None:
    assert isinstance(jubjub_schnorr.GENERATOR_TABLE, tuple)
    for half, rows in enumerate(jubjub_schnorr.GENERATOR_TABLE):
        assert isinstance(rows, tuple)
        for i in (0, 1, len(rows) - 1):
            u, v = mul((2 * i + 1) << (half * jubjub_schnorr.GENERATOR_SPLIT), GENERATOR)
            assert rows[i] == ((v + u) % Q, (v - u) % Q, 2 * D * u * v % Q)
