"""Times the operations through the Python API beside Dusk's own host functions in the same run: a batch, a block, one call.

    python -m benches.operations [--oracle PROGRAM] [--n N] [--rounds K] [--engine E ...] [--case PART ...] [--out FILE]

Rounds are interleaved (ours, `dusk-oracle time`, ours, ...); a figure is the median over the rounds of the best slice of each.
Requests are distinct, their keys known except where a case says fresh; every answer is compared with Dusk's before anything is
timed. Also measured: Python's share of a batch, the import of coproc, and `coproc demo`. Writes
benches/results/operations-<cpu>.json and tables of the same name.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter_ns, process_time_ns
from typing import Any

import numpy as np

import coproc
from benches import machine, tables, wanted
from benches.machine import engines_here
from benches.peers import oracle
from benches.peers.cpu import PeerFailed, program
from benches.primitives import spread
from benches.python_share import python_share
from benches.requests import CASES, Case, Load, load
from benches.table import write
from coproc.coprocessor import Coprocessor
from coproc.errors import InvalidInput
from coproc.measure import peers
from coproc.ops.shape import constant

SCHEMA = 2
SLICE_NS = 150e6  # five slices of single calls a round, each at least this long, as in `dusk-oracle time`
LONG_NS = 20e6  # longer samples are read from the processor's clock, as in coproc-bench
REQUESTS = machine.ROOT / "build" / "bench" / "requests"


class WrongAnswer(RuntimeError):
    """An answer is not Dusk's: there is no figure for it."""


class Measured:
    """One case on one engine: nanoseconds a request, one entry a round."""

    def __init__(self, case: Case, data: Load, engine: str, n: int) -> None:
        """n: requests of a batch, the first of the load."""
        self.case, self.engine, self.load = case, engine, data
        self.n = min(n, case.most, len(data.requests))
        self.requests = data.requests[: self.n]
        self.one_call: list[float] = []
        self.run: list[float] = []
        self.run_columns: list[float] = []
        self.abi: list[float] = []
        self.block: list[float] = []
        self.python: dict[str, float] = {}
        args = [request.args for request in data.requests]
        self.buffer = np.frombuffer(b"".join(args), np.uint8)
        self.offsets = np.cumsum([0, *map(len, args)], dtype=np.int64)
        self.cp = self.open()
        answers = self.cp.run(data.requests)
        wrong = [i for i, (a, want) in enumerate(zip(answers, data.retbufs, strict=True)) if a.retbuf != want or a.status != "ok"]
        if wrong:
            raise WrongAnswer(
                f"{case.name} on {engine}: {len(wrong)} of {len(answers)} answers are not Dusk's; the first is request {wrong[0]}"
            )

    def open(self) -> Coprocessor:
        return coproc.open(engine=self.engine, workers=1)

    def again(self) -> Coprocessor:
        """The coprocessor that knows the keys, or for a case of fresh keys a new one, its own fixed points prepared."""
        if self.case.fresh:
            self.cp.close()
            self.cp = self.open()
            _ = self.cp.keys.fixed
        return self.cp

    def columns(self, cp: Coprocessor, n: int) -> None:
        cp.run_columns(self.case.op, self.buffer, self.offsets[: n + 1], self.requests[0].rules)

    def one_calls(self, slice_ns: float) -> float:
        """One call after the other on distinct requests for `slice_ns`: nanoseconds a call."""
        n, requests = self.n, self.requests
        cp, calls, start = self.again(), 0, perf_counter_ns()
        while (spent := perf_counter_ns() - start) < slice_ns or calls == 0:
            if self.case.fresh and calls == n:
                break
            cp.run([requests[calls % n]])
            calls += 1
        return spent / calls

    def batch(self, n: int, run: Callable[[Coprocessor], object]) -> float:
        """One batch of n: nanoseconds a request; by the processor's time where it lasts, so that nobody else's work counts."""
        cp = self.again()
        start, cpu = perf_counter_ns(), process_time_ns()
        run(cp)
        cpu, wall = process_time_ns() - cpu, perf_counter_ns() - start
        return (wall if wall < LONG_NS else cpu) / n

    def round(self, slice_ns: float) -> None:
        """The best of five slices of single calls, as `dusk-oracle time`; the batch as a list, as columns, at the C ABI; the block."""
        self.one_call.append(min(self.one_calls(slice_ns) for _ in range(5)))
        self.run.append(self.batch(self.n, lambda cp: cp.run(self.requests)))
        self.run_columns.append(min(self.batch(self.n, lambda cp: self.columns(cp, self.n)) for _ in range(2)))
        if self.case.op == "poseidon_hash":
            self.abi.append(self._poseidon())
        if self.case.block and len(self.load.requests) >= self.case.block:
            self.block.append(self.batch(1, lambda cp: self.columns(cp, self.case.block)))

    def _poseidon(self) -> float:
        """poseidon_hash of the C ABI: the scalars where they lie, nanoseconds a request; the best of three."""
        engine = self.cp.engine
        scalars = [request.args[: 4 * 32] for request in self.requests]
        held = np.frombuffer(b"".join(scalars), np.uint8).copy()
        at = np.arange(self.n, dtype=np.uint64) * np.uint64(4 * 32) + np.uint64(held.__array_interface__["data"][0])
        counts = constant(self.n, 4)
        return min(self.batch(self.n, lambda _: engine.poseidon_hash(at, counts)) for _ in range(3))

    def profile(self) -> None:
        """Python's share of the batch, nanoseconds a request."""
        isa = self.engine.removeprefix("cpu:")
        self.python["run"] = python_share(isa, lambda: self.cp.run(self.requests)) / self.n
        self.python["run_columns"] = python_share(isa, lambda: self.columns(self.cp, self.n)) / self.n

    def row(self) -> dict[str, Any]:
        figures = {"one_call": self.one_call, "run": self.run, "run_columns": self.run_columns}
        figures |= {name: values for name, values in (("abi", self.abi), ("block", self.block)) if values}
        return {name: spread(values) for name, values in figures.items()} | {
            "python_us": {name: round(ns / 1e3, 3) for name, ns in self.python.items()}
        }


