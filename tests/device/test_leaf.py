"""The leaf of the device code on PoCL against Python integers."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from coproc.codegen.device.leaf import BASE, SCALARS
from coproc.codegen.device.tables import limbs
from coproc.params.constant import Field
from tests.device.opencl import run

MODULES = {("leaf", curve): field for curve, field in BASE.items()} | {("leaf_fr", curve): field for curve, field in SCALARS.items()}
BLOCKS = (1, 32, 64, 256)
XI = {"bls12_381": (1, 1), "bn254": (9, 1)}
Words = npt.NDArray[np.uint32]


def edges(field: Field) -> list[int]:
    """Words of an element whose carries are the longest: 0, 1, p - 1, R, all ones below p, and their neighbours."""
    p, n = field.modulus, limbs(field)
    r = 1 << 32 * n
    ones = (1 << p.bit_length() - 1) - 1
    return [0, 1, 2, p - 1, p - 2, r % p, r * r % p, -r % p, ones, ones - 1, (1 << 32) - 1, 1 << 32, p >> 1, (p >> 1) + 1]


def pairs(field: Field, count: int) -> tuple[list[int], list[int]]:
    draw = random.Random(field.modulus)
    values = edges(field)
    a = [x for x in values for _ in values] + [draw.randrange(field.modulus) for _ in range(count)]
    b = [y for _ in values for y in values] + [draw.randrange(field.modulus) for _ in range(count)]
    return a, b


def pack(values: list[int], field: Field) -> Words:
    return np.frombuffer(b"".join(v.to_bytes(4 * limbs(field), "little") for v in values), np.uint32)


def unpack(words: Words, field: Field) -> list[int]:
    data, size = words.tobytes(), 4 * limbs(field)
    return [int.from_bytes(data[i : i + size], "little") for i in range(0, len(data), size)]


Of = Callable[[int, int, int, int], int]
OPERATIONS: dict[int, tuple[str, Of]] = {
    0: ("mul", lambda a, b, p, r: a * b * pow(r, -1, p) % p),
    1: ("sqr", lambda a, b, p, r: a * a * pow(r, -1, p) % p),
    2: ("add", lambda a, b, p, r: (a + b) % p),
    3: ("sub", lambda a, b, p, r: (a - b) % p),
    4: ("neg", lambda a, b, p, r: -a % p),
    5: ("dbl", lambda a, b, p, r: 2 * a % p),
    6: ("half", lambda a, b, p, r: a * (p + 1) // 2 % p),
    7: ("copy", lambda a, b, p, r: a),
    8: ("select", lambda a, b, p, r: a if b & 1 else r % p),
    9: ("is_zero", lambda a, b, p, r: 0xFFFFFFFF if a == 0 else 0),
    10: ("equal", lambda a, b, p, r: 0xFFFFFFFF if a == b else 0),
    11: ("from_plain", lambda a, b, p, r: a * r % p),
    12: ("to_plain", lambda a, b, p, r: a * pow(r, -1, p) % p),
    13: ("below_modulus", lambda a, b, p, r: 0xFFFFFFFF if a < p else 0),
    14: ("inverse", lambda a, b, p, r: pow(a, -1, p) * r * r % p if a else 0),
}


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize(("family", "curve"), MODULES)
def test_primitives_of_the_base_field_equal_integers(family: str, curve: str, block: int) -> None:
    field = MODULES[family, curve]
    p, r = field.modulus, 1 << 32 * limbs(field)
    a, b = pairs(field, 60)
    groups = -(-len(a) // block)
    for op, (name, of) in OPERATIONS.items():
        got = np.zeros(len(a) * limbs(field), np.uint32)
        run(family, curve, block, "leaf_fp", groups, got, pack(a, field), pack(b, field), got, len(a), op)
        assert unpack(got, field) == [of(x, y, p, r) for x, y in zip(a, b, strict=True)], name


@pytest.mark.parametrize(("family", "curve"), MODULES)
def test_any_words_are_compared_with_the_modulus_and_enter_montgomery_form(family: str, curve: str) -> None:
    field = MODULES[family, curve]
    p, r = field.modulus, 1 << 32 * limbs(field)
    a = [p - 1, p, p + 1, 2 * p, r - 1, r - p, 0]
    for op, of in ((13, lambda x: 0xFFFFFFFF if x < p else 0), (11, lambda x: x * r % p)):
        got = np.zeros(len(a) * limbs(field), np.uint32)
        run(family, curve, 32, "leaf_fp", 1, got, pack(a, field), pack(a, field), got, len(a), op)
        assert unpack(got, field) == [of(x) for x in a]


Pair = tuple[int, int]
Of2 = Callable[[Pair, Pair, Pair, int, int], Pair]


def product(a: Pair, b: Pair, p: int, scale: int = 1) -> Pair:
    return (a[0] * b[0] - a[1] * b[1]) * scale % p, (a[0] * b[1] + a[1] * b[0]) * scale % p


OPERATIONS2: dict[int, tuple[str, Of2]] = {
    0: ("mul", lambda a, b, xi, p, r: product(a, b, p, pow(r, -1, p))),
    1: ("sqr", lambda a, b, xi, p, r: product(a, a, p, pow(r, -1, p))),
    2: ("mul_fp", lambda a, b, xi, p, r: product(a, (b[1], 0), p, pow(r, -1, p))),
    3: ("mul_xi", lambda a, b, xi, p, r: product(a, xi, p)),
    4: ("add", lambda a, b, xi, p, r: ((a[0] + b[0]) % p, (a[1] + b[1]) % p)),
    5: ("sub", lambda a, b, xi, p, r: ((a[0] - b[0]) % p, (a[1] - b[1]) % p)),
    6: ("neg", lambda a, b, xi, p, r: (-a[0] % p, -a[1] % p)),
    7: ("dbl", lambda a, b, xi, p, r: (2 * a[0] % p, 2 * a[1] % p)),
    8: ("half", lambda a, b, xi, p, r: (a[0] * (p + 1) // 2 % p, a[1] * (p + 1) // 2 % p)),
    9: ("conj", lambda a, b, xi, p, r: (a[0], -a[1] % p)),
    10: ("select", lambda a, b, xi, p, r: a if b[0] & 1 else b),
}


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("curve", BASE)
def test_primitives_of_fp2_equal_integers_in_place(curve: str, block: int) -> None:
    field = BASE[curve]
    p, r = field.modulus, 1 << 32 * limbs(field)
    x, y = pairs(field, 60)
    a, b = list(zip(x, y, strict=True)), list(zip(x[::-1], y[7:] + y[:7], strict=True))
    groups = -(-len(a) // block)
    for op, (name, of) in OPERATIONS2.items():
        got = np.zeros(2 * len(a) * limbs(field), np.uint32)
        flat = [pack([c for v in values for c in v], field) for values in (a, b)]
        run("leaf", curve, block, "leaf_fp2", groups, got, *flat, got, len(a), op)
        words = unpack(got, field)
        assert list(zip(words[::2], words[1::2], strict=True)) == [of(v, w, XI[curve], p, r) for v, w in zip(a, b, strict=True)], name


@pytest.mark.parametrize("block", BLOCKS)
def test_work_items_of_a_group_read_each_others_slots(block: int) -> None:
    field = BASE["bn254"]
    draw = random.Random(block)
    a = [draw.randrange(field.modulus) for _ in range(2 * block)]
    got = np.zeros(len(a) * limbs(field), np.uint32)
    run("leaf", "bn254", block, "leaf_group_sum", 2, got, pack(a, field), got)
    sums = [sum(a[:block]) % field.modulus, sum(a[block:]) % field.modulus]
    assert unpack(got, field) == [sums[i // block] for i in range(2 * block)]
