"""Times the operations through the Python API, one call and batches of 1,024, beside Dusk's own host functions in the same run.

    python -m benches.operations [--oracle PROGRAM] [--n N] [--rounds K] [--engine E ...] [--case PART ...] [--out FILE]

Rounds are interleaved (ours, `dusk-oracle time`, ours, ...); a figure is the median over the rounds of the best slice of each.
Requests are distinct, their keys known except where a case says fresh; every answer is compared with Dusk's before anything is
timed. Also measured: Python's share of a batch, the import of coproc, and `coproc demo`. Writes
benches/results/operations-<cpu>.json and a table of the same name.
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
from benches import machine, table, wanted
from benches.peers import oracle
from benches.peers.cpu import PeerFailed, program
from benches.primitives import spread
from benches.python_share import python_share
from benches.requests import CASES, Case, Load, load
from coproc.coprocessor import Coprocessor
from coproc.errors import EngineUnavailable

SCHEMA = 1
SLICE_NS = 150e6  # five slices of single calls a round, each at least this long, as in `dusk-oracle time`
LONG_NS = 20e6  # longer samples are read from the processor's clock, as in coproc-bench
REQUESTS = machine.ROOT / "build" / "bench" / "requests"


class WrongAnswer(RuntimeError):
    """An answer is not Dusk's: there is no figure for it."""


class Measured:
    """One case on one engine: nanoseconds a request, one entry a round."""

    def __init__(self, case: Case, data: Load, engine: str) -> None:
        self.case, self.data, self.engine = case, data, engine
        self.one_call: list[float] = []
        self.run: list[float] = []
        self.run_columns: list[float] = []
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
        """The coprocessor that knows the keys, or for a case of fresh keys a new one."""
        if self.case.fresh:
            self.cp.close()
            self.cp = self.open()
        return self.cp

    def columns(self, cp: Coprocessor) -> None:
        cp.run_columns(self.case.op, self.buffer, self.offsets, self.data.requests[0].rules)

    def one_calls(self, slice_ns: float) -> float:
        """One call after the other on distinct requests for `slice_ns`: nanoseconds a call."""
        n, requests = len(self.data.requests), self.data.requests
        cp, calls, start = self.again(), 0, perf_counter_ns()
        while (spent := perf_counter_ns() - start) < slice_ns or calls == 0:
            if self.case.fresh and calls == n:
                break
            cp.run([requests[calls % n]])
            calls += 1
        return spent / calls

    def batch(self, run: Callable[[Coprocessor], object]) -> float:
        """One batch: nanoseconds a request; by the processor's time where it lasts, so that nobody else's work counts."""
        cp, start, cpu = self.again(), perf_counter_ns(), process_time_ns()
        run(cp)
        cpu, wall = process_time_ns() - cpu, perf_counter_ns() - start
        return (wall if wall < LONG_NS else cpu) / len(self.data.requests)

    def round(self, slice_ns: float) -> None:
        """The best of five slices of single calls, as `dusk-oracle time`; the batch as a list, and as columns."""
        self.one_call.append(min(self.one_calls(slice_ns) for _ in range(5)))
        self.run.append(self.batch(lambda cp: cp.run(self.data.requests)))
        self.run_columns.append(self.batch(self.columns))

    def profile(self) -> None:
        """Python's share of the batch, nanoseconds a request."""
        isa, n = self.engine.removeprefix("cpu:"), len(self.data.requests)
        self.python["run"] = python_share(isa, lambda: self.cp.run(self.data.requests)) / n
        self.python["run_columns"] = python_share(isa, lambda: self.columns(self.cp)) / n

    def row(self) -> dict[str, Any]:
        figures = {"one_call": self.one_call, "run": self.run, "run_columns": self.run_columns}
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


def report(measured: list[Measured], times: list[dict[str, oracle.Timing]]) -> list[dict[str, Any]]:
    """One row a case: Dusk's figure, each engine's, how many times faster, and what was wanted."""
    rows: dict[str, dict[str, Any]] = {}
    for m in measured:
        size = sum(len(r.args) for r in m.data.requests) / len(m.data.requests)
        about = {
            "case": m.case.name,
            "op": m.case.op,
            "what": m.case.what if times else "of the test vectors",
            "requests": len(m.data.requests),
            "argbuf_bytes": round(size),
        }
        row = rows.setdefault(m.case.name, {**about, "unit": "ns", "dusk": None, "engines": {}, "faster": {}, "wanted": {}})
        row["engines"][m.engine] = m.row()
        label = label_of(times[0], m.case) if times else None
        if label is None:
            continue
        dusk = [t[label].best for t in times]
        row["dusk"] = {"label": label, **spread(dusk)}
        faster = {
            name: round(median(d / o for d, o in zip(dusk, ours, strict=True)), 3)
            for name, ours in (("one_call", m.one_call), ("run", m.run), ("run_columns", m.run_columns))
        }
        row["faster"][m.engine] = faster
        want = wanted.FASTER.get(m.case.name)
        if want and m.engine == "cpu:adx":
            row["wanted"] = {"engine": m.engine, "one_call_faster": want, "measured": faster["one_call"], "met": faster["one_call"] >= want}
    return list(rows.values())


