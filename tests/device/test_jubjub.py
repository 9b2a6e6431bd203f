"""JubJub on PoCL against the affine law of coproc/params/jubjub.py, points of every order included."""

from __future__ import annotations

import random

import numpy as np
import pytest

from coproc.engine.device.jubjub import generator_table, limbs, sums
from coproc.engine.device.opencl import OpenClDevice
from coproc.engine.protocol import Field
from coproc.params import jubjub
from coproc.params.jubjub import GENERATOR, IDENTITY, Point, Q, R, add, mul
from tests.engine import kit
from tests.fuzz.points import small_jubjub

HALF = pow(1 << 256, -1, R)


@pytest.fixture(scope="module")
def device() -> OpenClDevice:
    return OpenClDevice()


def plain(values: list[int]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint64]]:
    return np.frombuffer(b"".join(v.to_bytes(32, "little") for v in values), np.uint64).reshape(-1, 4)


def computed(device: OpenClDevice, cases: list[tuple[int, int, Point]], block: int) -> list[Point]:
    a, c, points = zip(*cases, strict=True)
    with device.stream() as stream:
        out = sums(stream, plain(list(a)), plain(list(c)), limbs(*(x for p in points for x in p)).reshape(-1, 2, 4), block)
    flat = kit.plain(Field.BLS12_381_FR, out.reshape(-1, 4))
    found = []
    for i in range(0, len(flat), 3):
        u, v, z = flat[i : i + 3]
        assert z
        found.append((u * pow(z, -1, Q) % Q, v * pow(z, -1, Q) % Q))
    return found


def expected(a: int, c: int, point: Point) -> Point:
    return add(mul(a * HALF % R, GENERATOR), mul(c, point))


def test_entries_are_the_multiples_they_stand_for() -> None:
    table = generator_table()
    draw = random.Random(5)
    for j, d in [(0, 0), (0, 1), (31, 255), *((draw.randrange(32), draw.randrange(256)) for _ in range(4))]:
        u, v = mul((d << 8 * j) * HALF % R, GENERATOR)
        assert kit.plain(Field.BLS12_381_FR, table[j, d]) == [(v + u) % Q, (v - u) % Q, 2 * jubjub.D * u * v % Q]


@pytest.mark.parametrize("block", [2, 128])
def test_sums_are_those_of_the_group_law(device: OpenClDevice, block: int) -> None:
    """Both scalars small, large, zero, and with every digit of either sign; the point of any order, the identity and G itself."""
    draw = random.Random(block)
    low = [*small_jubjub(), GENERATOR, mul(R - 1, GENERATOR)]
    shifted = add(mul(draw.randrange(R), GENERATOR), jubjub.TORSION)
    scalars = [0, 1, 7, 8, 9, 15, 16, R >> 3, (1 << 250) - 1, (1 << 249) + 1, sum(8 << 4 * i for i in range(62)), int("7" * 62, 16)]
    cases = [(0, c, shifted) for c in scalars]
    cases += [(draw.choice((0, 1, R - 1, (1 << 256) - 1)), draw.randrange(1 << 250), p) for p in low]
    cases += [((1 << 256) % R, (R - 1) >> 2, GENERATOR), (draw.randrange(1 << 256), draw.randrange(1 << 250), shifted), (0, 0, IDENTITY)]
    assert computed(device, cases, block) == [expected(*case) for case in cases]


def test_a_sum_may_be_the_identity(device: OpenClDevice) -> None:
    k = 12345
    assert computed(device, [(-k * (1 << 256) % R, k, GENERATOR), (0, 4, mul(2, jubjub.TORSION))], 2) == [IDENTITY, IDENTITY]
