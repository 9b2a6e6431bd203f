"""Reading the store within one transaction: what is there does not change under it, whoever commits or deletes meanwhile."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import lmdb

from .errors import StoreFailure, UnknownCommit
from .records import DIRECTORY, Commit, Contract, Slot, position, unpack_node
from .tree import ZERO, leaf


@dataclass(frozen=True, slots=True)
class Databases:
    """The tables of the file: `pages` (blake3 → 64 KiB), `nodes` (hash → children), `blobs` (blake3 → bytecodes and slots),
    `commits` (root → Commit), `meta` (counters and the last commit)."""

    pages: Any
    nodes: Any
    blobs: Any
    commits: Any
    meta: Any


class Reader:
    """One transaction of the store, for any number of threads. Raises StoreFailure where something that must be there is not."""

    def __init__(self, transaction: lmdb.Transaction, databases: Databases) -> None:
        self.transaction = transaction
        self.databases = databases
        self._lock = threading.Lock()

    def get(self, key: bytes, database: Any) -> memoryview | bytes | None:
        """The value at a key; a memoryview is a window on the file, valid as long as the transaction."""
        try:
            with self._lock:
                value: memoryview | bytes | None = self.transaction.get(key, db=database)
        except lmdb.Error as error:
            raise StoreFailure(f"the store cannot be read: {error}") from error
        return value

    def _need(self, key: bytes, database: Any, what: str) -> memoryview | bytes:
        value = self.get(key, database)
        if value is None:
            raise StoreFailure(f"the store is damaged: {what} {key.hex()} is missing")
        return value

    def node(self, hash_: bytes) -> bytes:
        return unpack_node(bytes(self._need(hash_, self.databases.nodes, "node")))

    def page(self, hash_: bytes) -> memoryview | bytes:
        return self._need(hash_, self.databases.pages, "page")

    def blob(self, hash_: bytes) -> bytes:
        return bytes(self._need(hash_, self.databases.blobs, "blob"))

    def commit(self, root: bytes | None) -> Commit:
        """The commit with this root; None is the state before any. Raises UnknownCommit."""
        if root is None:
            return Commit()
        value = self.get(root, self.databases.commits) if len(root) == len(ZERO) else None
        if value is None:
            raise UnknownCommit(root)
        return Commit.decode(bytes(value))

    def slot(self, commit: Commit, number: int) -> Slot | None:
        """The slot of a 32-bit number, if any contract has it."""
        hash_ = leaf(commit.directory, DIRECTORY, number, self.node)
        return None if hash_ == ZERO else Slot.decode(self.blob(hash_))

    def contract(self, commit: Commit, contract: bytes) -> Contract | None:
        slot = self.slot(commit, position(contract))
        return None if slot is None else slot.contracts.get(contract)

    def counter(self, name: bytes) -> int:
        return int.from_bytes(self.get(name, self.databases.meta) or b"", "little")
