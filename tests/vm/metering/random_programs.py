"""Random programs that store what `spent` says as they go, so that the meter is seen in the middle of a call and not only at its end.

Function 0 of a program is exported as `f` and returns the 256 bytes that hold the last 32 readings; the others are called, directly or
through the table. A loop has a counter, but branches may start it anew: the gas limit ends what does not end. Programs contain code that
can never run, traps, host calls, stores of all widths, blocks with several results and loops with parameters.
"""

from __future__ import annotations

import random

from coproc.vm.wasm.writer import name, unsigned, vector

from .assemble import CONTRACT_FUNCTION, I32, I64, contract, export, function_import, get, i32, i64, put

SPENT, LIMIT, EMIT, FIRST = range(4)  # function indices
# Locals: 0 parameter, 1 to 3 i32, 4 a loop's counter, 5 and 6 i64, 7 f64, 8 v128. Global 1: readings so far.
_LOCALS = b"\x05\x04\x7f\x02\x7e\x01\x7c\x01\x7b\x00\x7f"
_TWO_RESULTS, _ONE_PARAMETER = b"\x03", b"\x04"  # types of blocks


class _Writer:
    def __init__(self, choice: random.Random, functions: int, is_64: bool) -> None:
        self.choice, self.functions, self.is_64 = choice, functions, is_64
        self.p = i64 if is_64 else i32

    def address(self, low: int = 70_000, high: int = 130_000) -> bytes:
        return self.p(self.choice.randrange(low, high))

    def memory(self) -> bytes:
        return b"\0" + unsigned(self.choice.choice((0, 1, 8, 100, 40_000)))

    def number(self) -> bytes:
        return get(self.choice.randrange(1, 5))

    def condition(self) -> bytes:
        kinds = (
            get(1) + i32(1) + b"\x71", self.number() + i32(self.choice.randrange(-2, 6)) + b"\x48", self.number() + b"\x45",
            get(5) + i64(3) + b"\x83\x50", i32(self.choice.randrange(2)),
        )  # fmt: skip
        return self.choice.choice(kinds)

    def arithmetic(self) -> bytes:
        to, kind = put(self.choice.randrange(1, 5)), self.choice.randrange(8)
        if kind < 4:
            return self.number() + self.number() + self.choice.choice((b"\x6a", b"\x6b", b"\x6c", b"\x71", b"\x72", b"\x73", b"\x74")) + to
        if kind == 4:
            return get(5) + get(6) + self.choice.choice((b"\x7c", b"\x7d", b"\x7e", b"\x83", b"\x84")) + put(self.choice.randrange(5, 7))
        if kind == 5:
            return self.number() + i32(1) + b"\x6a\x22\x02\x1a"
        if kind == 6:
            return get(7) + b"\x44\0\0\0\0\0\0\xf8\x3f\xa0" + put(7)
        return get(8) + get(8) + b"\xfd\x6e" + put(8)

    def reading(self) -> bytes:
        index = b"\x23\x01" + i32(31) + b"\x71" + i32(3) + b"\x74" + (b"\xad" if self.is_64 else b"")
        return index + b"\x10\x00\x37\x03" + unsigned(1024) + b"\x23\x01" + i32(1) + b"\x6a\x24\x01"

    def store(self) -> bytes:
        code = self.choice.randrange(0x36, 0x40)
        if code == 0x3F:
            lane = self.choice.choice((b"\x0b\0\0", b"\x58\0\0\1", b"\x59\0\2\1", b"\x5a\0\3\1", b"\x5b\0\4\1"))
            return self.address() + get(8) + b"\xfd" + lane
        value = {0x36: get(1), 0x38: b"\x43\0\0\0\0", 0x39: get(7), 0x3A: get(2), 0x3B: get(3)}.get(code, get(5))
        return self.address() + value + bytes((code,)) + self.memory()

    def trap(self, labels: int) -> bytes:
        zero, past = self.p(0), unsigned(0xFFFF_FFF9 + self.choice.randrange(7))
        kinds = [
            b"\0", i32(7) + i32(0) + b"\x6d\x1a", b"\x44\0\0\0\0\0\0\xf8\x7f\xaa\x1a",
            get(1) + i32(99) + b"\x11\0\0\x1a", get(1) + i32(1) + b"\x11\0\0\x1a", get(1) + i32(9) + b"\x11\0\0\x1a",
            self.address(200_000, 900_000) + i32(1) + self.p(900_000) + b"\xfc\x0b\0",
            zero + b"\x29\0" + past + b"\x1a", zero + get(5) + b"\x37\0" + past, zero + get(8) + b"\xfd\x0b\0" + past,
        ]  # fmt: skip
        if self.is_64:
            kinds.append(zero + b"\x29\0" + unsigned(0xF_FFFF_FFFF) + b"\x1a")
        before = self.condition() + b"\x04\x40" + self.statements(0, labels + 1)
        return before + self.choice.choice(kinds) + self.statements(0, labels + 1, 1) + b"\x0b"

    def branch(self, labels: int) -> bytes:
        return unsigned(self.choice.randrange(labels))

    def statements(self, depth: int, labels: int, count: int | None = None) -> bytes:
        return b"".join(self.statement(depth, labels) for _ in range(self.choice.randrange(5) if count is None else count))

    def statement(self, depth: int, labels: int) -> bytes:
        """One statement; `depth`: how much deeper it may nest, `labels`: how many it may branch to."""
        choice, kind = self.choice, self.choice.randrange(100)
        if kind < 22:
            return self.arithmetic()
        if kind < 35:
            return self.store()
        if kind < 40:
            return self.address() + b"\x28" + self.memory() + put(choice.randrange(1, 5))
        if kind < 48:
            return self.reading()
        if kind < 53:
            return choice.choice((b"\x01", get(1) + b"\x1a", b"\x10\x01" + put(5)))
        if kind < 55:
            return self.address(0, 8) + i32(choice.randrange(5)) + i32(choice.randrange(9)) + b"\x10\x02"
        if kind < 57:
            return choice.choice((self.p(choice.randrange(2)) + b"\x40\0\x1a", b"\x3f\0\x1a"))
        if kind < 60:
            size = self.p(choice.randrange(300))
            return self.address() + choice.choice((i32(7) + size + b"\xfc\x0b\0", self.address() + size + b"\xfc\x0a\0\0"))
        if kind < 61:
            return self.trap(labels)
        if depth <= 0:
            return self.condition() + b"\x0d" + self.branch(labels) if kind < 80 else self.arithmetic()
        return self.nested(depth - 1, labels, kind)

    def nested(self, depth: int, labels: int, kind: int) -> bytes:
        choice = self.choice
        if kind < 68:
            return b"\x02\x40" + self.statements(depth, labels + 1) + b"\x0b"
        if kind < 73:
            start = i32(0) + put(4) if choice.random() < 0.5 else b""
            again = get(4) + i32(1) + b"\x6a\x22\x04" + i32(choice.randrange(1, 9)) + b"\x48\x0d\0"
            return start + b"\x03\x40" + self.statements(depth, labels + 1) + again + self.statements(depth, labels + 1) + b"\x0b"
        if kind < 79:
            return self.condition() + b"\x04\x40" + self.statements(depth, labels + 1) + b"\x0b"
        if kind < 84:
            then, other = self.statements(depth, labels + 1), self.statements(depth, labels + 1)
            return self.condition() + b"\x04\x40" + then + b"\x05" + other + b"\x0b"
        if kind < 86:
            return self.condition() + b"\x04\x7f" + self.number() + b"\x05" + i32(3) + b"\x0b" + put(2)
        if kind < 87:
            return b"\x02" + _TWO_RESULTS + get(1) + get(5) + self.condition() + b"\x0d\0\x0b" + put(6) + put(3)
        if kind < 88:
            again = i32(1) + b"\x6a\x22\x03" + i32(choice.randrange(5)) + b"\x48\x04\x40"
            again += self.statements(0, 1) + b"\x0b"  # no branch to the loop, which takes a value
            return get(2) + b"\x03" + _ONE_PARAMETER + again + get(3) + b"\x0b" + put(2)
        if kind < 92:
            return self.condition() + b"\x0d" + self.branch(labels)
        if kind < 93:
            return b"\x0c" + self.branch(labels) + self.statements(depth, labels)
        if kind < 95:
            targets = choice.randrange(4)
            table = unsigned(targets) + b"".join(self.branch(labels) for _ in range(targets + 1))
            return self.number() + b"\x0e" + table + self.statements(depth, labels)
        if kind < 96:
            return self.condition() + b"\x04\x40" + get(0) + b"\x0f" + self.statements(depth, labels) + b"\x0b"
        if self.current + 1 < FIRST + self.functions:  # only functions after this one are called: nothing recurses
            callee = choice.randrange(self.current + 1, FIRST + self.functions)
            call = i32(callee) + b"\x11\0\0" if choice.random() < 0.3 else b"\x10" + unsigned(callee)
            return self.number() + call + put(choice.randrange(1, 4))
        return self.arithmetic()

    def function(self, number: int) -> bytes:
        self.current = FIRST + number
        start = b"".join(i32(self.choice.randrange(-2, 9)) + put(index) for index in (1, 2, 3, 4) if self.choice.random() < 0.6)
        work = b"\x02\x40" + start + self.statements(self.choice.randrange(1, 7), 1, self.choice.randrange(3, 30)) + b"\x0b"
        result = i32(256) if number == 0 else self.number()
        end = self.choice.choice((
            result + b"\x0b", result + b"\x0f\x0b", result + get(1) + b"\x0d\0\x0b", b"\x02\x40" + result + b"\x0c\1\x0b\0\x0b",
        ))  # fmt: skip
        return _LOCALS + work + end


def program(seed: int) -> bytes:
    """The module of a seed; odd ones have a 64-bit memory."""
    choice, is_64 = random.Random(seed), bool(seed & 1)
    functions = choice.randrange(1, 4)
    writer = _Writer(choice, functions, is_64)
    pointer = I64 if is_64 else I32
    return contract(
        [(0, writer.function(number)) for number in range(functions)],
        [export("f", 0, FIRST)],
        is_64=is_64,
        types=(CONTRACT_FUNCTION, b"\x60\0\1\x7e", b"\x60\3" + pointer + b"\x7f\x7f\0", b"\x60\0\2\x7f\x7e", b"\x60\1\x7f\1\x7f"),
        imports=[function_import("spent", 1), function_import("limit", 1), function_import("emit", 2)],
        table=16,
        elements=b"\1\0\x41\0\x0b" + vector([unsigned(index) for index in range(FIRST + functions)]),
        data=vector([b"\0" + writer.p(2) + b"\x0b" + name("topics!!")]),
        globals_=[b"\x7f\1\x41\0\x0b", b"\x7e\1\x42\x07\x0b"],
    )
