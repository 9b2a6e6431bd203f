"""`Room`: what is held of each tenant and in all, so that memory and waiting are bounded: backpressure is `Busy`, told at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from coproc.errors import InvalidInput

from .limits import Limits
from .ticket import KINDS, Busy, Kind

RETRY: Final = (0.01, 30.0)
"""The shortest and the longest `Busy.retry_after`, seconds."""
_ROOM_AGAIN: Final = 0.125
"""Part of what is held that is gone when a client should come back."""


@dataclass(slots=True)
class Load:
    """Requests, argument bytes and seconds of work."""

    requests: int = 0
    nbytes: int = 0
    seconds: float = 0.0

    def add(self, other: Load, sign: int = 1) -> None:
        self.requests += sign * other.requests
        self.nbytes += sign * other.nbytes
        self.seconds += sign * other.seconds


class Room:
    """Loads that are held. For one thread at a time. capacity: batches that run at once, which can change."""

    def __init__(self, limits: Limits, capacity: Callable[[], int]) -> None:
        self._limits, self._capacity = limits, capacity
        self.total = Load()
        self._kinds: dict[Kind, Load] = {kind: Load() for kind in KINDS}
        self._tenants: dict[str, Load] = {}

    def take(self, tenant: str, kind: Kind, load: Load, weight: float = 1.0) -> None:
        """Hold a load. weight: of the tenant. Raises Busy where there is no room for it now, InvalidInput where there never is."""
        limits, capacity = self._limits, max(1, self._capacity())
        most = Load(limits.max_requests, limits.max_bytes, limits.max_seconds * capacity)
        fill = limits.fill[kind]
        if (what := _over(load, Load(), most, fill * limits.tenant_part, work=False)) is not None:
            raise InvalidInput(f"{load.requests:,} requests of {load.nbytes:,} bytes at once: more {what} than a tenant may hold")
        below = Load()
        for other in KINDS[KINDS.index(kind) :]:
            below.add(self._kinds[other])
        held = self._tenants.get(tenant, _NOTHING)
        if not held.requests:
            weight = 1.0  # or what is more than the smaller part would be told to come back for ever
        if (what := _over(load, held, most, fill * limits.tenant_part * weight)) is not None:
            raise Busy(f"this tenant has as {what} waiting as it may", self._retry(held.seconds * max(1, len(self._tenants)), capacity))
        if (what := _over(load, below, most, fill)) is not None:
            raise Busy(f"as {what} of class {kind} wait as may", self._retry(below.seconds, capacity))
        self.hold(tenant, kind, load)

    def hold(self, tenant: str, kind: Kind, load: Load, weight: float = 1.0) -> None:
        """Hold a load without asking."""
        self.total.add(load)
        self._kinds[kind].add(load)
        held = self._tenants.get(tenant)
        if held is None:
            held = self._tenants[tenant] = Load()
        held.add(load)

    def give(self, tenant: str, kind: Kind, load: Load) -> None:
        """A load is answered."""
        self.total.add(load, -1)
        self._kinds[kind].add(load, -1)
        held = self._tenants[tenant]
        held.add(load, -1)
        if not held.requests:
            del self._tenants[tenant]
        if not self.total.requests:  # what rounding left
            self.total.seconds = 0.0
            for of_kind in self._kinds.values():
                of_kind.seconds = 0.0

    def held(self, tenant: str) -> Load:
        return self._tenants.get(tenant, _NOTHING)

    def _retry(self, seconds: float, capacity: int) -> float:
        return min(max(seconds * _ROOM_AGAIN / capacity, RETRY[0]), RETRY[1])


_NOTHING: Final = Load()


def _over(load: Load, held: Load, most: Load, part: float, work: bool = True) -> str | None:
    """What there would be too much of. Work alone never refuses what comes when nothing is held."""
    if held.requests + load.requests > part * most.requests:
        return "many requests"
    if held.nbytes + load.nbytes > part * most.nbytes:
        return "many bytes"
    if work and held.requests and held.seconds + load.seconds > part * most.seconds:
        return "much work"
    return None
