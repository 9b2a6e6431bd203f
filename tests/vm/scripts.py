"""The calls whose outcome is recorded from Piecrust: each script is a list of lines of `piecrust-run`."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import wasmtime

from tests.vectors.load import DUSK_COUNTS, dusk

CONTRACTS = Path(__file__).parent / "contracts"
Line = dict[str, Any]
GAS = 1_000_000
OWNER = bytes(range(32))
A, B, C, D = (bytes([letter]) * 32 for letter in (0xA1, 0xB2, 0xC3, 0xD4))
NOBODY = bytes([9]) * 32


def relay(*, is_64: bool) -> str:
    """The text of relay.wat for one pointer width."""
    text = (CONTRACTS / "relay.wat").read_text()
    out = _widened(text) if is_64 else text.replace("%(", "(")
    pointer = "i64" if is_64 else "i32"
    out = out.replace("(P.", f"({pointer}.").replace(" P ", f" {pointer} ").replace(" P)", f" {pointer})")
    for _ in range(2):
        out = out.replace(" P ", f" {pointer} ")
    return out.replace(" M3", " i64 3" if is_64 else " 3")


def _widened(text: str) -> str:
    """`%(…)` becomes `(i64.extend_i32_u (…))`."""
    out: list[str] = []
    i = 0
    while i < len(text):
        if text[i : i + 2] != "%(":
            out.append(text[i])
            i += 1
            continue
        depth, j = 0, i + 1
        while True:
            depth += (text[j] == "(") - (text[j] == ")")
            j += 1
            if not depth:
                break
        out.append(f"(i64.extend_i32_u {text[i + 1 : j]})")
        i = j
    return "".join(out)


def assemble(text: str) -> str:
    """WAT to the hex of the module."""
    return bytes(wasmtime.wat2wasm(text)).hex()


def deploy(contract: bytes | None, wasm: str, *, init: bytes = b"", gas: int = GAS, owner: bytes = OWNER) -> Line:
    return {
        "do": "deploy", "id": contract.hex() if contract else None, "wasm": wasm, "owner": owner.hex(),
        "init_arg": init.hex(), "gas_limit": gas,
    }  # fmt: skip


def call(contract: bytes, function: str, arg: bytes = b"", gas: int = GAS, *, feed: bool = False) -> Line:
    line: Line = {"do": "call", "id": contract.hex(), "fn": function, "arg": arg.hex(), "gas_limit": gas}
    return line | {"feed": True} if feed else line


def metadata(name: str, value: bytes) -> Line:
    return {"do": "metadata", "name": name, "value_hex": value.hex()}


def policy(plonk: str, fork: str) -> Line:
    return {"do": "policy", "plonk": plonk, "fork": fork}


def nested(contract: bytes, function: str, arg: bytes = b"", gas: int = 0) -> bytes:
    """The argument of `call` and its like: what to call."""
    name = function.encode()
    return contract + struct.pack("<QI", gas, len(name)) + name.ljust(32, b"\0") + arg


def query(name: str, arg: bytes) -> bytes:
    return struct.pack("<I", len(name)) + name.encode().ljust(28, b"\0") + arg


def pointer(value: int, *, is_64: bool) -> bytes:
    """A pointer argument: 8 bytes, of which a 32-bit contract reads four."""
    return struct.pack("<Q" if is_64 else "<II", *((value,) if is_64 else (value & 0xFFFF_FFFF, 0)))


def _single(*, is_64: bool) -> Iterator[Line]:
    """Every function by itself, its limits, and its bad arguments."""
    wasm = assemble(relay(is_64=is_64))
    p: Callable[[int], bytes] = lambda value: pointer(value, is_64=is_64)  # noqa: E731
    yield metadata("chain_id", b"\x02")
    yield metadata("block_height", struct.pack("<Q", 100))
    yield deploy(A, wasm, init=struct.pack("<I", 5))
    yield deploy(A, wasm)
    yield deploy(B, wasm, init=struct.pack("<I", 13))
    yield deploy(B, wasm, init=struct.pack("<I", 5), gas=20)
    yield deploy(B, wasm, init=b"\x0e\0\0\0ab")
    yield deploy(C, wasm, gas=0)
    yield deploy(None, wasm, init=b"")
    for function in ("read", "inc", "inc", "read", "times", "times", "inc_trap", "read", "trap", "loop", "init", "missing", "memory", ""):
        yield call(A, function)
    yield call(NOBODY, "read")
    for gas in (0, 1, 2, 9, 10, 11, 36, 37, 38, 100, (1 << 63) - 1, 1 << 63, (1 << 64) - 1):
        yield call(A, "inc", gas=gas)
        yield call(A, "limit", gas=gas)
    for n in (1, 2, 100):
        yield call(A, "count", struct.pack("<I", n))
    for gas in range(2040, 2180, 9):
        yield call(A, "count", struct.pack("<I", 100), gas=gas)
    yield call(A, "recurse", struct.pack("<I", 200))
    for gas in (500, 1000, 1500, 1990, 2000, 2010, 2020, 2050, 2100):
        yield call(A, "recurse", struct.pack("<I", 200), gas=gas)
    yield call(A, "divide", bytes(4))
    yield call(A, "divide", b"\1\0\0\0")
    for length in (0, 1, 65535, 65536):
        yield call(A, "echo", bytes([7]) * length)
    yield call(A, "length", struct.pack("<I", 65536))
    for message in (b"", b"no more", "žluť".encode(), b"\xff\xfe", b"x" * 3000):
        yield call(A, "panic", message)
    for n in (65532, 65536, 65537, 1 << 31):
        yield call(A, "panic_at", struct.pack("<I", n))
    for data in (b"", b"data", bytes(1000)):
        yield call(A, "emit", data)
        yield call(A, "emit_trap", data)
    for gas in range(20, 60, 3):
        yield call(A, "emit", b"four", gas=gas)
    yield call(A, "read")
    top = 1 << 42 if is_64 else 1 << 32
    for at, size, length in (
        (16, 5, 0), (32, 2, 0), (top - 2, 2, 0), (top - 2, 3, 0), (16, 5, 65537), (16, 5, 65536), (0, 0, 0), (top - 1, 0, 1),
        (5 << 20, 3, 3), (16, 1 << 31, 0),
    ):  # fmt: skip
        yield call(A, "emit_at", p(at) + struct.pack("<II", size, length))
        yield call(A, "hq_at", p(at) + struct.pack("<II", size, length))
        yield call(A, "hd_at", p(at) + struct.pack("<II", size, length))
        yield call(A, "c_at", p(at) + p(at) + struct.pack("<II", size, length))
        yield call(A, "owner_at", p(at))
    yield call(A, "c_at", p(top - 31) + p(16) + struct.pack("<II", 5, 0))
    yield call(A, "owner_at", p(top - 31))
    yield call(A, "owner_at", p(top - 32))
    yield call(A, "feed", b"fed", feed=True)
    yield call(A, "feed", b"fed")
    yield call(A, "feed_at", struct.pack("<I", 65537), feed=True)
    for name in ("chain_id", "block_height", "public_sender", "", "none"):
        yield call(A, "hd", name.encode())
    yield call(A, "hd", b"\xff")
    yield metadata("public_sender", bytes(range(96)))
    yield call(A, "hd", b"public_sender")
    for function in ("caller", "callstack", "self_id", "owner", "limit", "size"):
        yield call(A, function)
    for contract in (A, B, NOBODY):
        yield call(A, "owner", contract)
    for pages in (0, 1, 2, 1 << 16, (1 << 32) - 1):
        yield call(A, "grow", p(pages))
        yield call(A, "size")
    yield call(A, "grow_trap", p(3))
    yield call(A, "size")
    for at in (8, 3 << 16, (6 << 16) - 4, 16 << 20, (1 << 32) - 8):
        yield call(A, "peek", p(at))
        yield call(A, "poke", p(at) + bytes(range(8)))
        yield call(A, "peek", p(at))
        yield call(A, "poke_trap", p(at) + bytes(8))
        yield call(A, "peek", p(at))
        yield call(A, "fill", p(at) + p(3))
    yield call(A, "hq", query("none", b""))
    yield call(A, "hq", query("hash", b"abc"))
    yield call(A, "read")


def _calls(*, is_64: bool) -> Iterator[Line]:
    """Calls in calls: codes, gas, events, re-entrancy, depth."""
    wasm = assemble(relay(is_64=is_64))
    other = assemble(relay(is_64=not is_64))
    yield deploy(A, wasm)
    yield deploy(B, other, init=struct.pack("<I", 50))
    yield deploy(C, wasm, owner=b"other")
    for function in (
        "read",
        "inc",
        "trap",
        "init",
        "missing",
        "loop",
        "panic",
        "inc_trap",
        "echo",
        "caller",
        "callstack",
        "limit",
        "self_id",
        "owner",
    ):
        yield call(A, "call", nested(B, function, b"word"))
        yield call(A, "call_emit", nested(B, function, b"word"))
        yield call(B, "read")
    yield call(A, "call", nested(NOBODY, "read"))
    yield call(A, "call", nested(B, "length", struct.pack("<I", 65537)))
    yield call(A, "call", nested(B, "length", struct.pack("<i", -1)))
    yield call(A, "call", nested(B, "length", struct.pack("<I", 200)))
    yield call(A, "call", nested(B, "panic", b"\xff"))
    yield call(A, "call", nested(B, "panic", b"m" * 3000))
    for gas in (1, 5, 20, 36, 37, 50, 500, GAS, 10 * GAS, 1 << 63):
        yield call(A, "call", nested(B, "inc", gas=gas))
        yield call(A, "call_spent", nested(B, "limit", gas=gas))
        yield call(A, "call", nested(B, "loop", gas=gas))
    for gas in (*range(100, 400, 17), 1000, 1001, 1099):
        yield call(A, "call_spent", nested(B, "inc"), gas=gas)
        yield call(A, "call_emit", nested(B, "emit", b"abcd"), gas=gas)
    for function in ("call_panic", "call_trap"):
        yield call(A, function, nested(B, "inc"))
        yield call(A, function, nested(B, "emit", b"lost"))
    yield call(B, "read")
    # re-entrancy: one memory, one set of globals
    for function in ("inc", "inc_trap", "times", "trap", "emit_trap", "call_then_inc"):
        yield call(A, "call_then_inc", nested(A, function, nested(A, "inc")))
        yield call(A, "call_then_inc", nested(B, "call_then_inc", nested(A, function, nested(B, "inc"))))
        yield call(A, "read")
    chain = nested(A, "callstack")
    for number in range(1, 7):
        chain = nested((A, B, C)[number % 3], "call_emit", chain)
    yield call(A, "call", chain)
    for inner in ("call", "call_trap", "call_panic", "call_emit"):
        for outer in ("call", "call_emit", "call_trap", "call_then_inc"):
            yield call(A, outer, nested(B, inner, nested(C, "inc")))
            yield call(A, outer, nested(B, inner, nested(C, "emit_trap", b"x")))
            yield call(A, outer, nested(B, inner, nested(A, "emit", b"y")))
    for depth in (46, 47, 48, 60):
        for ring in ((A,), (A, B), (A, B, C)):
            chain = nested(A, "inc")
            for number in range(depth):
                chain = nested(ring[number % len(ring)], "call", chain)
            yield call(ring[depth % len(ring)], "call", chain, 10_000_000)
            yield call(A, "read")
    # growth in calls that fail
    two = pointer(2, is_64=is_64)
    other_two = pointer(2, is_64=not is_64)
    yield call(A, "call", nested(A, "grow_trap", two))
    yield call(A, "size")
    yield call(A, "call_then_inc", nested(A, "grow", two))
    yield call(A, "size")
    yield call(A, "call_trap", nested(B, "grow", other_two))
    yield call(B, "size")
    yield call(A, "call", nested(B, "grow", other_two))
    yield call(B, "size")
    yield call(A, "call", nested(B, "feed", b"from below"), feed=True)
    yield call(A, "call", nested(B, "feed", b"from below"))
    yield call(A, "call", nested(C, "owner", C))
    yield call(A, "call", nested(C, "hq", query("hash", b"")))
    yield call(A, "call", nested(C, "hq", query("nothing", b"")))


def _state() -> Iterator[Line]:
    """Commits, new sessions, and what an instance keeps from call to call."""
    minimal = assemble((CONTRACTS / "minimal.wat").read_text())
    wasm = assemble(relay(is_64=False))
    yield deploy(D, minimal)
    for function in ("globals", "globals", "text", "text", "swap", "swap"):
        yield call(D, function)
    for slot in (0, 1):  # not an empty slot: a trap by signal, after which upstream's process dies
        yield call(D, "apply", struct.pack("<I", slot))
    yield call(D, "grow", struct.pack("<I", 1))
    yield call(D, "grow", struct.pack("<I", 65530))
    yield deploy(A, wasm, init=struct.pack("<I", 9))
    yield call(A, "hd", b"block_height")
    yield {"do": "commit"}
    yield call(A, "inc")
    yield call(A, "hd", b"block_height")
    yield {"do": "new_session"}
    yield call(A, "read")
    yield call(A, "poke", pointer(7 << 20, is_64=False) + b"far away")
    yield call(A, "times")
    yield call(D, "grow", struct.pack("<I", 0))
    yield call(D, "globals")
    yield {"do": "commit"}
    yield call(A, "peek", pointer(7 << 20, is_64=False))
    yield call(A, "read")
    yield call(A, "call_then_inc", nested(A, "inc"))
    yield deploy(A, wasm)
    yield deploy(B, wasm)
    yield {"do": "new_session"}
    yield call(B, "read")


def _limits(*, is_64: bool) -> Iterator[Line]:
    """Every gas limit around what calls need."""
    yield deploy(A, assemble(relay(is_64=is_64)))
    yield deploy(B, assemble(relay(is_64=not is_64)))
    yield policy("V3", "Boreas")
    for gas in range(60):
        yield call(A, "inc", gas=gas)
        yield call(A, "emit", b"abc", gas=gas)
        yield call(A, "limit", gas=gas)
        yield call(A, "panic", b"", gas=gas)
    for gas in range(2000, 2075):
        yield call(A, "count", struct.pack("<I", 70), gas=gas)
        yield call(A, "recurse", struct.pack("<I", 140), gas=gas)
    for gas in range(60, 320, 3):
        yield call(A, "call_spent", nested(B, "inc"), gas=gas)
        yield call(A, "call_emit", nested(A, "emit", b"abcd"), gas=gas)
        yield call(A, "call", nested(B, "call_emit", nested(A, "inc")), gas=gas)
    price = 8868
    for gas in (100, price, *range(11_900, 12_000), 20_000):
        yield call(A, "hq", query("hash", b"abc"), gas=gas)
    yield call(A, "read")


OPERATIONS_HEAVY = ("verify_plonk", "verify_groth16_bn254", "verify_schnorr", "verify_bls", "verify_bls_multisig", "verify_kzg_proof")


def _queries() -> Iterator[Line]:
    """The eleven host queries under each fork, on argument buffers of the vectors."""
    yield deploy(A, assemble(relay(is_64=False)))
    yield deploy(B, assemble(relay(is_64=True)))
    yield {"do": "commit"}
    for plonk, fork in (("V1", "PreFork"), ("V2", "PreFork"), ("V3", "Aegis"), ("V3", "Boreas")):
        yield policy(plonk, fork)
        for op in DUSK_COUNTS["dusk"]:
            cases = dusk(op)
            wanted = 6 if op in OPERATIONS_HEAVY else 10
            chosen = [case for case in cases if len(case.argbuf) <= 65504 and case.expect != "panic"][:: max(1, len(cases) // wanted)]
            chosen += [case for case in cases if case.expect is True and len(case.argbuf) <= 65504][:1]
            for number, case in enumerate(chosen):
                yield call((A, B)[number % 2], "hq", query(op, case.argbuf), 3_000_000_000)
            yield call(A, "hq", query(op, b""), 3_000_000_000)
            yield call(A, "call", nested(B, "hq", query(op, chosen[0].argbuf[:65000])), 100_000)
        for op in DUSK_COUNTS["dusk"]:
            for case in [case for case in dusk(op) if case.expect == "panic" and len(case.argbuf) <= 60000][:1]:
                yield call(A, "hq", query(op, case.argbuf), 3_000_000_000)
                yield {"do": "new_session"}
                yield call(A, "call_emit", nested(B, "hq", query(op, case.argbuf)), 3_000_000_000)
                yield {"do": "new_session"}


def _panics() -> Iterator[Line]:
    """Where upstream's host panics: each followed by a new session."""
    yield deploy(A, assemble(relay(is_64=False)))
    yield deploy(B, assemble(relay(is_64=True)))
    yield {"do": "commit"}
    for line in (
        call(A, "length", struct.pack("<I", 65537)),
        call(A, "length", struct.pack("<i", -1)),
        call(A, "length", struct.pack("<i", -(1 << 31))),
        call(A, "call_emit", nested(B, "length", struct.pack("<i", -1))),
    ):
        yield line
        yield {"do": "new_session"}
        yield call(A, "read")
    for length in (65532, 65533, 65536):
        yield call(B, "set_64", struct.pack("<I", length))
        yield call(A, "call", nested(B, "panic_long"))
        yield {"do": "new_session"}


