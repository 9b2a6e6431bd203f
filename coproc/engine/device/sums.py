"""Multiples and sums of them on a device: blinded, tagged, in a random order with random signs, and compared by the host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from coproc.engine.device import families, trust
from coproc.engine.device.families import Sums
from coproc.engine.device.stretches import cut, packed
from coproc.engine.device.trust import GROUP_1, Mismatch
from coproc.engine.memory import rows_of
from coproc.engine.protocol import POINT_WORDS, U64, Check, Group, Status

if TYPE_CHECKING:
    from coproc.engine.device.engine import DeviceEngine

_MULTIPLE_BYTES: Final = 1 << 13
"""What a multiple of a point of eight words takes on a device, at most."""
_TERM_BYTES: Final = 1 << 12
"""The same for a term of a sum."""


def scalar_mul(engine: DeviceEngine, group: Group, points: U64, scalars: U64) -> U64:
    """sum s_i R_i = sum (s_i k_i) P_i for random s_i; and R_i is on the curve, infinite where it must be alone."""
    parts = engine.chunks.run(
        len(points),
        _MULTIPLE_BYTES * (POINT_WORDS[group] // 8),
        lambda stream, s: families.points().scalar_mul(stream, group, points[s], scalars[s]),
    )
    results = np.concatenate(parts)
    curve = trust.CURVE_OF[group]
    trust.expect_elements("scalar_mul", curve, results)
    s, products = trust.combination(engine.host, curve, scalars)
    infinite = ~(points.any(axis=1) & products.any(axis=1))
    if not np.array_equal(~results.any(axis=1), infinite):
        raise Mismatch("scalar_mul: a multiple is infinite that is not, or the other way round")
    finite = np.ascontiguousarray(results[~infinite])
    if np.count_nonzero(engine.host.check(group, Check.ON_CURVE, finite) != Status.OK):
        raise Mismatch("scalar_mul: a multiple is not on the curve")
    total = _trusted_sum if group == GROUP_1[curve] else _host_sum
    if not np.array_equal(total(engine, group, results, s), total(engine, group, points, products)):
        raise Mismatch("scalar_mul: the linear combination of the multiples is not that of the points")
    return results


def _host_sum(engine: DeviceEngine, group: Group, points: U64, scalars: U64) -> U64:
    points = np.ascontiguousarray(points)
    offsets = np.array([0, len(points)], np.uint64)
    return engine.host.msm(group, offsets, rows_of(points), scalars)


def _trusted_sum(engine: DeviceEngine, group: Group, points: U64, scalars: U64) -> U64:
    points = np.ascontiguousarray(points)
    if not engine.policy.takes(f"msm {group.name}", len(points)) or f"msm {group.name}" in engine.refused:
        return _host_sum(engine, group, points, scalars)
    return msm(engine, group, np.array([0, len(points)], np.uint64), points, scalars)


def msm(engine: DeviceEngine, group: Group, offsets: U64, points: U64, scalars: U64) -> U64:
    """Sums with one blinding term each. Long sums are cut; parts are blinded, too, and added up here."""
    curve = trust.CURVE_OF[group]
    most = max(1, engine.chunks.most(_TERM_BYTES) - 1)
    cuts = cut(offsets, most)
    m = len(cuts) - 1
    b, blinding = engine.blinds(curve).take(m)
    wider, old, last = trust.with_last(cuts)
    all_points = np.empty((len(points) + m, POINT_WORDS[group]), np.uint64)
    all_scalars = np.empty((len(all_points), 4), np.uint64)
    all_points[old], all_points[last] = points, engine.blinds(curve).generator
    all_scalars[old], all_scalars[last] = scalars, b
    order, minus = trust.shuffled(wider), trust.signs(len(all_points))
    all_points = trust.with_signs(engine.host, group, all_points[order], minus)
    all_scalars = trust.scalars_with_signs(engine.host, curve, all_scalars[order], minus)
    tags = trust.random_words((len(all_points),))

    def run(stream: Any, s: slice) -> Sums:
        first, end = int(wider[s.start]), int(wider[s.stop])
        mine = wider[s.start : s.stop + 1] - wider[s.start]
        sums: Sums = families.msm().msm(stream, group, mine, all_points[first:end], all_scalars[first:end], tags[first:end])
        trust.compare_tags("msm", sums, tags[first:end], mine)
        return sums

    parts = engine.chunks.each(packed(wider, most + 1), run)
    values = np.concatenate([part.values for part in parts])
    trust.expect_elements("msm", curve, values)
    if np.count_nonzero(engine.host.check(group, Check.ON_CURVE, values) != Status.OK):
        raise Mismatch("msm: a sum is not on the curve")
    sums = engine.host.add(group, values, np.ascontiguousarray(trust.negative(engine.host, group, blinding)))
    return sums if m == len(offsets) - 1 else _joined(engine, group, offsets, cuts, sums)


def _joined(engine: DeviceEngine, group: Group, offsets: U64, cuts: U64, sums: U64) -> U64:
    one = np.zeros((len(sums), 4), np.uint64)
    one[:, 0] = 1
    sums = np.ascontiguousarray(sums)
    return engine.host.msm(group, np.searchsorted(cuts, offsets).astype(np.uint64), rows_of(sums), one)
