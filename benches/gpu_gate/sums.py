"""How long one sum of multiples takes on an H100 by the model: launch by launch, as `coproc.engine.device.msm` makes them.

A launch lasts as long as its longest chain: so many work-items, so many multiplications in Fp one after the other in each. Points and
scalars are on the device already; what the host adds up at the end is counted in.
"""

from __future__ import annotations

from math import ceil, log2
from typing import Final, NamedTuple

from coproc.codegen.device import curve_costs, curves, model
from coproc.codegen.device.families import FAMILIES
from coproc.engine.device import msm, msm_large
from coproc.engine.device.points import BASE_WORDS, CURVE_NAME, DEGREE, SUMMANDS
from coproc.engine.protocol import Group

CYCLES: Final = {"bls12_381": 1178, "bn254": 530}
"""Of a warp's multiplication on the busiest pipe: of the machine code that design notes count, squares alike."""
REGISTERS: Final = 168
BLOCK: Final = 64
HOST_SECONDS: Final = 150e-6
"""Affine forms and some hundred points times powers of two, measured on one core: 50 to 150 us in G1, twice that in G2."""
_SORT_BYTES, _SORT_RATE, _SORT_CHAIN = 24, 0.8e12, 64 * 500 / model.CLOCK
"""Bytes of a pass for a key, what scattered writes leave of the memory's rate, and a work-item's chain of accesses."""


class Launch(NamedTuple):
    """threads work-items, each of `multiplications` in Fp at the longest, `slots` of scratch in groups of `block`."""

    kernel: str
    threads: int
    multiplications: float
    slots: int
    block: int


def _affine(degree: int) -> int:
    """Addition of an affine point, and the endomorphism's share."""
    return curve_costs.multiplications(curve_costs.add_affine(degree)) + degree


def _add(degree: int) -> int:
    return curve_costs.multiplications(curve_costs.add(degree))


def _adding_up(degree: int, sums: int, each: float) -> list[Launch]:
    """Sums of `each` points, in the steps of `points.add_up`."""
    steps = []
    while each > 1:
        part = each if each <= 2 * SUMMANDS else SUMMANDS
        steps.append(Launch("add_up", sums * ceil(each / part), (part - 1) * _add(degree), 10 * degree, BLOCK))
        each = ceil(each / part)
    return steps


def by_buckets(group: Group, terms: int) -> list[Launch]:
    """Of `msm.by_buckets`."""
    name, degree = CURVE_NAME[group], DEGREE[group]
    slots = FAMILIES[f"msm_small_g{degree}"].slots
    block = next(b for b in FAMILIES[f"msm_small_g{degree}"].blocks if 4 * BASE_WORDS[name] * slots * b <= model.SHARED_BYTES)
    bits = msm.bits_of(block)
    windows, half = curves.windows(name, degree, bits), 1 << (bits - 1)
    chunks = max(model.MULTIPROCESSORS // windows, ceil(terms * 2 * degree / (block * BASE_WORDS[name])), 1)
    mean = 2 * degree * terms / chunks / block  # digits of a work-item's bucket in its slice
    longest = mean + 3 * mean**0.5 + 1  # of the 32 of a warp
    trees = log2(block // half) + 1 + log2(half // 2)
    chain = longest * _affine(degree) + trees * _add(degree)
    return [Launch("buckets", chunks * windows * block, chain, slots, block), *_adding_up(degree, windows * bits, chunks)]


def by_sorting(group: Group, terms: int) -> list[Launch]:
    """Of `msm_large.partial`, sort left out, scalars uniform."""
    name, degree = CURVE_NAME[group], DEGREE[group]
    bits = msm_large.bits_of(group, terms)
    windows, slots, items = curves.windows(name, degree, bits), 10 * degree, 2 * degree * terms
    each = msm_large._length(items * windows, model.MULTIPROCESSORS)
    stretches, size = ceil(items / each) * windows, (1 << (bits - 1)) + 1
    top = max(curves.short_bound(name, degree) >> (bits * (windows - 1)), 1)
    launches = [Launch("stretches", stretches, each * _affine(degree), slots, BLOCK)]
    ends = items / min(size, top) / each + 2
    launches.append(Launch("ends", size * windows, min(ends, msm_large.MOST_ENDS) * _add(degree), slots, BLOCK))
    if 2 * ends > msm_large.MOST_ENDS:
        list_size = 2 * ceil(items / each)
        while list_size > 2:
            count = ceil(list_size / msm_large._SHORTEST)
            launches.append(Launch("join", count * windows, msm_large._SHORTEST * _add(degree), slots, BLOCK))
            list_size = 2 * count if count > 1 else 0
    most = ceil(size / 2)
    while size > 1:
        size = ceil(size / 2)
        launches.append(Launch("pairs", size * windows, _add(degree), slots, BLOCK))
    return [*launches, *_adding_up(degree, windows, most)]


def seconds(group: Group, terms: int) -> float:
    """Of one sum of so many terms of 255 bits, host included."""
    name, degree = CURVE_NAME[group], DEGREE[group]
    large = terms >= msm.MANY
    total = HOST_SECONDS * degree + 2 * model.LAUNCH_SECONDS  # split, digits
    for launch in by_sorting(group, terms) if large else by_buckets(group, terms):
        shared = launch.slots * BASE_WORDS[name] * 4 * launch.block
        resident = model.warps_a_scheduler(REGISTERS if degree == 2 else 96, shared, launch.block)
        cost = model.Cost(fma=launch.multiplications * CYCLES[name])
        total += model.seconds(cost, ceil(launch.threads / model.LANES), resident)
    if large:
        bits = msm_large.bits_of(group, terms)
        keys = 2 * degree * terms * curves.windows(name, degree, bits)
        passes = ceil(bits / msm_large._RADIX_BITS)
        total += passes * (keys * _SORT_BYTES / _SORT_RATE + 2 * _SORT_CHAIN + 3 * model.LAUNCH_SECONDS)
    return total


def main() -> None:
    for group in Group:
        figures = ", ".join(f"2^{k} {1e3 * seconds(group, 1 << k):.2f} ms" for k in (10, 12, 14, 16, 18, 20))
        print(f"{group.name}: {figures}")


if __name__ == "__main__":
    main()
