"""Dusk's Poseidon: the SAFE sponge over Hades252, for reduced scalars (``raw/poseidon.py`` has the others).

Width 5, rate 4: word 0 is the capacity and starts as a tag of the input-output pattern Absorb(n), Squeeze(1).
Sources: [Poseidon252] src/hades.rs and src/hash.rs, [safe] src/sponge.rs; the constants are in ``params/hades.py``.
"""

from __future__ import annotations

from functools import lru_cache

from coproc.params.hades import ALPHA, HALF_FULL, MDS, PARTIAL, ROUND_CONSTANTS, ROUNDS, WIDTH
from coproc.params.hades import P as R
from coproc.spec.hashes import hash_to_scalar
from coproc.spec.verdict import Panic

State = tuple[int, ...]
RATE = WIDTH - 1
TRUNCATED_BITS = 250


def permute(state: State) -> State:
    """Hades: add constants, S-box (in partial rounds on the last word alone), multiply by MDS."""
    for i in range(ROUNDS):
        state = tuple((x + c) % R for x, c in zip(state, ROUND_CONSTANTS[WIDTH * i : WIDTH * (i + 1)], strict=True))
        if HALF_FULL <= i < HALF_FULL + PARTIAL:
            state = (*state[:-1], pow(state[-1], ALPHA, R))
        else:
            state = tuple(pow(x, ALPHA, R) for x in state)
        state = tuple(sum(m * x for m, x in zip(row, state, strict=True)) % R for row in MDS)
    return state


@lru_cache(maxsize=256)
def tag(n: int) -> int:
    """The hash of u32 BE 2^31 + n, u32 BE 1, u64 BE 0 (the domain separator of plain hashing)."""
    return hash_to_scalar((0x80000000 + n).to_bytes(4, "big") + (1).to_bytes(4, "big") + bytes(8))


def poseidon_hash(scalars: tuple[int, ...]) -> int:
    """The hash of n >= 1 scalars; Panic for none, since absorbing nothing is no valid pattern."""
    if not scalars:
        raise Panic("poseidon_hash of no scalar")
    state: State = (tag(len(scalars)), 0, 0, 0, 0)
    for i in range(0, len(scalars), RATE):
        block = scalars[i : i + RATE]
        if i:
            state = permute(state)
        state = (state[0], *((x + y) % R for x, y in zip(state[1:], block, strict=False)), *state[1 + len(block) :])
    return permute(state)[1]


def truncated(hash_value: int) -> int:
    """The low 250 bits, as a scalar of JubJub."""
    return hash_value & ((1 << TRUNCATED_BITS) - 1)
