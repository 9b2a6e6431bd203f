"""`Urgency`: block before mempool before bulk, with a share for each so that none starves.

While a class has work that is ready, every batch that runs earns it its share of the batch's time; when it has earned what its next
batch takes, it goes first once and pays for that. In the long run a class whose share is s gets s of all the time, or more.
"""

from __future__ import annotations

from collections.abc import Mapping

from .limits import Limits
from .ticket import KINDS, Kind


class Urgency:
    """Seconds of work that the classes have earned. For one thread at a time."""

    def __init__(self, limits: Limits) -> None:
        self._shares = limits.shares
        self._most = 4 * max(limits.batch_seconds.values())
        self._earned: dict[Kind, float] = dict.fromkeys(KINDS, 0.0)

    def choose(self, ready: Mapping[Kind, float]) -> Kind:
        """Of the classes that have a batch ready, with the seconds that it takes, the one that goes first. At least one is ready."""
        order = [kind for kind in KINDS if kind in ready]
        top = order[0]
        chosen = next((kind for kind in order[1:] if self._earned[kind] >= ready[kind]), top)
        seconds = ready[chosen]
        for kind in KINDS:
            if kind not in ready or kind == top:
                self._earned[kind] = 0.0
            else:
                earned = self._earned[kind] + self._shares[kind] * seconds - (seconds if kind == chosen else 0.0)
                self._earned[kind] = min(earned, max(self._most, ready[kind]))
        return chosen
