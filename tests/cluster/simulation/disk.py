"""`Disk`: files that a machine keeps in memory and on disk, and what is left of them after a crash.

What a program writes is in memory, and on disk once it was synchronised. A kill of the process loses nothing of that; when the power goes,
each sector that was written and not synchronised is on disk or not, by chance, whatever was written before or after it. Where
synchronising fails, some of what was to be written never will be, though whoever reads sees it until the power goes (as Linux does it).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum
from random import Random
from typing import Final

SECTOR: Final = 512


class Trouble(IntEnum):
    """Why an operation failed, as SQLite's VFS says it."""

    IO = 10
    FULL = 13
    READ = 266
    WRITE = 778
    SYNC = 1034


class DiskError(Exception):
    """An operation failed. code: of whose kind."""

    def __init__(self, code: Trouble) -> None:
        super().__init__(code.name)
        self.code = code


@dataclass(frozen=True)
class DiskFaults:
    """Chances an operation. dies: the machine, in the middle of the operation or after it."""

    reads: float = 0.0
    writes: float = 0.0
    syncs: float = 0.0
    dies: float = 0.0

    def scaled(self, factor: float) -> DiskFaults:
        """The same faults, so many times as often."""
        return DiskFaults(self.reads * factor, self.writes * factor, self.syncs * factor, self.dies * factor)


WORN: Final = DiskFaults(reads=1e-5, writes=2e-4, syncs=2e-3, dies=2e-4)


@dataclass(slots=True)
class File:
    """seen: what readers see. kept: what is on disk. pending: sectors and lengths that were written since the last synchronisation."""

    seen: bytearray = field(default_factory=bytearray)
    kept: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)

    def write(self, at: int, data: bytes) -> None:
        _put(self.seen, at, data)
        end = at + len(data)
        while at < end:
            stop = min(end, (at // SECTOR + 1) * SECTOR)
            self.pending.append((at, data[len(data) - (end - at) : len(data) - (end - stop)]))
            at = stop

    def truncate(self, size: int) -> None:
        del self.seen[size:]
        self.pending.append((size, None))

    def settle(self) -> None:
        """What is pending is on disk."""
        for at, data in self.pending:
            _apply(self.kept, at, data)
        self.pending.clear()

    def power_lost(self, rng: Random) -> None:
        """Some of what is pending is on disk, and nothing else."""
        self.pending = [one for one in self.pending if rng.random() < 0.5]
        self.settle()
        self.seen = bytearray(self.kept)


class Disk:
    """One machine's disk. life: counts crashes; who holds a file of an earlier life can do nothing any more."""

    def __init__(self, rng: Random, faults: DiskFaults = WORN) -> None:
        self._rng, self.faults = rng, faults
        self.files: dict[str, File] = {}
        self.full = False
        """Nothing can grow."""
        self.dead = False
        """The machine died in the middle of an operation: every further one fails, until `crash`."""
        self.life = 0
        self.operations = 0
        self.happened: Counter[str] = Counter()

    def crash(self, power: bool) -> None:
        """The process is gone; with the power, what was not synchronised too."""
        if power:
            for file in self.files.values():
                file.power_lost(self._rng)
        self.life += 1
        self.dead = False
        self.happened["power lost" if power else "killed"] += 1

    # ---- operations; each raises DiskError ----
    def open(self, name: str) -> File:
        self._check(0.0, Trouble.IO)
        return self.files.setdefault(name, File())

    def delete(self, name: str) -> None:
        self._check(self.faults.writes, Trouble.IO)
        self.files.pop(name, None)

    def read(self, file: File, at: int, size: int) -> bytes:
        self._check(self.faults.reads, Trouble.READ)
        return bytes(file.seen[at : at + size])

    def write(self, file: File, at: int, data: bytes) -> None:
        """Where it fails, a part may be written."""
        trouble = self._fault(self.faults.writes, Trouble.WRITE)
        if trouble is not None:
            file.write(at, data[: self._rng.randrange(len(data) + 1)])
        elif self.full and at + len(data) > len(file.seen):
            trouble = Trouble.FULL
            self.happened[trouble.name] += 1
        else:
            file.write(at, data)
        if trouble is not None:
            raise DiskError(trouble)

    def truncate(self, file: File, size: int) -> None:
        self._check(self.faults.writes, Trouble.WRITE)
        file.truncate(size)

    def sync(self, file: File) -> None:
        """Where it fails, a part of what was to be written is forgotten, as if it had been."""
        trouble = self._fault(self.faults.syncs, Trouble.SYNC)
        if trouble == Trouble.SYNC:
            file.pending = [one for one in file.pending if self._rng.random() < 0.5]
        if trouble is not None:
            raise DiskError(trouble)
        file.settle()

    def _check(self, chance: float, code: Trouble) -> None:
        if (trouble := self._fault(chance, code)) is not None:
            raise DiskError(trouble)

    def _fault(self, chance: float, code: Trouble) -> Trouble | None:
        """What befalls an operation. Raises DiskError where the machine is dead."""
        if self.dead:
            raise DiskError(Trouble.IO)
        self.operations += 1
        drawn = self._rng.random()
        if drawn < self.faults.dies:
            self.dead = True
            self.happened["died"] += 1
            return Trouble.IO
        if drawn < self.faults.dies + chance:
            self.happened[code.name] += 1
            return code
        return None


def _put(into: bytearray, at: int, data: bytes) -> None:
    if at > len(into):
        into.extend(bytes(at - len(into)))
    into[at : at + len(data)] = data


def _apply(into: bytearray, at: int, data: bytes | None) -> None:
    if data is None:
        del into[at:]
    else:
        _put(into, at, data)
