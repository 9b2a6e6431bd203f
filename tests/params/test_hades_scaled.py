"""Hades252: the form with a matrix of small integers is the permutation, and its quotient estimate is never off by two."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coproc.params import hades, hades_scaled

P = hades.P
WORD = st.one_of(st.integers(0, P - 1), st.sampled_from([0, 1, P - 1, P // 2]))


@given(st.tuples(WORD, WORD, WORD, WORD, WORD))
def test_the_scaled_form_equals_the_dense_one(state: tuple[int, ...]) -> None:
    assert hades_scaled.permute_scaled(state) == hades.permute_dense(state)
    by_a_limb = pow(1 << 52, -1, hades.P)
    assert hades_scaled.permute_scaled(state, hades_scaled.LANES, by_a_limb) == hades.permute_dense(state)


@given(st.one_of(st.integers(0, 2**277), st.integers(0, 2**22).map(lambda k: k * P), st.integers(1, 2**22).map(lambda k: k * P - 1)))
def test_the_estimated_quotient_leaves_less_than_twice_the_modulus(total: int) -> None:
    quotient = (total >> 252) * hades_scaled.SMALL_MDS_QUOTIENT >> 40
    assert 0 <= total - quotient * P < 2 * P