MODULES: dict[str, str] = {
    "plain": '(memory (export "m") 2) (global (export "A") i32 (i32.const 0))',
    "no memory": '(global (export "A") i32 (i32.const 0))',
    "memory not exported": '(memory 2) (global (export "A") i32 (i32.const 0))',
    "memory exported twice": '(memory (export "m") (export "n") 2) (global (export "A") i32 (i32.const 0))',
    "no A": '(memory (export "m") 2)',
    "A mutable": '(memory (export "m") 2) (global (export "A") (mut i32) (i32.const 0))',
    "A of 64 bits": '(memory (export "m") 2) (global (export "A") i64 (i64.const 0))',
    "A a function": '(memory (export "m") 2) (func (export "A") (param i32) (result i32) (i32.const 0))',
    "one page": '(memory (export "m") 1) (global (export "A") i32 (i32.const 0))',
    "wrong export":
        '(memory (export "m") 2) (global (export "A") i32 (i32.const 0)) (func (export "f") (param i64) (result i32) (i32.const 0))',
    "no result": '(memory (export "m") 2) (global (export "A") i32 (i32.const 0)) (func (export "f") (param i32))',
    "unknown import": '(import "env" "hdebug" (func (param i32))) (memory (export "m") 2) (global (export "A") i32 (i32.const 0))',
    "import of another type": '(import "env" "limit" (func (result i32))) (memory (export "m") 2) (global (export "A") i32 (i32.const 0))',
    "imported memory": '(import "env" "memory" (memory 2)) (export "m" (memory 0)) (global (export "A") i32 (i32.const 0))',
    "imported global called c": '(import "env" "c" (global i32)) (memory (export "m") 2) (global (export "A") i32 (i32.const 0))',
    "start": '(memory (export "m") 2) (global (export "A") i32 (i32.const 0)) (func $s) (start $s)',
    "data out of bounds": '(memory (export "m") 2) (global (export "A") i32 (i32.const 0)) (data (i32.const 131070) "abc")',
    "elements out of bounds":
        '(memory (export "m") 2) (global (export "A") i32 (i32.const 0)) (table 1 funcref) (func $f) (elem (i32.const 1) $f)',
    "tail call": '(memory (export "m") 2) (global (export "A") i32 (i32.const 0)) (func $f (return_call $f))',
    "threads": '(memory (export "m") 2) (global (export "A") i32 (i32.const 0)) (func (drop (i32.atomic.load (i32.const 0))))',
    "64 bits": '(memory (export "m") i64 2) (global (export "A") i64 (i64.const 0))',
}  # fmt: skip


