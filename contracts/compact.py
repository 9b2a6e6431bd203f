"""Shortens the table of every indirect call to one byte, as networks without reference types want it: `compact.py IN OUT`.

Current linkers pad it to five bytes. Reads what Rust compiles to: WebAssembly 1.0, bulk memory, sign extension, saturating conversions.
"""

from __future__ import annotations

import sys
from pathlib import Path

#: How many LEB128 numbers follow an opcode.
NUMBERS = {0x02: 1, 0x03: 1, 0x04: 1, 0x0C: 1, 0x0D: 1, 0x10: 1, 0x3F: 1, 0x40: 1, 0x41: 1, 0x42: 1}
NUMBERS |= dict.fromkeys(range(0x20, 0x25), 1) | dict.fromkeys(range(0x28, 0x3F), 2)
#: The same after 0xfc.
BULK = dict.fromkeys(range(8), 0) | {8: 2, 9: 1, 10: 2, 11: 1}
CODE = 10


def after(data: bytes, at: int) -> int:
    """Where the number that begins at `at` ends."""
    while data[at] & 0x80:
        at += 1
    return at + 1


def number(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned number, and where it ends."""
    end = after(data, at)
    return sum((byte & 0x7F) << (7 * i) for i, byte in enumerate(data[at:end])), end


def encoded(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def body(data: bytes) -> bytes:
    """One function: its locals and code."""
    out, copied = bytearray(), 0
    groups, at = number(data, 0)
    for _ in range(groups):
        at = after(data, at) + 1
    while at < len(data):
        opcode = data[at]
        at += 1
        if opcode == 0x11:
            at = after(data, at)
            table, end = number(data, at)
            out += data[copied:at] + encoded(table)
            at = copied = end
        elif opcode == 0x0E:
            targets, at = number(data, at)
            for _ in range(targets + 1):
                at = after(data, at)
        elif opcode in (0x43, 0x44):
            at += 4 if opcode == 0x43 else 8
        elif opcode == 0xFC:
            which, at = number(data, at)
            for _ in range(BULK[which]):
                at = after(data, at)
        elif opcode > 0xC4 or opcode in (0x25, 0x26):
            raise SystemExit(f"an instruction that no contract should have: {opcode:#x}")
        else:
            for _ in range(NUMBERS.get(opcode, 0)):
                at = after(data, at)
    return bytes(out) + data[copied:]


def compact(module: bytes) -> bytes:
    out, at = bytearray(module[:8]), 8
    while at < len(module):
        section = module[at]
        size, start = number(module, at + 1)
        at = start + size
        content = module[start:at]
        if section == CODE:
            count, pos = number(content, 0)
            functions = bytearray(encoded(count))
            for _ in range(count):
                length, pos = number(content, pos)
                function = body(content[pos : pos + length])
                functions += encoded(len(function)) + function
                pos += length
            content = bytes(functions)
        out += bytes([section]) + encoded(len(content)) + content
    return bytes(out)


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    target.write_bytes(compact(source.read_bytes()))
