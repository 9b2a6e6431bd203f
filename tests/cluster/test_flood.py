"""R11 in virtual time: beside a flood of false requests the others keep their throughput and their waits, and memory stays bounded.

The pool takes longer for batches with false requests, as the search for them does; the long form with real proofs is
benches/soak/flood.py.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from random import Random

import pytest

from coproc.cluster.batcher import Batcher
from coproc.cluster.cost import TABLE
from coproc.cluster.memo import Memo
from coproc.cluster.ticket import Busy, Kind, Ticket
from coproc.operation import Answer

from .simulation import truth
from .simulation.pool import Faults, FaultyPool
from .simulation.world import World

REQUESTS = 4000  # that two workers answer in the time before, and again in the time that counts
OPEN = 32


@dataclass
class Setting:
    """A server with two workers, honest tenants in closed loops, and perhaps a flood."""

    op: str
    kind: Kind
    tenants: int
    flood: bool
    waits: list[float] = field(default_factory=list, repr=False)
    most_held: int = 0
    told_busy: int = 0

    def run(self) -> Setting:
        self.world, self.rng, self.number = World(), Random(3), 0
        self.pool = FaultyPool(self.world, Random(4), 2, Faults())
        self.batcher = Batcher(self.pool, self.world.clock, Memo(0), drive=False)
        self.world.pump = self._pump
        if self.flood:
            self._more()
        for i in range(self.tenants):
            for _ in range(OPEN):
                self._ask(f"honest {i}")
        seconds = REQUESTS * TABLE[self.op].request / 2
        self.world.run(seconds)
        self.waits.clear()
        self.world.run(2 * seconds)
        return self

    def _pump(self) -> float:
        wake = self.batcher.pump()
        self.most_held = max(self.most_held, self.batcher._waiting.held.requests)
        return wake

    def _ticket(self, tenant: str, outcome: int) -> Ticket:
        self.number += 1
        return Ticket(truth.make(self.rng, self.op, self.number, outcome), self.kind, tenant=tenant)

    def _ask(self, tenant: str) -> None:
        at = self.world.clock.now()

        def answered(future: Future[Answer]) -> None:
            self.waits.append(self.world.clock.now() - at)
            self._ask(tenant)

        self.batcher.submit(self._ticket(tenant, truth.TRUE)).add_done_callback(answered)

    def _more(self) -> None:
        pause = 0.002
        try:
            self.batcher.submit_many([self._ticket("flood", truth.FALSE) for _ in range(64)])
        except Busy as busy:
            self.told_busy += 1
            pause = busy.retry_after
        self.world.after(pause, self._more)

    @property
    def p99(self) -> float:
        return sorted(self.waits)[int(0.99 * len(self.waits))]


@pytest.mark.parametrize("kind", ["block", "mempool"])
@pytest.mark.parametrize(("op", "tenants"), [("verify_plonk", 4), ("verify_plonk", 2), ("verify_groth16_bn254", 4), ("verify_schnorr", 4)])
def test_beside_a_flood_of_false_requests_the_others_keep_four_fifths_and_wait_at_most_twice(op: str, tenants: int, kind: Kind) -> None:
    alone, beside = (Setting(op, kind, tenants, flood).run() for flood in (False, True))
    kept, longer = len(beside.waits) / len(alone.waits), beside.p99 / alone.p99
    assert kept >= 0.8
    assert longer <= 2
    assert beside.told_busy or op == "verify_schnorr"  # of the cheap ones fewer come than may wait
    assert beside.most_held <= beside.batcher.limits.max_requests
    assert beside.batcher.stats().requests[op] > len(beside.waits)  # the flood is served as well
