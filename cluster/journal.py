"""`Journal`: jobs on disk. What it has acknowledged survives a crash of the server and of the machine; each request gets one answer, once.

SQLite with a write-ahead log and `synchronous=FULL`: a commit returns after fsync. A job is kept in chunks of at most `CHUNK` requests, a
row each: the requests as they came over the wire with their digest, then, in their place, the answers. A row gets its answers in one
write, so a chunk that was running when the server died runs again, and nobody has seen another answer of it.

Not for several threads at once: `Backlog` gives it one of its own.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

from coproc.errors import CoprocError, InvalidInput

from . import frames
from .frames import Submit, WireError

CHUNK: Final = 1024
KEPT_SECONDS: Final = 7 * 86_400
"""A job whose answers are all there is forgotten after so long, read or not."""
_FORMAT: Final = 1
_CACHE: Final = -16_384  # KiB
_SCHEMA: Final = """
CREATE TABLE jobs (
  id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, name BLOB NOT NULL, total INTEGER NOT NULL, touched INTEGER NOT NULL,
  UNIQUE (tenant, name));
CREATE TABLE chunks (
  id INTEGER PRIMARY KEY AUTOINCREMENT, job INTEGER NOT NULL, first INTEGER NOT NULL, n INTEGER NOT NULL,
  digest BLOB NOT NULL, items BLOB, answers BLOB, UNIQUE (job, first));
