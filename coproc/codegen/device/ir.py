"""The carry-chain IR: straight-line code on words with one carry flag, in single assignment, for any word width.

Every operation writes a new word. ``carry_in`` adds (subtracts, for ``sub``) the flag; ``carry_out`` writes it. An operation
without ``carry_out`` must not overflow where ``exact`` is set: the interpreter raises there, so that no carry is lost unseen.

    lo, hi   low, high word of a b, plus c, plus carry           mul    low word of a b
    add sub  a + b + carry, a - b - borrow                        mask   all ones where the flag is set, else 0
    select   c ? a : b for c a mask                               and    a & b         xor  a ^ b
    wrap     add, where the last carry of a sum is dropped on purpose

The width is 32 for PTX, where a pair lo, hi on neighbouring words becomes one wide multiplication; 64 for C.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Word:
    """Word number ``index`` of a program."""

    index: int


Value = Word | int


@dataclass(frozen=True)
class Op:
    kind: str
    out: Word
    a: Value = 0
    b: Value = 0
    c: Value = 0
    carry_in: bool = False
    carry_out: bool = False
    exact: bool = False


@dataclass
class Chain:
    """A program being written: inputs by name, operations in order, outputs by name."""

    width: int
    words: int = 0
    ops: list[Op] = field(default_factory=list)
    inputs: dict[str, tuple[Word, ...]] = field(default_factory=dict)
    outputs: dict[str, tuple[Value, ...]] = field(default_factory=dict)

    def new(self) -> Word:
        self.words += 1
        return Word(self.words - 1)

    def input(self, name: str, count: int) -> tuple[Word, ...]:
        self.inputs[name] = tuple(self.new() for _ in range(count))
        return self.inputs[name]

    def op(self, kind: str, a: Value = 0, b: Value = 0, c: Value = 0, ci: bool = False, co: bool = False, exact: bool = False) -> Word:
        self.ops.append(Op(kind, out := self.new(), a, b, c, ci, co, exact))
        return out

    def add(self, a: Value, b: Value, ci: bool = False, co: bool = False) -> Word:
        return self.op("add", a, b, 0, ci, co, not co)

    def sub(self, a: Value, b: Value, ci: bool = False, co: bool = False) -> Word:
        return self.op("sub", a, b, 0, ci, co, not co)

    def select(self, mask: Value, a: Value, b: Value) -> Word:
        return self.op("select", a, b, mask)
