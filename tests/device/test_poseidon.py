"""Hades and Poseidon on PoCL against the CPU engine, the published hashes and the definition."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from coproc.codegen.device import hades as tables
from coproc.engine.cpu import CpuEngine
from coproc.engine.device.opencl import OpenClDevice
from coproc.engine.device.poseidon import BLOCK, hades, poseidon
from coproc.engine.protocol import U64, Field, FieldOp, rows_of
from coproc.params.hades import P, permute_dense
from coproc.spec.poseidon import poseidon_hash
from tests.engine import kit

FR = Field.BLS12_381_FR
EDGES = (0, 1, P - 1, P - 2, (1 << 254) - 1, (1 << 32) - 1, P >> 1, (1 << 256) % P, -(1 << 256) % P)


@pytest.fixture(scope="module")
def device() -> OpenClDevice:
    return OpenClDevice()


def limbs(values: list[int]) -> U64:
    """uint64[n, 4], the values themselves as limbs."""
    return np.frombuffer(b"".join(v.to_bytes(32, "little") for v in values), np.uint64).reshape(-1, 4)


def elements(n: int, seed: int = 0) -> U64:
    draw = random.Random(seed)
    return limbs([*EDGES, *(draw.randrange(P) for _ in range(n))][:n])


def states(n: int) -> U64:
    """The longest carries first: five equal words of each edge, then edges among each other, then random ones."""
    equal = [x for edge in EDGES for x in [edge] * 5]
    draw = random.Random(n)
    mixed = [draw.choice(EDGES) for _ in range(5 * 16)]
    return np.concatenate((limbs(equal + mixed), elements(5 * n, seed=n)))[: 5 * n].reshape(n, 5, 4).copy()


@pytest.mark.parametrize(("block", "n"), [(1, 3), (16, 0), (16, 1), (16, 15), (16, 16), (16, 17), (BLOCK, 3 * BLOCK + 1)])
def test_a_permutation_is_that_of_the_cpu_plus_its_pad(device: OpenClDevice, block: int, n: int) -> None:
    cpu, given, pads = CpuEngine(), states(n), states(n)[::-1].copy()
    with device.stream() as stream:
        out = hades(stream, given, pads, block)
    expected = cpu.field(FR, FieldOp.ADD, cpu.hades_permute(given).reshape(-1, 4), pads.reshape(-1, 4))
    assert np.array_equal(out.reshape(-1, 4), expected)


def test_the_kernel_computes_the_definition(device: OpenClDevice) -> None:
    values = [3, 1, 4, 1, P - 5]
    given = kit.montgomery(FR, values).reshape(1, 5, 4)
    with device.stream() as stream:
        out = hades(stream, given, np.zeros_like(given))
    assert tuple(kit.plain(FR, out.reshape(5, 4))) == permute_dense(tuple(values))


@pytest.mark.parametrize("counts", [[1], [4], [5] * 40, [1, 2, 3, 4, 5, 8, 9, 17, 64], [5, 1, 9, 1, 5, 4] * 25])
def test_lists_of_any_lengths_are_hashed_as_on_the_cpu(device: OpenClDevice, counts: list[int]) -> None:
    cpu = CpuEngine()
    scalars, lengths = elements(sum(counts), seed=len(counts)), np.array(counts, np.uint64)
    pads = elements(len(counts), seed=7)
    first = np.cumsum(lengths) - lengths
    expected, _ = cpu.poseidon_hash(rows_of(scalars)[first.astype(np.int64)].copy(), lengths)
    for block in (16, BLOCK):
        with device.stream() as stream:
            out = poseidon(stream, scalars, lengths, pads, block)
        assert np.array_equal(cpu.field(FR, FieldOp.SUB, out, pads), expected)


def test_a_hash_is_that_of_the_specification(device: OpenClDevice) -> None:
    values = [7, 0, P - 1, 5, 1 << 200, 6]
    with device.stream() as stream:
        out = poseidon(stream, kit.montgomery(FR, values), np.array([6], np.uint64), np.zeros((1, 4), np.uint64))
    assert kit.plain(FR, out) == [poseidon_hash(tuple(values))]


def test_no_lists_have_no_hashes(device: OpenClDevice) -> None:
    none = np.zeros((0, 4), np.uint64)
    with device.stream() as stream:
        assert poseidon(stream, none, np.zeros(0, np.uint64), none).shape == (0, 4)


def test_a_permutation_costs_what_the_model_is_told() -> None:
    """A third of the multiplications of the sparse form, whose twelve a partial round become four and a product by small integers."""
    calls = tables.operations()
    assert calls["fp_mul"] + calls["fp_sqr"] == 3 * 5 * 8 + 4 * 60 + 5
    assert calls["hades_mix"] * tables.MIX_PRODUCTS == 68 * 5 * 46
    assert tables.poseidon_operations(4) == tables.operations(1) + Counter({"fp_add": 5})
    assert tables.poseidon_operations(5) == tables.operations() + tables.operations(1) + Counter({"fp_add": 6})
