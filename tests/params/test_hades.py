"""Hades252: the dense and the sparse form are one permutation."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coproc.params import hades

WORD = st.one_of(st.integers(0, hades.P - 1), st.sampled_from([0, 1, hades.P - 1, hades.P // 2]))


@given(st.tuples(WORD, WORD, WORD, WORD, WORD))
def test_sparse_partial_rounds_equal_dense_ones(state: tuple[int, ...]) -> None:
    assert hades.permute_sparse(state) == hades.permute_dense(state)


def test_the_mds_matrix_is_mds() -> None:
    """Every square submatrix of a Cauchy matrix is invertible; the scale 2^256 changes nothing."""
    for i in range(5):
        for j in range(5):
            assert hades.MDS[i][j] * (i + j + 5) % hades.P == 2**256 % hades.P
    for rows in ((0, 1), (1, 3), (2, 4)):
        for columns in ((0, 1), (0, 4), (2, 3)):
            (a, b), (c, d) = ([hades.MDS[i][j] for j in columns] for i in rows)
            assert (a * d - b * c) % hades.P
