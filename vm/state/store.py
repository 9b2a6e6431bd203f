"""The store of contracts' state: one LMDB file, pages kept by their blake3 hash, each commit one transaction.

LMDB writes new pages beside the old ones and flips one of two headers last, after syncing: a process killed at any instant, or a machine
that loses power, leaves the last whole commit. Readers never wait and see addresses inside the map; 64 KiB lie contiguous in it.
"""

from __future__ import annotations

import os
import tempfile
import threading
import weakref
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import lmdb

from .collect import Reachable, sweep
from .commit import ContractChange, draft
from .errors import StateError, StoreFailure
from .reader import Databases, Reader
from .records import Commit, pack_node
from .tables import PageTables
from .view import StateView

FORMAT = 1
MAP_SIZE = 1 << 40
SMALLEST_MAP = 1 << 32


class Store:
    """Commits of contracts' state at `path`, a directory that is made if need be; None: until closed, in a temporary directory, unsynced.

    `map_size`: bytes of address space, and with it the most that the file may grow to; halved while the system refuses it. The file takes
    the space that is used. One store a path in a process, any number of processes; a store does not survive `fork`. Close the views first.
    Raises StoreFailure.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, *, map_size: int = MAP_SIZE) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="coproc-state-") if path is None else None
        self.path = Path(self._temporary.name if self._temporary is not None else os.fspath(path or ""))
        self._environment = _open(self.path, map_size, keep=path is not None)
        self._tables = PageTables()
        self._lock = threading.RLock()  # a view may be collected, and closed, anywhere
        self._held: Counter[bytes] = Counter()
        self._doomed: set[bytes] = set()
        self._views: weakref.WeakSet[StateView] = weakref.WeakSet()
        self._closed = False
        self._writer: int | None = None  # the thread in a write transaction: a view that is collected there leaves deletion for later
        try:
            self._databases = Databases(*(self._environment.open_db(name) for name in (b"pages", b"nodes", b"blobs", b"commits", b"meta")))
            self._check_format()
        except lmdb.Error as error:
            self._environment.close()
            raise StoreFailure(f"{self.path}: {error}") from error
        except StoreFailure:
            self._environment.close()
            raise

    # ---- reading ----
    def open(self, base: bytes | None = None) -> StateView:
        """The state at a commit; None: the state before any. Costs the same whatever the state holds. Raises UnknownCommit."""
        self._check_open()
        if base is not None:
            with self._lock:
                self._held[base] += 1
        transaction: lmdb.Transaction | None = None

        def release() -> None:
            if transaction is not None and not self._closed:
                transaction.abort()
            if base is not None:
                with self._lock:
                    self._held[base] -= 1

        try:
            transaction = self._environment.begin(buffers=True)
            reader = Reader(transaction, self._databases)
            view = StateView(reader, base, reader.commit(base), self._tables, release, self._reap)
        except lmdb.Error as error:
            release()
            raise StoreFailure(f"{self.path}: {error}") from error
        except StateError:
            release()
            raise
        self._views.add(view)
        return view

    def roots(self) -> list[bytes]:
        """The roots of all commits, oldest first."""
        self._check_open()
        with self._environment.begin(db=self._databases.commits) as transaction, transaction.cursor() as cursor:
            commits = [(Commit.decode(bytes(value)).number, bytes(key)) for key, value in cursor]
        return [root for _, root in sorted(commits)]

    def head(self) -> bytes | None:
        """The root that was committed last; if it was deleted, the youngest there is; None: there is none."""
        self._check_open()
        with self._environment.begin() as transaction:
            head: bytes | None = transaction.get(b"head", db=self._databases.meta)
            if head is not None and transaction.get(head, db=self._databases.commits) is not None:
                return bytes(head)
        return next(reversed(self.roots()), None)

    # ---- writing ----
    def commit(self, base: bytes | None, changes: Mapping[bytes, ContractChange]) -> bytes:
        """Write the commit that follows `base` by `changes` and return its root; on disk when this returns.

        A root that exists already names the commit that exists: nothing else is written (as piecrust has it). Costs as much as there are
        changed pages. Raises UnknownCommit, InvalidChange, and StoreFailure, after which nothing was written.
        """
        with _Writing(self) as (transaction, reader):
            new = draft(reader, reader.commit(base), changes)
            root = new.root
            if transaction.get(root, db=self._databases.commits) is None:
                number = reader.counter(b"commits") + 1
                tables = self._databases
                for hash_, page in new.pages.items():
                    transaction.put(hash_, page, db=tables.pages, overwrite=False)
                for hash_, children in new.nodes.items():
                    transaction.put(hash_, pack_node(children), db=tables.nodes, overwrite=False)
                for hash_, blob in new.blobs.items():
                    transaction.put(hash_, blob, db=tables.blobs, overwrite=False)
                made = Commit(new.commit.contracts, new.commit.places, new.commit.directory, number, base)
                transaction.put(root, made.encode(), db=tables.commits)
                transaction.put(b"commits", number.to_bytes(8, "little"), db=tables.meta)
            transaction.put(b"head", root, db=self._databases.meta)
        with self._lock:
            self._doomed.discard(root)
        return root

    def delete(self, root: bytes) -> None:
        """Delete a commit; while a view of this process is open on it, when the last of them closes. `collect` frees the space.

        Raises UnknownCommit.
        """
        with _Writing(self) as (transaction, reader):
            reader.commit(root)
            with self._lock:
                if self._held[root]:
                    self._doomed.add(root)
                    return
            transaction.delete(root, db=self._databases.commits)

    def collect(self) -> int:
        """Free what no commit needs any more, for later commits to use; returns the number of pages freed. Reads every commit's index."""
        self._reap()
        with _Writing(self) as (transaction, reader):
            reached = Reachable(reader)
            with transaction.cursor(db=self._databases.commits) as cursor:
                for _, value in cursor:
                    reached.add(Commit.decode(bytes(value)))
            freed = sweep(transaction, self._databases, reached)
            collections = reader.counter(b"collections") + 1
            transaction.put(b"collections", collections.to_bytes(8, "little"), db=self._databases.meta)
        self._tables.forget()
        return freed

    def check(self, root: bytes | None) -> int:
        """Hash all that a commit holds and compare; returns the number of its pages. Raises UnknownCommit, StoreFailure."""
        with self.open(root) as view:
            reached = Reachable(view.reader, verify=True)
            held = reached.add(view.commit)
            if root is not None and held != root:
                raise StoreFailure(f"the store is damaged: commit {root.hex()} holds {held.hex()}")
            return len(reached.pages)

    # ---- its end ----
    def close(self) -> None:
        """Close the file, and the views that are still open: their addresses are void."""
        if self._closed:
            return
        for view in list(self._views):
            view.close()
        self._closed = True
        self._environment.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _reap(self) -> None:
        """Delete what was to be deleted and is in use no more."""
        if self._doomed and not self._closed and self._writer != threading.get_ident():
            with _Writing(self) as (transaction, _), self._lock:
                for root in [root for root in self._doomed if not self._held[root]]:
                    transaction.delete(root, db=self._databases.commits)
                    self._doomed.discard(root)

    def _check_open(self) -> None:
        if self._closed:
            raise StoreFailure(f"{self.path}: the store is closed")

    def _check_format(self) -> None:
        with self._environment.begin(write=True) as transaction:
            found = transaction.get(b"format", db=self._databases.meta)
            if found is None:
                transaction.put(b"format", bytes([FORMAT]), db=self._databases.meta)
            elif found != bytes([FORMAT]):
                raise StoreFailure(f"{self.path}: state of format {found.hex()}; this release reads format {FORMAT}")

    @property
    def environment(self) -> lmdb.Environment:
        return self._environment

    @property
    def databases(self) -> Databases:
        return self._databases


