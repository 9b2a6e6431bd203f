"""Hades252, the permutation under Dusk's Poseidon, over Fr of BLS12-381.

Shape       width 5; 4 full, 60 partial, 4 full rounds; S-box x^5, in partial rounds on word 4 (the last) only
Round       add 5 constants, S-box, multiply by MDS (new[k] = sum_j MDS[k][j] old[j]); round k uses constants 5k .. 5k+4
Constants   b_0 = "poseidon-for-plonk", b_{i+1} = SHA-512(b_i), c_i = LE(b_{i+1}) + c_{i-1}, c_{-1} = 1; MDS[i][j] = 1/(i + j + 5).
            Dusk's files hold their Montgomery limbs but are loaded as if plain, so what is in use is c_i 2^256 and MDS[i][j] 2^256.
Sources     [Poseidon] the design, [Poseidon252] Dusk's constants, [Poseidon] appendix B for the sparse form

The sparse form of the partial rounds
-------------------------------------
The S-box of a partial round sees word 4 only. Write M = [[A, b], [c, d]] with A the 4x4 block of words 0..3, and v = c A^-1. Then
    M = [[I, b], [v, d]] [[A, 0], [0, 1]],
and the right factor, which leaves word 4 alone, commutes with the partial S-box and moves into the round before; there the matrix
to factor is diag(A, 1) M. From the last partial round to the first this leaves one dense matrix, PRE_MATRIX, in the place of MDS at
the end of the fourth full round. Constants of words 0..3 do not meet the S-box: they move through M into the next round, the last
ones into the first constants of the closing full rounds. The permutation is then, exactly:

    for i = 0..3:   state += FIRST_CONSTANTS[i];  S-box on all words;  state = (PRE_MATRIX if i == 3 else MDS) state
    for i = 0..59:  s = (state[4] + PARTIAL_CONSTANTS[i])^5
                    state[4] = SPARSE_ROW[i][0..3] . state[0..3] + SPARSE_ROW[i][4] s
                    state[j] = state[j] + SPARSE_COLUMN[i][j] s,  j = 0..3    (with the old state[0..3] in both)
    for i = 0..3:   state += LAST_CONSTANTS[i];  S-box on all words;  state = MDS state
"""

from __future__ import annotations

import hashlib

from coproc.params import bls12_381
from coproc.params.arithmetic import is_prime
from coproc.params.constant import Constant, Elements

P = bls12_381.R
WIDTH = 5
LAST = WIDTH - 1
HALF_FULL = 4
PARTIAL = 60
ROUNDS = 2 * HALF_FULL + PARTIAL
ALPHA = 5
MONTGOMERY = (1 << 256) % P

Row = tuple[int, ...]
Matrix = tuple[Row, ...]

assert is_prime(P)
assert (P - 1) % ALPHA != 0


def _chain(count: int) -> Row:
    """c_0 .. c_{count-1}."""
    block, c, out = b"poseidon-for-plonk", 1, []
    for _ in range(count):
        block = hashlib.sha512(block).digest()
        c = (int.from_bytes(block, "little") + c) % P
        out.append(c)
    return tuple(out)


def _file_digest(values: Row) -> str:
    """sha256 of the values as Dusk's asset files hold them: 32 little-endian bytes each."""
    return hashlib.sha256(b"".join(v.to_bytes(32, "little") for v in values)).hexdigest()


ROUND_CONSTANTS: Row = tuple(c * MONTGOMERY % P for c in _chain(WIDTH * ROUNDS))
MDS: Matrix = tuple(tuple(pow(i + j + 5, -1, P) * MONTGOMERY % P for j in range(WIDTH)) for i in range(WIDTH))
_ARC, _MDS = _file_digest(ROUND_CONSTANTS), _file_digest(tuple(x for row in MDS for x in row))
assert len(ROUND_CONSTANTS) == 340
assert _ARC[:8] == "aa6d4c84"
assert _ARC[-4:] == "0348"
assert _MDS[:8] == "131915cb"
assert _MDS[-4:] == "d0e7"


def _apply(matrix: Matrix, state: Row) -> Row:
    return tuple(sum(m * x for m, x in zip(row, state, strict=False)) % P for row in matrix)


def _product(a: Matrix, b: Matrix) -> Matrix:
    columns = tuple(zip(*b, strict=False))
    return tuple(tuple(sum(x * y for x, y in zip(row, column, strict=False)) % P for column in columns) for row in a)


def _inverse(a: Matrix) -> Matrix:
    """Gauss-Jordan mod P; raises ValueError for a singular matrix."""
    n = len(a)
    rows = [[*row, *(int(i == j) for j in range(n))] for i, row in enumerate(a)]
    for i in range(n):
        pivot = next((j for j in range(i, n) if rows[j][i]), None)
        if pivot is None:
            raise ValueError("singular matrix")
        rows[i], rows[pivot] = rows[pivot], rows[i]
        scale = pow(rows[i][i], -1, P)
        rows[i] = [x * scale % P for x in rows[i]]
        for j in range(n):
            if j != i:
                factor = rows[j][i]
                rows[j] = [(x - factor * y) % P for x, y in zip(rows[j], rows[i], strict=False)]
    return tuple(tuple(row[n:]) for row in rows)


