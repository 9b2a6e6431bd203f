"""What the host adds to a call and looks at afterwards: it changes no result, and a wrong one does not pass."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from coproc.engine.cpu import CpuEngine
from coproc.engine.device import families, trust
from coproc.engine.device.elements import are_elements
from coproc.engine.device.engine import DeviceEngine
from coproc.engine.device.families import Sums
from coproc.engine.device.gather import records, words
from coproc.engine.device.trust import Mismatch
from coproc.engine.protocol import (
    ENCODED_BYTES,
    FIELD_WORDS,
    GT_WORDS,
    POINT_WORDS,
    U64,
    Check,
    Curve,
    Encoding,
    Field,
    FieldOp,
    Group,
    Status,
    rows_of,
)
from tests.device.toy import ToyDevice
from tests.engine import kit

CURVES = list(Curve)
SUBGROUPS = [Group.BLS12_381_G1, Group.BLS12_381_G2, Group.BN254_G2]


@cache
def host() -> CpuEngine:
    return CpuEngine()


def scalars(curve: Curve, n: int) -> U64:
    field = trust.SCALARS[curve]
    return host().field(field, FieldOp.FROM_MONT, host().field(field, FieldOp.TO_MONT, trust.random_words((n, 4))))


def points(group: Group, n: int) -> U64:
    return host().scalar_mul(group, np.repeat(trust.generator(group), n, axis=0), scalars(trust.CURVE_OF[group], n))


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("m", [0, 1, 5, 8, 9, 20])
def test_blinding_scalars_belong_to_their_points_and_none_comes_twice(curve: Curve, m: int) -> None:
    blinds = trust.Blinds(host(), curve, size=8)
    seen = set()
    for _ in range(3):
        b, images = blinds.take(m)
        assert np.array_equal(host().scalar_mul(trust.GROUP_1[curve], np.repeat(blinds.generator, m, axis=0), b), images)
        seen |= {row.tobytes() for row in b}
    assert len(seen) == 3 * m


@pytest.mark.parametrize("curve", CURVES)
def test_a_blinding_pair_and_its_inverse_are_one(curve: Curve) -> None:
    blinds = trust.PairBlinds(host(), curve, size=4)
    empty = np.zeros((0, POINT_WORDS[trust.GROUP_1[curve]]), np.uint64), np.zeros((0, POINT_WORDS[trust.GROUP_2[curve]]), np.uint64)
    nothing = host().pairing(curve, np.zeros(2, np.uint64), *empty)
    for m in (1, 3, 6):
        g1, inverse = blinds.take(m)
        offsets = np.arange(m + 1, dtype=np.uint64)
        values = host().miller_loop(curve, offsets, g1, np.repeat(blinds.g2, m, axis=0))
        again = host().miller_loop_lines(curve, offsets, g1, np.repeat(rows_of(blinds.lines), m))
        for value in (values, again):
            product = host().final_exponentiation(curve, host().fp12(curve, FieldOp.MUL, value, inverse))
            assert (product == nothing).all()


@pytest.mark.parametrize("curve", CURVES)
def test_order_and_signs_change_no_sum(curve: Curve) -> None:
    group = trust.GROUP_1[curve]
    p, k = points(group, 9), scalars(curve, 9)
    p[4] = 0
    offsets = np.array([0, 4, 5, 9], np.uint64)
    order, minus = trust.shuffled(offsets), trust.signs(9)
    assert [sorted(order[a:b]) for a, b in ((0, 4), (4, 5), (5, 9))] == [[0, 1, 2, 3], [4], [5, 6, 7, 8]]
    q = np.ascontiguousarray(trust.with_signs(host(), group, p[order], minus))
    h = trust.scalars_with_signs(host(), curve, np.ascontiguousarray(k[order]), minus)
    assert np.array_equal(host().msm(group, offsets, rows_of(q), h), host().msm(group, offsets, rows_of(p), k))


def test_orders_and_signs_are_not_always_the_same() -> None:
    offsets = np.array([0, 40], np.uint64)
    assert len({trust.shuffled(offsets).tobytes() for _ in range(8)}) == 8
    assert len({trust.signs(64).tobytes() for _ in range(8)}) == 8


def test_sums_with_one_item_more_keep_the_others_where_they_were() -> None:
    wider, old, last = trust.with_last(np.array([0, 2, 2, 5], np.uint64))
    assert wider.tolist() == [0, 3, 4, 8]
    assert old.tolist() == [0, 1, 4, 5, 6]
    assert last.tolist() == [2, 3, 7]


def test_a_lost_item_and_one_seen_twice_show_in_the_tags() -> None:
    offsets = np.array([0, 3, 4], np.uint64)
    tags = trust.random_words((4,))
    right = trust.tag_sums(tags, offsets)
    with np.errstate(over="ignore"):
        trust.compare_tags("sum", Sums(np.zeros((2, 1), np.uint64), right * np.uint64(7), 7), tags, offsets)
        for wrong in (right - tags[1], right + tags[3], right * np.uint64(2), np.zeros(2, np.uint64), right[::-1]):
            with pytest.raises(Mismatch, match="sums"):
                trust.compare_tags("sum", Sums(np.zeros((2, 1), np.uint64), wrong, 1), tags, offsets)


@pytest.mark.parametrize(("group", "encoding"), [pair for pair in ENCODED_BYTES if pair[1] in (Encoding.ZCASH, Encoding.ARK_COMPRESSED)])
def test_a_decoded_point_is_believed_where_it_is_the_point(group: Group, encoding: Encoding) -> None:
    p = points(group, 6)
    data = host().encode(group, encoding, p)
    assert trust.decoded_rightly(host(), group, encoding, data, p).all()
    others = {
        "another point": p[::-1],
        "the negative": trust.negative(host(), group, p),
        "zeros": np.zeros_like(p),
        "a flipped bit": p ^ np.uint64(1 << 17),
        "poison": np.full_like(p, 0xFFFFFFFFFFFFFFFF),
    }
    for name, wrong in others.items():
        assert not trust.decoded_rightly(host(), group, encoding, data, np.ascontiguousarray(wrong)).any(), name


@pytest.mark.parametrize("group", SUBGROUPS)
def test_the_multiple_of_a_subgroup_test_is_one_number_times_the_point(group: Group) -> None:
    """[x^2]P, [|x|]P and (BN254's second group) -P are the negatives of what the host's map gives, for points of prime order alone."""
    from coproc.params import bls12_381

    p = points(group, 4)
    factor = {Group.BLS12_381_G1: bls12_381.X**2, Group.BLS12_381_G2: bls12_381.X_ABS, Group.BN254_G2: -1}[group]
    order = trust.ORDER[trust.CURVE_OF[group]]
    limbs = np.frombuffer((factor % order).to_bytes(32, "little"), "<u8").astype(np.uint64)
    multiples = host().scalar_mul(group, p, np.repeat(limbs.reshape(1, 4), 4, axis=0))
    assert trust.in_subgroup(host(), group, p, multiples).all()
    assert not trust.in_subgroup(host(), group, p, multiples[::-1]).any()
    assert not trust.in_subgroup(host(), group, p, np.zeros_like(p)).any()
    assert not trust.in_subgroup(host(), group, np.zeros_like(p), np.zeros_like(p)).any()


@pytest.mark.parametrize("curve", CURVES)
def test_a_random_combination_tells_a_wrong_multiple(curve: Curve) -> None:
    group = trust.GROUP_1[curve]
    p, k = points(group, 5), scalars(curve, 5)
    results = host().scalar_mul(group, p, k)
    s, products = trust.combination(host(), curve, k)
    offsets = np.array([0, 5], np.uint64)
    right = host().msm(group, offsets, rows_of(p), products)
    assert np.array_equal(host().msm(group, offsets, rows_of(results), s), right)
    results[2] = results[3]
    assert not np.array_equal(host().msm(group, offsets, rows_of(results), s), right)


def test_pads_come_off_again() -> None:
    numbers = host().field(Field.BLS12_381_FR, FieldOp.TO_MONT, trust.random_words((6, 4)))
    pads = trust.pads(host(), 6)
    assert np.array_equal(trust.without(host(), host().field(Field.BLS12_381_FR, FieldOp.ADD, numbers, pads), pads), numbers)


@pytest.mark.parametrize(("field", "modulus"), [(f, m) for f, m in kit.MODULUS.items() if f != Field.JUBJUB_FR], ids=lambda v: str(v)[:12])
def test_an_element_is_below_the_modulus_in_every_limb_that_decides(field: Field, modulus: int) -> None:
    limbs = FIELD_WORDS[field]
    values = [0, 1, modulus - 1, modulus, modulus + 1, (1 << 64 * limbs) - 1, modulus - (1 << 64), modulus + (1 << 64), modulus >> 64 << 64]
    rows = kit.words_of(values, limbs)
    assert are_elements(field, rows).tolist() == [value < modulus for value in values]
    pairs = np.concatenate((rows, rows[:1].repeat(len(rows), axis=0)), axis=1)
    assert are_elements(field, pairs).tolist() == [value < modulus for value in values]


@pytest.mark.parametrize("curve", CURVES)
def test_products_that_are_no_elements_of_the_field_never_reach_the_hosts_arithmetic(curve: Curve, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = DeviceEngine(ToyDevice(), "toy")

    def nonsense(stream: Any, curve: Curve, offsets: U64, g1: U64, g2: U64, tags: U64) -> Sums:
        return Sums(np.full((len(offsets) - 1, GT_WORDS[curve]), 0xFFFFFFFFFFFFFFFF, np.uint64), trust.tag_sums(tags, offsets))

    monkeypatch.setattr(families, "pairings", lambda: SimpleNamespace(miller=nonsense))
    g1, g2 = (trust.generator(group[curve]) for group in (trust.GROUP_1, trust.GROUP_2))
    offsets = np.array([0, 1], np.uint64)
    assert np.array_equal(engine.miller_loop(curve, offsets, g1, g2), host().miller_loop(curve, offsets, g1, g2))
    assert engine.suspicions == 1


def test_records_are_read_where_they_lie() -> None:
    rng = np.random.default_rng(1)
    a, b = (rng.integers(0, 256, (50, 49), np.uint8) for _ in range(2))
    at = np.concatenate((rows_of(a), rows_of(b)))[rng.permutation(100)]
    joined = {int(address): row.tobytes() for rows in (a, b) for address, row in zip(rows_of(rows), rows, strict=True)}
    assert [row.tobytes() for row in records(at, 49)] == [joined[int(address)] for address in at]
    assert records(at[:0], 49).shape == (0, 49)
    w = rng.integers(0, 1 << 63, (7, 3), np.uint64)
    assert np.array_equal(words(rows_of(w)[::-1], 3), w[::-1])


@pytest.mark.parametrize("group", list(Group))
def test_the_generator_is_on_the_curve_and_its_negative_adds_up_to_nothing(group: Group) -> None:
    g = trust.generator(group)
    assert g.shape == (1, POINT_WORDS[group])
    assert host().check(group, Check.ON_CURVE | Check.IN_SUBGROUP, g)[0] == Status.OK
    assert not host().add(group, g, np.ascontiguousarray(trust.negative(host(), group, g))).any()