class _Writing:
    """A transaction that is made whole at the end of the block, or not at all."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __enter__(self) -> tuple[lmdb.Transaction, Reader]:
        self._store._check_open()
        try:
            self._transaction = self._store.environment.begin(write=True)
        except lmdb.Error as error:
            raise StoreFailure(f"{self._store.path}: {error}") from error
        self._store._writer = threading.get_ident()
        return self._transaction, Reader(self._transaction, self._store.databases)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        self._store._writer = None
        if kind is None:
            try:
                self._transaction.commit()
            except lmdb.Error as failure:
                raise StoreFailure(f"{self._store.path}: {failure}") from failure
            return
        self._transaction.abort()
        if isinstance(error, lmdb.Error):
            raise StoreFailure(f"{self._store.path}: {error}") from error


def _open(path: Path, map_size: int, *, keep: bool) -> lmdb.Environment:
    size = map_size
    while True:
        try:
            path.mkdir(parents=True, exist_ok=True)
            environment = lmdb.open(str(path), map_size=size, max_dbs=5, max_readers=1024, sync=keep, metasync=keep)
            environment.reader_check()
        except (lmdb.Error, OSError, OverflowError) as error:
            if size > SMALLEST_MAP and "allocate memory" in str(error):
                size //= 2
                continue
            raise StoreFailure(f"{path}: {error}") from error
        return environment