def import_seconds(rounds: int) -> dict[str, float]:
    """`import coproc` in a new process: the first without any bytecode kept (`first`), the median of `rounds` (`median`), and the
    median until a coprocessor is open (`open`): names are imported when they are first used."""
    clock = "import time; t = time.perf_counter(); import coproc; {} print(time.perf_counter() - t)"

    def once(then: str) -> float:
        command = [sys.executable, "-c", clock.format(then)]
        return float(subprocess.run(command, env=env, cwd=machine.ROOT, capture_output=True, text=True, check=True).stdout)

    with tempfile.TemporaryDirectory() as cache:
        env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {"PYTHONPYCACHEPREFIX": cache}
        figures = {"first": once("")}
        figures["median"] = median(once("") for _ in range(rounds))
        once("coproc.open().close();")
        figures["open"] = median(once("coproc.open().close();") for _ in range(rounds))
    return {name: round(seconds, 4) for name, seconds in figures.items()}


def demo_seconds() -> float:
    """`coproc demo` from its start to its end, set-up done. Raises PeerFailed if it fails."""
    start = perf_counter_ns()
    run = subprocess.run([sys.executable, "-m", "coproc", "demo"], cwd=machine.ROOT, capture_output=True, text=True)
    if run.returncode:
        raise PeerFailed(f"coproc demo: exit status {run.returncode}: {run.stderr.strip()[-400:]}")
    return round((perf_counter_ns() - start) / 1e9, 2)


def label_of(times: dict[str, oracle.Timing], case: Case) -> str | None:
    return next((label for label in times if label == case.label or label.startswith(case.label + " ")), None)


def report(measured: list[Measured], times: list[dict[str, oracle.Timing]], blst: list[float]) -> list[dict[str, Any]]:
    """One row a case: Dusk's figure, each engine's, how many times faster, and what was wanted.

    blst: nanoseconds of its verification from bytes, one a round; wanted milliseconds scale with it.
    """
    rows: dict[str, dict[str, Any]] = {}
    scale = median(blst) / 1e6 / wanted.BLST_MS if blst else 1.0
    for m in measured:
        case = m.case
        about = {
            "case": case.name,
            "op": case.op,
            "what": case.what if times and not case.made else f"{case.what}, made by coproc.measure".strip(", "),
            "requests": m.n,
            "argbuf_bytes": round(float(m.offsets[m.n]) / m.n),
        }
        row = rows.setdefault(case.name, {**about, "unit": "ns", "dusk": None, "engines": {}, "faster": {}, "wanted": {}})
        figures = row["engines"][m.engine] = m.row()
        label = label_of(times[0], case) if times else None
        checks = row["wanted"][m.engine] = {}
        if label is not None:
            dusk = [t[label].best for t in times]
            row["dusk"] = {"label": label, **spread(dusk)}
            forms = {"one_call": m.one_call, "run": m.run, "run_columns": m.run_columns} | ({"abi": m.abi} if m.abi else {})
            faster = row["faster"][m.engine] = {
                name: round(median(d / o for d, o in zip(dusk, ours, strict=True)), 3) for name, ours in forms.items()
            }
            if m.engine == "cpu:adx" and (want := wanted.FASTER.get(case.name)):
                checks["one_call_faster"] = wanted.at_least(want, faster["one_call"])
            if want := wanted.BATCH.get(case.name, {}).get(m.engine):
                checks["batch_faster"] = wanted.at_least(want, faster.get("abi", faster["run_columns"]))
        if m.engine == "cpu:ifma" and (want := wanted.ONE_CALL_MS.get(case.name)):
            checks["one_call_ms"] = wanted.at_most(round(want * scale, 4), figures["one_call"]["median"] / 1e6)
        if m.engine == "cpu:ifma" and "block" in figures and (want := wanted.BLOCK_MS.get(case.name)):
            checks["block_ms"] = wanted.at_most(round(want * scale, 3), figures["block"]["median"] / 1e6)
    return list(rows.values())


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benches.operations", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--oracle", metavar="PROGRAM", help="dusk-oracle (or COPROC_DUSK_ORACLE)")
    parser.add_argument("--no-oracle", action="store_true", help="ours alone, on requests of coproc.measure")
    parser.add_argument("--n", type=int, default=1024, metavar="N", help="requests a batch (1024)")
    parser.add_argument("--rounds", type=int, default=3, metavar="K", help="interleaved rounds (3)")
    parser.add_argument("--engine", action="append", metavar="E", help="engine, several times for several (cpu:ifma, cpu:adx)")
    parser.add_argument("--case", nargs="+", default=[], metavar="PART", help="cases that have one of these parts in their name")
    parser.add_argument(
        "--slice-ms", type=float, default=SLICE_NS / 1e6, metavar="MS", help="length of a slice of single calls, five a round (150)"
    )
    parser.add_argument(
        "--requests", type=Path, default=REQUESTS, metavar="FOLDER", help="where made requests are kept (build/bench/requests)"
    )
    parser.add_argument("--cpu", type=int, metavar="N", help="processor to stay on (the first allowed)")
    parser.add_argument("--no-demo", action="store_true", help="leave coproc demo out")
    parser.add_argument("--out", type=Path, metavar="FILE", help="result file (benches/results/operations-<cpu>.json)")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a wanted figure is missed")
    return parser.parse_args(argv)


