"""Times the cheap host queries from inside a contract: what a call costs beyond the digest itself.

    python -m benches.queries [--rounds K] [--cpu N] [--out FILE] [--check]

A contract asks N times for the digest of the same argument; the time of N rounds of its loop without asking is taken off, as is that of N
calls of the kernel itself, one digest each (less a call of the kernel for none). The least of all rounds. Writes
benches/results/queries-<cpu>.json and a table of the same name.
"""

from __future__ import annotations

import argparse
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns
from typing import Any, Final

import numpy as np
import wasmtime

import coproc
from benches import machine, table
from coproc.engine.cpu import CpuEngine
from coproc.engine.library import kernels
from coproc.engine.protocol import Layout
from coproc.operation import Rules
from coproc.vm import VM, Session
from coproc.wire import rkyv

SCHEMA = 1
WANTED_US: Final = 3.0
GAS: Final = 1 << 60
N: Final = 5_000
PLAIN: Final = bytes(range(32))
SCALARS: Final = b"".join(i.to_bytes(32, "little") for i in range(1, 5))
QUERIES: Final = {
    "hash": rkyv.write(Layout.BYTES, [PLAIN]),
    "keccak256": rkyv.write(Layout.BYTES, [PLAIN]),
    "sha256": rkyv.write(Layout.BYTES, [PLAIN]),
    "poseidon_hash": rkyv.write(Layout.SCALARS, [SCALARS]),
}

# The argument: how often, how long the name is, the name, and from 64 on what is asked. 131072 keeps what is asked.
TEXT: Final = """(module (import "env" "hq" (func $hq (param i32 i32 i32) (result i32)))
  (memory (export "memory") 4) (global (export "A") i32 (i32.const 65536))
  (func $loop (param $length i32) (param $ask i32) (result i32) (local $n i32)
    (memory.copy (i32.const 131072) (i32.const 65536) (local.get $length))
    (local.set $n (i32.load (i32.const 131072)))
    (local.set $length (i32.sub (local.get $length) (i32.const 64)))
    (loop $next
      (memory.copy (i32.const 65536) (i32.const 131136) (local.get $length))
      (if (local.get $ask) (then (drop (call $hq (i32.const 131080) (i32.load (i32.const 131076)) (local.get $length)))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.const 32))
  (func (export "ask") (param i32) (result i32) (call $loop (local.get 0) (i32.const 1)))
  (func (export "rest") (param i32) (result i32) (call $loop (local.get 0) (i32.const 0))))"""


def least(rounds: int, run: Callable[[], object]) -> float:
    """The least nanoseconds of a run."""
    best = float("inf")
    for _ in range(rounds):
        start = perf_counter_ns()
        run()
        best = min(best, perf_counter_ns() - start)
    return best


def in_contract(session: Session, contract: bytes, name: str, rounds: int) -> tuple[float, bytes]:
    """Nanoseconds of a query in a contract, the loop around it taken off, and its answer."""
    argument = struct.pack("<II", N, len(name)) + name.encode().ljust(56, b"\0") + QUERIES[name]

    def call(function: str) -> bytes:
        receipt = session.call(contract, function, argument, GAS)
        assert receipt.ok, receipt.error
        return receipt.data

    ask, rest = (least(rounds, lambda function=function: call(function)) for function in ("ask", "rest"))  # type: ignore[misc]
    return (ask - rest) / N, call("ask")


def in_kernel(isa: str, name: str, rounds: int) -> float:
    """Nanoseconds of the kernel's own call, for one digest."""
    k = kernels(isa)
    data = SCALARS if name == "poseidon_hash" else PLAIN
    store = np.frombuffer(bytearray(data), np.uint8)
    pointers, lengths = np.array([store.ctypes.data], np.uint64), np.array([4 if name == "poseidon_hash" else len(data)], np.uint64)
    out, status = np.zeros(8, np.uint64), np.zeros(1, np.uint8)
    p, n, o, s = (array.ctypes.data for array in (pointers, lengths, out, status))
    calls: dict[str, Callable[[int], object]] = {
        "hash": lambda count: k.hash_to_fr(count, 0, 0, p, n, o, 0),
        "keccak256": lambda count: k.keccak256(count, p, n, o),
        "sha256": lambda count: k.sha256(count, p, n, o),
        "poseidon_hash": lambda count: k.poseidon_hash(count, p, n, o, s),
    }
    call = calls[name]

    def many(count: int) -> None:
        for _ in range(N):
            call(count)

    return (least(rounds, lambda: many(1)) - least(rounds, lambda: many(0))) / N


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0, or 1 with --check where the wanted figure is missed."""
    parser = argparse.ArgumentParser(prog="python -m benches.queries", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, metavar="K", help="rounds (15)")
    parser.add_argument("--cpu", type=int, metavar="N", help="processor to stay on (the first allowed)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="result file (benches/results/queries-<cpu>.json)")
    parser.add_argument("--check", action="store_true", help="exit with 1 if the wanted figure is missed")
    args = parser.parse_args(argv)
    cpu = machine.pin(args.cpu)
    before = machine.describe(cpu)
    rows: list[dict[str, Any]] = []
    with (
        coproc.open("cpu", workers=1) as coprocessor,
        VM(coprocessor=coprocessor) as vm,
        vm.session(rules=Rules("V3", "Boreas")) as session,
    ):
        contract = session.deploy(bytes(wasmtime.wat2wasm(TEXT)), bytes(32))
        engine = coprocessor.engine
        assert isinstance(engine, CpuEngine)
        for name, asked in QUERIES.items():
            ns, answer = in_contract(session, contract, name, args.rounds)
            want = coprocessor.run([coproc.Request(name, asked, session.rules)])[0].retbuf
            if answer != want:
                raise RuntimeError(f"{name}: the contract has another answer")
            own = in_kernel(engine.isa, name, args.rounds)
            rows.append({"query": name, "contract_ns": round(ns, 1), "kernel_ns": round(own, 1), "beyond_us": round((ns - own) / 1e3, 3)})
    result = {
        "bench": "queries", "schema": SCHEMA, "at": machine.stamp(), **machine.commit(), "machine": before,
        "load_after": machine.describe(cpu)["load"], "engine": engine.name, "rounds": args.rounds, "wanted_us": WANTED_US, "rows": rows,
    }  # fmt: skip
    met = {row["query"]: row["beyond_us"] <= WANTED_US for row in rows}
    lines = [
        [row["query"], table.duration(row["contract_ns"]), table.duration(row["kernel_ns"]), f"{row['beyond_us']:.2f} µs",
         f"≤ {WANTED_US} µs {'met' if met[row['query']] else 'MISSED'}"]
        for row in rows
    ]  # fmt: skip
    text = f"# Host queries from a contract on {before['cpu']} (family {before['family']}, model {before['model']})\n\nCommit "
    text += f"{result['commit']}{' with changes' if result['changed'] else ''}, {result['at']}, {engine.name}, {args.rounds} rounds.\n\n"
    text += table.markdown(["query, 32 bytes or 4 scalars", "in a contract", "kernel alone", "beyond", "wanted"], lines)
    table.write(args.out or machine.RESULTS / f"queries-{machine.slug(before)}.json", result, text)
    print(text)
    return 1 if args.check and not all(met.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
