"""From a base and the changes of a session to the next commit, as piecrust makes it.

What is known of piecrust's roots (0.31, seen with its session's root and in its sources):

- A page has a leaf from the first time that it was *written*, whatever was written (a page of zeros has the hash of zeros, not nothing);
  the length of the memory gives no page a leaf, and does not enter the root.
- A contract has a leaf, its pages' root, from its deployment on; without pages it is 32 zero bytes, and the leaf is there all the same.
- Positions in the tree of contracts begin at 1 and are given in order of id among the contracts that a session brings, then kept forever.
- They are given to the ids' 32-bit sums, not to ids: contracts with the same sum share one leaf, and the last one that a session *loaded*
  (in order of id, changed or not) has it.
- A commit is its root: where a root exists already, the commit that exists is kept, whatever else (lengths, ids) would differ.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .errors import InvalidChange
from .reader import Reader
from .records import CONTRACT_BYTES, DIRECTORY, PAGE, Commit, Contract, Slot, content_id, position
from .tree import CONTRACTS, root, update

Page = bytes | bytearray | memoryview | int


@dataclass(frozen=True, slots=True)
class NewContract:
    """What a deployment adds: `bytecode` as given to deploy, `owner` (any bytes), `is_64` (the width of its memory)."""

    bytecode: bytes
    owner: bytes
    is_64: bool


@dataclass(frozen=True, slots=True)
class ContractChange:
    """What a session did to one contract that it deployed or loaded (list those that it only read as well: see above).

    `length`: of the memory now, in bytes. `dirty`: page index → its 64 KiB, as bytes or as the address of memory that stays readable and
    unchanged during the call; every page that counts as written since the base, also where the contents are the old ones.
    `record`: if the contract is new.
    """

    length: int
    dirty: Mapping[int, Page] = field(default_factory=dict)
    record: NewContract | None = None


@dataclass(slots=True)
class Draft:
    """A commit that is not yet written, and all that must be written with it, by hash."""

    commit: Commit
    nodes: dict[bytes, bytes] = field(default_factory=dict)
    pages: dict[bytes, memoryview] = field(default_factory=dict)
    blobs: dict[bytes, bytes] = field(default_factory=dict)

    @property
    def root(self) -> bytes:
        return root(self.commit.contracts, CONTRACTS)


def page_view(page: Page) -> memoryview:
    """A page's 64 KiB, where they are. Raises InvalidChange if it has another size."""
    if isinstance(page, int):
        return memoryview((ctypes.c_char * PAGE).from_address(page)).cast("B")
    view = memoryview(page).cast("B")
    if view.nbytes != PAGE:
        raise InvalidChange(f"a page of {view.nbytes} bytes")
    return view


def draft(reader: Reader, base: Commit, changes: Mapping[bytes, ContractChange], *, root_only: bool = False) -> Draft:
    """The commit that follows `base` by `changes`. Writes nothing; costs as much as there are changed pages. Raises InvalidChange.

    `root_only`: the draft is good for its root, not to be written.
    """
    out = Draft(base)
    places = base.places
    slots: dict[int, Slot] = {}
    changed: set[int] = set()
    leaves: dict[int, bytes] = {}
    for contract in sorted(changes):
        if len(contract) != CONTRACT_BYTES:
            raise InvalidChange(f"a contract id of {len(contract)} bytes")
        number = position(contract)
        slot = slots.get(number) or reader.slot(base, number)
        if slot is None:
            places += 1
            slot = Slot(places)
        old = slot.contracts.get(contract)
        new = _contract(reader, out, contract, old, changes[contract])
        slots[number] = slot.having(contract, new)
        if new != old:
            changed.add(number)
        if new != old or len(slot.contracts) > 1:
            leaves[slot.place] = root(new.pages, new.shape)

    entries: dict[int, bytes] = {}
    for number in () if root_only else changed:
        data = slots[number].encode()
        entries[number] = content_id(data)
        out.blobs[entries[number]] = data
    out.commit = replace(
        base,
        contracts=update(base.contracts, CONTRACTS, leaves, reader.node, out.nodes),
        places=places,
        directory=update(base.directory, DIRECTORY, entries, reader.node, out.nodes),
    )
    return out


def _contract(reader: Reader, out: Draft, contract: bytes, old: Contract | None, change: ContractChange) -> Contract:
    """The contract after the change; its new pages and nodes go into `out`."""
    if change.record is None:
        if old is None:
            raise InvalidChange(f"a change of contract {contract.hex()}, which is not there")
        record = old
    else:
        if old is not None:
            raise InvalidChange(f"contract {contract.hex()} is there already")
        code = content_id(change.record.bytecode)
        out.blobs[code] = bytes(change.record.bytecode)
        record = Contract(code, bytes(change.record.owner), change.record.is_64)
    shape = record.shape
    hashes: dict[int, bytes] = {}
    for index, page in change.dirty.items():
        if not 0 <= index < shape.capacity:
            raise InvalidChange(f"page {index} of a memory of {shape.capacity} pages")
        view = page_view(page)
        hashes[index] = content_id(view)
        out.pages[hashes[index]] = view
    if not 0 <= change.length <= shape.capacity * PAGE:
        raise InvalidChange(f"a memory of {change.length} bytes")
    return replace(record, length=change.length, pages=update(record.pages, shape, hashes, reader.node, out.nodes))
