"""Sparse Merkle trees whose nodes are kept by their own hash, so that commits share whatever they have in common.

A node is the blake3 hash of its children's hashes, concatenated; an empty subtree is 32 zero bytes, a leaf is what was put there. The trees
fill from position 0 up, so that a large height is mostly a chain of first children: a `Tree` is the smallest subtree at position 0 that
holds every leaf, and `root` hashes the chain above it. Updating n leaves costs O(n · level), whatever the tree holds.

Source: dusk-merkle 0.5 and piecrust 0.31, `store/tree.rs`, for the shapes and the hash.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from blake3 import blake3

HASH = 32
ZERO = bytes(HASH)

Nodes = Callable[[bytes], bytes]
"""The concatenated hashes of the children of a node that is not zero."""


@dataclass(frozen=True, slots=True)
class Shape:
    """`bits`: log2 of the arity; `height`: levels above the leaves. Positions are below 2^(bits · height)."""

    bits: int
    height: int

    @property
    def arity(self) -> int:
        return 1 << self.bits

    @property
    def capacity(self) -> int:
        return 1 << (self.bits * self.height)

    def level(self, position: int) -> int:
        """The least level whose first subtree holds this position."""
        return -(-position.bit_length() // self.bits)


PAGES_32 = Shape(bits=2, height=8)
PAGES_64 = Shape(bits=2, height=13)
CONTRACTS = Shape(bits=1, height=32)


class Tree(NamedTuple):
    """The first subtree of `level` levels, by its hash; everything outside it is empty. `top` is zero for the empty tree."""

    top: bytes
    level: int


EMPTY = Tree(ZERO, 0)


def node(children: bytes) -> bytes:
    """The hash of a node."""
    return blake3(children).digest()


def root(tree: Tree, shape: Shape) -> bytes:
    """The hash of the whole tree."""
    if tree.top == ZERO:
        return ZERO
    top, rest = tree.top, bytes(HASH * (shape.arity - 1))
    for _ in range(tree.level, shape.height):
        top = node(top + rest)
    return top


def update(tree: Tree, shape: Shape, leaves: Mapping[int, bytes], nodes: Nodes, made: MutableMapping[bytes, bytes]) -> Tree:
    """The tree with `leaves` (position → hash) put into it; the nodes that came to be go into `made` (hash → children).

    A leaf may be zero and yet be there (a contract without memory): its parent is a node like any other. Such a leaf has no position 0.
    """
    if not leaves:
        return tree
    order = sorted(leaves)
    if order[0] < 0 or order[-1] >= shape.capacity:
        raise ValueError(f"position {order[-1]} in a tree of {shape.capacity} leaves")
    top, level = tree
    target = max(level, shape.level(order[-1])) if top != ZERO else shape.level(order[-1])
    if top == ZERO:
        level = target
    rest = bytes(HASH * (shape.arity - 1))
    while level < target:
        made[hash_ := node(top + rest)] = top + rest
        top, level = hash_, level + 1

    def put(old: bytes, level: int, positions: list[int]) -> bytes:
        if level == 0:
            return leaves[positions[0]]
        shift = shape.bits * (level - 1)
        mask = shape.arity - 1
        children = bytearray(bytes(HASH * shape.arity) if old == ZERO else made.get(old) or nodes(old))
        for child, group in groupby(positions, key=lambda position: position >> shift & mask):
            at = HASH * child
            children[at : at + HASH] = put(bytes(children[at : at + HASH]), level - 1, list(group))
        content = bytes(children)
        made[hash_ := node(content)] = content
        return hash_

    return Tree(put(top, level, order), level)


def leaf(tree: Tree, shape: Shape, position: int, nodes: Nodes) -> bytes:
    """The leaf at a position; zero if there is none."""
    hash_ = tree.top
    if position < 0 or shape.level(position) > tree.level:
        return ZERO
    for level in range(tree.level, 0, -1):
        if hash_ == ZERO:
            return ZERO
        at = HASH * (position >> shape.bits * (level - 1) & shape.arity - 1)
        hash_ = nodes(hash_)[at : at + HASH]
    return hash_


def changed(old: Tree, new: Tree, shape: Shape, nodes: Nodes) -> list[tuple[int, bytes]]:
    """(position, leaf of `new`) wherever the two differ, ascending; zero where `new` has none. Costs as much as there are differences."""
    empty, rest = bytes(HASH * shape.arity), bytes(HASH * (shape.arity - 1))
    cuts = [slice(at, at + HASH) for at in range(0, HASH * shape.arity, HASH)]

    def children(hash_: bytes, own: int, level: int) -> tuple[bytes, int]:
        """The children of the node that stands at `level` for a tree of `own` levels, and how many levels the first of them has."""
        if hash_ == ZERO:
            return empty, level - 1
        return (hash_ + rest, own) if own < level else (nodes(hash_), level - 1)

    pairs = [(0, old, new)] if old != new else []
    for level in range(max(old.level, new.level), 0, -1):
        below: list[tuple[int, Tree, Tree]] = []
        for position, left, right in pairs:
            a, a_level = children(*left, level)
            b, b_level = children(*right, level)
            below += [
                (position * shape.arity + child, Tree(a[cut], a_level), Tree(b[cut], b_level))
                for child, cut in enumerate(cuts)
                if a[cut] != b[cut] or (a_level != b_level and a[cut] != ZERO)
            ]
        pairs = below
    return [(position, right.top) for position, _, right in pairs]
