"""Points with known logarithms, many at a time, from the primitives of an engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from coproc.engine.protocol import POINT_WORDS, U64, Engine, Group
from coproc.params import bls12_381, bn254

ORDER: Final = {
    Group.BLS12_381_G1: bls12_381.R, Group.BLS12_381_G2: bls12_381.R, Group.BN254_G1: bn254.R, Group.BN254_G2: bn254.R,
}  # fmt: skip


def _words(values: Sequence[int], modulus: int, limbs: int) -> U64:
    """Montgomery limbs."""
    return np.frombuffer(b"".join(((v << 64 * limbs) % modulus).to_bytes(8 * limbs, "little") for v in values), np.uint64)


def _flat(point: object) -> list[int]:
    return [point] if isinstance(point, int) else [v for part in point for v in _flat(part)]  # type: ignore[attr-defined]


GENERATOR: Final = {
    Group.BLS12_381_G1: _words(_flat(bls12_381.G1), bls12_381.P, 6),
    Group.BLS12_381_G2: _words(_flat(bls12_381.G2), bls12_381.P, 6),
    Group.BN254_G1: _words(_flat(bn254.G1), bn254.P, 4),
    Group.BN254_G2: _words(_flat(bn254.G2), bn254.P, 4),
}


def limbs(scalars: Sequence[int]) -> U64:
    """Plain scalars below 2^256, uint64[n, 4]."""
    return np.frombuffer(b"".join(s.to_bytes(32, "little") for s in scalars), np.uint64).reshape(-1, 4)


def numbers(scalars: U64) -> list[int]:
    """The scalars behind uint64[n, 4]."""
    data = np.ascontiguousarray(scalars).tobytes()
    return [int.from_bytes(data[i : i + 32], "little") for i in range(0, len(data), 32)]


def multiples_of_generator(engine: Engine, group: Group, scalars: Sequence[int]) -> U64:
    """uint64[n, words]."""
    points = np.tile(GENERATOR[group], (len(scalars), 1))
    return engine.scalar_mul(group, points, limbs([s % ORDER[group] for s in scalars]))


class Progression(NamedTuple):
    """points uint64[n, words] and their logarithms to the generator."""

    points: U64
    logs: list[int]


def progression(engine: Engine, group: Group, n: int, start: int, step: int) -> Progression:
    """(start + k step) times the generator for k < n: log2(n) batched additions instead of n multiplications."""
    order = ORDER[group]
    points = np.empty((n, POINT_WORDS[group]), np.uint64)
    if n:
        points[0] = multiples_of_generator(engine, group, [start])[0]
    done, ahead = 1, multiples_of_generator(engine, group, [step])
    while done < n:
        more = min(done, n - done)
        points[done : done + more] = engine.add(group, points[:more].copy(), np.tile(ahead, (more, 1)))
        done += more
        ahead = engine.add(group, ahead, ahead)
    return Progression(points, [(start + k * step) % order for k in range(n)])
