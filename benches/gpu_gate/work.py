"""How much work each figure is: the families run on the host with their primitives counted, and what one more item adds."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from coproc.codegen.device.model import MULTIPROCESSORS
from coproc.engine.cpu import CpuEngine
from coproc.engine.device import msm, pairings, points, poseidon, schnorr
from coproc.engine.device.jubjub import Secrets
from coproc.engine.protocol import Curve, Encoding, Group
from tests.device.fibers import HostDevice, HostStream, Launch
from tests.engine import kit
from tests.engine.test_schnorr import secret, signed

PRIMITIVES = ("fpr_mul", "fpr_sqr", "fpr_add", "fpr_sub", "fpr2_mul", "fpr2_sqr", "fpr_get", "fpr_put", "hades_row")
"""In the order of platform.h."""

Kernel = tuple[str, str, str, int, int]
"""family, curve, kernel, block, slots"""


Runs = Callable[[HostStream, int], None]


def _points(group: Group, n: int) -> Any:
    draw = random.Random(n)
    generator = kit.points(group, [kit.GENERATOR[group]])
    order = kit.ORDER[kit.curve_of(group)]
    return CpuEngine().scalar_mul(group, np.repeat(generator, n, axis=0), kit.scalars([draw.randrange(1, order) for _ in range(n)]))


def _scalars(n: int, bits: int) -> Any:
    draw = random.Random(n)
    return kit.scalars([draw.getrandbits(bits) | 1 for _ in range(n)])


def _miller(curve: Curve) -> Runs:
    def run(stream: HostStream, n: int) -> None:
        g1, g2 = (_points(group, n) for group in kit.GROUPS[curve])
        pairings.miller(stream, curve, kit.offsets([n]), g1, g2, np.zeros(n, np.uint64), fan=16)

    return run


def _subgroup(group: Group) -> Runs:
    return lambda stream, n: void(points.subgroup(stream, group, _points(group, n)))


def _decode(group: Group) -> Runs:
    def run(stream: HostStream, n: int) -> None:
        data = CpuEngine().encode(group, Encoding.ZCASH, _points(group, n))
        points.decode(stream, group, Encoding.ZCASH, data)

    return run


def _scalar_mul(group: Group, bits: int) -> Runs:
    return lambda stream, n: void(points.scalar_mul(stream, group, _points(group, n), _scalars(n, bits)))


def _msm(group: Group, bits: int) -> Runs:
    """Sums of many terms: by buckets, as much as one more term adds."""
    return lambda stream, n: void(
        msm.by_buckets(stream, group, kit.offsets([n]), _points(group, n), _scalars(n, bits), np.zeros(n, np.uint64))
    )


def _hades(stream: HostStream, n: int) -> None:
    states = np.arange(n * 20, dtype=np.uint64).reshape(n, 5, 4) % (1 << 60)
    poseidon.hades(stream, states, states)


def _schnorr(stream: HostStream, n: int) -> None:
    cpu, rng = CpuEngine(), random.Random(1)
    signatures = signed(cpu, [secret(rng) for _ in range(n)], rng)
    held = [kit.addresses_of_bytes([s[k] for s in signatures]) for k in range(3)]
    rows, _ = schnorr.requests(*(where for where, _ in held))
    schnorr.accepted(stream, cpu, Secrets(cpu), rows)


def void(_: object) -> None:
    pass


RUNS: dict[str, tuple[Runs, int, int]] = {
    "miller bls12_381": (_miller(Curve.BLS12_381), 16, 48),
    "miller bn254": (_miller(Curve.BN254), 16, 48),
    "subgroup bls12_381 g1": (_subgroup(Group.BLS12_381_G1), 2, 6),
    "subgroup bls12_381 g2": (_subgroup(Group.BLS12_381_G2), 2, 6),
    "subgroup bn254 g2": (_subgroup(Group.BN254_G2), 2, 6),
    "decode bls12_381 g1": (_decode(Group.BLS12_381_G1), 2, 6),
    "scalar_mul 128 bn254 g1": (_scalar_mul(Group.BN254_G1, 128), 2, 6),
    "scalar_mul 255 bls12_381 g1": (_scalar_mul(Group.BLS12_381_G1, 255), 2, 6),
    "msm 128 bn254 g1": (_msm(Group.BN254_G1, 128), 512, 1024),
    "msm 255 bls12_381 g1": (_msm(Group.BLS12_381_G1, 255), 256, 512),
    "hades": (_hades, 2, 6),
    "schnorr": (_schnorr, 2, 6),
}
"""Name: what runs, and two numbers of items; the difference is the work of an item."""


def launches(run: Runs, n: int) -> list[Launch]:
    """All launches of a call for n items."""
    device = HostDevice(seed=1, counted=True)
    device.units = MULTIPROCESSORS
    with device.stream() as stream:
        run(stream, n)
    return device.launches


def by_kernel(made: list[Launch]) -> dict[Kernel, dict[str, float]]:
    sums: defaultdict[Kernel, Any] = defaultdict(lambda: np.zeros(len(PRIMITIVES)))
    for one in made:
        sums[one.family, one.curve, one.kernel, one.block, one.slots] += one.counts[: len(PRIMITIVES)]
    return {kernel: dict(zip(PRIMITIVES, map(float, counts), strict=True)) for kernel, counts in sums.items()}


def work(name: str) -> dict[Kernel, dict[str, float]]:
    """Calls of each primitive that one more item adds, by kernel."""
    run, few, many = RUNS[name]
    low, high = by_kernel(launches(run, few)), by_kernel(launches(run, many))
    return {
        kernel: {p: (calls - low.get(kernel, {}).get(p, 0.0)) / (many - few) for p, calls in counts.items()}
        for kernel, counts in high.items()
    }


SOURCES: dict[str, tuple[tuple[str, str], ...]] = {
    name: tuple((family, curve) for family in families for curve in (["bn254"] if "bn254" in name else ["bls12_381"]))
    for name, families in {
        "miller bls12_381": ("lines", "miller", "product"),
        "miller bn254": ("lines", "miller", "product"),
        "subgroup bls12_381 g1": ("subgroup_g1", "affine_g1", "invert"),
        "subgroup bls12_381 g2": ("subgroup_g2", "affine_g2", "invert"),
        "subgroup bn254 g2": ("subgroup_g2", "affine_g2", "invert"),
        "decode bls12_381 g1": ("decode_g1",),
        "scalar_mul 128 bn254 g1": ("multiples_g1", "affine_g1", "invert"),
        "scalar_mul 255 bls12_381 g1": ("multiples_g1", "affine_g1", "invert"),
        "msm 128 bn254 g1": ("multiples_g1", "msm_small_g1"),
        "msm 255 bls12_381 g1": ("multiples_g1", "msm_small_g1"),
        "hades": ("poseidon",),
        "schnorr": ("schnorr",),
    }.items()
}
"""The modules that each work runs: what was counted is kept while their text stays."""
