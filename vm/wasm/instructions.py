"""The instructions: how long each is, what it costs, and which proposal it needs.

Instructions that cost one unit and move no control are matched in runs by one regular expression, which is what makes the pass fast; the
others are met one by one in `meter`, the rare encodings of the first kind by `decode`.

Costs: one unit each; nothing for nop, drop, block, loop, else, end, unreachable, return; stores 4 units a byte of the value's type,
whatever the width that is stored (i32, f32: 16; i64, f64: 32; v128: 64). Source: dusk-wasmtime's table of operator costs, Piecrust's engine
configuration; opcodes: WebAssembly 2.0, section 5.4, and the proposals' documents.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from .cursor import Cursor
from .refusal import malformed, off

_U32: Final = rb"[\x80-\xff]{0,4}+[\x00-\x7f]"
_MEMORY: Final = rb"[\x00-\x3f][\x80-\xff]{0,3}+[\x00-\x7f]"  # alignment, offset below 2^28, memory 0
_PLAIN: Final = (
    rb"(?:[\x20-\x24]" + _U32  # local.get … global.set
    + rb"|\x41" + _U32 + rb"|[\x1b\x45-\xc4]|[\x28-\x35]" + _MEMORY  # i32.const; select, numeric; loads
    + rb"|\x42[\x80-\xff]{0,9}+[\x00-\x7f]|\x43.{4}|\x44.{8}"  # i64.const, f32.const, f64.const
    + rb"|[\x3f\x40]\x00|\xfc(?:[\x00-\x07]|\x08" + _U32 + rb"\x00|\x0a\x00\x00|\x0b\x00)"  # memory.size … memory.fill, saturating
    + rb"|\xfd(?:[\x00-\x0a\x5c\x5d]" + _MEMORY + rb"|[\x54-\x57]" + _MEMORY + rb"."  # vectors: loads, loads of a lane
    + rb"|[\x0c\x0d].{16}|[\x15-\x22].|[\x0e-\x14\x23-\x53\x5e-\x7f]"  # const, shuffle; lanes; the rest of one byte, then of two
    + rb"|[\x80-\x99\x9b-\xa1\xa3\xa4\xa7-\xae\xb1\xb5-\xba\xbc-\xc1\xc3\xc4\xc7-\xce\xd1\xd5-\xe1\xe3-\xed\xef-\xff]\x01|[\x80-\x93]\x02))"
)  # fmt: skip
ONE: Final = re.compile(_PLAIN, re.DOTALL)
RUN: Final = re.compile(_PLAIN + rb"*+", re.DOTALL)
STORE: Final = re.compile(rb"[\x36-\x3e]" + _MEMORY)

STORE_COST: Final = {0x36: 16, 0x37: 32, 0x38: 16, 0x39: 32, 0x3A: 16, 0x3B: 16, 0x3C: 32, 0x3D: 32, 0x3E: 32}
V128_STORE_COST: Final = 64
_WIDTH: Final = bytes((4, 8, 4, 8, 1, 1, 2, 2, 1, 1, 2, 2, 4, 4, 4, 8, 4, 8, 1, 2, 1, 2, 4))  # bytes moved by 0x28 … 0x3e
_LANES_WIDTH: Final = {0: 16, 11: 16, 92: 4, 93: 8} | dict.fromkeys(range(1, 7), 8) | {7: 1, 8: 2, 9: 4, 10: 8}
_VECTOR_GAPS: Final = frozenset((154, 162, 165, 166, 175, 176, 178, 179, 180, 187, 194, 197, 198, 207, 208, 210, 211, 212, 226, 238))
_OFF: Final = {
    0x06: "legacy-exceptions", 0x07: "legacy-exceptions", 0x08: "exceptions", 0x09: "legacy-exceptions", 0x0A: "exceptions",
    0x18: "legacy-exceptions", 0x19: "legacy-exceptions", 0x1F: "exceptions", 0x12: "tail-call", 0x13: "tail-call",
    0x14: "function-references", 0x15: "function-references", 0x1C: "reference-types", 0x25: "reference-types", 0x26: "reference-types",
    0xD0: "reference-types", 0xD1: "reference-types", 0xD2: "reference-types", 0xD3: "gc", 0xD4: "function-references",
    0xD5: "function-references", 0xD6: "function-references", 0xFB: "gc", 0xFE: "threads",
} | dict.fromkeys(range(0xE0, 0xE7), "stack-switching")  # fmt: skip
_OFF_FC: Final = {15: "reference-types", 16: "reference-types", 17: "reference-types", 18: "memory-control"} | dict.fromkeys(
    range(19, 23), "wide-arithmetic"
)


class Decoded(NamedTuple):
    """One instruction that moves no control: its cost; whether it always traps, by its constant offset; whether it changes what a new
    instance would have (a table, a dropped segment)."""

    cost: int
    traps: bool = False
    changes_instance: bool = False


def decode(cursor: Cursor, bound: int) -> Decoded:
    """Read the instruction at `cursor`, one that moves no control. `bound` is the address, in bytes, past which no memory reaches.

    Raises `ModuleError` for an unknown instruction, and for one of a proposal that is off by that proposal's name.
    """
    at = cursor.pos
    opcode = cursor.byte()
    if 0x45 <= opcode <= 0xC4 or opcode == 0x1B:
        return Decoded(1)
    if 0x28 <= opcode <= 0x3E:
        return Decoded(STORE_COST.get(opcode, 1), _memory_traps(cursor, _WIDTH[opcode - 0x28], bound))
    if opcode in (0x01, 0x1A):
        return Decoded(0)
    if 0x20 <= opcode <= 0x24 or opcode in (0x3F, 0x40):
        cursor.unsigned()
        return Decoded(1)
    if opcode in (0x41, 0x42):
        cursor.signed(32 if opcode == 0x41 else 64)
        return Decoded(1)
    if opcode in (0x43, 0x44):
        cursor.take(4 if opcode == 0x43 else 8)
        return Decoded(1)
    if opcode == 0xFC:
        return _decode_fc(cursor, at)
    if opcode == 0xFD:
        return _decode_vector(cursor, at, bound)
    if opcode in _OFF:
        raise off(_OFF[opcode], f"instruction {opcode:#x}", at)
    raise malformed(f"instruction {opcode:#x}", at)


def _decode_fc(cursor: Cursor, at: int) -> Decoded:
    number = cursor.unsigned()
    if number in _OFF_FC:
        raise off(_OFF_FC[number], f"instruction 0xfc {number}", at)
    if number > 14:
        raise malformed(f"instruction 0xfc {number}", at)
    if number >= 8:  # memory.init, data.drop, memory.copy, memory.fill, table.init, elem.drop, table.copy
        for _ in range((2, 1, 2, 1, 2, 1, 2)[number - 8]):
            cursor.unsigned()
    return Decoded(1, changes_instance=number in (9, 12, 13, 14))


def _decode_vector(cursor: Cursor, at: int, bound: int) -> Decoded:
    number = cursor.unsigned()
    if number > 0x113 or number in _VECTOR_GAPS:
        raise malformed(f"instruction 0xfd {number}", at)
    cost, traps = 1, False
    if number in _LANES_WIDTH:
        traps = _memory_traps(cursor, _LANES_WIDTH[number], bound)
    elif 84 <= number <= 91:
        traps = _memory_traps(cursor, 1 << (number & 3), bound)
        cursor.byte()
    elif number in (12, 13):
        cursor.take(16)
    elif 21 <= number <= 34:
        cursor.byte()
    if number == 11 or 88 <= number <= 91:
        cost = V128_STORE_COST
    return Decoded(cost, traps)


def _memory_traps(cursor: Cursor, width: int, bound: int) -> bool:
    if cursor.unsigned() & 0x40:
        cursor.unsigned()  # the memory's index
    offset = cursor.unsigned(64)
    return offset < 1 << 32 and offset + width > bound  # a larger offset is added at run time there, with a check
