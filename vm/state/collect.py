"""What commits hold, walked: to check it, or to free all the rest."""

from __future__ import annotations

from typing import Any

import lmdb

from .errors import StoreFailure
from .reader import Databases, Reader
from .records import DIRECTORY, Commit, Slot, content_id, position
from .tree import CONTRACTS, HASH, ZERO, Shape, Tree, node, root


class Reachable:
    """The hashes that some commits need. `verify`: everything read is hashed and compared with its name. Raises StoreFailure."""

    def __init__(self, reader: Reader, *, verify: bool = False) -> None:
        self._reader = reader
        self._verify = verify
        self.nodes: set[bytes] = set()
        self.blobs: set[bytes] = set()
        self.pages: set[bytes] = set()

    def add(self, commit: Commit) -> bytes:
        """Reach all that a commit needs; returns the root that its tree of contracts has."""
        places = dict(self._walk(commit.contracts, CONTRACTS))
        for number, slot in self._walk(commit.directory, DIRECTORY):
            if slot in self.blobs:
                continue
            roots = []
            contracts = Slot.decode(self._blob(slot))
            for contract, record in contracts.contracts.items():
                self._blob(record.code)
                for _, page in self._walk(record.pages, record.shape):
                    self._page(page)
                roots.append(root(record.pages, record.shape))
                self._same(position(contract) == number, "contract", contract)
            self._same(not self._verify or places.get(contracts.place, ZERO) in roots, "slot", slot)
        return root(commit.contracts, CONTRACTS)

    def _walk(self, tree: Tree, shape: Shape) -> list[tuple[int, bytes]]:
        """(position, leaf) of all leaves that are not zero; those of subtrees that were walked before only to verify."""
        level = [(0, tree.top)] if tree.top != ZERO else []
        for _ in range(tree.level):
            below: list[tuple[int, bytes]] = []
            for at, hash_ in level:
                if hash_ in self.nodes and not self._verify:
                    continue
                children = self._reader.node(hash_)
                if self._verify:
                    self._same(node(children) == hash_, "node", hash_)
                self.nodes.add(hash_)
                hashes = [children[i : i + HASH] for i in range(0, len(children), HASH)]
                below += [(at * shape.arity + i, child) for i, child in enumerate(hashes) if child != ZERO]
            level = below
        return level

    def _blob(self, hash_: bytes) -> bytes:
        data = self._reader.blob(hash_)
        if hash_ not in self.blobs:
            self._same(not self._verify or content_id(data) == hash_, "blob", hash_)
            self.blobs.add(hash_)
        return data

    def _page(self, hash_: bytes) -> None:
        if hash_ not in self.pages:
            self._same(not self._verify or content_id(self._reader.page(hash_)) == hash_, "page", hash_)
            self.pages.add(hash_)

    @staticmethod
    def _same(right: bool, what: str, hash_: bytes) -> None:
        if not right:
            raise StoreFailure(f"the store is damaged: {what} {hash_.hex()} is not what it should be")


def sweep(transaction: lmdb.Transaction, databases: Databases, reached: Reachable) -> int:
    """Delete what was not reached; returns the number of pages deleted."""
    _sweep(transaction, databases.nodes, reached.nodes)
    _sweep(transaction, databases.blobs, reached.blobs)
    return _sweep(transaction, databases.pages, reached.pages)


def _sweep(transaction: lmdb.Transaction, database: Any, needed: set[bytes]) -> int:
    with transaction.cursor(db=database) as cursor:
        unneeded = [bytes(key) for key in cursor.iternext(keys=True, values=False) if bytes(key) not in needed]
    for key in unneeded:
        transaction.delete(key, db=database)
    return len(unneeded)
