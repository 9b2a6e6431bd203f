"""Modules put together from bytes, for instructions and encodings that no text reaches; and modules from text."""

from __future__ import annotations

from collections.abc import Sequence

import wasmtime

from coproc.vm.wasm.writer import name, section, signed, unsigned, vector

I32, I64, F32, F64, V128 = b"\x7f", b"\x7e", b"\x7d", b"\x7c", b"\x7b"
CONTRACT_FUNCTION = b"\x60\x01\x7f\x01\x7f"
ARGUMENT = 1024


def i32(value: int) -> bytes:
    return b"\x41" + signed(value)


def i64(value: int) -> bytes:
    return b"\x42" + signed(value)


def get(index: int) -> bytes:
    return b"\x20" + unsigned(index)


def put(index: int) -> bytes:
    return b"\x21" + unsigned(index)


def export(text: str, kind: int, index: int) -> bytes:
    return name(text) + bytes((kind,)) + unsigned(index)


def function_import(text: str, type_index: int) -> bytes:
    return name("env") + name(text) + b"\x00" + unsigned(type_index)


def contract(
    functions: Sequence[tuple[int, bytes]],
    exports: Sequence[bytes],
    *,
    is_64: bool = False,
    types: Sequence[bytes] = (CONTRACT_FUNCTION,),
    imports: Sequence[bytes] = (),
    table: int = 0,
    elements: bytes = b"",
    data: bytes = b"",
    data_count: bool = False,
    globals_: Sequence[bytes] = (),
) -> bytes:
    """A module with a memory of three pages and `A` at 1,024. `functions`: (type, body); `elements`, `data`: contents of the sections."""
    pointer = (I64, i64) if is_64 else (I32, i32)
    out = b"\0asm\1\0\0\0" + section(1, vector(types))
    if imports:
        out += section(2, vector(imports))
    out += section(3, vector([unsigned(kind) for kind, _ in functions]))
    if table:
        out += section(4, b"\x01\x70\x00" + unsigned(table))
    out += section(5, b"\x01\x04\x03" if is_64 else b"\x01\x00\x03")
    out += section(6, vector([pointer[0] + b"\x00" + pointer[1](ARGUMENT) + b"\x0b", *globals_]))
    out += section(7, vector([export("memory", 2, 0), export("A", 3, 0), *exports]))
    if elements:
        out += section(9, elements)
    if data_count:
        out += section(12, b"\x01")
    out += section(10, vector([unsigned(len(body)) + body for _, body in functions]))
    if data:
        out += section(11, data)
    return out


def from_text(text: str) -> bytes:
    return bytes(wasmtime.wat2wasm(text))
