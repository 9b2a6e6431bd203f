"""Who asks what in the simulation: validators with blocks, mempools, bulk jobs, floods. Each draws from a seed of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import inf
from random import Random
from typing import TYPE_CHECKING, Final

from coproc.cluster.pools.protocol import PackedBatch
from coproc.cluster.ticket import Busy, Kind, Ticket
from coproc.operation import Request

from . import truth
from .lines import Ask, Lines

if TYPE_CHECKING:
    from .simulation import Simulation

MOST: Final = 500
"""Requests in a frame."""


class Client(ABC):
    """A tenant that asks now and then. every: mean seconds between two times, exponentially spread.

    wired: the share of what it sends that goes over the network, in frames. Of the rest, which is in the server's process, singly and
    together: the shares that go in these ways; what is left is packed, a batch for each operation. timeout: of a call over the network.
    """

    kind: Kind = "block"
    wired, singly, together = 0.3, 0.3, 0.3
    timeout = 30.0

    def __init__(self, simulation: Simulation, tenant: str, every: float) -> None:
        self.simulation, self.tenant, self.every = simulation, tenant, every
        self.rng = Random(f"{simulation.seed} {tenant}")
        self.busy = 0
        self.lines = Lines(simulation.network, tenant, self.timeout)
        self._later()

    def _later(self) -> None:
        if not self.simulation.over:
            self.simulation.world.after(self.rng.expovariate(1 / self.every), self._now)

    def _now(self) -> None:
        if not self.simulation.over:
            self.ask()
        self._later()

    @abstractmethod
    def ask(self) -> None:
        """Send what this client sends at one time."""

    def new(self, op: str | None = None, bad: float = 0.1, size: int = 0) -> Request:
        rng = self.rng
        outcome = rng.choice((truth.FALSE, truth.MALFORMED, truth.PANIC)) if rng.random() < bad else truth.TRUE
        poison = rng.random() < self.simulation.poison
        return truth.make(rng, op or rng.choice(truth.OPS), self.simulation.number(), outcome, poison, size)

    def send(self, requests: list[Request], seconds: float = inf) -> None:
        """Over the network, or singly, together or packed, as the seed has it."""
        simulation, rng = self.simulation, self.rng
        ledger, batcher = simulation.ledger, simulation.batcher
        deadline = simulation.world.clock.now() + seconds
        if len(requests) <= MOST and rng.random() < self.wired:
            self.wire(Ask(self, requests, deadline))
            return
        numbers = [ledger.ask(request, self.tenant, deadline) for request in requests]
        way = rng.random()
        try:
            if way < self.singly:
                for number, request in zip(list(numbers), requests, strict=True):
                    future = batcher.submit(Ticket(request, self.kind, deadline, self.tenant))
                    numbers.remove(number)
                    future.add_done_callback(ledger.one(number))
            elif way < self.singly + self.together:
                tickets = [Ticket(request, self.kind, deadline, self.tenant) for request in requests]
                for number, future in zip(numbers, batcher.submit_many(tickets), strict=True):
                    future.add_done_callback(ledger.one(number))
            else:
                parts: dict[str, list[int]] = {}
                for place, request in enumerate(requests):
                    parts.setdefault(request.op, []).append(place)
                batches = [PackedBatch.of([requests[i] for i in index]) for index in parts.values()]
                futures = batcher.submit_batches(batches, self.kind, deadline, self.tenant)
                for (op, index), packed in zip(parts.items(), futures, strict=True):
                    packed.add_done_callback(ledger.many([numbers[i] for i in index], op))
        except Busy as busy:
            for number in numbers:
                ledger.refused(number)
            self.refused(busy.retry_after)

    def wire(self, ask: Ask) -> None:
        """Ask over the network."""
        ask.send()

    def refused(self, retry_after: float) -> None:
        """What to do about `Busy`: count it."""
        self.busy += 1


class Validator(Client):
    """Blocks, of which half was in the mempool before. In a hurry: what has no answer in time is asked once more, elsewhere."""

    timeout = 4.0

    def ask(self) -> None:
        pool = self.simulation.mempool
        requests = [
            pool[self.rng.randrange(len(pool))] if pool and self.rng.random() < 0.5 else self.new() for _ in range(self.rng.randint(1, 24))
        ]
        self.send(requests, 2.0)

    def wire(self, ask: Ask) -> None:
        ask.send()
        ask.hurry(0.5)


class Mempool(Client):
    """One transaction, or a few at once, at times those of others."""

    kind: Kind = "mempool"

    def ask(self) -> None:
        pool = self.simulation.mempool
        requests = [self.new() for _ in range(self.rng.choice((1, 1, 1, 2, 5)))]
        pool.extend(requests)
        if self.rng.random() < 0.3:
            requests.append(pool[-self.rng.randint(1, min(len(pool), 8))])
        self.send(requests, self.rng.choice((0.05, 5.0, 30.0)))


class Bulk(Client):
    """Many requests of one operation, without a deadline."""

    kind: Kind = "bulk"
    singly, together = 0.05, 0.1

    def ask(self) -> None:
        op = self.rng.choice(truth.OPS)
        self.send([self.new(op) for _ in range(self.rng.randint(1, 400))])


class Flood(Client):
    """As much as is taken, for a while; most of it is false."""

    kind: Kind = "mempool"

    def ask(self) -> None:
        self._until = self.simulation.world.clock.now() + self.rng.uniform(0.0, 2.0)
        self._more()

    def _more(self) -> None:
        if self.simulation.world.clock.now() < self._until and not self.simulation.over:
            self.send([self.new("verify_plonk", bad=0.95) for _ in range(64)], 20.0)
            self.simulation.world.after(0.05, self._more)

    def refused(self, retry_after: float) -> None:
        super().refused(retry_after)
        self._until -= 1.0