def render(rows: list[dict[str, Any]]) -> str:
    header = ["operation", "engine", "Dusk", "one call", "run, a request", "columns, a request", "× one", "× batch", "Python, µs", "wanted"]
    lines = []
    for row in rows:
        for engine, cell in row["engines"].items():
            faster = row["faster"].get(engine, {})
            python = [cell["python_us"][name] for name in ("run", "run_columns") if name in cell["python_us"]]
            want = row["wanted"] if row["wanted"].get("engine") == engine else {}
            lines.append([
                ", ".join(filter(None, [row["case"], row["what"]])) + f" ({row['requests']})",
                engine,
                table.duration(row["dusk"] and row["dusk"]["median"]),
                *(table.duration(cell[name]["median"]) for name in ("one_call", "run", "run_columns")),
                *(f"{faster[name]:.2f}" if faster else "–" for name in ("one_call", "run_columns")),
                " / ".join(f"{us:.2f}" for us in python) or "–",
                f"≥ {want['one_call_faster']} {'met' if want['met'] else 'MISSED'}" if want else "",
            ])  # fmt: skip
    return table.markdown(header, lines)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benches.operations", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--oracle", metavar="PROGRAM", help="dusk-oracle (or COPROC_DUSK_ORACLE)")
    parser.add_argument("--no-oracle", action="store_true", help="ours alone, on the test vectors")
    parser.add_argument("--n", type=int, default=1024, metavar="N", help="requests a batch (1024)")
    parser.add_argument("--rounds", type=int, default=5, metavar="K", help="interleaved rounds (5)")
    parser.add_argument("--engine", action="append", metavar="E", help="engine, several times for several (cpu:adx, cpu:portable)")
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


def measure(
    args: argparse.Namespace, dusk: Path | None
) -> tuple[list[Measured], list[dict[str, oracle.Timing]], dict[str, Any], int | None]:
    """Everything that is timed: the cases, Dusk's rounds, the start-up figures, and the processor that was kept."""
    cases = [case for case in CASES if not args.case or any(part in case.name for part in args.case)]
    loads = {case.name: load(dusk, case, args.n, args.requests) for case in cases}
    start_up: dict[str, Any] = {"import_s": import_seconds(args.rounds), "demo_s": None if args.no_demo else demo_seconds()}
    cpu = machine.pin(args.cpu)
    measured = []
    for engine in args.engine or ("cpu:adx", "cpu:portable"):
        try:
            coproc.open(engine=engine, workers=1).close()
        except EngineUnavailable as error:
            machine.say(f"left out: {error}")
            continue
        for case in cases:
            machine.say(f"first pass, compared with Dusk's answers: {case.name} on {engine}")
            measured.append(Measured(case, loads[case.name], engine))
    times = []
    for k in range(args.rounds):
        for m in measured:
            machine.say(f"round {k + 1} of {args.rounds}: {m.case.name} on {m.engine}")
            m.round(args.slice_ms * 1e6)
        if dusk:
            machine.say(f"round {k + 1} of {args.rounds}: dusk-oracle time")
            times.append(oracle.time(dusk))
    for m in measured:
        m.profile()
    return measured, times, start_up, cpu


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0, 1 with --check where a wanted figure is missed, 2 where something could not run."""
    args = arguments(argv)
    try:
        dusk = None if args.no_oracle else program(args.oracle, "COPROC_DUSK_ORACLE")
        if dusk is None:
            machine.say("left out: Dusk's own figures: set COPROC_DUSK_ORACLE or --oracle; requests come from the test vectors")
        before = machine.describe(args.cpu)
        measured, times, start_up, cpu = measure(args, dusk)
    except (PeerFailed, WrongAnswer) as error:
        machine.say(f"benches.operations: {error}")
        return 2
    rows = report(measured, times)
    before["pinned_to"] = cpu
    python = {
        f"{row['case']} {engine} {form}": us
        for row in rows
        for engine, cell in row["engines"].items()
        for form, us in cell["python_us"].items()
    }
    checks = [row["wanted"]["met"] for row in rows if row["wanted"]]
    checks.append(all(us <= wanted.PYTHON_US for us in python.values()))
    checks.append(start_up["import_s"]["median"] <= wanted.IMPORT_S)
    if start_up["demo_s"] is not None:
        checks.append(start_up["demo_s"] <= wanted.DEMO_S)
    result = {
        "bench": "operations", "schema": SCHEMA, "at": machine.stamp(), **machine.commit(), "machine": before,
        "load_after": machine.describe(cpu)["load"], "rounds": args.rounds, "slice_ms": args.slice_ms, "threads": 1,
        "absent": [] if dusk else ["dusk-oracle"], **start_up, "rows": rows,
    }  # fmt: skip
    text = f"# Operations on {before['cpu']} (family {before['family']}, model {before['model']})\n\n"
    text += (
        f"Commit {result['commit']}{' with changes' if result['changed'] else ''}, {result['at']}, {args.rounds} rounds, one thread.\n\n"
    )
    text += "" if dusk else "Left out: Dusk's own figures (no dusk-oracle); requests are the test vectors', of several keys.\n\n"
    start = start_up["import_s"]
    text += render(rows) + f"\n\nimport coproc: {start['median']} s (wanted ≤ {wanted.IMPORT_S}; the first time, without bytecode: "
    text += f"{start['first']} s); until a coprocessor is open: {start['open']} s"
    text += "" if start_up["demo_s"] is None else f"\ncoproc demo: {start_up['demo_s']} s (wanted ≤ {wanted.DEMO_S:.0f})"
    if python:
        worst = max(python, key=lambda name: python[name])
        text += f"\nPython's share at most {python[worst]:.2f} µs a request ({worst}; wanted ≤ {wanted.PYTHON_US})"
    table.write(args.out or machine.RESULTS / f"operations-{machine.slug(before)}.json", result, text)
    print(text)
    return 1 if args.check and not all(checks) else 0


if __name__ == "__main__":
    sys.exit(main())
