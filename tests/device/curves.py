"""The CPU engine as the reference, the first OpenCL device, and points of every kind."""

from __future__ import annotations

import random
from functools import cache

import numpy as np

from coproc.engine.cpu import CpuEngine
from coproc.engine.device.opencl import OpenClDevice
from coproc.engine.protocol import POINT_WORDS, U64, Curve, Group
from tests.engine import kit, torsion

GROUPS = tuple(Group)
BLOCK = 8
"""Small, so that few points are several groups."""


@cache
def device() -> OpenClDevice:
    """Kernels are compiled without optimisation: these tests run few items, and most of their time would go there."""
    return OpenClDevice(0, ("-cl-opt-disable",))


@cache
def cpu() -> CpuEngine:
    return CpuEngine()


def name(group: Group) -> str:
    return group.name.lower()


def order(group: Group) -> int:
    return kit.ORDER[kit.curve_of(group)]


def multiples(group: Group, scalars: list[int]) -> U64:
    """Multiples of the generator: uint64[n, words]."""
    if not scalars:
        return np.zeros((0, POINT_WORDS[group]), np.uint64)
    generator = kit.points(group, [kit.GENERATOR[group]])
    return cpu().scalar_mul(group, np.repeat(generator, len(scalars), axis=0), kit.scalars(scalars))


def randoms(group: Group, n: int, seed: int = 1) -> U64:
    """Random points of the group of prime order."""
    draw = random.Random(seed)
    return multiples(group, [draw.randrange(1, order(group)) for _ in range(n)])


def strangers(group: Group) -> U64:
    """Points of the curve outside the group of prime order: of small orders, and such a point plus one of the group."""
    found = [*torsion.outside_points(group, 3), *(torsion.point_of_order(group, q) for q in torsion.SMALL_ORDERS[group][:3])]
    found.append(torsion.add(group, found[-1], kit.GENERATOR[group]))
    return kit.points(group, found)


def edge_scalars(group: Group) -> list[int]:
    """0, 1, around the order and its multiples, around powers of two and of the endomorphism's number, the greatest."""
    r = order(group)
    lam = 0xD201000000010000**2 if kit.curve_of(group) == Curve.BLS12_381 else 4965661367192848881**2 * 6
    near = [0, r // 2, r, 2 * r, lam, r - lam, 1 << 64, 1 << 128, 1 << 255]
    values = {x + d for x in near for d in (-1, 0, 1)} | {(1 << 256) - 1, (1 << 256) - 2, 8, 15, 16, 0x8888888888888888, r - 8}
    return sorted(v for v in values if 0 <= v < 1 << 256)
