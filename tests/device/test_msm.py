"""Sums of multiples on a device: those of the CPU engine, and every tag in them."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest

from coproc.engine.device import msm
from coproc.engine.protocol import POINT_WORDS, U64, Group, rows_of
from tests.device.curves import BLOCK, GROUPS, cpu, device, edge_scalars, name, order, randoms
from tests.engine import kit

MASK = (1 << 64) - 1


def tags_of(n: int) -> U64:
    return np.random.default_rng(n).integers(0, 1 << 64, n, np.uint64)


def expected_tags(offsets: U64, tags: U64, times: int = 1) -> list[int]:
    return [sum(map(int, tags[int(a) : int(b)])) * times & MASK for a, b in pairwise(offsets)]


def terms(group: Group, sizes: list[int]) -> tuple[U64, U64, U64, U64]:
    """Offsets, points, scalars and tags with everything that makes an addition exceptional: infinity, zeros, equal and opposite terms."""
    k, draw = sum(sizes), random.Random(len(sizes))
    few = randoms(group, 12)
    points = np.ascontiguousarray(few[[draw.randrange(12) for _ in range(k)]])
    edges = edge_scalars(group)
    values = [draw.choice((draw.randrange(1 << 256), draw.choice(edges))) for _ in range(k)]
    for i in range(0, k - 6, 11):
        points[i + 1], values[i + 1] = points[i], values[i]
        points[i + 2], values[i + 2] = points[i], -values[i] % order(group)
        points[i + 3] = 0
        values[i + 4] = 0
        points[i + 5], values[i + 5] = points[i], (values[i] + 1) % (1 << 256)
    return kit.offsets(sizes), points, kit.scalars(values), tags_of(k)


@pytest.mark.parametrize("group", GROUPS, ids=name)
def test_sums_by_ladder_are_those_of_the_cpu(group: Group) -> None:
    offsets, points, scalars, tags = terms(group, [1, 0, 30, 2, 0, 200])
    with device().stream() as stream:
        part = msm.by_ladder(stream, group, offsets, points, scalars, tags, BLOCK)
    assert np.array_equal(part.values, cpu().msm(group, offsets, rows_of(points), scalars))
    assert part.tags.tolist() == expected_tags(offsets, tags, part.times)


@pytest.mark.parametrize("group", GROUPS, ids=name)
def test_sums_by_buckets_are_those_of_the_cpu(group: Group) -> None:
    offsets, points, scalars, tags = terms(group, [40, 0, 1, 150])
    with device().stream() as stream:
        part = msm.by_buckets(stream, group, offsets, points, scalars, tags, BLOCK)
    assert np.array_equal(part.values, cpu().msm(group, offsets, rows_of(points), scalars))
    assert part.tags.tolist() == expected_tags(offsets, tags, part.times)


@pytest.mark.parametrize("block", [2])
def test_buckets_work_in_groups_of_any_power_of_two(block: int) -> None:
    group = Group.BN254_G1
    offsets, points, scalars, tags = terms(group, [33, 70])
    with device().stream() as stream:
        part = msm.by_buckets(stream, group, offsets, points, scalars, tags, block)
    assert np.array_equal(part.values, cpu().msm(group, offsets, rows_of(points), scalars))
    assert part.tags.tolist() == expected_tags(offsets, tags, part.times)


def test_equal_terms_that_fill_one_bucket_are_added_like_any_others() -> None:
    group = Group.BN254_G1
    points = np.repeat(randoms(group, 1), 300, axis=0)
    offsets, tags = kit.offsets([300]), tags_of(300)
    for value in (1, order(group) - 1, (1 << 256) - 1):
        scalars = kit.scalars([value] * 300)
        with device().stream() as stream:
            sums = msm.msm(stream, group, offsets, points, scalars, tags, BLOCK)
        assert np.array_equal(sums.values, cpu().msm(group, offsets, rows_of(points), scalars))
        assert sums.tags.tolist() == expected_tags(offsets, tags)


def test_sums_of_many_sizes_come_back_in_order_with_their_tags() -> None:
    group = Group.BN254_G1
    offsets, points, scalars, tags = terms(group, [0, msm.FEW, 5, msm.FEW - 1, 0, 1, msm.FEW + 60, 3])
    with device().stream() as stream:
        sums = msm.msm(stream, group, offsets, points, scalars, tags, BLOCK)
    assert np.array_equal(sums.values, cpu().msm(group, offsets, rows_of(points), scalars))
    assert [int(t) * sums.times & MASK for t in expected_tags(offsets, tags)] == sums.tags.tolist()


@pytest.mark.parametrize("sizes", [[], [0], [0, 0]])
def test_sums_of_nothing_are_infinity(sizes: list[int]) -> None:
    group = Group.BLS12_381_G1
    none = np.zeros((0, POINT_WORDS[group]), np.uint64)
    with device().stream() as stream:
        sums = msm.msm(stream, group, kit.offsets(sizes), none, np.zeros((0, 4), np.uint64), np.zeros(0, np.uint64), BLOCK)
    assert sums.values.shape == (len(sizes), POINT_WORDS[group])
    assert not sums.values.any()
    assert not sums.tags.any()
