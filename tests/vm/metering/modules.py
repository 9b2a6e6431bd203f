"""Modules that are contracts or are not: each of Piecrust's rules from both sides, each proposal that is off, limits, mutants."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache

import wasmtime

from coproc.vm.wasm.writer import section, unsigned

from .assemble import CONTRACT_FUNCTION, contract, export, from_text
from .random_programs import program

_F = '(func (export "f") (param i32) (result i32) i32.const 0)'
_MEMORY = '(memory (export "memory") 3)'
_A = '(global (export "A") i32 (i32.const 1024))'
_MEMORY_64 = '(memory (export "memory") i64 3)'
_A_64 = '(global (export "A") i64 (i64.const 1024))'


def _m(*parts: str) -> str:
    return f"(module {' '.join(parts)})"


def _imports(p: str) -> str:
    types = {
        "c": f"(param {p} {p} i32 i32 i64) (result i32)", "hq": f"(param {p} i32 i32) (result i32)",
        "hd": f"(param {p} i32) (result i32)",
        "emit": f"(param {p} i32 i32)", "feed": "(param i32)", "caller": "(result i32)", "callstack": "(result i32)",
        "limit": "(result i64)",
        "spent": "(result i64)", "panic": "(param i32)", "owner": f"(param {p}) (result i32)", "self_id": "",
    }  # fmt: skip
    return " ".join(f'(import "env" "{text}" (func {kind}))' for text, kind in types.items())


RULES = {
    "a contract": _m(_MEMORY, _A, _F),
    "a 64-bit contract": _m(_MEMORY_64, _A_64, _F),
    "empty module": _m(),
    "no memory": _m(_A, _F),
    "memory not exported": _m("(memory 3)", _A, _F),
    "memory exported twice": _m(_MEMORY, '(export "m" (memory 0))', _A, _F),
    "memory with another name": _m('(memory (export "xyz") 3)', _A, _F),
    "imported memory": _m('(import "env" "memory" (memory 3))', '(export "memory" (memory 0))', _A, _F),
    "imported memory called caller": _m('(import "env" "caller" (memory 3))', '(export "memory" (memory 0))', _A, _F),
    "function without parameter": _m(_MEMORY, _A, '(func (export "g") (result i32) i32.const 0)'),
    "function of i64": _m(_MEMORY, _A, '(func (export "g") (param i64) (result i32) i32.const 0)'),
    "function of two": _m(_MEMORY, _A, '(func (export "g") (param i32 i32) (result i32) i32.const 0)'),
    "function without result": _m(_MEMORY, _A, '(func (export "g") (param i32))'),
    "function with two results": _m(_MEMORY, _A, '(func (export "g") (param i32) (result i32 i32) i32.const 0 i32.const 1)'),
    "wrong function and no memory": _m(_A, '(func (export "g") (param i32))'),
    "no function": _m(_MEMORY, _A),
    "all imports": _m(_imports("i32"), _MEMORY, _A, _F),
    "all imports, 64 bits": _m(_imports("i64"), _MEMORY_64, _A_64, _F),
    "imports of 64 bits in 32": _m(_imports("i64"), _MEMORY, _A, _F),
    "imports of 32 bits in 64": _m(_imports("i32"), _MEMORY_64, _A_64, _F),
    "unknown import": _m('(import "env" "nope" (func))', _MEMORY, _A, _F),
    "unknown import and wrong function": _m('(import "env" "nope" (func))', _MEMORY, _A, '(func (export "g") (param i32))'),
    "unknown import and no A": _m('(import "env" "nope" (func))', _MEMORY, _F),
    "import for debugging": _m('(import "env" "hdebug" (func (param i32)))', _MEMORY, _A, _F),
    "import of another type": _m('(import "env" "caller" (func (param i32) (result i32)))', _MEMORY, _A, _F),
    "import of another type and no A": _m('(import "env" "caller" (func (param i32) (result i32)))', _MEMORY, _F),
    "import from elsewhere": _m('(import "zzz" "caller" (func (result i32)))', _MEMORY, _A, _F),
    "import twice": _m('(import "a" "caller" (func (result i32)))', '(import "b" "caller" (func (result i32)))', _MEMORY, _A, _F),
    "imported global": _m('(import "env" "caller" (global i32))', _MEMORY, _A, _F),
    "imported table": _m('(import "env" "caller" (table 1 funcref))', _MEMORY, _A, _F),
    "imported global of no known name": _m('(import "env" "x" (global i32))', _MEMORY, _A, _F),
    "exported import": _m('(import "env" "owner" (func (param i32) (result i32)))', '(export "owner" (func 0))', _MEMORY, _A, _F),
    "exported import of another type": _m('(import "env" "feed" (func (param i32)))', '(export "feed" (func 0))', _MEMORY, _A, _F),
    "no A": _m(_MEMORY, _F),
    "mutable A": _m(_MEMORY, '(global (export "A") (mut i32) (i32.const 1024))', _F),
    "A of 64 bits in 32": _m(_MEMORY, '(global (export "A") i64 (i64.const 1024))', _F),
    "A of 32 bits in 64": _m(_MEMORY_64, _A, _F),
    "A of f32": _m(_MEMORY, '(global (export "A") f32 (f32.const 1024))', _F),
    "A of v128": _m(_MEMORY, '(global (export "A") v128 (v128.const i64x2 0 0))', _F),
    "A is a function": _m(_MEMORY, '(func (export "A") (param i32) (result i32) i32.const 0)'),
    "A is the memory": _m('(memory (export "A") 3)', _F),
    "A beyond the memory's length": _m('(memory (export "memory") 1)', '(global (export "A") i32 (i32.const 0x7ffffff0))', _F),
    "A ends where i32 does": _m(_MEMORY, '(global (export "A") i32 (i32.const 0x7fffffff))', _F),
    "A is −65,537": _m(_MEMORY, '(global (export "A") i32 (i32.const -65537))', _F),
    "A near 4 TiB": _m(_MEMORY_64, '(global (export "A") i64 (i64.const 0x3fffffeffff))', _F),
    "A at 4 TiB less its size": _m(_MEMORY_64, '(global (export "A") i64 (i64.const 0x3fffffff0000))', _F),
    "start function": _m(_MEMORY, _A, _F, "(func $s) (start $s)"),
    "start function and no A": _m(_MEMORY, _F, "(func $s) (start $s)"),
    "data past the end": _m(_MEMORY, _A, _F, '(data (i32.const 196607) "ab")'),
    "data up to the end": _m(_MEMORY, _A, _F, '(data (i32.const 196606) "ab")'),
    "empty data at the end": _m(_MEMORY, _A, _F, '(data (i32.const 196608) "")'),
    "empty data past the end": _m(_MEMORY, _A, _F, '(data (i32.const 196609) "")'),
    "data past the end and no A": _m(_MEMORY, _F, '(data (i32.const 196607) "ab")'),
    "data at −1": _m(_MEMORY, _A, _F, '(data (i32.const -1) "a")'),
    "elements past the end": _m(_MEMORY, _A, _F, "(table 1 funcref) (elem (i32.const 1) 0)"),
    "no elements past the end": _m(_MEMORY, _A, _F, "(table 1 funcref) (elem (i32.const 2))"),
    "elements up to the end": _m(_MEMORY, _A, _F, "(table 1 funcref) (elem (i32.const 0) 0)"),
    "table of ten million and one": _m(_MEMORY, _A, _F, "(table 10000001 funcref)"),
    "table of ten million": _m(_MEMORY, _A, _F, "(table 10000000 funcref)"),
    "memory of 4 GiB": _m('(memory (export "memory") 65536)', _A, _F),
    "memory of 4 TiB": _m('(memory (export "memory") i64 0x4000000)', _A_64, _F),
    "memory of 2^64 bytes": _m('(memory (export "memory") i64 0x1000000000000)', _A_64, _F),
    "memory that may not grow": _m('(memory (export "memory") 3 3)', _A, _F),
    "exported table": _m(_MEMORY, _A, _F, '(table (export "t") 3 funcref)'),
    "exported mutable global": _m(_MEMORY, _A, _F, '(global (export "g") (mut i64) (i64.const 3))'),
    "exports that look like the meter's": _m(
        _MEMORY, _A, _F, '(global (export "~~remaining") (mut i64) (i64.const 3)) (export "~" (func 0))'
    ),
}

# What Piecrust does here is a fault of the host and is not copied; see `test_contract_rules.py`.
FAULTS = {
    "A is −1": _m(_MEMORY, '(global (export "A") i32 (i32.const -1))', _F),
    "A is −65,536": _m(_MEMORY, '(global (export "A") i32 (i32.const -65536))', _F),
    "A is −1, 64 bits": _m(_MEMORY_64, '(global (export "A") i64 (i64.const -1))', _F),
    "start function that is an import": _m('(import "env" "self_id" (func $s))', _MEMORY, _A, _F, "(start $s)"),
    "memory beyond 4 TiB": _m('(memory (export "memory") i64 0x4000001)', _A_64, _F),
    "two memories": _m(_MEMORY, _A, _F, "(memory 1)"),
}

PROPOSALS = {
    "reference-types": (
        "(func (param externref))", "(func (local funcref))", "(table 3 funcref)(func (drop (table.get 0 (i32.const 0))))",
        "(func (drop (ref.null func)))", "(func (drop (select (result i32) (i32.const 0) (i32.const 0) (i32.const 0))))",
        "(table 3 funcref)(table 3 funcref)", "(table 3 funcref)(elem (i32.const 0) funcref (ref.func 0))",
        "(elem declare func 0)(func (drop (ref.func 0)))", "(table 3 externref)", "(table 3 funcref)(func (drop (table.size 0)))",
        "(table 3 funcref)(func (table.fill 0 (i32.const 0) (ref.null func) (i32.const 0)))", "(global funcref (ref.null func))",
        "(func (block (result externref) unreachable) drop)", "(func (drop (ref.is_null (ref.null func))))",
    ),
    "tail-call": ("(func return_call 1)", "(table 1 funcref)(func (return_call_indirect (i32.const 0)))"),
    "exceptions": ("(tag)", "(tag $e)(func throw $e)", "(func (block $h (try_table (catch_all $h))))", "(func (param exnref))"),
    "gc": (
        "(type (struct))", "(rec (type (func)) (type (func)))", "(func (drop (ref.i31 (i32.const 0))))", "(func (param anyref))",
        "(type (array i8))", "(type (sub (func)))", "(global i32 (i32.const 3))(global i32 (global.get 1))",
    ),
    "function-references": (
        "(type $t (func)) (func (param (ref $t)))", "(type $t (func)) (func (local (ref null $t)) (call_ref $t (local.get 0)))",
        "(table 1 1 funcref (ref.null func))", "(func (param (ref func)))",
    ),
    "threads": (
        "(func (drop (i32.atomic.load (i32.const 0))))", "(func (i64.atomic.store (i32.const 0) (i64.const 0)))", "(func atomic.fence)",
        "(memory 1 1 shared)",
    ),
    "wide-arithmetic": ("(func (i64.add128 (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0)) drop drop)",),
    "extended-const": ("(global i32 (i32.add (i32.const 1) (i32.const 2)))", "(global i64 (i64.mul (i64.const 1) (i64.const 2)))"),
    "custom-page-sizes": ("(memory 1 (pagesize 1))",),
    "table64": ("(table i64 3 funcref)",),
    "memory-control": ("(func (memory.discard (i32.const 0) (i32.const 0)))",),
    "stack-switching": ("(type $g (func)) (type $c (cont $g))", "(type $g (func)) (type $c (cont $g)) (func (param (ref null $c)))"),
}  # fmt: skip


def proposals() -> dict[str, tuple[str, bytes]]:
    """name → (the proposal that must be named, module)."""
    out = {}
    for proposal, parts in PROPOSALS.items():
        for number, part in enumerate(parts):
            in_front = part.startswith(("(type", "(rec"))  # types are declared before what uses them
            parts_in_order = (part, _MEMORY, _A, _F) if in_front else (_MEMORY, _A, _F, part)
            out[f"{proposal} {number}"] = (proposal, from_text(_m(*parts_in_order)))
    out["component-model"] = ("component-model", from_text("(component)"))
    legacy = b"\0\x06\x40\x19\x0b\x41\0\x0b"
    out["legacy-exceptions"] = ("legacy-exceptions", contract([(0, legacy)], [export("f", 0, 0)]))
    out["compact-imports"] = ("compact-imports", b"\0asm\1\0\0\0" + section(2, b"\x01\x01m\x00\x7f\x00"))
    return out


def padded(count: int) -> bytes:
    """`f` calls a function through the table, whose index, zero, takes `count` bytes, as compilers write it where a linker fills it in."""
    through = b"\0\x20\0\x41\0\x11\0" + b"\x80" * (count - 1) + b"\0\x0b"
    elements = b"\x01\0\x41\0\x0b\x01\x01"
    return contract([(0, through), (0, b"\0\x41\x08\x0b")], [export("f", 0, 0)], table=1, elements=elements)


def unusual() -> dict[str, bytes]:
    """Contracts in encodings that compilers do not write, or at a limit; function `f` takes nothing and returns 0 bytes."""
    work = b"\x41\xe4\0\x41\x07\x36\x02\0"
    simple = [export("f", 0, 0)]
    loop = b"\x03\x40\x20\x01\x41\x01\x6a\x22\x01\x41\x05\x48\x0d\0\x0b"
    long = {  # the same instruction with its integers in more bytes than they need
        "local.get": b"\x20\x80\x80\x80\x80\0\x1a", "i32.const": b"\x41\x80\x80\x80\x80\0\x1a",
        "i64.const": b"\x42" + b"\x80" * 9 + b"\0\x1a",
        "i32.store": b"\x41\0\x41\0\x36\x82\x80\0\x80\x80\x80\x80\0",
        "i64.load": b"\x41\0\x29\x83\0\x80\x80\x80\x80\0\x1a",
        "memory index": b"\x41\0\x28\x42\0\0\x1a", "store with a memory index": b"\x41\0\x42\0\x37\x43\0\0",
        "memory.size": b"\x3f\x80\0\x1a",
        "saturating": b"\x43\0\0\0\0\xfc\x80\0\x1a", "vector": b"\xfd\x0c" + bytes(16) + b"\xfd\xcd\x80\x80\0\x1a",
        "vector store": b"\x41\0\xfd\x0c" + bytes(16) + b"\xfd\x8b\0\0\0",
        "lane store": b"\x41\0\xfd\x0c" + bytes(16) + b"\xfd\xda\0\0\0\1",
        "memory.fill": b"\x41\0\x41\0\x41\0\xfc\x0b\x80\0", "br": b"\x02\x40\x0c\x80\0\x0b",
    }  # fmt: skip
    out = {f"long {what}": contract([(0, b"\x01\x01\x7f" + code + b"\x41\0\x0b")], simple) for what, code in long.items()}
    out["49,999 locals"] = contract([(0, b"\x01" + unsigned(49_999) + b"\x7f" + loop + work + b"\x41\0\x0b")], simple)
    out["49,998 locals"] = contract([(0, b"\x01" + unsigned(49_998) + b"\x7f" + loop + work + b"\x41\0\x0b")], simple)
    called = b"\x01" + unsigned(49_999) + b"\x7f" + loop + b"\x41\0\x0b"
    calling = b"\x01" + unsigned(49_999) + b"\x7f" + work + b"\x41\0\x10\x01\x1a" + loop + b"\x41\0\x10\x01\x0b"
    out["49,999 locals in caller and callee"] = contract([(0, calling), (0, called)], simple)
    out["groups of no locals"] = contract([(0, b"\x03\0\x7f\x01\x7f\0\x7b" + loop + b"\x41\0\x0b")], simple)
    out["blocks 1,000 deep"] = contract([(0, b"\0" + b"\x02\x40" * 1000 + b"\x0c\xe7\x07" + b"\x0b" * 1000 + b"\x41\0\x0b")], simple)
    out["loops 60 deep"] = contract([(0, b"\0" + b"\x03\x40" * 60 + b"\x0b" * 60 + b"\x41\0\x0b")], simple)
    results = b"\x60\x01\x7f\x03\x7f\x7e\x7f"
    many = b"\0\x41\x01\x42\x02\x41\x03\x20\0\x0d\0\x0f\x0b"
    first = b"\0\x41\x01\x10\x01\x1a\x1a\x1a\x41\0\x10\x01\x1a\x1a\x1a\x41\0\x0b"
    out["branch out with three results"] = contract([(0, first), (1, many)], simple, types=(CONTRACT_FUNCTION, results))
    out["branch table of 1,000"] = contract([(0, b"\0\x02\x40\x41\x03\x0e" + unsigned(1000) + b"\0" * 1001 + b"\x0b\x41\0\x0b")], simple)
    return out


def mutants(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Mutants of the modules above and of random programs, by bytes and by ranges of bytes."""
    choice = random.Random(seed)
    corpus = [program(number) for number in range(40)] + [from_text(text) for text in RULES.values()]
    for number in range(count):
        binary = bytearray(choice.choice(corpus))
        for _ in range(choice.choice((1, 1, 1, 2))):
            at, kind = choice.randrange(len(binary)), choice.randrange(6)
            if kind == 0:
                binary[at] = choice.randrange(256)
            elif kind == 1:
                binary[at] ^= 1 << choice.randrange(8)
            elif kind == 2:
                binary[at] = (binary[at] + choice.choice((-1, 1))) & 255
            elif kind == 3:
                other = choice.randrange(len(binary))
                binary[at : at + 8] = binary[other : other + 8]
            elif kind == 4:
                binary[choice.randrange(min(len(binary), 70))] = choice.randrange(256)
            else:
                binary[at] = choice.choice((0, 1, 0x7F, 0x0B, 0x40, 0x10))
        yield f"mutant {number}", bytes(binary)


