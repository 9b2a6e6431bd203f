"""`Simulation`: a server, its journal, its pools and its clients for some hours of virtual time, and what must hold then."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from random import Random
from typing import Any

from coproc.cluster.batcher import Batcher
from coproc.cluster.dispatch import Stage
from coproc.cluster.limits import Limits
from coproc.cluster.memo import Memo
from coproc.cluster.server.desk import Desk
from coproc.operation import Request

from .clients import Bulk, Client, Flood, Mempool, Validator
from .disk import WORN, DiskFaults
from .front import BOUNDS, USERS, Front, virtual_time
from .jobs import Job
from .journalled import Journalled
from .ledger import Ledger
from .lines import SERVER
from .network import QUIET, UNRELIABLE, Network, NetworkFaults
from .pool import EVERYTHING, Faults, FaultyPool
from .remote import RemotePool
from .world import World

SMALL = Limits(max_requests=2048, max_bytes=1 << 20, max_seconds=4.0, max_tenants=8)
STALL = 150.0
REST = 3600.0
MEMO = 512
"""Entries: small, so that they are evicted."""


@dataclass(frozen=True)
class Report:
    """What happened. faults: of workers, disk and network, by name. digest: of every answer and its time; equal for equal seeds."""

    seed: int
    hours: float
    events: int
    accepted: int
    served: int
    unserved: int
    expired: int
    busy: int
    batches: int
    retries: int
    lost: int
    crashes: int
    acknowledged: int
    starts: int
    frames: int
    asked_again: int
    abandoned: int
    faults: tuple[tuple[str, int], ...]
    digest: str


class Simulation:
    """One server and its clients.

    poison: chance that a request kills workers. crash: mean hours between two crashes of the server, after which clients ask again
    for what it owes them; 0: none. disk: what befalls the journal's; None: `WORN`, where
    servers crash at all. Where it dies in the middle of something, the server crashes too. network: what befalls it; None: `UNRELIABLE`,
    where servers crash at all.
    """

    def __init__(
        self, seed: int, faults: Faults = EVERYTHING, poison: float = 0.002, crash: float = 4.5, limits: Limits = SMALL, workers: int = 3,
        disk: DiskFaults | None = None, network: NetworkFaults | None = None,
    ) -> None:  # fmt: skip
        self.seed, self.poison, self.over = seed, poison, False
        self.world = World()
        self.rng = Random(f"{seed} world")
        self.limits = limits
        over = partial(getattr, self, "over")
        self.network = Network(self.world, Random(f"{seed} network"), network or (UNRELIABLE if crash else QUIET), over)
        self.pool = RemotePool(self.world, Random(f"{seed} pool"), workers, faults, self.network, stall=STALL)
        calm = faults.scaled(0.5)
        self.slow = FaultyPool(
            self.world, Random(f"{seed} slow"), 1, Faults(dies=calm.dies, fails=calm.fails, poison_kills=False), "spec", 50.0, STALL
        )
        self.ledger = Ledger(self.world.clock)
        self.mempool: deque[Request] = deque(maxlen=256)
        self.clients: list[Client] = []
        self.crashes = self.asked_again = self.abandoned = 0
        self._totals: dict[str, int] = {}
        self._numbers = count(1)
        self.journalled = Journalled(self.world, Random(f"{seed} disk"), disk or (WORN if crash else DiskFaults()), over)
        self.memo, self.batcher, self.front = self._server()
        self.world.pump = self._pump
        if crash:
            self._crash_every = 3600 * crash
            self.world.after(self.rng.expovariate(1 / self._crash_every), self._crash)
        if faults.dies:
            self.world.after(self.rng.expovariate(1 / 1800), self._other_capacity)

    def _server(self) -> tuple[Memo, Batcher, Front]:
        memo = Memo(MEMO)
        stages = [Stage(self.slow, 64)]
        batcher = Batcher(self.pool, self.world.clock, memo, self.limits, stages, STALL, drive=False)
        self.journalled.start(batcher)
        front = Front(self.world, Desk(batcher, self.world.clock, BOUNDS, bytes, self.journalled.backlog, USERS))
        self.network.listen(SERVER, front.accept)
        return memo, batcher, front

    def number(self) -> int:
        return next(self._numbers)

    def _pump(self) -> float:
        clock = self.world.clock
        while True:
            if self._batcher_due() <= clock.now():
                self.batcher.pump()
            wake, due = self.front.turn(), self.journalled.pump()
            if self.journalled.disk.dead:
                self._crashed()
            elif due is not None and not self.front.busy and (batcher := self._batcher_due()) > clock.now():
                break
        self.bounded()
        if self.ledger.wrong:
            raise AssertionError(self.ledger.wrong[0])
        return min(wake, due, batcher)

    def _batcher_due(self) -> float:
        """When its thread would look around: what it asked for, or when a batch is given up."""
        running = self.batcher._dispatcher._running
        return min(self.batcher._wake, next(iter(running)).overdue) if running else self.batcher._wake

    def bounded(self) -> None:
        """Nothing holds more than it may."""
        held = self.batcher._waiting.held
        assert held.requests <= self.limits.max_requests
        assert held.nbytes <= self.limits.max_bytes
        assert len(self.memo) <= MEMO

    def _other_capacity(self) -> None:
        """Workers join and leave."""
        if not self.over:
            self.pool.workers = self.rng.randint(1, 4)
            self.pool.start()
            self.batcher.pump()
            self.world.after(self.rng.expovariate(1 / 1800), self._other_capacity)

    def _crash(self) -> None:
        if not self.over:
            self._crashed()
            self.world.after(self.rng.expovariate(1 / self._crash_every), self._crash)

    def _crashed(self) -> None:
        """The server dies with all that it held in memory; those who were promised an answer ask its successor."""
        self._count()
        self.journalled.stop(power=self.rng.random() < 0.5)
        self.crashes += 1
        self.network.crash(SERVER)
        self.pool.crash()
        owed = self.ledger.crash()
        self.memo, self.batcher, self.front = self._server()
        for client in self.clients:
            mine = [asked.request for asked in owed if asked.tenant == client.tenant]
            if mine:
                client.send(mine)

    def _count(self) -> None:
        stats = self.batcher.stats()
        self._totals["frames"] = self._totals.get("frames", 0) + self.front.frames
        for name in ("accepted", "expired", "busy", "batches", "retries", "lost", "duplicates", "memo_hits"):
            self._totals[name] = self._totals.get(name, 0) + getattr(stats, name)

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        """Faults are logged where they happen, and here they always do."""
        logger = logging.getLogger("coproc.cluster")
        level = logger.level
        logger.setLevel(logging.CRITICAL + 1)
        try:
            yield
        finally:
            logger.setLevel(level)

    def run(self, hours: float) -> Report:
        """So much virtual time, and then until everything is answered. Raises AssertionError, with the seed, where that does not hold."""
        try:
            self._run(hours)
        except AssertionError as error:
            raise AssertionError(f"seed {self.seed}, {hours:g} hours: {error}") from error
        ledger, totals = self.ledger, self._totals
        figures: dict[str, Any] = {name: totals[name] for name in ("accepted", "expired", "busy", "batches", "retries", "lost", "frames")}
        served, unserved = sum(ledger.served.values()), sum(ledger.unserved.values())
        return Report(
            self.seed, hours, self.world.happened, served=served, unserved=unserved, crashes=self.crashes, digest=ledger.digest,
            acknowledged=sum(job.acknowledged for job in self.jobs), starts=self.journalled.starts, asked_again=self.asked_again,
            abandoned=self.abandoned, faults=self.faults, **figures
        )  # fmt: skip

    def _run(self, hours: float) -> None:
        try:
            with self._quiet(), virtual_time(self.world.clock):
                self.world.run(3600 * hours)
                self.over = True
                self._rest()
                self._read_all()
            self._count()
            self.settled()
        finally:
            self.journalled.end()

    @property
    def faults(self) -> tuple[tuple[str, int], ...]:
        """What befell, by name."""
        parts = (
            ("worker", self.pool.happened),
            ("slow worker", self.slow.happened),
            ("disk", self.journalled.disk.happened),
            ("network", self.network.happened),
        )
        return tuple(sorted((f"{part}: {what}", n) for part, happened in parts for what, n in happened.items()))

    @property
    def jobs(self) -> list[Job]:
        return [client for client in self.clients if isinstance(client, Job)]

    def _rest(self) -> None:
        """Until nothing is left to happen, or for ever asked again: `REST` is more than anything takes."""
        self.world.run(self.world.clock.now() + REST)

    def _read_all(self) -> None:
        """Jobs are acknowledged and read to their ends."""
        in_vain = 0
        while behind := [job for job in self.jobs if job.behind]:
            before = [job.progress for job in behind]
            for job in behind:
                job.read_on()
            self._rest()
            in_vain = in_vain + 1 if [job.progress for job in behind] == before else 0
            assert in_vain < 5, f"{behind[0].tenant} has no end"
        backlog = self.journalled.backlog
        assert backlog.waiting == backlog._running == 0
        assert not backlog._writes

    def settled(self) -> None:
        """Everything that was accepted is answered, and nothing is left behind."""
        assert not self.ledger.open, f"{len(self.ledger.open)} requests have no answer: {next(iter(self.ledger.open.values()))}"
        self.front.settled()
        stats = self.batcher.stats()
        assert stats.accepted == stats.answered
        assert stats.held == stats.held_bytes == stats.in_flight == stats.tenants == sum(stats.waiting.values()) == 0
        waiting, dispatcher = self.batcher._waiting, self.batcher._dispatcher
        assert not len(waiting._in_flight)
        assert not dispatcher._running
        assert dispatcher._inside == [0, 0]
        assert not waiting._room._tenants
        assert all(not queue.lanes and not queue._live for queue in waiting._classes.values())


def everything(seed: int, faults: Faults = EVERYTHING, clients: Sequence[str] = (), **options: Any) -> Simulation:
    """A simulation with clients of every kind."""
    simulation = Simulation(seed, faults, **options)
    simulation.clients += [
        Validator(simulation, "validator", 110.0),
        Validator(simulation, "other validator", 275.0),
        *(Mempool(simulation, f"mempool {i}", 190.0) for i in range(3)),
        Bulk(simulation, "bulk", 900.0),
        Flood(simulation, "flood", 14400.0),
        Job(simulation, "job", 600.0),
        Job(simulation, "other job", 1800.0),
    ]
    return simulation


def each(seeds: Iterable[int], hours: float, faults: Faults = EVERYTHING, **options: Any) -> None:
    """A simulation of each seed. Raises AssertionError with the first in which something does not hold."""
    for seed in seeds:
        everything(seed, faults, **options).run(hours)
