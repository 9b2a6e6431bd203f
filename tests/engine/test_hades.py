"""Hades252 and the sponge over it, reduced limbs and others."""

from __future__ import annotations

import hashlib

import numpy as np

from coproc.engine.protocol import Engine, Field, Status
from tests.engine import kit
from tests.vectors import load

R = kit.BLS_R


def permuted(engine: Engine, states: list[list[int]]) -> list[list[int]]:
    words = kit.montgomery(Field.BLS12_381_FR, [x for s in states for x in s]).reshape(-1, 5, 4)
    flat = kit.plain(Field.BLS12_381_FR, engine.hades_permute(words).reshape(-1, 4))
    return [flat[i : i + 5] for i in range(0, len(flat), 5)]


def sponge(engine: Engine, tag: int, inputs: list[int]) -> int:
    """Rate 4, capacity first; one squeezed element."""
    state, position = [tag, 0, 0, 0, 0], 0
    for x in inputs:
        if position == 4:
            state, position = permuted(engine, [state])[0], 0
        state[position + 1] = (state[position + 1] + x) % R
        position += 1
    return permuted(engine, [state])[0][1]


def test_permutation_gives_the_published_hashes(engine: Engine) -> None:
    """The published answers are of an older sponge: tag 0, one padding element 1, big-endian output."""
    for case in load.public("hash/poseidon_dusk_hades"):
        inputs = [int.from_bytes(bytes.fromhex(x), "little") % R for x in case["in"]["inputs_le_hex"]]
        assert sponge(engine, 0, [*inputs, 1]).to_bytes(32, "big").hex() == case["expect"]


def test_poseidon_hash_is_the_sponge_with_the_tag_of_its_pattern(engine: Engine, thorough: bool) -> None:
    for n in (1, 2, 3, 4, 5, 8, 9, 17) if thorough else (1, 4, 5):
        inputs = [pow(3, i + n, R) for i in range(n)]
        pattern = (0x80000000 + n).to_bytes(4, "big") + (1).to_bytes(4, "big") + bytes(8)
        tag = int.from_bytes(hashlib.blake2b(pattern).digest(), "little") % R
        words = kit.montgomery(Field.BLS12_381_FR, inputs)
        out, status = engine.poseidon_hash(kit.addresses_of(words)[:1].copy(), np.array([n], np.uint64))
        assert status.tolist() == [Status.OK]
        assert kit.plain(Field.BLS12_381_FR, out) == [sponge(engine, tag, inputs)]


def test_poseidon_of_nothing_panics_and_leaves_its_mates_alone(engine: Engine) -> None:
    words = kit.montgomery(Field.BLS12_381_FR, [5, 6])
    where = np.repeat(kit.addresses_of(words)[:1], 3)
    out, status = engine.poseidon_hash(where, np.array([2, 0, 2], np.uint64))
    assert status.tolist() == [Status.OK, Status.PANIC, Status.OK]
    assert not out[1].any()
    assert np.array_equal(out[0], out[2])
    assert out[0].any()


def test_every_state_word_matters(engine: Engine) -> None:
    base = [1, 2, 3, 4, 5]
    states = [base] + [[x + (i == j) for j, x in enumerate(base)] for i in range(5)]
    flat = permuted(engine, states)
    assert len({tuple(s) for s in flat}) == 6
    assert all(len(set(column)) == 6 for column in zip(*flat, strict=True))
