"""Every instruction that moves no control, each in a function of its own. Which operands it takes is found by asking the engine."""

from __future__ import annotations

import wasmtime

from coproc.vm.wasm.writer import unsigned

from .assemble import F32, F64, I32, I64, V128, contract, export
from .host import engine

_CONSTANT = {
    I32: b"\x41\x05", I64: b"\x42\x06", F32: b"\x43\0\0\x40\x40", F64: b"\x44\0\0\0\0\0\0\x10\x40", V128: b"\xfd\x0c" + bytes(range(1, 17)),
}  # fmt: skip
AROUND = {"data": b"\x01\x01\x00", "data_count": True, "table": 10, "elements": b"\x01\x01\x00\x00"}


def encodings() -> list[bytes]:
    """One encoding of each opcode, valid or not, of those that move no control."""
    out = [bytes((code,)) for code in (0x1B, *range(0x45, 0xC5))]
    out += [bytes((code, 0, 0x10)) for code in range(0x28, 0x3F)]
    out += [b"\x3f\0", b"\x40\0", b"\x20\0", b"\x23\0", b"\x41\0", b"\x42\0", b"\x43\0\0\0\0", b"\x44" + bytes(8), b"\x01"]
    out += [bytes((0xFC, number)) for number in range(8)]
    out += [b"\xfc\x08\0\0", b"\xfc\x09\0", b"\xfc\x0a\0\0", b"\xfc\x0b\0", b"\xfc\x0c\0\0", b"\xfc\x0d\0", b"\xfc\x0e\0\0"]
    for number in range(0x114):
        immediate = b""
        if number <= 11 or number in (92, 93):
            immediate = b"\0\x10"
        elif number in (12, 13):
            immediate = bytes(range(16))
        elif 21 <= number <= 34:
            immediate = b"\1"
        elif 84 <= number <= 91:
            immediate = b"\0\x10\1"
        out.append(b"\xfd" + unsigned(number) + immediate)
    return out


def body(operands: tuple[bytes, ...], instruction: bytes, results: int) -> bytes:
    return b"\0" + b"".join(_CONSTANT[kind] for kind in operands) + instruction + b"\x1a" * results + b"\x41\x00\x0b"


def typed(instruction: bytes, *, is_64: bool) -> tuple[tuple[bytes, ...], int] | None:
    """Operands and number of results that make the instruction valid, or None if nothing does."""
    p = I64 if is_64 else I32
    simple = [(V128,), (V128, V128), (I32,), (I64,), (F32,), (F64,), (I32, I32), (I64, I64), (F32, F32), (F64, F64), (V128, V128, V128)]
    mixed = [(V128, I32), (V128, I64), (V128, F32), (V128, F64), (p,), (p, I32), (p, I64), (p, F32), (p, F64), (p, V128), ()]
    for operands in (*simple, *mixed, (p, p, p), (p, I32, p), (p, I32, I32), (I32, I32, I32)):
        for results in (1, 0):
            module = contract([(0, body(operands, instruction, results))], [export("f", 0, 0)], is_64=is_64, **AROUND)  # type: ignore[arg-type]
            try:
                wasmtime.Module.validate(engine(), module)
            except wasmtime.WasmtimeError:
                continue
            return operands, results
    return None


def module_of_all(*, is_64: bool) -> tuple[bytes, int]:
    """A contract with functions f0, f1, … for the valid instructions, and their number."""
    bodies = [(0, body(*found[:1], code, found[1])) for code in encodings() if (found := typed(code, is_64=is_64)) is not None]
    exports = [export(f"f{index}", 0, index) for index in range(len(bodies))]
    return contract(bodies, exports, is_64=is_64, **AROUND), len(bodies)  # type: ignore[arg-type]
