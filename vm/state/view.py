"""The state at one commit, as a session reads it: contracts by id, pages as addresses inside the mapped store, nothing copied."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from .commit import ContractChange, draft
from .reader import Reader
from .records import CONTRACT_BYTES, DIRECTORY, Commit, Contract, Slot
from .tables import PageTables
from .tree import EMPTY, ZERO, changed, leaf


class PageAt(NamedTuple):
    """64 KiB at `address`, readable as long as `keepalive`'s view is open."""

    address: int
    keepalive: object


@dataclass(frozen=True, slots=True)
class PageTable:
    """Every page of a contract: `indexes` ascending and `addresses` of the same length, both uint64. Keeps its view alive, not open."""

    indexes: npt.NDArray[np.uint64]
    addresses: npt.NDArray[np.uint64]
    view: StateView

    def __len__(self) -> int:
        return len(self.indexes)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """(index, address) for each page."""
        return zip(self.indexes.tolist(), self.addresses.tolist(), strict=True)


class ContractRecord:
    """A contract in a view. `code`: blake3 of the bytecode; `owner`; `is_64`: width of the memory; `length`: of the memory in bytes."""

    __slots__ = ("_bytecode", "_contract", "_view", "code", "id", "is_64", "length", "owner")

    def __init__(self, view: StateView, contract: bytes, record: Contract) -> None:
        self._view, self._contract = view, record
        self._bytecode: bytes | None = None
        self.id, self.code, self.owner = contract, record.code, record.owner
        self.is_64, self.length = record.is_64, record.length

    @property
    def bytecode(self) -> bytes:
        if self._bytecode is None:
            self._bytecode = self._view.reader.blob(self.code)
        return self._bytecode

    def page(self, index: int) -> PageAt | None:
        """The page at an index; None if it was never written: zeros."""
        reader = self._view.reader
        hash_ = leaf(self._contract.pages, self._contract.shape, index, reader.node)
        return None if hash_ == ZERO else PageAt(address_of(reader.page(hash_)), self._view)

    def pages(self) -> PageTable:
        """All pages at once. The first time in a process this costs as much as there are pages, then as much as changed since."""
        return self._view.page_table(self.id, self._contract)


class StateView:
    """What a session is opened on; see `Store.open`. Close it, or use it as a context manager, when no address is in use any more."""

    def __init__(
        self,
        reader: Reader,
        root: bytes | None,
        commit: Commit,
        tables: PageTables,
        release: Callable[[], None],
        closed: Callable[[], None],
    ) -> None:
        self.reader = reader
        self.root = root
        self.commit = commit
        self._tables = tables
        self._release: Callable[[], None] | None = release
        self._closed = closed
        self._records: dict[bytes, ContractRecord | None] = {}

    def contract(self, contract: bytes) -> ContractRecord | None:
        """The contract with this 32-byte id, or None."""
        try:
            return self._records[contract]
        except KeyError:
            pass
        found = self.reader.contract(self.commit, contract) if len(contract) == CONTRACT_BYTES else None
        record = None if found is None else ContractRecord(self, contract, found)
        self._records[contract] = record
        return record

    def contracts(self) -> Iterator[bytes]:
        """The ids of all contracts."""
        for _, slot in changed(EMPTY, self.commit.directory, DIRECTORY, self.reader.node):
            yield from Slot.decode(self.reader.blob(slot)).contracts

    def page_table(self, contract: bytes, record: Contract) -> PageTable:
        indexes, addresses = self._tables.get(contract, record, self.reader, address_of)
        return PageTable(indexes, addresses, self)

    def root_of(self, changes: Mapping[bytes, ContractChange]) -> bytes:
        """The root that a commit of these changes on this view would have. Writes nothing. Raises InvalidChange."""
        return draft(self.reader, self.commit, changes, root_only=True).root

    def close(self) -> None:
        """Let the store reuse what only this view still read. Addresses got from it are void from now on."""
        if self._let_go():
            self._closed()

    def _let_go(self) -> bool:
        release, self._release = self._release, None
        if release is None:
            return False
        release()
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self._let_go()  # and write nothing: the collector may run inside a transaction


def address_of(page: memoryview | bytes) -> int:
    """Where a window on the file lies in memory."""
    address: int = np.frombuffer(page, np.uint8).__array_interface__["data"][0]
    return address
