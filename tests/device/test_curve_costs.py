"""What the model is told of the kernels on points is what they do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from benches.gpu_gate import sums
from coproc.codegen.device import curve_costs as costs
from coproc.engine.device import hash_to_g1, points
from coproc.engine.device.protocol import Stream
from coproc.engine.protocol import Encoding, Field, Group
from tests.device.curves import GROUPS, cpu, name, randoms
from tests.device.fibers import HostDevice
from tests.engine import kit

N = 3
COUNTED = ("fp_mul", "fp_sqr", "fp_add", "fp_sub", "fp2_mul", "fp2_sqr")  # as kernels_cuda/platform.h numbers them


def products(run: Callable[[Stream], object], prefix: str) -> int:
    """Products in Fp of the modules whose family begins so."""
    device = HostDevice(counted=True)
    with device.stream() as stream:
        run(stream)
    total = Counter[str]()
    for launch in device.launches:
        if launch.family.startswith(prefix):
            total += Counter({k: int(n) for k, n in zip(COUNTED, launch.counts, strict=False)})
    return costs.multiplications(total)


COMPILED = (Group.BLS12_381_G1, Group.BN254_G2)
"""The others are made of the same parts: their modules take g++ long."""


def of_all(groups: Iterable[Group]) -> list[Any]:
    return [pytest.param(g, id=name(g), marks=() if g in COMPILED else pytest.mark.slow) for g in groups]


@pytest.mark.parametrize("group", of_all(GROUPS))
def test_decoding_multiplies_as_often_as_counted(group: Group) -> None:
    encoding = Encoding.ZCASH if points.CURVE_NAME[group] == "bls12_381" else Encoding.ARK_COMPRESSED
    data = cpu().encode(group, encoding, randoms(group, N))
    found = products(lambda stream: points.decode(stream, group, encoding, data, block=N), "decode")
    assert found == N * costs.multiplications(costs.decode(points.CURVE_NAME[group], points.DEGREE[group], compressed=True))


@pytest.mark.parametrize("group", of_all(sorted(points.SERVES["subgroup"])))
def test_subgroup_images_multiply_as_often_as_counted(group: Group) -> None:
    given = randoms(group, N)
    curve, degree = points.CURVE_NAME[group], points.DEGREE[group]
    assert products(lambda stream: points.subgroup(stream, group, given, 4), "subgroup") == N * costs.multiplications(
        costs.subgroup(curve, degree)
    )


def test_hashing_multiplies_as_often_as_counted() -> None:
    u = kit.montgomery(Field.BLS12_381_FP, range(5, 5 + 2 * N)).reshape(N, 2, 6)
    found = products(lambda stream: hash_to_g1.hash_to_g1(stream, u, 4), "hash_to_g1")
    most = N * costs.multiplications(costs.map_to_g1(2))
    assert most - 2 * N * 4 <= found <= most


def test_scalar_multiplication_multiplies_about_as_often_as_counted() -> None:
    group = Group.BN254_G1
    given, scalars = randoms(group, 8), kit.scalars(np.random.default_rng(4).integers(0, 1 << 62, 8).tolist())
    scalars[:, 1:] = np.random.default_rng(5).integers(0, 1 << 62, (8, 3), np.uint64)
    found = products(lambda stream: points.scalar_mul(stream, group, given, scalars, 8), "")
    counted = 8 * costs.multiplications(costs.scalar_mul("bn254", 1)) + costs.multiplications(costs.inversion("bn254")) * 2
    assert abs(found - counted) < counted // 10


def test_the_model_foresees_large_sums_within_what_is_wanted() -> None:
    wanted = {10: 0.6e-3, 16: 3e-3, 20: 20e-3}
    assert all(sums.seconds(Group.BLS12_381_G1, 1 << k) <= most for k, most in wanted.items())


def test_groups_are_as_large_as_the_scratch_of_the_device_allows() -> None:
    device = HostDevice()
    with device.stream() as stream:
        sizes = {}
        for scratch in (16 << 10, 48 << 10, 227 << 10):
            device.scratch = scratch
            sizes[scratch] = [points.fitting(stream, f, "bls12_381") for f in ("msm_small_g1", "decode_g2", "sort")]
        assert sizes == {16 << 10: [32, 32, 64], 48 << 10: [64, 32, 128], 227 << 10: [128, 64, 256]}
        assert points.fitting(stream, "sort", "bls12_381", 7) == 7
