"""`DeviceEngine`: a CPU engine whose costly methods run on an accelerator, each result checked on the host (`trust`).

Everything else, parsing, transcripts, keys, the last equation, is the CPU engine's own. A result that fails its check is computed by the
CPU instead; after `SUSPICIONS` of them, or when the device dies, the engine is lost: it says why, and raises EngineLost from then on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from threading import Lock
from typing import Any, Final, Protocol, TypeVar

import numpy as np

from coproc.engine.cpu import CpuEngine
from coproc.engine.device import families, resident, trust, twice
from coproc.engine.device.chunks import Chunks
from coproc.engine.device.families import Sums
from coproc.engine.device.gather import records, words
from coproc.engine.device.protocol import Device, OutOfMemory
from coproc.engine.device.trust import GROUP_1, GROUP_2, Mismatch
from coproc.engine.protocol import (
    ENCODED_BYTES,
    GT_WORDS,
    POINT_WORDS,
    U8,
    U64,
    Addresses,
    Check,
    Curve,
    Encoding,
    FieldOp,
    Group,
    Status,
)
from coproc.errors import EngineLost, EngineUnavailable

_log: Final = logging.getLogger("coproc")
T = TypeVar("T")

SUSPICIONS: Final = 3
"""Results that failed their check before the device is given up."""
_COMPRESSED: Final = (Encoding.ZCASH, Encoding.ARK_COMPRESSED)
_ITEM_BYTES: Final = {"decode": 1 << 10, "scalar_mul": 1 << 13, "msm": 1 << 12, "miller_loop": 3 << 14, "map_to_g1": 1 << 12}
"""What an item takes on a device, at most."""


class Policy(Protocol):
    """Which calls go to the device."""

    def takes(self, what: str, n: int) -> bool:
        """Whether n items of a method go there now."""
        ...

    def load(self, what: str, n: int) -> AbstractContextManager[Any]:
        """Around the call."""
        ...


class Always:
    """Whatever the device can do, it does."""

    def takes(self, what: str, n: int) -> bool:
        return n > 0

    def load(self, what: str, n: int) -> AbstractContextManager[Any]:
        return nullcontext()


class DeviceEngine(CpuEngine):
    """See `coproc.engine.protocol.Engine`."""

    def __init__(self, device: Device, name: str, isa: str | None = None, policy: Policy | None = None) -> None:
        """name: as in answers, "cuda:0". Raises EngineUnavailable where the CPU's kernels are not built."""
        super().__init__(isa)
        self.host = CpuEngine(isa)
        self.name = name
        self.device = device
        self.policy: Policy = policy or Always()
        self.lost: str | None = None
        self.suspicions = 0
        self.limit = SUSPICIONS
        self._refused: set[str] = set()
        self._chunks = Chunks(device)
        self._blinds: dict[Curve, trust.Blinds] = {}
        self._pair_blinds: dict[Curve, trust.PairBlinds] = {}
        self._jubjub_secrets: Any = None
        self._lock = Lock()

    # ---- what becomes of a call ----
    def _run(self, what: str, n: int, on_device: Callable[[], T], on_host: Callable[[], T]) -> T:
        """One call: on the device where the policy says so and all goes well."""
        if what in self._refused or not self.policy.takes(what, n):
            return on_host()
        if self.lost is not None:
            raise EngineLost(self.lost)
        try:
            with self.policy.load(what, n):
                return on_device()
        except Mismatch as mismatch:
            self.suspect(str(mismatch))
        except OutOfMemory as error:
            _log.warning("%s: %s of %d items on the host: %s", self.name, what, n, error)
        except EngineUnavailable as error:
            self._refused.add(what)
            _log.warning("%s: %s runs on the host from now on: %s", self.name, what, error)
        except EngineLost as error:
            self._lose(str(error))
            raise
        except Exception as error:  # of code that met what a device cannot mean, unless the host refuses the arguments as well
            result = on_host()
            self.suspect(f"{what}: {type(error).__name__}: {error}")
            return result
        return on_host()

    @property
    def refused(self) -> frozenset[str]:
        """What the device's compiler refuses: the host does it."""
        return frozenset(self._refused)

    def suspect(self, why: str) -> None:
        """The device's word was wrong once: it gets its constants anew. Raises EngineLost when it was so too often."""
        resident.forget(self.device)
        with self._lock:
            self.suspicions += 1
            _log.warning("%s: %s (%d of %d): the host computes it", self.name, why, self.suspicions, self.limit)
            enough = self.suspicions >= self.limit
        if enough:
            self._lose(f"{self.name} was wrong {self.suspicions} times, last: {why}")
            raise EngineLost(self.lost)

    def _lose(self, why: str) -> None:
        with self._lock:
            if self.lost is None:
                self.lost = why
                _log.error("%s is lost: %s", self.name, why)

    def blinds(self, curve: Curve) -> trust.Blinds:
        with self._lock:
            if curve not in self._blinds:
                self._blinds[curve] = trust.Blinds(self.host, curve)
            return self._blinds[curve]

    def pair_blinds(self, curve: Curve) -> trust.PairBlinds:
        with self._lock:
            if curve not in self._pair_blinds:
                self._pair_blinds[curve] = trust.PairBlinds(self.host, curve)
            return self._pair_blinds[curve]

    def jubjub_secrets(self) -> Any:
        with self._lock:
            if self._jubjub_secrets is None:
                self._jubjub_secrets = families.schnorr().Secrets(self.host)
            return self._jubjub_secrets

    # ---- points ----
    def decode(self, group: Group, encoding: Encoding, checks: int, data: Addresses) -> tuple[U64, U8]:
        in_subgroup = bool(checks & Check.IN_SUBGROUP) and group != Group.BN254_G1
        if encoding not in _COMPRESSED and not in_subgroup:
            return super().decode(group, encoding, checks, data)
        return self._run(
            f"decode {group.name}",
            len(data),
            lambda: self._decode(group, encoding, checks, data, in_subgroup),
            lambda: self.host.decode(group, encoding, checks, data),
        )

    def _decode(self, group: Group, encoding: Encoding, checks: int, data: Addresses, in_subgroup: bool) -> tuple[U64, U8]:
        """Roots and multiples from the device; what passes is right, whatever else is decoded by the host."""
        if encoding in _COMPRESSED:
            given = records(data, ENCODED_BYTES[group, encoding])
            parts = self._chunks.run(
                len(data), _ITEM_BYTES["decode"], lambda stream, s: families.points().decode(stream, group, encoding, given[s])
            )
            points, status = (np.concatenate(column) for column in zip(*parts, strict=True))
            good = (status == Status.OK) & trust.decoded_rightly(self.host, group, encoding, given, points)
        else:
            points, status = self.host.decode(group, encoding, Check.ON_CURVE, data)
            good = status == Status.OK
        if in_subgroup:
            here = np.flatnonzero(good)
            good[here] = self._in_subgroup(group, np.ascontiguousarray(points[here]))
        rest = np.flatnonzero(~good)
        if len(rest):
            points[rest], found = self.host.decode(group, encoding, checks, data[rest])
            wrong = np.count_nonzero((found == Status.OK) & points[rest].any(axis=1))
            if wrong:
                self.suspect(f"decode: {wrong} points of {group.name} were refused that are right")
            status[rest] = found
        return points, status

    def _in_subgroup(self, group: Group, points: U64) -> Any:
        if not len(points):
            return np.zeros(0, np.bool_)
        parts = self._chunks.run(len(points), _ITEM_BYTES["decode"], lambda stream, s: families.points().subgroup(stream, group, points[s]))
        return trust.in_subgroup(self.host, group, points, np.concatenate(parts))

    def check(self, group: Group, checks: int, points: U64) -> U8:
        if not checks & Check.IN_SUBGROUP or group == Group.BN254_G1:
            return super().check(group, checks, points)
        return self._run(
            f"decode {group.name}",
            len(points),
            lambda: self._check(group, checks, points),
            lambda: self.host.check(group, checks, points),
        )

    def _check(self, group: Group, checks: int, points: U64) -> U8:
        good = self.host.check(group, Check.ON_CURVE, points) == Status.OK
        here = np.flatnonzero(good)
        good[here] = self._in_subgroup(group, np.ascontiguousarray(points[here]))
        status = np.where(good, np.uint8(Status.OK), np.uint8(Status.INVALID)).astype(np.uint8)
        rest = np.flatnonzero(~good)
        if len(rest):
            again = np.ascontiguousarray(points[rest])
            status[rest] = self.host.check(group, checks, again)
            if wrong := np.count_nonzero((status[rest] == Status.OK) & again.any(axis=1)):
                self.suspect(f"check: {wrong} points of {group.name} were refused that are right")
        return status

    def scalar_mul(self, group: Group, points: U64, scalars: U64) -> U64:
        return self._run(
            f"scalar_mul {group.name}",
            len(points),
            lambda: self._scalar_mul(group, points, scalars),
            lambda: self.host.scalar_mul(group, points, scalars),
        )

    def _scalar_mul(self, group: Group, points: U64, scalars: U64) -> U64:
        """sum s_i R_i = sum (s_i k_i) P_i for random s_i; and R_i is on the curve, infinite where it must be alone."""
        parts = self._chunks.run(
            len(points),
            _ITEM_BYTES["scalar_mul"] * (POINT_WORDS[group] // 8),
            lambda stream, s: families.points().scalar_mul(stream, group, points[s], scalars[s]),
        )
        results = np.concatenate(parts)
        curve = trust.CURVE_OF[group]
        s, products = trust.combination(self.host, curve, scalars)
        infinite = ~(points.any(axis=1) & products.any(axis=1))
        if not np.array_equal(~results.any(axis=1), infinite):
            raise Mismatch("scalar_mul: a multiple is infinite that is not, or the other way round")
        finite = np.ascontiguousarray(results[~infinite])
        if np.count_nonzero(self.host.check(group, Check.ON_CURVE, finite) != Status.OK):
            raise Mismatch("scalar_mul: a multiple is not on the curve")
        msm = self._trusted_sum if group == GROUP_1[curve] else self._host_sum
        if not np.array_equal(msm(group, results, s), msm(group, points, products)):
            raise Mismatch("scalar_mul: the linear combination of the multiples is not that of the points")
        return results

    # ---- sums ----
    def _host_sum(self, group: Group, points: U64, scalars: U64) -> U64:
        points = np.ascontiguousarray(points)
        offsets = np.array([0, len(points)], np.uint64)
        return self.host.msm(group, offsets, _rows(points), scalars)

    def _trusted_sum(self, group: Group, points: U64, scalars: U64) -> U64:
        points = np.ascontiguousarray(points)
        if not self.policy.takes(f"msm {group.name}", len(points)) or f"msm {group.name}" in self._refused:
            return self._host_sum(group, points, scalars)
        return self._msm_of(group, np.array([0, len(points)], np.uint64), points, scalars)

    def msm(self, group: Group, offsets: U64, points: Addresses, scalars: U64, tables: Addresses | None = None) -> U64:
        if group not in GROUP_1.values() or len(offsets) < 2:
            return super().msm(group, offsets, points, scalars, tables)
        return self._run(
            f"msm {group.name}",
            len(points),
            lambda: self._msm_of(group, offsets, words(points, POINT_WORDS[group]), scalars.reshape(-1, 4)),
            lambda: self.host.msm(group, offsets, points, scalars, tables),
        )

    def _msm_of(self, group: Group, offsets: U64, points: U64, scalars: U64) -> U64:
        """Sums with one blinding term each. Long sums are cut; parts are blinded, too, and added up here."""
        curve = trust.CURVE_OF[group]
        most = max(1, self._chunks.most(_ITEM_BYTES["msm"]) - 1)
        cuts = _parts(offsets, most)
        m = len(cuts) - 1
        b, blinding = self.blinds(curve).take(m)
        wider, old, last = trust.with_last(cuts)
        all_points = np.empty((len(points) + m, POINT_WORDS[group]), np.uint64)
        all_scalars = np.empty((len(all_points), 4), np.uint64)
        all_points[old], all_points[last] = points, self.blinds(curve).generator
        all_scalars[old], all_scalars[last] = scalars, b
        order, minus = trust.shuffled(wider), trust.signs(len(all_points))
        all_points = trust.with_signs(self.host, group, all_points[order], minus)
        all_scalars = trust.scalars_with_signs(self.host, curve, all_scalars[order], minus)
        tags = trust.random_words((len(all_points),))

        def run(stream: Any, s: slice) -> Sums:
            first, end = int(wider[s.start]), int(wider[s.stop])
            mine = wider[s.start : s.stop + 1] - wider[s.start]
            sums: Sums = families.msm().msm(stream, group, mine, all_points[first:end], all_scalars[first:end], tags[first:end])
            trust.compare_tags("msm", sums, tags[first:end], mine)
            return sums

        parts = self._chunks.each(_shares(wider, most + 1), run)
        values = np.concatenate([part.values for part in parts])
        if np.count_nonzero(self.host.check(group, Check.ON_CURVE, values) != Status.OK):
            raise Mismatch("msm: a sum is not on the curve")
        sums = self.host.add(group, values, np.ascontiguousarray(trust.negative(self.host, group, blinding)))
        return sums if m == len(offsets) - 1 else self._joined(group, offsets, cuts, sums)

    def _joined(self, group: Group, offsets: U64, cuts: U64, sums: U64) -> U64:
        one = np.zeros((len(sums), 4), np.uint64)
        one[:, 0] = 1
        sums = np.ascontiguousarray(sums)
        return self.host.msm(group, np.searchsorted(cuts, offsets).astype(np.uint64), _rows(sums), one)

    # ---- hashing ----
    def map_to_g1(self, u: U64) -> U64:
        return self._run("map_to_g1", len(u), lambda: self._map_to_g1(u), lambda: self.host.map_to_g1(u))

    def _map_to_g1(self, u: U64) -> U64:
        """Computed twice: another point of the curve could not be told from the image, and whoever asks builds on it."""

        def images(some: U64) -> U64:
            parts = self._chunks.run(
                len(some), _ITEM_BYTES["map_to_g1"], lambda stream, s: families.hash_to_g1().map_to_g1(stream, some[s])
            )
            return np.concatenate(parts)

        order = twice.order(len(u))
        points, again = images(u), np.empty((len(u), POINT_WORDS[Group.BLS12_381_G1]), np.uint64)
        again[order] = images(u[order])
        some = twice.sample(len(u))
        if not (np.array_equal(points, again) and np.array_equal(points[some], self.host.map_to_g1(u[some]))):
            raise Mismatch("map_to_g1: two computations of the same images differ")
        return points

    def hades_permute(self, states: U64) -> U64:
        return self._run(
            "hades", len(states), lambda: twice.hades(self.host, self._chunks, states), lambda: self.host.hades_permute(states)
        )

    def poseidon_hash(self, scalars: Addresses, counts: U64) -> tuple[U64, U8]:
        return self._run(
            "poseidon",
            len(scalars),
            lambda: twice.hashes(self.host, self._chunks, scalars, counts),
            lambda: self.host.poseidon_hash(scalars, counts),
        )

    # ---- signatures ----
    def schnorr(self, messages: Addresses, keys: Addresses, signatures: Addresses) -> tuple[U8, U8]:
        return self._run(
            "schnorr",
            len(messages),
            lambda: self._schnorr(messages, keys, signatures),
            lambda: self.host.schnorr(messages, keys, signatures),
        )

    def _schnorr(self, messages: Addresses, keys: Addresses, signatures: Addresses) -> tuple[U8, U8]:
        """What the device cannot show to be valid, the host verifies."""
        family = families.schnorr()
        rows, fit = family.requests(messages, keys, signatures)
        mine = np.flatnonzero(fit)
        given = rows[mine]
        parts = self._chunks.run(
            len(mine), family.BYTES_OF_ITEM, lambda stream, s: family.accepted(stream, self.host, self.jubjub_secrets(), given[s])
        )
        verdict, status = np.zeros(len(messages), np.uint8), np.zeros(len(messages), np.uint8)
        if parts:
            verdict[mine] = np.concatenate(parts)
        rest = np.flatnonzero(verdict == 0)
        if len(rest):
            verdict[rest], status[rest] = self.host.schnorr(messages[rest], keys[rest], signatures[rest])
            if wrong := np.count_nonzero(fit[rest] & (verdict[rest] == 1)):
                self.suspect(f"schnorr: {wrong} signatures were refused that are right")
        return verdict, status

    # ---- pairings ----
    def miller_loop(self, curve: Curve, offsets: U64, g1: U64, g2: U64) -> U64:
        return self._run(
            f"miller_loop {curve.name}",
            len(g1),
            lambda: self._miller_loop(curve, offsets, g1, g2, None),
            lambda: self.host.miller_loop(curve, offsets, g1, g2),
        )

    def miller_loop_lines(self, curve: Curve, offsets: U64, g1: U64, lines: Addresses) -> U64:
        return self._run(
            f"miller_loop_lines {curve.name}",
            len(g1),
            lambda: self._miller_loop(curve, offsets, g1, None, lines),
            lambda: self.host.miller_loop_lines(curve, offsets, g1, lines),
        )

    def _miller_loop(self, curve: Curve, offsets: U64, g1: U64, g2: U64 | None, lines: Addresses | None) -> U64:
        """Products with one blinding pair each; pairs with infinity are left out here."""
        blinds = self.pair_blinds(curve)
        keep = g1.any(axis=1) & (g2.any(axis=1) if g2 is not None else lines != 0)
        if not keep.all():
            offsets = np.concatenate((np.zeros(1, np.uint64), np.cumsum(keep).astype(np.uint64)))[offsets.astype(np.int64)]
            g1 = g1[keep]
            g2 = None if g2 is None else g2[keep]
            lines = None if lines is None else lines[keep]
        m = len(offsets) - 1
        points, inverse = blinds.take(m)
        wider, old, last = trust.with_last(offsets)
        k = len(old) + m
        all_g1 = np.empty((k, POINT_WORDS[GROUP_1[curve]]), np.uint64)
        all_g1[old], all_g1[last] = g1, points
        order = trust.shuffled(wider)
        all_g1 = all_g1[order]
        if g2 is not None:
            all_g2 = np.empty((k, POINT_WORDS[GROUP_2[curve]]), np.uint64)
            all_g2[old], all_g2[last] = g2, blinds.g2
            minus = trust.signs(k)
            all_g1 = trust.with_signs(self.host, GROUP_1[curve], all_g1, minus)
            all_g2 = trust.with_signs(self.host, GROUP_2[curve], all_g2[order], minus)
        elif lines is not None:
            at = np.empty(k, np.uint64)
            at[old], at[last] = lines, _rows(blinds.lines)
            at = at[order]
        tags = trust.random_words((k,))

        def run(stream: Any, s: slice) -> Sums:
            first, end = int(wider[s.start]), int(wider[s.stop])
            mine, own = wider[s.start : s.stop + 1] - wider[s.start], tags[first:end]
            if g2 is not None:
                sums: Sums = families.pairings().miller(stream, curve, mine, all_g1[first:end], all_g2[first:end], own)
            else:
                rows, which = np.unique(at[first:end], return_inverse=True)
                prepared = words(rows, self._lines_words[curve])
                sums = families.pairings().miller_lines(stream, curve, mine, all_g1[first:end], prepared, which.astype(np.uint32), own)
            trust.compare_tags("miller_loop", sums, own, mine)
            return sums

        most = self._chunks.most(_ITEM_BYTES["miller_loop"])
        parts = self._chunks.each(_shares(wider, most), run)
        values = np.concatenate([part.values for part in parts]) if parts else np.empty((0, GT_WORDS[curve]), np.uint64)
        products = self.host.fp12(curve, FieldOp.MUL, values, inverse)
        products[offsets[1:] == offsets[:-1]] = trust.one(curve)
        return products


def _rows(array: U64) -> Addresses:
    from coproc.engine.memory import rows_of

    return rows_of(array)


def _parts(offsets: U64, most: int) -> U64:
    """The offsets, and cuts inside stretches of more than `most`."""
    if len(offsets) < 2 or int(np.diff(offsets).max()) <= most:
        return offsets
    inner = [np.arange(a + most, b, most) for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True) if b - a > most]
    return np.sort(np.concatenate((offsets.astype(np.int64), *inner)), kind="stable").astype(np.uint64)


def _shares(offsets: U64, most: int) -> list[slice]:
    """Stretches in runs of about `most` items, at least one stretch each."""
    found, start, m = [], 0, len(offsets) - 1
    while start < m:
        stop = int(np.searchsorted(offsets, offsets[start] + np.uint64(most), side="right")) - 1
        stop = min(max(stop, start + 1), m)
        found.append(slice(start, stop))
        start = stop
    return found
