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
from coproc.engine.device import decoding, families, products, resident, sums, trust, twice
from coproc.engine.device.chunks import Chunks
from coproc.engine.device.gather import words
from coproc.engine.device.protocol import Device, OutOfMemory
from coproc.engine.device.trust import GROUP_1, Mismatch
from coproc.engine.protocol import (
    POINT_WORDS,
    U8,
    U64,
    Addresses,
    Check,
    Curve,
    Encoding,
    Group,
)
from coproc.errors import EngineLost, EngineUnavailable

_log: Final = logging.getLogger("coproc")
T = TypeVar("T")

SUSPICIONS: Final = 3
"""Results that failed their check before the device is given up."""


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
        self.chunks = Chunks(device)
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
        if encoding not in decoding.COMPRESSED and not in_subgroup:
            return super().decode(group, encoding, checks, data)
        return self._run(
            f"decode {group.name}",
            len(data),
            lambda: decoding.decode(self, group, encoding, checks, data, in_subgroup),
            lambda: self.host.decode(group, encoding, checks, data),
        )

    def check(self, group: Group, checks: int, points: U64) -> U8:
        if not checks & Check.IN_SUBGROUP or group == Group.BN254_G1:
            return super().check(group, checks, points)
        return self._run(
            f"decode {group.name}",
            len(points),
            lambda: decoding.check(self, group, checks, points),
            lambda: self.host.check(group, checks, points),
        )

    def scalar_mul(self, group: Group, points: U64, scalars: U64) -> U64:
        return self._run(
            f"scalar_mul {group.name}",
            len(points),
            lambda: sums.scalar_mul(self, group, points, scalars),
            lambda: self.host.scalar_mul(group, points, scalars),
        )

    # ---- sums ----
    def msm(self, group: Group, offsets: U64, points: Addresses, scalars: U64, tables: Addresses | None = None) -> U64:
        if group not in GROUP_1.values() or len(offsets) < 2:
            return super().msm(group, offsets, points, scalars, tables)
        return self._run(
            f"msm {group.name}",
            len(points),
            lambda: sums.msm(self, group, offsets, words(points, POINT_WORDS[group]), scalars.reshape(-1, 4)),
            lambda: self.host.msm(group, offsets, points, scalars, tables),
        )

    # ---- hashing ----
    def map_to_g1(self, u: U64) -> U64:
        return self._run("map_to_g1", len(u), lambda: twice.images(self.host, self.chunks, u), lambda: self.host.map_to_g1(u))

    def hades_permute(self, states: U64) -> U64:
        return self._run("hades", len(states), lambda: twice.hades(self.host, self.chunks, states), lambda: self.host.hades_permute(states))

    def poseidon_hash(self, scalars: Addresses, counts: U64) -> tuple[U64, U8]:
        return self._run(
            "poseidon",
            len(scalars),
            lambda: twice.hashes(self.host, self.chunks, scalars, counts),
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
        parts = self.chunks.run(
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
            lambda: products.miller_loop(self, curve, offsets, g1, g2, None),
            lambda: self.host.miller_loop(curve, offsets, g1, g2),
        )

    def miller_loop_lines(self, curve: Curve, offsets: U64, g1: U64, lines: Addresses) -> U64:
        return self._run(
            f"miller_loop_lines {curve.name}",
            len(g1),
            lambda: products.miller_loop(self, curve, offsets, g1, None, lines),
            lambda: self.host.miller_loop_lines(curve, offsets, g1, lines),
        )
