"""Times blocks of calls in the VM: by speculation, in sequence, and in `piecrust-run --block`, one core each.

    python -m benches.blocks [--piecrust PROGRAM] [--oracle PROGRAM] [--rounds K] [--part NAME ...] [--out FILE]

Three blocks: 10,000 cheap calls (a counter and transfers of a token, in turn); 300 Groth16 proofs, each twentieth false; 300 PLONK proofs
of one key. Proofs are distinct and no answer is known before: every round opens a new session on the same commit, and upstream's caches
hold one entry. Roots and gas must be equal in all three ways. A figure is the least of the rounds. Writes
benches/results/blocks-<cpu>.json and a table of the same name.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter_ns
from typing import Any, Final

import wasmtime

import coproc
from benches import machine, table
from benches.operations import REQUESTS
from benches.peers.cpu import PeerFailed, program
from benches.requests import CASES, load
from coproc.coprocessor import Coprocessor
from coproc.operation import Request, Rules
from coproc.ops import OPERATIONS
from coproc.vm import VM, Block, Call
from coproc.wire import rkyv

SCHEMA = 1
GAS: Final = 1 << 40
RULES: Final = Rules("V3", "Boreas")
VERIFIER, COUNTER, TOKEN = (bytes([number]) * 32 for number in (1, 2, 3))
CACHES: Final = ("PLONK", "GROTH16", "BLS", "SCHNORR", "KZG", "HASH")

ASKS: Final = """(module (import "env" "hq" (func $hq (param i32 i32 i32) (result i32)))
  (memory (export "memory") 4) (global (export "A") i32 (i32.const 65536)) (data (i32.const 16) "OP")
  (func (export "verify") (param i32) (result i32)
    (drop (call $hq (i32.const 16) (i32.const LENGTH) (local.get 0)))
    (i32.store (i32.const 1024) (i32.add (i32.load (i32.const 1024)) (i32.load8_u (i32.const 65536))))
    (i32.store (i32.const 65536) (i32.load (i32.const 1024)))
    (i32.const 4)))"""


@dataclass
class Work:
    """Contracts (id, module, argument of `init`) and the calls of a block."""

    name: str
    deploys: list[tuple[bytes, bytes, bytes]]
    calls: list[Call]
    wanted: str


def asks(op: str) -> tuple[bytes, bytes, bytes]:
    """A contract that passes its argument to a host query, and counts what was true."""
    return VERIFIER, bytes(wasmtime.wat2wasm(ASKS.replace("OP", op).replace("LENGTH", str(len(op))))), b""


def cheap(n: int) -> Work:
    """Every other call adds to a counter; the others move units between sixteen accounts."""

    def module(name: str) -> bytes:
        return (machine.ROOT / "contracts" / "wasm" / f"{name}.wasm").read_bytes()

    def account(number: int) -> bytes:
        return bytes([number % 16]) * 32

    balances = b"".join(account(i) + (1 << 40).to_bytes(8, "little") for i in range(16))
    calls = []
    for i in range(n // 2):
        calls.append(Call(COUNTER, "add", (i % 7).to_bytes(8, "little"), 1_000_000))
        calls.append(Call(TOKEN, "transfer", account(i) + account(3 * i + 1) + (i % 5).to_bytes(8, "little"), 1_000_000))
    deploys = [(COUNTER, module("counter"), bytes(8)), (TOKEN, module("token"), balances)]
    return Work("cheap", deploys, calls, "≤ 3 × piecrust-run")


def proofs(op: str, n: int, oracle: Path | None, folder: Path, false_each: int = 0) -> list[Call]:
    """Calls with distinct proofs; each `false_each`-th has the public inputs of the one after it."""
    case = next(case for case in CASES if case.name == op)
    requests: list[Request] = load(oracle, case, n, folder).requests[:n]
    layout = OPERATIONS[op].layout
    out = []
    for i, request in enumerate(requests):
        args = request.args
        if false_each and i % false_each == false_each // 2:
            own, other = (_fields(layout, requests[k % len(requests)].args) for k in (i, i + 1))
            args = rkyv.write(layout, [*own[:2], other[2]])
        out.append(Call(VERIFIER, "verify", args, GAS))
    return out


def _fields(layout: Any, args: bytes) -> list[bytes]:
    found = rkyv.read(layout, args)
    assert found is not None
    return [args[at : at + count] for at, count in found]


class Ours:
    """A VM with the contracts of a block, committed."""

    def __init__(self, work: Work, coprocessor: Coprocessor) -> None:
        self._work = work
        self._vm = VM(coprocessor=coprocessor)
        session = self._vm.session(None, RULES)
        for contract, module, argument in work.deploys:
            session.deploy(module, bytes(32), argument, GAS, contract_id=contract)
        self._base = session.commit()

    def run(self, *, speculate: bool) -> tuple[int, Block]:
        """Nanoseconds of the block, the root not counted, and what it came to."""
        with self._vm.session(self._base, RULES) as session:
            clock: list[int] = []
            root = session.root

            def stop() -> bytes:
                clock.append(perf_counter_ns())
                return root()

            session.root = stop  # type: ignore[method-assign]
            start = perf_counter_ns()
            block = session.execute_block(self._work.calls, speculate)
            return clock[0] - start, block

    def close(self) -> None:
        self._vm.close()


def run_piecrust(path: Path, work: Work, folder: Path) -> dict[str, Any]:
    """`piecrust-run --block`: its totals. Raises PeerFailed."""
    deploys: list[dict[str, Any]] = [{"do": "policy", "plonk": RULES.plonk, "fork": RULES.fork}]
    deploys += [
        {"do": "deploy", "id": contract.hex(), "wasm": module.hex(), "owner": bytes(32).hex(), "init_arg": argument.hex(), "gas_limit": GAS}
        for contract, module, argument in work.deploys
    ]
    script, block = folder / "script.jsonl", folder / f"{work.name}.jsonl"
    script.write_text("".join(json.dumps(line) + "\n" for line in deploys), encoding="utf-8")
    if not block.exists():
        with block.open("w", encoding="utf-8") as file:
            for call in work.calls:
                line = {
                    "do": "call",
                    "id": call.contract.hex(),
                    "fn": call.function,
                    "arg": call.argument.hex(),
                    "gas_limit": call.gas_limit,
                }
                file.write(json.dumps(line) + "\n")
    env = os.environ | {f"DUSK_VM_{name}_CACHE_SIZE": "1" for name in CACHES}
    try:
        command = [str(path), "--block", str(block), str(script)]
        run = subprocess.run(command, capture_output=True, text=True, check=True, env=env, timeout=600)
    except (OSError, subprocess.SubprocessError) as error:
        raise PeerFailed(f"{path}: {error}") from error
    return dict(json.loads(run.stdout.splitlines()[-1]))


def measure(work: Work, coprocessor: Coprocessor, peer: Path | None, rounds: int, folder: Path) -> dict[str, Any]:
    """The least nanoseconds of each way. Raises RuntimeError where two ways do not end alike."""
    ours = Ours(work, coprocessor)
    best: dict[str, int] = {}
    stats: dict[str, int] = {}
    for _ in range(rounds):
        ends = set()
        for name, speculate in (("speculative", True), ("sequential", False)):
            ns, block = ours.run(speculate=speculate)
            best[name] = min(best.get(name, ns), ns)
            ends.add((block.root.hex(), sum(receipt.gas_spent for receipt in block.receipts)))
            if speculate:
                stats = asdict(block.stats)
        if peer is not None:
            totals = run_piecrust(peer, work, folder)
            best["piecrust"] = min(best.get("piecrust", totals["ns"]), totals["ns"])
            ends.add((totals["root"], totals["gas_spent"]))
        if len(ends) != 1:
            raise RuntimeError(f"{work.name}: the ways end differently: {ends}")
    ours.close()
    row: dict[str, Any] = {"block": work.name, "calls": len(work.calls), **{f"{name}_ns": ns for name, ns in best.items()}}
    row["over_sequential"] = round(best["sequential"] / best["speculative"], 2)
    row["over_piecrust"] = round(best["piecrust"] / best["speculative"], 2) if peer else None
    return row | {"wanted": work.wanted, "stats": stats}


def render(rows: list[dict[str, Any]]) -> str:
    header = [
        "block",
        "speculative",
        "a call",
        "sequential",
        "piecrust-run",
        "× sequential",
        "× piecrust",
        "claims, wrong, rounds",
        "wanted",
    ]
    lines = [
        [
            f"{row['calls']:,} {row['block']}",
            table.duration(row["speculative_ns"]),
            table.duration(row["speculative_ns"] / row["calls"]),
            table.duration(row["sequential_ns"]),
            table.duration(row.get("piecrust_ns")),
            f"{row['over_sequential']:.2f}",
            f"{row['over_piecrust']:.2f}" if row["over_piecrust"] else "–",
            ", ".join(str(row["stats"][name]) for name in ("claims", "wrong", "rounds")),
            row["wanted"],
        ]
        for row in rows
    ]
    return table.markdown(header, lines)


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0, or 2 where something could not run."""
    parser = argparse.ArgumentParser(prog="python -m benches.blocks", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--piecrust", metavar="PROGRAM", help="piecrust-run (or COPROC_PIECRUST_RUN)")
    parser.add_argument("--oracle", metavar="PROGRAM", help="dusk-oracle, which makes the proofs (or COPROC_DUSK_ORACLE)")
    parser.add_argument("--rounds", type=int, default=5, metavar="K", help="interleaved rounds (5)")
    parser.add_argument("--part", nargs="+", default=[], metavar="NAME", help="cheap, groth16, plonk")
    parser.add_argument("--engine", default="cpu", metavar="E", help="engine (cpu)")
    parser.add_argument(
        "--requests", type=Path, default=REQUESTS, metavar="FOLDER", help="where made proofs are kept (build/bench/requests)"
    )
    parser.add_argument("--cpu", type=int, metavar="N", help="processor to stay on (the first allowed)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="result file (benches/results/blocks-<cpu>.json)")
    args = parser.parse_args(argv)
    try:
        peer, oracle = program(args.piecrust, "COPROC_PIECRUST_RUN"), program(args.oracle, "COPROC_DUSK_ORACLE")
        makers: dict[str, Callable[[], Work]] = {
            "cheap": lambda: cheap(10_000),
            "groth16": lambda: Work(
                "verify_groth16_bn254, 5 % false",
                [asks("verify_groth16_bn254")],
                proofs("verify_groth16_bn254", 300, oracle, args.requests, 20),
                "≥ 3 × sequential, ≥ 8 × piecrust-run",
            ),
            "plonk": lambda: Work(
                "verify_plonk, one key", [asks("verify_plonk")], proofs("verify_plonk", 300, oracle, args.requests), "≥ 25 × piecrust-run"
            ),
        }
        works = [make() for name, make in makers.items() if not args.part or name in args.part]
        cpu = machine.pin(args.cpu)
        before = machine.describe(cpu)
        rows = []
        with coproc.open(args.engine, workers=1) as coprocessor, tempfile.TemporaryDirectory() as folder:
            for work in works:
                machine.say(f"{args.rounds} rounds: {len(work.calls):,} {work.name}")
                rows.append(measure(work, coprocessor, peer, args.rounds, Path(folder)))
            engine = coprocessor.engine.name
    except (PeerFailed, RuntimeError) as error:
        machine.say(f"benches.blocks: {error}")
        return 2
    result = {
        "bench": "blocks", "schema": SCHEMA, "at": machine.stamp(), **machine.commit(), "machine": before,
        "load_after": machine.describe(cpu)["load"], "rounds": args.rounds, "engine": engine, "threads": 1,
        "absent": [name for name, found in (("piecrust-run", peer), ("dusk-oracle", oracle)) if found is None], "rows": rows,
    }  # fmt: skip
    text = f"# Blocks on {before['cpu']} (family {before['family']}, model {before['model']})\n\nCommit {result['commit']}"
    text += f"{' with changes' if result['changed'] else ''}, {result['at']}, {engine}, {args.rounds} rounds, one core.\n\n{render(rows)}"
    table.write(args.out or machine.RESULTS / f"blocks-{machine.slug(before)}.json", result, text)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
