"""Hades252 in the form in which it is computed: a matrix of small integers, and a scale that the constants carry.

MDS[i][j] = 2^256 / (i + j + 5) = S SMALL_MDS[i][j] with S = 2^256 / 360360 mod p and SMALL_MDS[i][j] = 360360 / (i + j + 5), an
integer below 2^17, since 360360 = lcm(5 .. 13). A multiplication by MDS without S takes one limb by four instead of four by four.
Dropping S divides the state by a known number, and x^5 is homogeneous, so that number is followed instead of multiplied in. Write
the state before round i as  scale_i y  (scale_0 = 1). Then

    full round      (scale y + c)^5 = scale^5 (y + c / scale)^5                          scale_{i+1} = S scale^5
    partial round   words 0..3 keep scale; word 4 is scale^5 (y + c / scale)^5, brought
                    back to scale by the factor scale^4                                   scale_{i+1} = S scale

As in the sparse form (hades.py), the constants of words 0..3 of partial rounds move through the matrix into the first closing round,
so that a partial round adds one constant, to word 4. The permutation is then, exactly:

    y = state
    for i = 0..3:   y += SCALED_FIRST[i];  S-box on all words;  y = SMALL_MDS y
    for i = 0..59:  y[4] = SCALED_FACTORS[i] (y[4] + SCALED_PARTIAL[i])^5;  y = SMALL_MDS y
    for i = 0..3:   y += SCALED_LAST[i];  S-box on all words;  y = SMALL_MDS y
    state = SCALED_OUTPUT y

A partial round costs 4 multiplications and 25 by one limb; the sparse form takes 12.
"""

from __future__ import annotations

from coproc.params import bls12_381
from coproc.params.constant import Constant, Elements, Word
from coproc.params.hades import (
    ALPHA,
    FIRST_CONSTANTS,
    HALF_FULL,
    LAST_CONSTANTS,
    MDS,
    MONTGOMERY,
    PARTIAL,
    PARTIAL_CONSTANTS,
    ROUND_CONSTANTS,
    WIDTH,
    Matrix,
    P,
    Row,
    permute_dense,
)

DENOMINATOR = 360360
SMALL_MDS: Matrix = tuple(tuple(DENOMINATOR // (i + j + 5) for j in range(WIDTH)) for i in range(WIDTH))
_S = MONTGOMERY * pow(DENOMINATOR, -1, P) % P
assert all(DENOMINATOR % k == 0 for k in range(5, 14))
assert all(m < 1 << 17 for row in SMALL_MDS for m in row)
assert all(_S * SMALL_MDS[i][j] % P == MDS[i][j] for i in range(WIDTH) for j in range(WIDTH))


def _scales() -> tuple[Row, Row, Row, int]:
    """scale_i of the first, the partial and the last rounds, and after all of them."""
    scale, first, partial, last = 1, [], [], []
    for _ in range(HALF_FULL):
        first.append(scale)
        scale = _S * pow(scale, ALPHA, P) % P
    for _ in range(PARTIAL):
        partial.append(scale)
        scale = _S * scale % P
    for _ in range(HALF_FULL):
        last.append(scale)
        scale = _S * pow(scale, ALPHA, P) % P
    return tuple(first), tuple(partial), tuple(last), scale


def _divide(rows: Matrix, scales: Row) -> Matrix:
    return tuple(tuple(c * pow(scale, -1, P) % P for c in row) for row, scale in zip(rows, scales, strict=True))


_FIRST_SCALES, _PARTIAL_SCALES, _LAST_SCALES, SCALED_OUTPUT = _scales()
SCALED_FIRST: Matrix = _divide(FIRST_CONSTANTS, _FIRST_SCALES)
SCALED_PARTIAL: Row = tuple(row[0] for row in _divide(tuple((c,) for c in PARTIAL_CONSTANTS), _PARTIAL_SCALES))
SCALED_FACTORS: Row = tuple(pow(scale, ALPHA - 1, P) for scale in _PARTIAL_SCALES)
SCALED_LAST: Matrix = _divide(LAST_CONSTANTS, _LAST_SCALES)


def _small(y: Row) -> Row:
    return tuple(sum(m * x for m, x in zip(row, y, strict=True)) % P for row in SMALL_MDS)


def permute_scaled(state: Row) -> Row:
    """The permutation as it is computed."""
    y = state
    for constants in SCALED_FIRST:
        y = _small(tuple(pow(x + c, ALPHA, P) for x, c in zip(y, constants, strict=True)))
    for constant, factor in zip(SCALED_PARTIAL, SCALED_FACTORS, strict=True):
        y = _small((*y[:-1], factor * pow(y[-1] + constant, ALPHA, P) % P))
    for constants in SCALED_LAST:
        y = _small(tuple(pow(x + c, ALPHA, P) for x, c in zip(y, constants, strict=True)))
    return tuple(SCALED_OUTPUT * x % P for x in y)


for _state in ((0, 0, 0, 0, 0), (0, 1, 2, 3, 4), (P - 1, 1, P - 2, 2, P // 2), ROUND_CONSTANTS[:5]):
    assert permute_dense(_state) == permute_scaled(_state)

# floor(S / p) of a row's sum S = t 2^252 + rest of words below 2p and one constant is estimated as t SMALL_MDS_QUOTIENT / 2^40: never
# too large, and by less than 2 too small, since the error is below  2^252 / p + t / 2^40 + 1.
SMALL_MDS_QUOTIENT = (1 << 292) // P
assert all(P * (1 + 2 * sum(row)) >> 252 < 1 << 24 for row in SMALL_MDS)
assert SMALL_MDS_QUOTIENT < 1 << 40
assert 14 * P > 100 << 252

_FR = bls12_381.FR
EXPORTS: dict[str, Constant] = {
    "SCALED_FIRST": Elements(_FR, SCALED_FIRST),
    "SCALED_PARTIAL": Elements(_FR, SCALED_PARTIAL),
    "SCALED_FACTORS": Elements(_FR, SCALED_FACTORS),
    "SCALED_LAST": Elements(_FR, SCALED_LAST),
    "SCALED_OUTPUT": Elements(_FR, SCALED_OUTPUT),
    "SMALL_MDS_NUMERATOR": Word(DENOMINATOR),
    "SMALL_MDS_QUOTIENT": Word(SMALL_MDS_QUOTIENT),
}
