"""Whatever the disk does, what the journal acknowledged has one answer and keeps it; a journal that is wrong in one thing is found."""

from __future__ import annotations

import sqlite3
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest

from coproc.cluster.backlog import Backlog, _Write
from coproc.cluster.frames import Submit, WireError
from coproc.cluster.journal import Journal, JournalError

from .simulation import journalled, vfs
from .simulation.disk import SECTOR, WORN, Disk, DiskError, DiskFaults, Trouble
from .simulation.network import UNRELIABLE, NetworkFaults
from .simulation.simulation import each, everything
from .test_journal import JOB, answers, append, submission

WRETCHED = WORN.scaled(10.0)


@pytest.mark.parametrize("seed", range(21, 25))
def test_what_was_acknowledged_has_one_answer_on_a_wretched_disk(seed: int) -> None:
    simulation = everything(seed, disk=WRETCHED)
    report = simulation.run(8.0)
    assert report.acknowledged > 1000
    happened = simulation.journalled.disk.happened
    assert happened["died"]
    assert happened["power lost"] + happened["killed"] >= happened["died"]


def test_a_full_disk_only_makes_jobs_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journalled, "FULL_HOURS", 1.0)
    simulation = everything(33, disk=DiskFaults(writes=1e-12))
    report = simulation.run(10.0)
    assert simulation.journalled.disk.happened["FULL"] > 100
    assert report.acknowledged > 5000
    assert sum(job.busy for job in simulation.jobs) > 100


def test_jobs_replay_from_their_seed() -> None:
    first, again = (everything(32, disk=WRETCHED).run(5.0) for _ in range(2))
    assert first == again
    assert first.starts > 1


# ---- the disk ----
def test_without_power_what_was_not_synchronised_is_there_in_part() -> None:
    disk = Disk(Random(1), DiskFaults())
    file = disk.open("f")
    disk.write(file, 0, b"a" * 64 * SECTOR)
    disk.sync(file)
    disk.write(file, 0, b"b" * 64 * SECTOR)
    disk.crash(power=False)
    assert bytes(file.seen) == b"b" * 64 * SECTOR
    disk.crash(power=True)
    found = {bytes(file.seen[i : i + SECTOR]) for i in range(0, 64 * SECTOR, SECTOR)}
    assert found == {b"a" * SECTOR, b"b" * SECTOR}
    assert len(file.seen) == 64 * SECTOR


def test_what_synchronising_failed_for_is_seen_and_perhaps_never_kept() -> None:
    disk = Disk(Random(2), DiskFaults(syncs=1.0))
    file = disk.open("f")
    disk.write(file, 0, b"x" * 64 * SECTOR)
    with pytest.raises(DiskError) as failed:
        disk.sync(file)
    assert failed.value.code == Trouble.SYNC
    disk.faults = DiskFaults()
    disk.sync(file)
    assert bytes(file.seen) == b"x" * 64 * SECTOR
    disk.crash(power=True)
    assert 0 < file.seen.count(b"x") < 64 * SECTOR


def test_a_disk_that_died_does_nothing_until_it_is_back_and_old_handles_never() -> None:
    disk, path = Disk(Random(3), DiskFaults()), Path("/nowhere/database")
    first = vfs.connect(path, disk)
    first.execute("CREATE TABLE t (x)")
    disk.faults = DiskFaults(dies=1.0)
    with pytest.raises(sqlite3.OperationalError, match="I/O"):
        first.execute("INSERT INTO t VALUES (1)")
    assert disk.dead
    disk.crash(power=True)
    disk.faults = DiskFaults()
    with pytest.raises(sqlite3.OperationalError, match="I/O"):
        first.execute("INSERT INTO t VALUES (2)")
    second = vfs.connect(path, disk)
    assert second.execute("SELECT count(*) FROM t").fetchone() == (0,)
    for connection in (first, second):
        connection.close()
    vfs.release(path)


def test_files_of_sqlite_on_the_simulated_disk_are_those_on_a_real_one(tmp_path: Path) -> None:
    disk = Disk(Random(4), DiskFaults())
    simulated, real = Path("/nowhere/other"), tmp_path / "database"
    for connection in (vfs.connect(simulated, disk), sqlite3.connect(real, isolation_level=None)):
        for statement in ("CREATE TABLE t (x)", "INSERT INTO t VALUES (zeroblob(100000))", "DELETE FROM t", "INSERT INTO t VALUES (7)"):
            connection.execute(statement)
        connection.close()
    vfs.release(simulated)
    assert bytes(disk.files[str(simulated)].kept) == real.read_bytes()


