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

from typing import NamedTuple

from coproc.params import bls12_381
from coproc.params.constant import Constant, Elements, Word
from coproc.params.hades import (
    ALPHA,
    FIRST_CONSTANTS,
    LAST_CONSTANTS,
    MDS,
    MONTGOMERY,
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
STEP = MONTGOMERY * pow(DENOMINATOR, -1, P) % P
assert all(DENOMINATOR % k == 0 for k in range(5, 14))
assert all(m < 1 << 17 for row in SMALL_MDS for m in row)
assert all(STEP * SMALL_MDS[i][j] % P == MDS[i][j] for i in range(WIDTH) for j in range(WIDTH))


class Schedule(NamedTuple):
    """The constants of the scaled form; the state after all rounds is `output` times y."""

    first: Matrix
    partial: Row
    factors: Row
    last: Matrix
    output: int


def _divide(row: Row, scale: int) -> Row:
    inverse = pow(scale, -1, P)
    return tuple(c * inverse % P for c in row)


def schedule(step: int) -> Schedule:
    """Of a matrix MDS / step: scale_{i+1} is step scale_i^5 in full rounds and step scale_i in partial ones."""
    scale, first, partial, factors, last = 1, [], [], [], []
    for row in FIRST_CONSTANTS:
        first.append(_divide(row, scale))
        scale = step * pow(scale, ALPHA, P) % P
    for constant in PARTIAL_CONSTANTS:
        partial.append(_divide((constant,), scale)[0])
        factors.append(pow(scale, ALPHA - 1, P))
        scale = step * scale % P
    for row in LAST_CONSTANTS:
        last.append(_divide(row, scale))
        scale = step * pow(scale, ALPHA, P) % P
    return Schedule(tuple(first), tuple(partial), tuple(factors), tuple(last), scale)


SCALED = schedule(STEP)
# In eight lanes a row's sum is reduced by one step of Montgomery's reduction, which divides it by 2^52.
_LIMB = pow(1 << 52, -1, P)
LANES = schedule(STEP << 52)


def _small(y: Row, unit: int) -> Row:
    return tuple(unit * sum(m * x for m, x in zip(row, y, strict=True)) % P for row in SMALL_MDS)


def permute_scaled(state: Row, schedule: Schedule = SCALED, unit: int = 1) -> Row:
    """The permutation as it is computed, with the matrix unit SMALL_MDS."""
    y = state
    for constants in schedule.first:
        y = _small(tuple(pow(x + c, ALPHA, P) for x, c in zip(y, constants, strict=True)), unit)
    for constant, factor in zip(schedule.partial, schedule.factors, strict=True):
        y = _small((*y[:-1], factor * pow(y[-1] + constant, ALPHA, P) % P), unit)
    for constants in schedule.last:
        y = _small(tuple(pow(x + c, ALPHA, P) for x, c in zip(y, constants, strict=True)), unit)
    return tuple(schedule.output * x % P for x in y)


for _state in ((0, 0, 0, 0, 0), (0, 1, 2, 3, 4), (P - 1, 1, P - 2, 2, P // 2), ROUND_CONSTANTS[:5]):
    assert permute_dense(_state) == permute_scaled(_state) == permute_scaled(_state, LANES, _LIMB)

# floor(S / p) of a row's sum S = t 2^252 + rest of words below 2p and one constant is estimated as t SMALL_MDS_QUOTIENT / 2^40: never
# too large, and by less than 2 too small, since the error is below  2^252 / p + t / 2^40 + 1.
SMALL_MDS_QUOTIENT = (1 << 292) // P
assert all(P * (1 + 2 * sum(row)) >> 252 < 1 << 24 for row in SMALL_MDS)
assert SMALL_MDS_QUOTIENT < 1 << 40
assert 14 * P > 100 << 252

_FR = bls12_381.FR
EXPORTS: dict[str, Constant] = {
    "SCALED_FIRST": Elements(_FR, SCALED.first),
    "SCALED_PARTIAL": Elements(_FR, SCALED.partial),
    "SCALED_FACTORS": Elements(_FR, SCALED.factors),
    "SCALED_LAST": Elements(_FR, SCALED.last),
    "SCALED_OUTPUT": Elements(_FR, SCALED.output),
    "LANES_FIRST": Elements(_FR, LANES.first),
    "LANES_PARTIAL": Elements(_FR, LANES.partial),
    "LANES_FACTORS": Elements(_FR, LANES.factors),
    "LANES_LAST": Elements(_FR, LANES.last),
    "LANES_OUTPUT": Elements(_FR, LANES.output),
    "SMALL_MDS_NUMERATOR": Word(DENOMINATOR),
    "SMALL_MDS_QUOTIENT": Word(SMALL_MDS_QUOTIENT),
}
