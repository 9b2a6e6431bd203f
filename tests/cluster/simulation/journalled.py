"""`Journalled`: the journal of the simulated server, the real one, on a disk that fails."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from coproc.cluster.backlog import Backlog
from coproc.cluster.journal import Journal, JournalError
from coproc.cluster.service import Service

from . import vfs
from .disk import Disk, DiskFaults

if TYPE_CHECKING:
    from .world import World

TRIES = 100
FULL_HOURS = 7.0
"""Mean hours between two times in which the disk is full, for up to half an hour."""


class Journalled:
    """Opened with each life of the server; what it holds outlives them all. starts: how often it was opened, or tried to be."""

    def __init__(self, world: World, rng: Random, faults: DiskFaults, over: Callable[[], bool]) -> None:
        """over: whether nothing new happens any more."""
        self._world, self._rng, self._over = world, rng, over
        self.disk = Disk(rng, faults)
        self._folder = TemporaryDirectory(prefix="coproc-")  # of the lock; the disk is not there
        self._path = Path(self._folder.name, "journal")
        self._journal: Journal | None = None
        self.starts = 0
        if faults.writes:
            world.after(rng.expovariate(1 / 3600 / FULL_HOURS), self._fill)

    def start(self, service: Service) -> None:
        """Open it for a server that starts. Where the disk fails meanwhile the server is started again; where it is full, room is made."""
        for attempt in range(TRIES):
            self.starts += 1
            try:
                self._journal = Journal(self._path, lambda path: vfs.connect(path, self.disk), self._world.clock.now)
                self.backlog = Backlog(self._journal, service, clock=self._world.clock, drive=False)
            except JournalError as error:
                why = error
                self.stop(self._rng.random() < 0.5)
                if attempt > TRIES // 2:
                    self.disk.full = False
            else:
                return
        raise AssertionError(f"the journal cannot be opened: {why}")

    def pump(self) -> float | None:
        """`Backlog.pump`, unless nothing can be due."""
        backlog = self.backlog
        return backlog.pump() if backlog._writes or backlog._later or not backlog._exhausted else inf

    def stop(self, power: bool) -> None:
        """The server is gone, perhaps the power too."""
        self.disk.crash(power)
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def end(self) -> None:
        if self._journal is not None:
            self._journal.close()
        vfs.release(self._path)
        self._folder.cleanup()

    def _fill(self) -> None:
        if not self._over():
            self.disk.full = True
            self._world.after(self._rng.uniform(1.0, 1800.0), self._room)

    def _room(self) -> None:
        self.disk.full = False
        if not self._over():
            self._world.after(self._rng.expovariate(1 / 3600 / FULL_HOURS), self._fill)
