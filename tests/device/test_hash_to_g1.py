"""Hashing to G1 on a device is that of the CPU engine."""

from __future__ import annotations

import random

import numpy as np
import pytest

from coproc.engine.device import hash_to_g1
from coproc.engine.protocol import U64, Buffers, Field
from coproc.params import bls12_381, bls12_381_hash
from coproc.params.arithmetic import sqrt
from coproc.spec.hash_to_curve import hash_to_field
from tests.device.curves import BLOCK, cpu, device
from tests.engine import kit

P = bls12_381.P
FP = Field.BLS12_381_FP


def exceptional() -> list[int]:
    """0, the roots of t^2 + t = 0 for t = Z u^2, +-1 and the largest."""
    root = sqrt(-pow(bls12_381_hash.SSWU_Z, -1, P) % P, P)
    return [0, 1, P - 1, 2, *([] if root is None else [root, P - root])]


def mapped(values: list[int], block: int = BLOCK) -> tuple[U64, U64]:
    u = kit.montgomery(FP, values)
    with device().stream() as stream:
        return u, hash_to_g1.map_to_g1(stream, u, block)


def test_the_map_is_that_of_the_cpu() -> None:
    draw = random.Random(9)
    values = [*exceptional(), *(draw.randrange(P) for _ in range(9))]
    u, found = mapped(values)
    assert np.array_equal(found, cpu().map_to_g1(u))


@pytest.mark.parametrize("n", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1])
def test_the_map_takes_any_number_of_elements(n: int) -> None:
    u, found = mapped(list(range(n)))
    assert np.array_equal(found, cpu().map_to_g1(u))


@pytest.mark.parametrize("dst", [b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_", b"", b"d" * 255, b"d" * 300])
def test_messages_hash_to_the_points_of_the_cpu(dst: bytes) -> None:
    messages = [b"", b"abc", b"x" * 200, bytes(55), bytes(64)]
    u = hash_to_g1.hash_to_field(cpu(), Buffers.of(messages), dst)
    expected = [v for message in messages for v in hash_to_field(message, dst, 2)]
    assert kit.plain(FP, np.ascontiguousarray(u.reshape(-1, 6))) == expected
    with device().stream() as stream:
        found = hash_to_g1.hash_to_g1(stream, u, BLOCK)
    assert np.array_equal(found, cpu().hash_to_g1(Buffers.of(messages), dst))


def test_equal_and_opposite_images_are_added_exactly() -> None:
    draw = random.Random(3)
    values = [v for x in (draw.randrange(P), 5, 0) for v in (x, x, x, P - x)]
    u = kit.montgomery(FP, (v % P for v in values))
    images = cpu().map_to_g1(u)
    with device().stream() as stream:
        found = hash_to_g1.hash_to_g1(stream, u.reshape(-1, 2, 6), BLOCK)
    assert np.array_equal(found, cpu().add(hash_to_g1.GROUP, np.ascontiguousarray(images[0::2]), np.ascontiguousarray(images[1::2])))
    assert not found[1].any()
