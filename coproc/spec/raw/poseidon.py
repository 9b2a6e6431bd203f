"""Dusk's Poseidon on limbs, which need not be below the modulus."""

from __future__ import annotations

from typing import Final

from coproc.params.hades import HALF_FULL, MDS, PARTIAL, ROUND_CONSTANTS, ROUNDS, WIDTH
from coproc.spec.poseidon import RATE, tag
from coproc.spec.raw import fr
from coproc.spec.verdict import Panic

CONSTANTS: Final = tuple(fr.constant(c) for c in ROUND_CONSTANTS)
MATRIX: Final = tuple(tuple(fr.constant(c) for c in row) for row in MDS)


def _fifth_power(x: int) -> int:
    return fr.mul(fr.sqr(fr.sqr(x)), x)


def permute(state: list[int]) -> list[int]:
    """Hades; the product with MDS accumulates column by column."""
    for i in range(ROUNDS):
        state = [fr.add(x, CONSTANTS[WIDTH * i + k]) for k, x in enumerate(state)]
        partial = HALF_FULL <= i < HALF_FULL + PARTIAL
        state = [x if partial and k < WIDTH - 1 else _fifth_power(x) for k, x in enumerate(state)]
        out = [0] * WIDTH
        for j, x in enumerate(state):
            out = [fr.add(out[k], fr.mul(MATRIX[k][j], x)) for k in range(WIDTH)]
        state = out
    return state


def poseidon_hash(limbs: tuple[int, ...]) -> int:
    """The limbs of the hash; Panic for no scalar."""
    if not limbs:
        raise Panic("poseidon_hash of no scalar")
    state = [fr.constant(tag(len(limbs))), 0, 0, 0, 0]
    position = 0
    for x in limbs:
        if position == RATE:
            state, position = permute(state), 0
        position += 1
        state[position] = fr.add(state[position], x)
    return permute(state)[1]