CREATE INDEX unanswered ON chunks (id, n) WHERE answers IS NULL;
"""


class JournalError(CoprocError):
    """The journal cannot be read or written; nothing that it acknowledged is lost by that, nothing else was acknowledged."""


class Chunk(NamedTuple):
    """Requests that wait for their answers; items: None where what is on disk is not what was written."""

    id: int
    tenant: str
    n: int
    items: bytes | None


class Journal:
    """One file, with `-wal`, `-shm` and `.lock` beside it. A context manager."""

    def __init__(
        self, path: Path, connect: Callable[[Path], sqlite3.Connection] | None = None, today: Callable[[], float] = time.time
    ) -> None:
        """Opens or makes it. Raises InvalidInput where it cannot be, JournalError where it is damaged.

        connect: another way to the database than the system's files. today: seconds since 1970.
        """
        self.path, self._today = path, today
        self._lock = _locked(path)
        try:
            with _named(path):
                self._db: sqlite3.Connection = (connect or _connect)(path)
                self._prepare()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        db = self._db
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == 0:  # this writes, and a journal that is there must open on a full disk
            db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        db.execute("PRAGMA journal_mode = WAL")
        for name, value in (("synchronous", "FULL"), ("cache_size", _CACHE), ("foreign_keys", "ON"), ("wal_autocheckpoint", 2000)):
            db.execute(f"PRAGMA {name} = {value}")
        if version == 0:
            if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise JournalError(f"{self.path}: is a database, but no journal of coproc")
            db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_FORMAT}; COMMIT;")
        elif version != _FORMAT:
            raise JournalError(f"{self.path}: a journal of format {version}; this version reads {_FORMAT}")
        for table in ("jobs", "chunks"):  # a damaged root is told now, not in the middle of the night
            db.execute(f"SELECT * FROM {table} ORDER BY id DESC LIMIT 1").fetchone()

    # ---- writing ----
    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is written inside is on disk when it ends, or, where it raises JournalError or anything else, not written at all."""
        with _named(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of a transaction: where it raises, this part alone is undone."""
        self._db.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK TO part")
            raise
        finally:
            if self._db.in_transaction:
                self._db.execute("RELEASE part")

    def append(self, submit: Submit) -> tuple[int, int]:
        """How many requests the job now has, and how many of them are new. The same submission again changes nothing.

        Raises WireError (JOURNAL) where it neither begins at the end of the job nor is a repetition.
        """
        row = self._db.execute("SELECT id, total FROM jobs WHERE tenant = ? AND name = ?", (submit.tenant, submit.job)).fetchone()
        if row is None:
            cursor = self._db.execute("INSERT INTO jobs (tenant, name, total, touched) VALUES (?, ?, 0, 0)", (submit.tenant, submit.job))
            row = cursor.lastrowid, 0
        job, total = row
        before, first = total, submit.first
        for n, items in _chunks(submit):
            digest = _digest(items)
            if first == total:
                values = (job, first, n, digest, items)
                self._db.execute("INSERT INTO chunks (job, first, n, digest, items) VALUES (?, ?, ?, ?, ?)", values)
                total += n
            elif self._db.execute("SELECT n, digest FROM chunks WHERE job = ? AND first = ?", (job, first)).fetchone() != (n, digest):
                raise WireError(frames.JOURNAL, f"request {first:,}: the job has {total:,}, and this is not what it has there")
            first += n
        self._db.execute("UPDATE jobs SET total = ?, touched = ? WHERE id = ?", (total, int(self._today()), job))
        return int(total), int(total - before)

    def answer(self, chunk: int, answers: bytes) -> bool:
        """Write the answers of a chunk, in place of its requests; False where it has some already, or is forgotten."""
        done = self._db.execute("UPDATE chunks SET answers = ?, items = NULL WHERE id = ? AND answers IS NULL", (answers, chunk))
        return done.rowcount == 1

    def forget(self, tenant: str, job: bytes, before: int) -> None:
        """Let the answers of a job before a number go, as far as whole chunks reach."""
        self._db.execute(
            "DELETE FROM chunks WHERE job = (SELECT id FROM jobs WHERE tenant = ? AND name = ?) AND first + n <= ? AND answers IS NOT NULL",
            (tenant, job, before),
        )

    def expire(self) -> int:
        """Forget the jobs that are answered and were not touched for `KEPT_SECONDS`; how many."""
        old = "touched < ? AND NOT EXISTS (SELECT 1 FROM chunks WHERE chunks.job = jobs.id AND answers IS NULL)"
        limit = (int(self._today()) - KEPT_SECONDS,)
        self._db.execute(f"DELETE FROM chunks WHERE job IN (SELECT id FROM jobs WHERE {old})", limit)
        gone = self._db.execute(f"DELETE FROM jobs WHERE {old}", limit).rowcount
        self._db.execute("PRAGMA incremental_vacuum(4096)").fetchall()
        return gone

    # ---- reading ----
    def unanswered(self, after: int, most: int) -> list[Chunk]:
        """Chunks without answers, in the order in which they came, from the one after `after` on."""
        rows = self._db.execute(
            "SELECT chunks.id, tenant, n, digest, items FROM chunks JOIN jobs ON jobs.id = chunks.job"
            " WHERE answers IS NULL AND chunks.id > ? ORDER BY chunks.id LIMIT ?",
            (after, most),
        ).fetchall()
        return [Chunk(id_, tenant, n, items if _digest(items) == digest else None) for id_, tenant, n, digest, items in rows]

    def read(self, tenant: str, job: bytes, first: int, most: int) -> tuple[int, int, bytes]:
        """How many requests a job has, how many answers follow, and the answers from number `first` on, up to the first that is missing.

        Raises WireError (UNKNOWN_JOB, or JOURNAL where `first` is forgotten).
        """
        row = self._db.execute("SELECT id, total FROM jobs WHERE tenant = ? AND name = ?", (tenant, job)).fetchone()
        if row is None:
            raise WireError(frames.UNKNOWN_JOB, "unknown job")
        id_, total = row
        found: list[bytes] = []
        at, seen = first, False
        rows = self._db.execute("SELECT first, n, answers FROM chunks WHERE job = ? AND first + n > ? ORDER BY first", (id_, first))
        with closing(rows):  # also where this raises: an exception that somebody keeps would keep the statement, and it the log
            for start, n, answers in rows:
                if len(found) >= most or (seen and start > at):
                    break
                if start > at:
                    raise WireError(frames.JOURNAL, f"answers before {start:,} are forgotten")
                seen = True
                if answers is None:
                    break
                pieces = frames.split_answers(answers, n)[at - start :]
                found += pieces[: most - len(found)]
                at = start + n
        if most and not seen and first < total:
            raise WireError(frames.JOURNAL, f"answers before {total:,} are forgotten")
        return int(total), len(found), b"".join(found)

    def waiting(self) -> int:
        """Requests without answers. Raises JournalError."""
        with _named(self.path):
            return int(self._db.execute("SELECT coalesce(sum(n), 0) FROM chunks WHERE answers IS NULL").fetchone()[0])

    def close(self) -> None:
        with suppress(sqlite3.Error, AttributeError):  # it may never have been there
            self._db.close()
        with suppress(OSError):
            os.close(self._lock)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _chunks(submit: Submit) -> Iterator[tuple[int, bytes]]:
    """The requests of a submission in pieces of at most `CHUNK`: how many, and their bytes."""
    start = at = count = 0
    for args in submit.rows.args:
        at += 8 + len(args) + (-len(args) & 7)
        count += 1
        if count == CHUNK:
            yield count, submit.items[start:at]
            start, count = at, 0
    if count:
        yield count, submit.items[start:at]


def _digest(items: bytes | None) -> bytes:
    return blake2b(items or b"", digest_size=16).digest()


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """SQLite's errors, with the name of the file. Raises JournalError."""
    try:
        yield
    except sqlite3.Error as error:
        raise JournalError(f"{path}: {error}") from None


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)


def _locked(path: Path) -> int:
    """One server a journal. Raises InvalidInput."""
    try:
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise InvalidInput(f"--journal {path}: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        os.close(lock)
        taken = isinstance(error, BlockingIOError)
        raise InvalidInput(f"--journal {path}: {'another server has it' if taken else error.strerror}") from None
    return lock
