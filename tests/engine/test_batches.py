"""An element's answer does not depend on its mates, on its place or on the size of the batch: hashes, Poseidon, scalars of PLONK."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from coproc.engine.protocol import Buffers, Engine, Status
from tests.engine import kit
from tests.fuzz import mutate
from tests.vectors import load

Sample = Callable[[Sequence[Any], int], Sequence[Any]]
SIZES = range(1, 41)


def sizes(thorough: bool) -> Sequence[int]:
    return SIZES if thorough else (2, 9)


@pytest.mark.parametrize("name", ["blake2b_512", "sha256", "keccak256"])
def test_hashes_do_not_depend_on_mates(engine: Engine, name: str, thorough: bool) -> None:
    """Lengths around those of a block, which decide who is hashed with whom; up to twenty different ones in a batch."""
    rng = random.Random(name)
    lengths = [0, 1, 32, 55, 64, 127, 128, 129, 135, 136, 137, 255, 256, 257, 271, 272, 273, 500, 700, 1500]
    pool = [rng.randbytes(n) for n in lengths]
    hash_of = getattr(engine, name)
    alone = [hash_of(Buffers.of([item]))[0].tobytes() for item in pool]
    for size in sizes(thorough):
        for few in (2, len(pool)):
            picked = [rng.randrange(few) for _ in range(size)]
            assert [row.tobytes() for row in hash_of(Buffers.of([pool[i] for i in picked]))] == [alone[i] for i in picked]


def test_hashes_to_fr_do_not_depend_on_mates(engine: Engine, thorough: bool) -> None:
    rng = random.Random(4)
    pool = [rng.randbytes(n) for n in (0, 1, 40, 88, 89, 127, 128, 129, 300)]
    for prefix in (b"", b"p" * 40, b"q" * 128, b"r" * 200):
        alone = [engine.hash_to_fr(Buffers.of([item]), prefix)[0].tolist() for item in pool]
        for size in sizes(thorough):
            picked = [rng.randrange(len(pool)) for _ in range(size)]
            assert engine.hash_to_fr(Buffers.of([pool[i] for i in picked]), prefix).tolist() == [alone[i] for i in picked]


def limbs(rng: random.Random, *, unreduced: bool) -> int:
    """Four limbs; below the modulus unless said."""
    p = kit.BLS_R
    return rng.choice((0, 1, p - 1, rng.randrange(p), rng.randrange(p))) if not unreduced else rng.choice((p, (1 << 256) - 1, p + 5))


def poseidon(engine: Engine, items: Sequence[Sequence[int]]) -> list[tuple[list[int], int]]:
    where, block = kit.addresses_of_bytes([b"".join(x.to_bytes(32, "little") for x in item) for item in items])
    assert len(block) > 0
    out, status = engine.poseidon_hash(where, np.array([len(i) for i in items], np.uint64))
    return list(zip(out.tolist(), status.tolist(), strict=True))


def test_poseidon_does_not_depend_on_mates(engine: Engine, thorough: bool) -> None:
    """Lists of mixed lengths, empty ones too, some with unreduced limbs."""
    rng = random.Random(5)
    pool = [[limbs(rng, unreduced=False) for _ in range(n)] for n in (0, 1, 2, 3, 4, 5, 8, 9, 13) for _ in range(2)]
    for n in (1, 4, 6):
        item = [limbs(rng, unreduced=False) for _ in range(n)]
        item[rng.randrange(n)] = limbs(rng, unreduced=True)
        pool.append(item)
    pool = pool if thorough else pool[::4]
    alone = [poseidon(engine, [item])[0] for item in pool]
    assert {Status.OK, Status.PANIC} == {s for _, s in alone}
    for size in sizes(thorough):
        picked = [rng.randrange(len(pool)) for _ in range(size)]
        assert poseidon(engine, [pool[i] for i in picked]) == [alone[i] for i in picked]


def test_permutations_do_not_depend_on_mates(engine: Engine, thorough: bool) -> None:
    """An unreduced word in each place of a state, in each place of a batch."""
    rng = random.Random(6)
    pool = [[limbs(rng, unreduced=False) for _ in range(5)] for _ in range(6)]
    for word in range(5):
        pool.append([limbs(rng, unreduced=i == word) for i in range(5)])
    rows = kit.words_of([x for state in pool for x in state], 4).reshape(-1, 5, 4)
    alone = [engine.hades_permute(rows[i : i + 1]).tolist()[0] for i in range(len(pool))]
    for place in range(8) if thorough else (3,):
        for odd in range(len(pool)):
            picked = [odd if k == place else k % 6 for k in range(8)]
            assert engine.hades_permute(rows[picked]).tolist() == [alone[i] for i in picked]


def test_scalars_of_plonk_do_not_depend_on_mates(engine: Engine, sample: Sample, thorough: bool) -> None:
    """Keys with different labels, counts of inputs and versions mixed, refused claims among them."""
    rng = random.Random(7)
    cases = [c for c in load.dusk("verify_plonk") if c.args and len(c.args["proof"]) >= 2016]
    fields = [mutate.fields_of(c) for c in sample(cases, 6)]
    keys, status = engine.plonk_key(Buffers.of([f[0] for f in fields]))
    kept = [i for i, s in enumerate(status) if s == Status.OK]
    address = {i: keys[i].__array_interface__["data"][0] for i in kept}
    pool = [(i, 1 + k % 3, fields[i][1], fields[i][2]) for k, i in enumerate(kept)]
    i, version, proof, inputs = pool[0]
    pool.append((i, version, proof[:528] + b"\xff" * 32 + proof[560:], inputs))  # an evaluation that is not canonical
    pool.append((i, version, proof, inputs + bytes(32)))  # one input too many
    pool.append((i, 4, proof, inputs))

    def scalars(picked: Sequence[int]) -> list[tuple[Any, Any, int]]:
        claims = [pool[k] for k in picked]
        where, block = kit.addresses_of_bytes([c[3] for c in claims])
        assert len(block) > 0
        found = engine.plonk_scalars(
            np.array([address[c[0]] for c in claims], np.uint64),
            np.array([c[1] for c in claims], np.uint8),
            Buffers.of([c[2] for c in claims]),
            where,
            np.array([len(c[3]) // 32 for c in claims], np.uint64),
        )
        return list(zip(*(a.tolist() for a in found), strict=True))

    alone = [scalars([k])[0] for k in range(len(pool))]
    assert {Status.OK, Status.INVALID} == {s for _, _, s in alone}
    for size in sizes(thorough):
        picked = [rng.randrange(len(pool)) for _ in range(size)]
        assert scalars(picked) == [alone[k] for k in picked]