def _border(block: Matrix) -> Matrix:
    """diag(block, 1)."""
    return (*((*row, 0) for row in block), (*([0] * LAST), 1))


def _sparse_constants() -> tuple[Row, Matrix]:
    """PARTIAL_CONSTANTS and LAST_CONSTANTS: constants of words 0..3 move through MDS into the next round."""
    rounds = [list(ROUND_CONSTANTS[WIDTH * i : WIDTH * (i + 1)]) for i in range(ROUNDS)]
    partial = []
    for i in range(HALF_FULL, HALF_FULL + PARTIAL):
        partial.append(rounds[i][LAST])
        moved = _apply(MDS, (*rounds[i][:LAST], 0))
        rounds[i + 1] = [(x + y) % P for x, y in zip(rounds[i + 1], moved, strict=False)]
    return tuple(partial), tuple(tuple(row) for row in rounds[HALF_FULL + PARTIAL :])


def _sparse_matrices() -> tuple[Matrix, Matrix, Matrix]:
    """PRE_MATRIX, SPARSE_ROW, SPARSE_COLUMN, factored from the last partial round to the first."""
    rows: list[Row] = []
    columns: list[Row] = []
    matrix = MDS
    for _ in range(PARTIAL):
        block = tuple(row[:LAST] for row in matrix[:LAST])
        v = _product((matrix[LAST][:LAST],), _inverse(block))[0]
        rows.append((*v, matrix[LAST][LAST]))
        columns.append(tuple(row[LAST] for row in matrix[:LAST]))
        matrix = _product(_border(block), MDS)
    return matrix, tuple(reversed(rows)), tuple(reversed(columns))


FIRST_CONSTANTS: Matrix = tuple(ROUND_CONSTANTS[WIDTH * i : WIDTH * (i + 1)] for i in range(HALF_FULL))
PARTIAL_CONSTANTS, LAST_CONSTANTS = _sparse_constants()
PRE_MATRIX, SPARSE_ROW, SPARSE_COLUMN = _sparse_matrices()


def permute_dense(state: Row) -> Row:
    """The permutation as it is defined."""
    for i in range(ROUNDS):
        state = tuple((x + c) % P for x, c in zip(state, ROUND_CONSTANTS[WIDTH * i :], strict=False))
        if HALF_FULL <= i < HALF_FULL + PARTIAL:
            state = (*state[:LAST], pow(state[LAST], ALPHA, P))
        else:
            state = tuple(pow(x, ALPHA, P) for x in state)
        state = _apply(MDS, state)
    return state


def permute_sparse(state: Row) -> Row:
    """The permutation as it is computed."""
    for i in range(HALF_FULL):
        state = tuple(pow(x + c, ALPHA, P) for x, c in zip(state, FIRST_CONSTANTS[i], strict=False))
        state = _apply(PRE_MATRIX if i == HALF_FULL - 1 else MDS, state)
    for constant, row, column in zip(PARTIAL_CONSTANTS, SPARSE_ROW, SPARSE_COLUMN, strict=False):
        s = pow(state[LAST] + constant, ALPHA, P)
        last = sum(x * y for x, y in zip(row, (*state[:LAST], s), strict=False)) % P
        state = (*((x + y * s) % P for x, y in zip(state, column, strict=False)), last)
    for i in range(HALF_FULL):
        state = _apply(MDS, tuple(pow(x + c, ALPHA, P) for x, c in zip(state, LAST_CONSTANTS[i], strict=False)))
    return state


for _state in ((0, 0, 0, 0, 0), (0, 1, 2, 3, 4), (P - 1, 1, P - 2, 2, P // 2), ROUND_CONSTANTS[:5]):
    assert permute_dense(_state) == permute_sparse(_state)

_FR = bls12_381.FR
EXPORTS: dict[str, Constant] = {
    "ROUND_CONSTANTS": Elements(_FR, ROUND_CONSTANTS),
    "MDS": Elements(_FR, MDS),
    "FIRST_CONSTANTS": Elements(_FR, FIRST_CONSTANTS),
    "PARTIAL_CONSTANTS": Elements(_FR, PARTIAL_CONSTANTS),
    "PRE_MATRIX": Elements(_FR, PRE_MATRIX),
    "SPARSE_ROW": Elements(_FR, SPARSE_ROW),
    "SPARSE_COLUMN": Elements(_FR, SPARSE_COLUMN),
    "LAST_CONSTANTS": Elements(_FR, LAST_CONSTANTS),
}
