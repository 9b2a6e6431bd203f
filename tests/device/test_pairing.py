"""Pairings on a device equal those of the CPU engine."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from coproc.engine.device import pairings
from coproc.engine.device.families import Sums
from coproc.engine.device.groups import grouped
from coproc.engine.protocol import GT_WORDS, U64, Curve
from tests.device.curves import cpu, device, multiples
from tests.engine import kit

BLOCK = 4
both = pytest.mark.parametrize("curve", list(Curve), ids=lambda c: c.name.lower())


def pairs(curve: Curve, n: int) -> tuple[U64, U64]:
    """Some with an infinity, some equal to the one before, some opposite to it."""
    draw = random.Random(n)
    a = [draw.randrange(1, kit.ORDER[curve]) for _ in range(n)]
    b = [draw.randrange(1, kit.ORDER[curve]) for _ in range(n)]
    for i in range(3, n, 5):
        a[i], b[i] = a[i - 1], b[i - 1]
    for i in range(5, n, 7):
        a[i], b[i] = -a[i - 1] % kit.ORDER[curve], b[i - 1]
    g1, g2 = (multiples(group, ks) for group, ks in zip(kit.GROUPS[curve], (a, b), strict=True))
    g1[2::6] = 0
    g2[4::6] = 0
    return g1, g2


def tags_of(n: int) -> U64:
    return np.random.default_rng(n).integers(0, 2**64, n, np.uint64)


def check(curve: Curve, offsets: U64, sums: Sums, wanted: U64, tags: U64) -> None:
    assert sums.values.shape == wanted.shape
    assert np.array_equal(cpu().final_exponentiation(curve, sums.values), cpu().final_exponentiation(curve, wanted))
    with np.errstate(over="ignore"):
        added = [np.add.reduce(tags[int(a) : int(b)], dtype=np.uint64) for a, b in pairwise(offsets)]
        assert sums.tags.tolist() == [int(x * np.uint64(sums.times)) for x in added]


def miller(curve: Curve, offsets: U64, g1: U64, g2: U64, tags: U64, **options: Any) -> Sums:
    with device().stream() as stream:
        return pairings.miller(stream, curve, offsets, g1, g2, tags, **options)


@both
def test_miller_loops_equal_those_of_the_cpu(curve: Curve) -> None:
    sizes = [1, 0, 7, 2, 12, 0, 3]
    offsets, n = kit.offsets(sizes), sum(sizes)
    (g1, g2), tags = pairs(curve, n), tags_of(n)
    wanted = cpu().miller_loop(curve, offsets, g1, g2)
    for fan, block in ((1, BLOCK), (3, BLOCK), (64, 1 if curve == Curve.BN254 else BLOCK)):
        check(curve, offsets, miller(curve, offsets, g1, g2, tags, fan=fan, block=block), wanted, tags)


@both
def test_pairs_beyond_the_memory_of_the_device_go_through_it_in_passes(curve: Curve) -> None:
    sizes = [5, 0, 1, 3]
    offsets, n = kit.offsets(sizes), sum(sizes)
    (g1, g2), tags = pairs(curve, n), tags_of(n)
    wanted = cpu().miller_loop(curve, offsets, g1, g2)
    for most in (2, 4):
        check(curve, offsets, miller(curve, offsets, g1, g2, tags, fan=2, block=BLOCK, most=most), wanted, tags)


@both
def test_a_group_of_the_device_may_be_larger_than_the_work(curve: Curve) -> None:
    (g1, g2), tags, offsets = pairs(curve, 2), tags_of(2), kit.offsets([2])
    wanted = cpu().miller_loop(curve, offsets, g1, g2)
    check(curve, offsets, miller(curve, offsets, g1, g2, tags, block=64 if curve == Curve.BN254 else BLOCK), wanted, tags)


@both
def test_one_product_of_any_number_of_pairs(curve: Curve) -> None:
    g1, g2 = pairs(curve, 17)
    for n in (0, 1, 7, 8, 9, 17):
        offsets, tags = kit.offsets([n]), tags_of(n)
        wanted = cpu().miller_loop(curve, offsets, g1[:n], g2[:n])
        check(curve, offsets, miller(curve, offsets, g1[:n], g2[:n], tags, fan=8, block=BLOCK), wanted, tags)
    empty = miller(curve, kit.offsets([]), g1[:0], g2[:0], tags_of(0))
    assert empty.values.shape == (0, GT_WORDS[curve])


@both
def test_stored_lines_equal_those_of_the_cpu(curve: Curve) -> None:
    q = multiples(kit.GROUPS[curve][1], [1, 2, 3, kit.ORDER[curve] - 1, 0x1234567])
    for block, n in ((BLOCK, 5), (64, 2), (1, 0)):
        with device().stream() as stream:
            assert np.array_equal(pairings.lines(stream, curve, q[:n], block), cpu().lines(curve, q[:n]))


@both
def test_miller_loops_on_stored_lines_equal_those_of_the_cpu(curve: Curve) -> None:
    draw = random.Random(5)
    sizes = [3, 0, 1, 11, 8]
    offsets, n = kit.offsets(sizes), sum(sizes)
    g1, _ = pairs(curve, n)
    keys = cpu().lines(curve, multiples(kit.GROUPS[curve][1], [5, 6, 7]))
    which = np.array([draw.choice([0, 1, 2, pairings.NO_KEY]) for _ in range(n)], np.uint32)
    addresses = np.array([0 if row == pairings.NO_KEY else kit.addresses_of(keys)[row] for row in which], np.uint64)
    wanted, tags = cpu().miller_loop_lines(curve, offsets, g1, addresses), tags_of(n)
    for fan, block in ((1, BLOCK), (4, BLOCK), (16, 1 if curve == Curve.BN254 else BLOCK)):
        with device().stream() as stream:
            sums = pairings.miller_lines(stream, curve, offsets, g1, keys, which, tags, fan=fan, block=block)
        check(curve, offsets, sums, wanted, tags)


def test_supplied_lines_of_bn254_may_be_anything() -> None:
    """Zeros, ones and random coefficients: not the lines of a point."""
    curve = Curve.BN254
    words = cpu().lines_words(curve)
    draw = np.random.default_rng(3)
    keys = draw.integers(0, 2**60, (3, words), np.uint64)
    keys[1, :24] = 0
    keys[2] = 0
    g1, tags = multiples(kit.GROUPS[curve][0], [3, 4, 5, 6]), tags_of(4)
    offsets, which = kit.offsets([1, 1, 1, 1]), np.array([0, 1, 2, 0], np.uint32)
    wanted = cpu().miller_loop_lines(curve, offsets, g1, kit.addresses_of(keys)[which])
    assert wanted[0].any()
    assert not wanted[2].any()
    with device().stream() as stream:
        sums = pairings.miller_lines(stream, curve, offsets, g1, keys, which, tags, block=BLOCK)
    check(curve, offsets, sums, wanted, tags)


def values(curve: Curve, n: int) -> U64:
    """Random elements of Fp12, zero, one, elements of subfields, elements with components zero."""
    draw, field = random.Random(n), kit.BASE_FIELD[curve]
    rows = [[draw.randrange(kit.MODULUS[field]) for _ in range(12)] for _ in range(n)]
    rows += [[0] * 12, [1] + [0] * 11, [5] + [0] * 11, [0, 3] + [0] * 10, [0] * 6 + [7] + [0] * 5, [0] * 11 + [1], [4] * 6 + [0] * 6]
    rows += [[x if draw.random() < 0.5 else 0 for x in row] for row in rows[:n]]
    return kit.montgomery(field, (x for row in rows for x in row)).reshape(-1, GT_WORDS[curve])


@both
def test_final_exponentiations_equal_those_of_the_cpu(curve: Curve) -> None:
    f = values(curve, 2)
    wanted = cpu().final_exponentiation(curve, f)
    with device().stream() as stream:
        assert np.array_equal(pairings.final_exponentiation(stream, curve, f, BLOCK), wanted)
        assert np.array_equal(pairings.final_exponentiation(stream, curve, f[:1], BLOCK), wanted[:1])
        assert pairings.final_exponentiation(stream, curve, f[:0], BLOCK).shape == (0, GT_WORDS[curve])


@both
def test_pairings_equal_those_of_the_cpu(curve: Curve) -> None:
    offsets = kit.offsets([1, 2, 0, 3])
    g1, g2 = pairs(curve, 6)
    with device().stream() as stream:
        got = pairings.pairing(stream, curve, offsets, g1, g2, block=BLOCK)
    assert np.array_equal(got, cpu().pairing(curve, offsets, g1, g2))


@both
def test_a_pairing_and_its_inverse_cancel(curve: Curve) -> None:
    g1, g2 = (multiples(group, [7]) for group in kit.GROUPS[curve])
    minus = multiples(kit.GROUPS[curve][0], [kit.ORDER[curve] - 7])
    with device().stream() as stream:
        got = pairings.pairing(stream, curve, kit.offsets([2]), np.concatenate([g1, minus]), np.concatenate([g2, g2]), block=BLOCK)
    assert kit.gt_coordinates(curve, got) == [kit.gt_one(curve)]


def test_groups_hold_every_item_once_in_their_stretch() -> None:
    draw = random.Random(1)
    for _ in range(200):
        sizes = [draw.choice([0, 1, 2, 7, 8, 9, 40]) for _ in range(draw.randrange(0, 6))]
        fan = draw.choice([1, 2, 8, 16])
        offsets = kit.offsets(sizes)
        groups = grouped(offsets, fan)
        assert sorted(groups.which.tolist()) == list(range(sum(sizes)))
        assert groups.total == sum(max(1, -(-size // fan)) for size in sizes) == groups.firsts[-1]
        for g in range(groups.total):
            rows = groups.rows.astype(int)
            items = [int(groups.which[rows[t] + g]) for t in range(int(groups.most)) if rows[t] + g < rows[t + 1]]
            stretch = int(np.searchsorted(groups.firsts, groups.group[g], side="right")) - 1
            assert len(items) <= fan
            assert all(offsets[stretch] <= i < offsets[stretch + 1] for i in items)


def test_pairs_share_accumulators_when_all_of_the_device_has_some() -> None:
    class Card:
        units, emulated = 132, False

    fans = [pairings._fan(Card(), n) for n in (1, 10_000, 30_000, 50_000, 100_000, 1_000_000)]  # type: ignore[arg-type]
    assert fans == [1, 1, 2, 2, 6, 16]
    assert all(pairings.pair_bytes(curve) < 24_000 for curve in Curve)


def test_the_tags_show_a_pair_that_is_left_out() -> None:
    curve = Curve.BN254
    g1, g2 = pairs(curve, 5)
    tags, offsets = tags_of(5), kit.offsets([5])
    whole = miller(curve, offsets, g1, g2, tags, block=BLOCK)
    without = miller(curve, kit.offsets([4]), g1[1:], g2[1:], tags[1:], block=BLOCK)
    with np.errstate(over="ignore"):
        assert whole.tags[0] - without.tags[0] == tags[0] * np.uint64(whole.times)
