"""What a commit keeps besides pages, and its bytes.

A commit names two trees: the tree of contracts (positions in order of insertion), whose root is the commit's own, and the *directory*,
which finds a contract by its id: a tree of 8 levels of 16 over the 32-bit number that piecrust makes of an id, whose leaves are *slots*.
Contracts with the same number share a slot, and with it their position in the tree of contracts, as in piecrust.

All integers are little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from blake3 import blake3

from .tree import EMPTY, HASH, PAGES_32, PAGES_64, ZERO, Shape, Tree

PAGE = 1 << 16
CONTRACT_BYTES = 32

DIRECTORY = Shape(bits=4, height=8)

_NODE = struct.Struct("<BH")
_COMMIT = struct.Struct("<32sBQ32sBQ?32s")
_SLOT = struct.Struct("<II")
_CONTRACT = struct.Struct("<32s32sQ?32sBI")


def position(contract: bytes) -> int:
    """The 32-bit number of a contract: the sum of the id's eight words (piecrust 0.31, `position_from_contract`)."""
    words: tuple[int, ...] = struct.unpack("<8I", contract)
    return sum(words) & 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract as a commit holds it. `length`: of its memory in bytes; `pages`: the tree of its pages; `code`: blake3 of the bytecode."""

    code: bytes
    owner: bytes
    is_64: bool
    length: int = 0
    pages: Tree = EMPTY

    @property
    def shape(self) -> Shape:
        return PAGES_64 if self.is_64 else PAGES_32

    def encode(self, contract: bytes) -> bytes:
        head = _CONTRACT.pack(contract, self.code, self.length, self.is_64, self.pages.top, self.pages.level, len(self.owner))
        return head + self.owner


@dataclass(frozen=True, slots=True)
class Slot:
    """The contracts that share one number; `place`: their position in the tree of contracts, from 1."""

    place: int
    contracts: Mapping[bytes, Contract] = field(default_factory=dict)

    def having(self, contract: bytes, record: Contract) -> Self:
        return replace(self, contracts={**self.contracts, contract: record})

    def encode(self) -> bytes:
        body = b"".join(self.contracts[contract].encode(contract) for contract in sorted(self.contracts))
        return _SLOT.pack(self.place, len(self.contracts)) + body

    @classmethod
    def decode(cls, data: bytes) -> Self:
        place, count = _SLOT.unpack_from(data)
        contracts, at = {}, _SLOT.size
        for _ in range(count):
            contract, code, length, is_64, top, level, owner = _CONTRACT.unpack_from(data, at)
            at += _CONTRACT.size
            contracts[contract] = Contract(code, data[at : at + owner], is_64, length, Tree(top, level))
            at += owner
        return cls(place, contracts)


@dataclass(frozen=True, slots=True)
class Commit:
    """`contracts`, `directory`: the two trees; `places`: positions given out; `number`: in the store, from 1; `base`: the parent."""

    contracts: Tree = EMPTY
    places: int = 0
    directory: Tree = EMPTY
    number: int = 0
    base: bytes | None = None

    def encode(self) -> bytes:
        return _COMMIT.pack(*self.contracts, self.places, *self.directory, self.number, self.base is not None, self.base or ZERO)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        top, level, places, directory, directory_level, number, has_base, base = _COMMIT.unpack(data)
        return cls(Tree(top, level), places, Tree(directory, directory_level), number, base if has_base else None)


def pack_node(children: bytes) -> bytes:
    """A node's children without those that are empty: a bit for each child (two bytes), then the hashes there are."""
    hashes = [children[at : at + HASH] for at in range(0, len(children), HASH)]
    bits = sum(1 << index for index, hash_ in enumerate(hashes) if hash_ != ZERO)
    return _NODE.pack(len(hashes), bits) + b"".join(hash_ for hash_ in hashes if hash_ != ZERO)


def unpack_node(data: bytes) -> bytes:
    count, bits = _NODE.unpack_from(data)
    if bits == (1 << count) - 1:
        return data[_NODE.size :]
    children = bytearray(HASH * count)
    at = _NODE.size
    while bits:
        index = (bits & -bits).bit_length() - 1
        bits &= bits - 1
        children[HASH * index : HASH * index + HASH] = data[at : at + HASH]
        at += HASH
    return bytes(children)


def content_id(data: bytes | memoryview) -> bytes:
    """What names a page, a bytecode or a slot: its blake3 hash."""
    return blake3(data).digest()
