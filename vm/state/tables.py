"""Where each page of a contract lies in the mapped file, kept from session to session and patched by what changed.

An address stays right while the page's record stays in the file: records are added by commits and removed by `Store.collect` alone, which
counts its runs in the file. A table from before the last run is not used. What a view reads is not reused while its transaction is open.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .reader import Reader
from .records import Contract
from .tree import EMPTY, ZERO, Tree, changed

AddressOf = Callable[[memoryview | bytes], int]
Array = npt.NDArray[np.uint64]


class _Table(NamedTuple):
    collections: int
    pages: Tree
    indexes: Array
    addresses: Array


_NOTHING = np.empty(0, np.uint64)


class PageTables:
    """The last table of each contract, for all views of a store."""

    def __init__(self) -> None:
        self._tables: dict[bytes, _Table] = {}
        self._lock = threading.Lock()

    def get(self, contract: bytes, record: Contract, reader: Reader, address_of: AddressOf) -> tuple[Array, Array]:
        """(indexes ascending, addresses) of the contract's pages, read-only arrays."""
        collections = reader.counter(b"collections")
        with self._lock:
            table = self._tables.get(contract)
        if table is None or table.collections != collections:
            table = _Table(collections, EMPTY, _NOTHING, _NOTHING)
        if table.pages != record.pages:
            pages = changed(table.pages, record.pages, record.shape, reader.node)
            differences = [(index, 0 if page == ZERO else address_of(reader.page(page))) for index, page in pages]
            table = _patch(table, record.pages, differences)
            with self._lock:
                self._tables[contract] = table
        return table.indexes, table.addresses

    def forget(self) -> None:
        """Drop every table: `Store.collect` may have moved what they say."""
        with self._lock:
            self._tables.clear()


def _patch(table: _Table, pages: Tree, differences: list[tuple[int, int]]) -> _Table:
    """The table with (index, address), ascending, put in, and out again where the address is 0."""
    new = np.array(differences, np.uint64).reshape(-1, 2)
    indexes, addresses = table.indexes, table.addresses
    at = np.searchsorted(indexes, new[:, 0])
    known = at < len(indexes)
    known[known] = indexes[at[known]] == new[known, 0]
    addresses = addresses.copy()
    addresses[at[known]] = new[known, 1]
    if not known.all():
        indexes = np.insert(indexes, at[~known], new[~known, 0])
        addresses = np.insert(addresses, at[~known], new[~known, 1])
    if not addresses.all():
        indexes, addresses = indexes[addresses != 0], addresses[addresses != 0]
    indexes.flags.writeable = addresses.flags.writeable = False
    return _Table(table.collections, pages, indexes, addresses)