def all_modules() -> Iterator[tuple[str, bytes]]:
    """The modules whose deployment is recorded."""
    for title, text in (RULES | FAULTS).items():
        yield title, from_text(text)
    for title, (_, binary) in proposals().items():
        yield title, binary
    for count in range(1, 7):
        yield f"table index of {count} bytes", padded(count)
    limits = {
        "100,000 exports": 99_998,
        "100,001 exports": 99_999,
    }
    for title, count in limits.items():
        yield title, contract([(0, b"\0\x41\0\x0b")], [export(f"f{index}", 0, 0) for index in range(count)])
    for title, count in (("branch table of 131,072", 131_072), ("branch table of 131,073", 131_073)):
        body = b"\0\x02\x40\x41\x03\x0e" + unsigned(count) + b"\0" * (count + 1) + b"\x0b\x41\0\x0b"
        yield title, contract([(0, body)], [export("f", 0, 0)])
    for title, count in (("50,000 locals", 50_000), ("49,999 locals", 49_999)):
        yield title, contract([(0, b"\x01" + unsigned(count) + b"\x7f\x41\0\x0b")], [export("f", 0, 0)])
    yield "a name that is not UTF-8", contract([(0, b"\0\x41\0\x0b")], [b"\x02\xff\xfe\0\0"])
    yield "text", b"(module)"
    yield "nothing", b""
    interesting = 0
    for title, binary in mutants(20_000, 11):  # few mutants are valid: keep those, and a share of the others
        if interesting >= 400:
            break
        try:
            wasmtime.Module.validate(_permissive(), binary)
        except wasmtime.WasmtimeError:
            if int(title.split()[1]) % 40:
                continue
        interesting += 1
        yield title, binary


@cache
def _permissive() -> wasmtime.Engine:
    return wasmtime.Engine(wasmtime.Config())