def blst_ns(command: list[str]) -> float | None:
    """blst's verification of a signature from bytes."""
    try:
        return next((figure.ns for figure in peers.figures(command) if figure.op == "bls_verify_from_bytes"), None)
    except InvalidInput as error:
        raise PeerFailed(str(error)) from error


def measure(
    args: argparse.Namespace, dusk: Path | None, blst: list[str] | None
) -> tuple[list[Measured], list[dict[str, oracle.Timing]], list[float], dict[str, Any], int | None]:
    """Everything that is timed: the cases, Dusk's and blst's rounds, the start-up figures, and the processor that was kept."""
    cases = [case for case in CASES if not args.case or any(part in case.name for part in args.case)]
    loads = {case.name: load(dusk, case, args.n, args.requests) for case in cases}
    start_up: dict[str, Any] = {"import_s": import_seconds(args.rounds), "demo_s": None if args.no_demo else demo_seconds()}
    cpu = machine.pin(args.cpu)
    measured = []
    for engine in engines_here(args.engine or ("cpu:ifma", "cpu:adx")):
        for case in cases:
            machine.say(f"first pass, compared with Dusk's answers: {case.name} on {engine}")
            measured.append(Measured(case, loads[case.name], engine, args.n))
    times, of_blst = [], []
    for k in range(args.rounds):
        for m in measured:
            machine.say(f"round {k + 1} of {args.rounds}: {m.case.name} on {m.engine}")
            m.round(args.slice_ms * 1e6)
        if dusk:
            machine.say(f"round {k + 1} of {args.rounds}: dusk-oracle time")
            times.append(oracle.time(dusk))
        if blst and (ns := blst_ns(blst)):
            of_blst.append(ns)
    for m in measured:
        if not m.case.fresh:
            m.profile()
    return measured, times, of_blst, start_up, cpu


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0, 1 with --check where a wanted figure is missed, 2 where something could not run."""
    args = arguments(argv)
    absent = []
    try:
        dusk = None if args.no_oracle else program(args.oracle, "COPROC_DUSK_ORACLE")
        if dusk is None:
            absent.append("Dusk's own figures: set COPROC_DUSK_ORACLE or --oracle; requests are made by coproc.measure")
        programs, missing = ({}, ["no blst: left out"]) if args.no_oracle else peers.build()
        blst = [*peers.commands(programs, 6, 40.0)[0]] if "rust" in programs else None
        if blst is None:
            absent += [sentence for sentence in missing if "blst" in sentence or "source" in sentence]
        for sentence in absent:
            machine.say(f"left out: {sentence}")
        before = machine.describe(args.cpu)
        measured, times, of_blst, start_up, cpu = measure(args, dusk, blst)
    except (PeerFailed, WrongAnswer) as error:
        machine.say(f"benches.operations: {error}")
        return 2
    rows = report(measured, times, of_blst)
    before["pinned_to"] = cpu
    result = {
        "bench": "operations", "schema": SCHEMA, "at": machine.stamp(), **machine.commit(), "machine": before,
        "load_after": machine.describe(cpu)["load"], "rounds": args.rounds, "slice_ms": args.slice_ms, "threads": 1,
        "absent": absent, "blst_verify_from_bytes": spread(of_blst) if of_blst else None, **start_up, "rows": rows,
    }  # fmt: skip
    checks = [check["met"] for row in rows for engine in row["wanted"].values() for check in engine.values()]
    checks += [met for _, met in tables.start_up(result)]
    text = tables.operations(result)
    write(args.out or machine.RESULTS / f"operations-{machine.slug(before)}.json", result, text)
    print(text)
    return 1 if args.check and not all(checks) else 0


if __name__ == "__main__":
    sys.exit(main())
