"""Times compute-bound contracts: metered as the VM runs them, beside wasmtime's own fuel and bare wasmtime, in one process.

    python -m benches.metering [--rounds K] [--cpu N] [--out FILE] [--check]

Each program runs for milliseconds a call, so that what surrounds a call hardly shows; rounds are interleaved (metered, fuel, bare, ...),
and a figure is the least processor time of all rounds. The same release of wasmtime compiles all three, with the same optimisation.
Writes benches/results/metering-<cpu>.json and a table of the same name.
"""

from __future__ import annotations

import argparse
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import process_time_ns
from typing import Any, Final

import wasmtime

import coproc
from benches import machine, table
from coproc.vm import VM, Session
from coproc.vm.library import wasmtime_version

SCHEMA = 1
WANTED: Final = 1.10  # of the metered time over fuel's
GAS: Final = 1 << 40
COUNTING: Final = """(module (memory (export "memory") 3) (global (export "A") i32 (i32.const 65536))
  (func (export "count") (param i32) (result i32) (local $n i32) (local.set $n (i32.load (i32.const 65536)))
    (loop $next
      (i32.store offset=16 (i32.and (local.get $n) (i32.const 1020)) (local.get $n))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.const 0)))"""


@dataclass(frozen=True)
class Program:
    """A function to time, and one to call before it each time; arguments as in the argument buffer."""

    name: str
    wasm: str
    function: str
    argument: bytes
    before: tuple[str, bytes] | None = None

    def binary(self) -> bytes:
        if not self.wasm.endswith(".wasm"):
            return bytes(wasmtime.wat2wasm(self.wasm))
        return (machine.ROOT / "contracts" / "wasm" / self.wasm).read_bytes()


FILL: Final = ("fill", struct.pack("<IQ", 200_000, 88172645463325252))
PROGRAMS: Final = (
    Program("counting loop with a store", COUNTING, "count", struct.pack("<I", 20_000_000)),
    Program("fibonacci by recursion", "fibonacci.wasm", "by_recursion", struct.pack("<I", 32)),
    Program("fibonacci by iteration", "fibonacci.wasm", "by_iteration", struct.pack("<I", 50_000_000)),
    Program("sorting, stable", "sorting.wasm", "sort", b"", FILL),
    Program("sorting, unstable", "sorting.wasm", "sort_unstable", b"", FILL),
)


class Plain:
    """A program on wasmtime itself, with or without fuel."""

    def __init__(self, program: Program, *, fuel: bool) -> None:
        config = wasmtime.Config()
        config.consume_fuel = fuel
        config.cranelift_opt_level = "speed"
        engine = wasmtime.Engine(config)
        module = wasmtime.Module(engine, program.binary())
        linker = wasmtime.Linker(engine)
        linker.define_unknown_imports_as_traps(module)
        self._store = wasmtime.Store(engine)
        self._fuel = fuel
        self._exports: Any = linker.instantiate(self._store, module).exports(self._store)

    def call(self, function: str, argument: bytes) -> bytes:
        if self._fuel:
            self._store.set_fuel(GAS)
        memory, at = self._exports["memory"], self._exports["A"].value(self._store)
        memory.write(self._store, argument, at)
        length = self._exports[function](self._store, len(argument))
        return bytes(memory.read(self._store, at, at + length))


class Metered:
    """A program in a session of the VM."""

    def __init__(self, program: Program, session: Session) -> None:
        self._session = session
        self._contract = program.name.encode().ljust(32)[:32]
        session.deploy(program.binary(), bytes(32), gas_limit=GAS, contract_id=self._contract)

    def call(self, function: str, argument: bytes) -> bytes:
        receipt = self._session.call(self._contract, function, argument, GAS)
        assert receipt.ok, receipt.error
        return receipt.data


def sample(program: Program, call: Callable[[str, bytes], bytes]) -> tuple[int, bytes]:
    """Nanoseconds of processor time of one call, and what it returned."""
    if program.before is not None:
        call(*program.before)
    start = process_time_ns()
    data = call(program.function, program.argument)
    return process_time_ns() - start, data


def measure(program: Program, session: Session, rounds: int) -> dict[str, Any]:
    """The least nanoseconds of each way. Raises RuntimeError where the ways do not return the same."""
    ways = {"metered": Metered(program, session).call, "fuel": Plain(program, fuel=True).call, "bare": Plain(program, fuel=False).call}
    best: dict[str, int] = {}
    for _ in range(rounds):
        results = {name: sample(program, call) for name, call in ways.items()}
        if len({data for _, data in results.values()}) != 1:
            raise RuntimeError(f"{program.name}: the answers differ")
        best = {name: min(best.get(name, ns), ns) for name, (ns, _) in results.items()}
    return {
        "program": program.name,
        **{f"{name}_ns": ns for name, ns in best.items()},
        "over_fuel": round(best["metered"] / best["fuel"], 3),
        "over_bare": round(best["metered"] / best["bare"], 3),
        "fuel_over_bare": round(best["fuel"] / best["bare"], 3),
    }


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0, or 1 with --check where the wanted figure is missed."""
    parser = argparse.ArgumentParser(prog="python -m benches.metering", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=25, metavar="K", help="interleaved rounds (25)")
    parser.add_argument("--program", nargs="+", default=[], metavar="PART", help="programs that have one of these parts in their name")
    parser.add_argument("--cpu", type=int, metavar="N", help="processor to stay on (the first allowed)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="result file (benches/results/metering-<cpu>.json)")
    parser.add_argument("--check", action="store_true", help="exit with 1 if the wanted figure is missed")
    args = parser.parse_args(argv)
    cpu = machine.pin(args.cpu)
    before = machine.describe(cpu)
    rows = []
    with coproc.open("cpu", workers=1) as coprocessor, VM(coprocessor=coprocessor) as vm, vm.session() as session:
        for program in PROGRAMS:
            if not args.program or any(part in program.name for part in args.program):
                machine.say(f"{args.rounds} rounds: {program.name}")
                rows.append(measure(program, session, args.rounds))
    result = {
        "bench": "metering", "schema": SCHEMA, "at": machine.stamp(), **machine.commit(), "machine": before,
        "load_after": machine.describe(cpu)["load"], "wasmtime": wasmtime_version(), "rounds": args.rounds, "wanted": WANTED, "rows": rows,
    }  # fmt: skip
    header = ["program", "metered", "fuel", "bare", "× fuel", "× bare", "fuel × bare", "wanted"]
    lines = [
        [
            row["program"],
            *(table.duration(row[f"{way}_ns"]) for way in ("metered", "fuel", "bare")),
            *(f"{row[ratio]:.2f}" for ratio in ("over_fuel", "over_bare", "fuel_over_bare")),
            f"≤ {WANTED:.2f} {'met' if row['over_fuel'] <= WANTED else 'MISSED'}",
        ]
        for row in rows
    ]
    text = f"# Metering on {before['cpu']} (family {before['family']}, model {before['model']})\n\nCommit {result['commit']}"
    text += f"{' with changes' if result['changed'] else ''}, {result['at']}, wasmtime {result['wasmtime']}, {args.rounds} rounds.\n\n"
    text += table.markdown(header, lines)
    table.write(args.out or machine.RESULTS / f"metering-{machine.slug(before)}.json", result, text)
    print(text)
    return 1 if args.check and any(row["over_fuel"] > WANTED for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