def _modules() -> Iterator[Line]:
    """What may be deployed and what may not."""
    for number, text in enumerate(MODULES.values()):
        contract = bytes([number + 1]) * 32
        yield deploy(contract, assemble(f"(module {text})"))
        yield call(contract, "f")
    for number, wasm in enumerate(("", "00", "0061736d01000000", "0061736d02000000", "0061736d01000000ff")):
        yield deploy(bytes([number + 100]) * 32, wasm)


def _below_zero() -> Iterator[Line]:
    """Functions that have spent more than they have when they ask or pay, and all that a limit of gas can be."""
    spin = "(drop (i32.const 1))" * 20
    self_call = "(memory.fill (i32.const 128) (i32.const 0xa1) (i32.const 32)) (i64.store (i32.const 200) (i64.extend_i32_s (call $c"
    self_call += " (i32.const 128) (i32.const 80) (i32.const 5) (i32.const 0) (i64.const {})))) (i64.store (i32.const 4112) (i64.load"
    self_call += " (i32.const 200))) (i64.store (i32.const 4120) (call $spent)) (i32.const 32)"
    said = "(i64.store (i32.const 4096) (call $spent)) (i32.const 8)"
    bodies = {
        "spent": "(i64.store (i32.const 4096) (call $spent)) (i64.store (i32.const 4104) (call $limit)) (i32.const 16)",
        "emit_nothing": "(call $emit (i32.const 0) (i32.const 0) (i32.const 0))" + said,
        "emit": "(call $emit (i32.const 0) (i32.const 1) (i32.const 0))" + said,
        "digest": "(i32.store (i32.const 4096) (i32.const 0)) (i64.store (i32.const 4100) (i64.const 0x4FFFFFFFC))"
        " (drop (call $hq (i32.const 16) (i32.const 6) (i32.const 12)))" + said,
        "verify": "(drop (call $hq (i32.const 32) (i32.const 16) (i32.const 12)))" + said,
        "call": self_call.format(0),
        "call_with_9": self_call.format(9),
    }
    functions = "".join(f'(func (export "{name}") (param i32) (result i32) {spin} {body})' for name, body in bodies.items())
    imports = (
        ("hq", "(param i32 i32 i32) (result i32)"), ("c", "(param i32 i32 i32 i32 i64) (result i32)"), ("emit", "(param i32 i32 i32)"),
        ("spent", "(result i64)"), ("limit", "(result i64)"),
    )  # fmt: skip
    head = "".join(f'(import "env" "{name}" (func ${name} {kind}))' for name, kind in imports)
    data = "".join(f'(data (i32.const {at}) "{text}")' for at, text in ((16, "sha256"), (32, "verify_kzg_proof"), (80, "spent")))
    text = f'(module {head} (memory (export "memory") 4) (global (export "A") i32 (i32.const 4096)) {data} {functions})'
    yield policy("V3", "Boreas")
    yield deploy(A, assemble(text))
    for name in bodies:
        for gas in (
            *range(0, 100, 3),
            *range(100, 400, 13),
            5000,
            10_000,
            *((1 << 63) + n for n in (-1, 0, 1, (1 << 26) + 20)),
            (1 << 64) - 1,
        ):
            yield call(A, name, gas=gas)


def _random(seed: int) -> Iterator[Line]:
    from tests.vm.random_calls import random_calls

    return random_calls(seed, 500)


SCRIPTS: dict[str, Callable[[], Iterator[Line]]] = {
    "single_32": lambda: _single(is_64=False),
    "single_64": lambda: _single(is_64=True),
    "calls_32": lambda: _calls(is_64=False),
    "calls_64": lambda: _calls(is_64=True),
    "state": _state,
    "limits_32": lambda: _limits(is_64=False),
    "limits_64": lambda: _limits(is_64=True),
    "queries": _queries,
    "panics": _panics,
    "modules": _modules,
    "below_zero": _below_zero,
    "random_1": lambda: _random(1),
    "random_2": lambda: _random(2),
}
