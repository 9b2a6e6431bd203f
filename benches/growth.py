"""Time and memory of a request against the size of its batch, 64 to 16,384 distinct requests made by `coproc.measure`.

    python -m benches.growth [--engine E] [--op OP ...] [--sizes N ...] [--repeats K] [--out FILE]

Requests are made by one process and read by another, so that memory which the making left free hides nothing. Sizes from small to
large: a size's memory is the peak of the resident set in its first pass less what was resident before, free memory given back, a
request's share; the input is not counted. Its time is the least of K passes by the processor's clock.
Writes benches/results/growth-<cpu>.json and a table of the same name.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time_ns
from typing import Any

import numpy as np

import coproc
from benches import machine, table, wanted
from coproc.engine.select import select
from coproc.measure.requests import make
from coproc.measure.throughput import Columns, check

OPS = ("verify_plonk", "verify_groth16_bn254", "verify_bls", "verify_schnorr", "verify_kzg_proof", "poseidon_hash", "sha256")
SIZES = (64, 256, 1024, 4096, 16384)
BASE = 64  # an item's time is compared with its time at this size
SHORT_NS = 50_000_000  # passes are repeated until so much is measured, where one is shorter


def resident() -> int:
    """Bytes of this process in memory."""
    return _status("VmRSS")


def peak() -> int:
    """The most bytes in memory since `reset_peak`."""
    return _status("VmHWM")


def _status(name: str) -> int:
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(text.split(f"{name}:")[1].split()[0])


def reset_peak() -> None:
    """Let the peak begin anew. Raises OSError where the system does not let us."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def give_back() -> None:
    """Return freed memory to the system, so that a pass cannot hide in it."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's
    if trim is not None:
        trim(0)


def make_file(op: str, n: int, path: Path) -> None:
    """n requests as one buffer with offsets."""
    columns = Columns(make(select("cpu"), op, n))
    np.savez(path, data=columns.data, offsets=columns.offsets)


def one(op: str, engine: str, sizes: list[int], repeats: int, path: Path) -> list[dict[str, Any]]:
    """The rows of one operation, its requests from a file."""
    columns = object.__new__(Columns)
    with np.load(path) as file:
        columns.op, columns.data, columns.offsets = op, file["data"], file["offsets"]
    rows = []
    with coproc.open(engine, workers=1) as cp:
        check(cp, columns, min(sizes))
        for n in sizes:
            give_back()
            try:
                reset_peak()
                before = resident()
                columns.run(cp, 0, n)
                memory: int | None = max(peak() - before, 0)
            except OSError:
                memory = None
            best, spent, passes = float("inf"), 0, 0
            while passes < repeats or spent < SHORT_NS:
                start = process_time_ns()
                columns.run(cp, passes * n, n)
                took = process_time_ns() - start
                best, spent, passes = min(best, took), spent + took, passes + 1
            rows.append({"op": op, "n": n, "item_ns": round(best / n, 1), "passes": passes, "memory_bytes": memory})
    return rows


def judged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with what an item costs against size 64, and the checks."""
    base = {row["op"]: row["item_ns"] for row in rows if row["n"] == BASE}
    out = []
    for row in rows:
        row = dict(row)
        if row["op"] in base:
            row["growth"] = wanted.at_most(wanted.GROWTH, round(row["item_ns"] / base[row["op"]], 4))
        if row["memory_bytes"] is not None:
            row["memory"] = wanted.at_most(wanted.MEMORY_BYTES, round(row["memory_bytes"] / row["n"], 1))
        out.append(row)
    return out


def render(rows: list[dict[str, Any]]) -> str:
    header = ["operation", "batch", "a request", f"× at {BASE}", "wanted", "bytes a request", "wanted"]
    lines = []
    for row in rows:
        growth, memory = row.get("growth"), row.get("memory")
        lines.append([
            row["op"], f"{row['n']:,}", table.duration(row["item_ns"]), f"{growth['measured']:.3f}" if growth else "–",
            wanted.verdict(growth) if growth else "", f"{memory['measured']:,.0f}" if memory else "–",
            wanted.verdict(memory) if memory and row["n"] >= 1024 else "",
        ])  # fmt: skip
    return table.markdown(header, lines)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benches.growth", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--engine", metavar="E", default="auto", help="the engine (what auto takes)")
    parser.add_argument("--op", nargs="+", metavar="OP", default=list(OPS), help="operations")
    parser.add_argument("--sizes", nargs="+", type=int, metavar="N", default=list(SIZES), help="sizes of batches, ascending")
    parser.add_argument("--repeats", type=int, metavar="K", default=2, help="passes of a size, the least counts (2)")
    parser.add_argument("--cpu", type=int, metavar="N", help="processor to stay on (the first allowed)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="result file (benches/results/growth-<cpu>.json)")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a wanted figure is missed")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0, 1 with --check where a wanted figure is missed."""
    args = arguments(argv)
    if args.make:
        make_file(args.op[0], max(args.sizes), args.make)
        return 0
    if args.read:
        print(json.dumps(one(args.op[0], args.engine, args.sizes, args.repeats, args.read)))
        return 0
    engine = select(args.engine).name
    cpu = machine.pin(args.cpu)
    before = machine.describe(cpu)
    rows: list[dict[str, Any]] = []
    for op in args.op:
        machine.say(f"{op} on {engine}")
        command = [sys.executable, "-m", "benches.growth", "--engine", engine, "--op", op, "--repeats", str(args.repeats)]
        command += ["--sizes", *map(str, args.sizes)]
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/requests.npz"
            subprocess.run([*command, "--make", path], cwd=machine.ROOT, check=True)
            run = subprocess.run([*command, "--read", path], cwd=machine.ROOT, stdout=subprocess.PIPE, text=True, check=True)
        rows += json.loads(run.stdout)
    rows = judged(rows)
    result = {
        "bench": "growth", "schema": 1, "at": machine.stamp(), **machine.commit(), "machine": before,
        "load_after": machine.describe(cpu)["load"], "engine": engine, "repeats": args.repeats, "threads": 1, "rows": rows,
    }  # fmt: skip
    text = (
        f"# Time and memory against the size of a batch: {engine} on {before['cpu']}\n\n"
        f"Commit {result['commit']}{' with changes' if result['changed'] else ''}, {result['at']}, one thread. Wanted: an item takes at "
        f"most {wanted.GROWTH} times its time at {BASE}, and {wanted.MEMORY_BYTES:,} bytes beyond the input (from 1,024 on).\n\n"
    )
    table.write(args.out or machine.RESULTS / f"growth-{machine.slug(before)}.json", result, text + render(rows))
    print(text + render(rows))
    missed = [
        c
        for row in rows
        for name in ("growth", "memory")
        if (c := row.get(name)) and not c["met"] and (name, row["n"] < 1024) != ("memory", True)
    ]
    return 1 if args.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
