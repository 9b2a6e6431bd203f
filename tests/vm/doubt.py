"""Random blocks over contracts that branch on the answers of verifications (contracts/doubt.wat)."""

from __future__ import annotations

import random
import struct
from functools import cache
from typing import Final

import wasmtime

from coproc.vm import Call
from tests.vectors import load
from tests.vm.scripts import CONTRACTS

IDS: Final = tuple(bytes([number]) * 32 for number in (1, 2, 3))
OPS: Final = ("verify_schnorr", "verify_kzg_proof")
TABLE, SAMPLES, NAMES = 245760, 262144, 512
VERIFY, VERIFY_BY_STATE, VERIFY_CHANGED, IF, EMIT, ADD, READ, TRAP, PANIC, BURN, CALL, GROW, BAD_LENGTH, HASH, SPENT, SIZE = range(16)


@cache
def samples() -> tuple[list[tuple[str, bytes]], list[int], list[int]]:
    """Argument buffers (function, bytes); the numbers of those that are true, and of all others: false, malformed, panicking."""
    distinct = {(case.op, case.argbuf): case for op in OPS for case in load.dusk(op) if case.argbuf}
    cases = list(distinct.values())[:256]
    true = [number for number, case in enumerate(cases) if case.expect is True]
    return [(case.op, case.argbuf) for case in cases], true, [number for number in range(len(cases)) if number not in set(true)]


@cache
def contract() -> bytes:
    """The module with the samples in it."""
    table, data, names = b"", b"", "".join(OPS).encode()
    for op, args in samples()[0]:
        table += struct.pack("<4I", SAMPLES + len(data), len(args), NAMES + names.index(op.encode()), len(op))
        data += args
    assert SAMPLES + len(data) <= 5 << 16
    assert TABLE + len(table) <= SAMPLES
    text = (CONTRACTS / "doubt.wat").read_text().replace("COUNT", str(len(samples()[0])))
    for word, at, content in (("NAMES", NAMES, names), ("TABLE", TABLE, table), ("SAMPLES", SAMPLES, data)):
        escaped = "".join(f"\\{byte:02x}" for byte in content)
        text = text.replace(f"\n  {word}\n", f'\n  (data (i32.const {at}) "{escaped}")\n')
    return bytes(wasmtime.wat2wasm(text))


def script(rng: random.Random, false: float, depth: int = 0) -> bytes:
    """Steps of a contract. false: the share of verifications that are not true."""
    _, true, untrue = samples()
    out = b""
    for _ in range(rng.randint(1, 7)):
        op = rng.choices(range(16), (8, 2, 1, 4, 3, 5, 2, 0.4, 0.4, 1, 4 if depth < 3 else 0, 0.4, 0.2, 1, 1, 1))[0]
        x = rng.randrange(256)
        if op in (VERIFY, VERIFY_CHANGED):
            x = rng.choice(untrue if rng.random() < false else true)
        elif op == IF:
            x = rng.randrange(0, 12, 2)
        elif op == CALL:
            inner = script(rng, false, depth + 1)[:250]
            out += bytes([op, rng.choice((0, 0, x)), rng.choice((1, 2, 3, 3, 9)), len(inner)]) + inner
            continue
        out += bytes([op, x])
    return out


def alternating(rng: random.Random, length: int) -> list[Call]:
    """Hostile: what each call verifies depends on all answers before, through the state, and about every other one is false."""
    step = bytes([READ, 0, VERIFY_BY_STATE, rng.randrange(256), IF, 2, HASH, 0, ADD, 0, EMIT, 4])
    return [Call(rng.choice(IDS[:2]), "run", step + bytes([SPENT, 0]) * rng.randrange(2), 1 << 40) for _ in range(length)]


def block(rng: random.Random) -> list[Call]:
    """1 to 200 calls."""
    length = int(200 ** rng.random())
    if rng.random() < 0.15:
        return alternating(rng, length)
    false = rng.choice((0.0, 0.02, 0.1, 0.5, 1.0, rng.random()))
    gas = lambda: rng.choice((1 << 40, 1 << 40, 1 << 40, rng.randrange(4000), 350_000_000))  # noqa: E731
    name = lambda: rng.choices(("run", "none", "init"), (50, 1, 1))[0]  # noqa: E731
    return [Call(rng.choice((*IDS, bytes(32)) if rng.random() < 0.1 else IDS), name(), script(rng, false), gas()) for _ in range(length)]
