"""Points out of a device, decoded and tested for their subgroup there; what it does not show to be right, the host decodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from coproc.engine.device import families, trust
from coproc.engine.device.gather import records
from coproc.engine.protocol import ENCODED_BYTES, U8, U64, Addresses, Check, Encoding, Group, Status

if TYPE_CHECKING:
    from coproc.engine.device.engine import DeviceEngine

COMPRESSED: Final = (Encoding.ZCASH, Encoding.ARK_COMPRESSED)
_ITEM_BYTES: Final = 1 << 10
"""What a point takes on a device, at most."""


def decode(engine: DeviceEngine, group: Group, encoding: Encoding, checks: int, data: Addresses, subgroup: bool) -> tuple[U64, U8]:
    """Roots and multiples from the device; what passes is right, whatever else is decoded by the host."""
    if encoding in COMPRESSED:
        given = records(data, ENCODED_BYTES[group, encoding])
        parts = engine.chunks.run(len(data), _ITEM_BYTES, lambda stream, s: families.points().decode(stream, group, encoding, given[s]))
        points, status = (np.concatenate(column) for column in zip(*parts, strict=True))
        good = (status == Status.OK) & trust.decoded_rightly(engine.host, group, encoding, given, points)
    else:
        points, status = engine.host.decode(group, encoding, Check.ON_CURVE, data)
        good = status == Status.OK
    if subgroup:
        here = np.flatnonzero(good)
        good[here] = in_subgroup(engine, group, np.ascontiguousarray(points[here]))
    rest = np.flatnonzero(~good)
    if len(rest):
        points[rest], found = engine.host.decode(group, encoding, checks, data[rest])
        wrong = np.count_nonzero((found == Status.OK) & points[rest].any(axis=1))
        if wrong:
            engine.suspect(f"decode: {wrong} points of {group.name} were refused that are right")
        status[rest] = found
    return points, status


def in_subgroup(engine: DeviceEngine, group: Group, points: U64) -> Any:
    """bool[n]: beyond doubt; False where the device does not show it. points uint64[n, words]: on the curve."""
    if not len(points):
        return np.zeros(0, np.bool_)
    parts = engine.chunks.run(len(points), _ITEM_BYTES, lambda stream, s: families.points().subgroup(stream, group, points[s]))
    return trust.in_subgroup(engine.host, group, points, np.concatenate(parts))


def check(engine: DeviceEngine, group: Group, checks: int, points: U64) -> U8:
    """As `Engine.check` with the subgroup test among the checks."""
    good = engine.host.check(group, Check.ON_CURVE, points) == Status.OK
    here = np.flatnonzero(good)
    good[here] = in_subgroup(engine, group, np.ascontiguousarray(points[here]))
    status = np.where(good, np.uint8(Status.OK), np.uint8(Status.INVALID)).astype(np.uint8)
    rest = np.flatnonzero(~good)
    if len(rest):
        again = np.ascontiguousarray(points[rest])
        status[rest] = engine.host.check(group, checks, again)
        if wrong := np.count_nonzero((status[rest] == Status.OK) & again.any(axis=1)):
            engine.suspect(f"check: {wrong} points of {group.name} were refused that are right")
    return status