# ---- the simulation finds journals that are wrong in one thing ----
def found(disk: DiskFaults = WRETCHED, crash: float = 0.5, network: NetworkFaults = UNRELIABLE) -> None:
    """One of a few seeds finds it."""
    with pytest.raises(AssertionError):
        each(range(1, 7), 8.0, disk=disk, crash=crash, network=network)


def test_a_journal_that_does_not_synchronise_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def prepare(self: Journal) -> None:
        original(self)
        self._db.execute("PRAGMA synchronous = NORMAL")

    original = Journal._prepare
    monkeypatch.setattr(Journal, "_prepare", prepare)
    found()


def test_a_backlog_that_acknowledges_before_the_commit_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def commit(self: Backlog, writes: list[_Write]) -> None:
        with suppress(JournalError), self._journal.transaction():
            for write in writes:
                try:
                    with self._journal.part():
                        write.future.set_result(write.do(self._journal))
                except WireError as error:
                    write.future.set_exception(error)

    monkeypatch.setattr(Backlog, "_commit", commit)
    found()


def test_a_backlog_that_forgets_answers_that_could_not_be_written_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(self: Backlog, some: _Write) -> Future[Any]:
        some.again = False
        return original(self, some)

    original = Backlog._write
    monkeypatch.setattr(Backlog, "_write", write)
    found(DiskFaults(writes=2e-3, syncs=2e-2), crash=0.0)  # the next server would run them again


def test_a_journal_that_counts_a_repetition_again_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def append(self: Journal, submit: Submit) -> tuple[int, int]:
        row = self._db.execute("SELECT total FROM jobs WHERE tenant = ? AND name = ?", (submit.tenant, submit.job)).fetchone()
        return original(self, submit if row is None else submit._replace(first=row[0]))

    original = Journal.append
    monkeypatch.setattr(Journal, "append", append)
    found(network=UNRELIABLE.scaled(8.0))


def test_a_journal_that_answers_again_what_was_answered_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(self: Journal, chunk: int, answers: bytes) -> bool:
        return original(self, chunk - 1, answers) or original(self, chunk, answers)

    original = Journal.answer
    monkeypatch.setattr(Journal, "answer", answer)
    found()


# ---- every operation of the disk ----
PIECES = ((0, 7), (7, 5), (12, 5))


class Session:
    """A client and a journal: three submissions, their answers, the first let go. acknowledged, answered: what was told after a commit."""

    def __init__(self) -> None:
        self.acknowledged = self.answered = self.first = 0

    def run(self, journal: Journal) -> None:
        """From what was acknowledged on."""
        for first, n in PIECES:
            if first >= self.acknowledged:
                self.acknowledged, _ = append(journal, submission(n, first))
            for chunk in journal.unanswered(0, 9):
                with journal.transaction():
                    assert journal.answer(chunk.id, answers(chunk.n))
            self.answered = self.acknowledged
        self.first = PIECES[1][0]
        with journal.transaction():
            journal.forget("t", JOB, self.first)
        journal._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def check(self, journal: Journal) -> None:
        """What was told is there; the rest can follow, and every answer is there once."""
        assert journal._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        if self.acknowledged:
            total, n, _ = journal.read("t", JOB, self.first, 99)
            assert total >= self.acknowledged
            assert n >= self.answered - self.first
        self.run(journal)
        rest = b"".join(answers(n) for first, n in PIECES if first >= self.first)
        assert journal.read("t", JOB, self.first, 99) == (17, 17 - self.first, rest)
        assert journal.waiting() == 0


class Dying(Disk):
    """Dies in the middle of its nth operation, and is well after the crash."""

    def __init__(self, rng: Random, nth: int) -> None:
        super().__init__(rng, DiskFaults())
        self.nth = nth

    def _fault(self, chance: float, code: Trouble) -> Trouble | None:
        if self.operations + 1 == self.nth and not self.dead:
            self.faults = DiskFaults(dies=1.0)
        trouble = super()._fault(chance, code)
        self.faults = DiskFaults()
        return trouble


@pytest.mark.parametrize("power", [False, True])
def test_a_crash_at_any_operation_of_the_disk_loses_nothing_that_was_acknowledged(tmp_path: Path, power: bool) -> None:
    path = tmp_path / "journal"
    for nth in count(1):
        disk, session = Dying(Random(nth), nth), Session()
        with suppress(JournalError, sqlite3.Error), Journal(path, partial(vfs.connect, disk=disk)) as journal:
            session.run(journal)
        died, disk.nth = disk.dead, 0
        disk.crash(power)
        with Journal(path, partial(vfs.connect, disk=disk)) as journal:
            session.check(journal)
        if not died:
            break
    vfs.release(path)
    assert nth > 80
