"""Sums of very many multiples by sorting, on a device: every distribution of digits, every length of a stretch."""

from __future__ import annotations

import random
from typing import Any, cast

import numpy as np
import pytest

from coproc.codegen.device import curves as constants
from coproc.codegen.device.families import FAMILIES
from coproc.engine.device import msm, msm_large, points
from coproc.engine.device.protocol import Stream
from coproc.engine.protocol import U64, Group, rows_of
from tests.device.curves import BLOCK, GROUPS, cpu, device, name, order, randoms
from tests.device.test_msm import expected_tags, tags_of, terms
from tests.engine import kit

SORT_BLOCK = 4


def check(group: Group, given: U64, scalars: U64, **options: Any) -> None:
    offsets, tags = kit.offsets([len(given)]), tags_of(len(given))
    with device().stream() as stream:
        part = msm_large.partial(stream, group, given, scalars, tags, BLOCK, sort_block=SORT_BLOCK, **options)
    found = msm.add_windows(cpu(), group, part.planes, 1, part.factors)
    assert np.array_equal(found, cpu().msm(group, offsets, rows_of(given), scalars))
    assert [part.tags] == expected_tags(offsets, tags, part.times)


@pytest.mark.parametrize("group", GROUPS, ids=name)
def test_sums_by_sorting_are_those_of_the_cpu(group: Group) -> None:
    _, given, scalars, _ = terms(group, [130])
    check(group, given, scalars, bits=5, each=7)


@pytest.mark.parametrize(("bits", "each"), [(3, 4), (7, 16), (9, 1000), (4, 1)])
@pytest.mark.parametrize("n", [1, 2, 60])
def test_any_number_of_terms_bits_and_stretches(n: int, bits: int, each: int) -> None:
    _, given, scalars, _ = terms(Group.BN254_G1, [n])
    check(Group.BN254_G1, given, scalars, bits=bits, each=each)


def test_equal_scalars_are_cut_into_stretches_like_others() -> None:
    """All digits of a window in one bucket, opposite points beside each other, and nothing but zeros."""
    group = Group.BN254_G1
    given = np.repeat(randoms(group, 2), 60, axis=0)
    r = order(group)
    for values in ([77] * 120, [5, r - 5] * 60, [0] * 120, [(1 << 256) - 1] * 120):
        for most in (1, 8, 1000):
            check(group, given, kit.scalars(values), bits=4, each=8, most=most)


@pytest.mark.parametrize("bits", [3, 12, 13])
@pytest.mark.parametrize("n", [1, 300])
def test_the_sort_is_stable_and_loses_nothing(bits: int, n: int) -> None:
    windows, draw = 3, random.Random(bits)
    keys = np.array([draw.randrange(draw.choice((2, 1 << bits))) for _ in range(n * windows)], np.uint32)
    with device().stream() as stream:
        values = stream.upload(np.arange(n * windows, dtype=np.uint32))
        found = [
            stream.download(b, np.empty((windows, n), np.uint32))
            for b in msm_large._sort(stream, stream.upload(keys), values, n, windows, bits, SORT_BLOCK)
        ]
    rows = keys.reshape(windows, n)
    expected = np.argsort(rows, axis=1, kind="stable")
    assert np.array_equal(found[0], np.sort(rows, axis=1))
    assert np.array_equal(found[1], expected + n * np.arange(windows)[:, None])


def test_digits_are_chosen_by_their_cost() -> None:
    chosen = [msm_large.bits_of(Group.BLS12_381_G1, 1 << k) for k in (10, 13, 16, 20)]
    assert chosen == sorted(chosen)
    assert max(chosen) <= msm_large.MAX_BITS
    for group in GROUPS:
        for bits in range(2, msm_large.MAX_BITS + 1):
            curve, degree = points.CURVE_NAME[group], points.DEGREE[group]
            windows, bound = constants.windows(curve, degree, bits), constants.short_bound(curve, degree)
            least, most = (constants.offset(windows, bits) + sign * bound for sign in (-1, 1))
            assert least >= 0
            assert most < 1 << (bits * windows)
    assert FAMILIES["sort"].slots * points.BASE_WORDS["bls12_381"] >= 1 << msm_large._RADIX_BITS


class Forgetful:
    """A stream that forgets the launches of one kernel."""

    def __init__(self, stream: Stream, kernel: str) -> None:
        self._stream, self._kernel = stream, kernel

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def launch(self, module: Any, kernel: str, *args: Any, **options: Any) -> None:
        if kernel != self._kernel:
            self._stream.launch(module, kernel, *args, **options)


@pytest.mark.parametrize("kernel", ["digits", "count_digits", "move", "stretches", "ends", "join", "pairs", "add_up"])
def test_a_kernel_that_did_not_run_is_missed_by_the_tags_and_spoils_nothing(kernel: str) -> None:
    group = Group.BN254_G1
    offsets, given, scalars, tags = terms(group, [120])
    for lost in (kernel, ""):
        with device().stream() as stream:
            part = msm_large.partial(
                cast(Stream, Forgetful(stream, lost)), group, given, scalars, tags, BLOCK, 4, SORT_BLOCK, each=8, most=2
            )
        assert ([part.tags] == expected_tags(offsets, tags, part.times)) == (lost == "")
