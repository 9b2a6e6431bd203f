"""Dusk's Poseidon, textbook and on limbs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coproc.params import hades
from coproc.spec import poseidon
from coproc.spec.operations import poseidon_of_limbs
from coproc.spec.raw import fr
from coproc.spec.raw import poseidon as raw
from coproc.spec.verdict import Panic

SCALAR = st.one_of(st.integers(0, fr.P - 1), st.sampled_from([0, 1, fr.P - 1]))
LIMBS = st.one_of(st.integers(0, fr.W - 1), st.sampled_from([0, fr.P, fr.P - 1, fr.W - 1, 2 * fr.P]))


@given(st.lists(SCALAR, min_size=1, max_size=11).map(tuple))
def test_limbs_and_values_agree_on_reduced_scalars(scalars: tuple[int, ...]) -> None:
    limbs = tuple(map(fr.constant, scalars))
    assert fr.value(raw.poseidon_hash(limbs)) == poseidon.poseidon_hash(scalars)
    assert poseidon_of_limbs(limbs) == poseidon.poseidon_hash(scalars)


@given(st.lists(SCALAR, min_size=5, max_size=5).map(tuple))
def test_the_permutation_is_the_sparse_one(state: tuple[int, ...]) -> None:
    assert poseidon.permute(state) == hades.permute_sparse(state)


def test_nothing_to_hash_is_a_panic() -> None:
    for function in (poseidon.poseidon_hash, raw.poseidon_hash, poseidon_of_limbs):
        with pytest.raises(Panic):
            function(())


def test_the_number_of_scalars_is_part_of_the_hash() -> None:
    assert len({poseidon.poseidon_hash((0,) * n) for n in range(1, 12)}) == 11


def test_an_unreduced_scalar_is_its_reduction_until_a_carry_is_lost() -> None:
    """The sponge adds limbs: to zero at first, to the permuted state from the fifth scalar on."""
    large, one = fr.W - 1, fr.ONE
    assert poseidon_of_limbs((large,)) == poseidon_of_limbs((large % fr.P,))
    assert poseidon_of_limbs((one,) * 4 + (large,)) != poseidon_of_limbs((one,) * 4 + (large % fr.P,))


@given(LIMBS, LIMBS)
def test_a_product_with_a_reduced_operand_is_right(x: int, y: int) -> None:
    y %= fr.P
    assert fr.mul(x, y) < fr.P
    assert fr.value(fr.mul(x, y)) == fr.value(x) * fr.value(y) % fr.P


@given(LIMBS)
def test_negation_and_subtraction_of_limbs(x: int) -> None:
    assert fr.neg(0) == 0
    assert fr.add(x, fr.neg(x)) in (0, fr.P) or x > fr.P
    assert fr.sub(x, x) == 0


@given(LIMBS.filter(lambda x: x < 3 * fr.W // 5))
def test_inverses_of_limbs_that_lose_no_carry_are_inverses(x: int) -> None:
    if x % fr.P:
        assert fr.value(fr.inv(x)) * fr.value(x) % fr.P == 1


def test_the_inverse_of_large_limbs_is_upstream_s_wrong_one() -> None:
    """x^2 loses a carry: the result is the crate's own."""
    x = fr.W - 1
    assert fr.value(fr.inv(x)) * fr.value(x) % fr.P != 1
    assert fr.inv(x).to_bytes(32, "little").hex() == "1c89c936c90f1b8a358ff5b0e9efeb6dd0333094f142accf26e9fd4643ee3101"
