"""`coproc bench`: throughput and latency of the operations against the size of a batch, with other libraries side by side."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from coproc.cli import OK, WRONG
from coproc.cli.console import Console
from coproc.cli.measured import folders_exist, operations_of
from coproc.cli.outcome import Outcome

if TYPE_CHECKING:
    from coproc.coprocessor import Coprocessor

QUICK_S: Final = 40.0
THOROUGH_S: Final = 1200.0
QUICK_VERIFICATIONS: Final = 1024
"""Requests of an operation that the quick mode makes, where making them takes a while."""
QUICK_MULTISIG: Final = 64


def bench(
    ops: Annotated[list[str] | None, typer.Option(metavar="OP[,OP...]", help="Operations; default: all.")] = None,
    engine: Annotated[list[str] | None, typer.Option(metavar="E", help="Several times for several; default: what auto takes.")] = None,
    sizes: Annotated[str | None, typer.Option(metavar="N,N...", help="Sizes of batches; default: 1, 4, 16, ..., 16384.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Threads that compute.")] = 1,
    peers: Annotated[bool, typer.Option("--peers", help="Time primitives beside other libraries; needs cargo and go.")] = False,
    thorough: Annotated[bool, typer.Option("--thorough", help="All sizes and many samples: many minutes instead of one.")] = False,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="How long to measure in all, the making of requests not counted.")] = None,
    as_json: Annotated[str | None, typer.Option("--json", metavar="FILE", help="Write all figures as JSON.")] = None,
    html: Annotated[str | None, typer.Option(metavar="FILE", help="Write a page with plots, one file.")] = None,
) -> None:  # fmt: skip
    """Time the operations on distinct true requests, bytes in memory, batch by batch.

    Exit status: 0 measured, 2 the command line or an engine is wrong or an answer is.
    """
    raise typer.Exit(run(ops, engine, sizes, workers, peers, thorough, seconds, as_json, html))


def run(
    ops: list[str] | None, engines: list[str] | None, sizes: str | None, workers: int, peers: bool, thorough: bool,
    seconds: float | None, as_json: str | None, html: str | None,
) -> int:  # fmt: skip
    """`coproc bench`. Returns the exit status."""
    with Console() as console:
        with Outcome(console) as outcome:
            names, wanted = operations_of(ops), _sizes(sizes)
            folders_exist(as_json, html)
            budget = seconds or (THOROUGH_S if thorough else QUICK_S)
            result = _measure(names, engines or [None], wanted, workers, thorough, budget, sizes is not None)
            if peers:
                result |= _peers(console, engines or [None], thorough, result["rows"])
        return outcome.status or _write(console, result, as_json, html)


def _write(console: Console, result: dict[str, Any], as_json: str | None, html: str | None) -> int:
    from coproc.report.bench import write_bench

    for path, write in ((as_json, lambda p: p.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")),
                        (html, lambda p: write_bench(p, result))):  # fmt: skip
        try:
            if path is not None:
                write(Path(path))
                console.log(f"written: {path}")
        except OSError as error:
            console.error(f"{path}: cannot be written: {error.strerror}")
            return WRONG
    return OK


def _sizes(given: str | None) -> list[int]:
    from coproc.errors import InvalidInput
    from coproc.measure.throughput import SIZES

    if given is None:
        return list(SIZES)
    parts = [part.strip() for part in given.split(",")]
    if not all(part.isdecimal() and 0 < int(part) <= 1 << 20 for part in parts):
        raise InvalidInput(f"--sizes {given}: numbers from 1 to {1 << 20:,} are wanted, comma-separated")
    return sorted({int(part) for part in parts})


def _made(op: str, sizes: list[int], thorough: bool) -> int:
    """How many requests are made."""
    from coproc.ops import OPERATIONS

    largest = max(sizes)
    if thorough or OPERATIONS[op].kind != "bool":
        return largest
    return min(largest, QUICK_MULTISIG if op == "verify_bls_multisig" else QUICK_VERIFICATIONS)


def _measure(
    ops: list[str], engines: list[Any], sizes: list[int], workers: int, thorough: bool, budget: float, whole: bool
) -> dict[str, Any]:  # fmt: skip
    from contextlib import ExitStack

    from coproc.coprocessor import open as open_coprocessor
    from coproc.report.machine import describe

    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with ExitStack() as stack:
        machines = [stack.enter_context(open_coprocessor(engine, workers)) for engine in engines]
        names = [machine.engine.name for machine in machines]
        typer.echo(f"{', '.join(names)}; {workers} worker(s); distinct true requests, keys known, no answer remembered\n")
        typer.echo(_line(("operation", "engine", "batch", "samples", "median", "least", "p99", "each", "processor", "requests/s")))
        rows: list[dict[str, Any]] = []
        requests: dict[str, Any] = {}
        for op in ops:
            rows += list(_operation(op, machines, sizes, thorough, budget / len(ops) / len(machines), whole, requests))
    largest = {(row["op"], row["engine"]): row["n"] for row in rows}
    return {
        "bench": "coproc", "schema": 1, "at": started, "machine": describe(), "engines": names, "workers": workers,
        "mode": "thorough" if thorough else "quick", "seconds": budget, "memo": "off", "sizes": sizes, "requests": requests, "rows": rows,
        "left_out": [
            {"op": op, "engine": engine, "above": n, "why": "requests or time of this mode end here"}
            for (op, engine), n in largest.items() if n < max(sizes)
        ],
    }  # fmt: skip


def _operation(
    op: str, machines: list[Coprocessor], sizes: list[int], thorough: bool, budget: float, whole: bool, requests: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    from coproc.engine.select import select
    from coproc.measure.requests import make
    from coproc.measure.throughput import Columns, measure

    maker = next((m.engine for m in machines if m.engine.name != "spec"), None) or select("auto")
    n = _made(op, sizes, thorough)
    made = make(maker, op, n if maker.name != "spec" else min(n, 16))
    columns = Columns(made)
    requests[op] = {"made": len(columns), "bytes_each": round(len(columns.data) / len(columns)), "source": made.source}
    for machine in machines:
        for cell in measure(machine, columns, sizes, budget, whole=whole):
            row = cell.row()
            typer.echo(_row(row))
            yield row


def _line(cells: tuple[str, ...]) -> str:
    first, second, *rest = cells
    return f"{first:<21}  {second:<12}" + "".join(f"  {cell:>9}" for cell in rest)


def _row(row: dict[str, Any]) -> str:
    from coproc.report.plots import seconds

    times = [seconds(row[name] / 1e9) for name in ("median_ns", "min_ns", "p99_ns", "item_ns", "processor_item_ns")]
    return _line((row["op"], row["engine"], f"{row['n']:,}", f"{row['samples']:,}", *times, f"{row['rate']:,.0f}"))


def _peers(console: Console, engines: list[Any], thorough: bool, measured: list[dict[str, Any]]) -> dict[str, Any]:
    """Primitives of the engines beside the peers', interleaved."""
    from coproc.engine.select import select
    from coproc.measure.beside import table
    from coproc.measure.peers import build, commands, figures
    from coproc.measure.primitives import primitives, time_primitive

    console.log("building the peers' programs (the first time takes minutes)")
    programs, missing = build()
    for sentence in missing:
        console.log(f"left out: {sentence}")
    max_log, budget_ms = (14, 250.0) if thorough else (10, 30.0)
    theirs = []
    for command in commands(programs, max_log, budget_ms):
        console.log(f"timing {Path(command[0]).name} {command[-1]}")
        theirs += list(figures(command))
    ours = []
    for engine in map(select, engines):
        if engine.name == "spec":
            continue
        console.log(f"timing primitives of {engine.name}")
        for primitive in primitives(engine, 1 << max_log):
            ours.append((engine.name, primitive, time_primitive(primitive, budget_ms * 1e6)))
    rows = table([(name, p.curve, p.op, p.n, ns) for name, p, ns in ours] + _verifications(measured), theirs)
    typer.echo("")
    for row in rows:
        typer.echo(_beside(row))
    return {"peers": rows, "peers_missing": missing}


def _verifications(measured: list[dict[str, Any]]) -> list[tuple[str, str, str, int, float]]:
    """Whole operations that peers have too: one call alone, and a request's share of the largest batch."""
    same = {"verify_bls": ("bls12-381", "bls_verify_from_bytes", 1), "verify_groth16_bn254": ("bn254", "groth16_verify_from_bytes", 4)}
    rows = [row for row in measured if row["op"] in same]
    most = {(row["op"], row["engine"]): row["n"] for row in rows}
    found = []
    for row in rows:
        if row["n"] in (1, most[row["op"], row["engine"]]):
            label = row["engine"] if row["n"] == 1 else f"{row['engine']}, of {row['n']:,}"
            found.append((label, *same[row["op"]], row["processor_item_ns"]))
    return found


def _beside(row: dict[str, Any]) -> str:
    from coproc.report.plots import seconds

    ours = "  ".join(f"{name} {seconds(ns / 1e9)}" for name, ns in row["ours"].items())
    best = f"best peer {row['best_peer']} {seconds(row['peers'][row['best_peer']] / 1e9)}" if row["best_peer"] else "no peer"
    faster = ", ".join(f"{name} {times:.2f}×" for name, times in row["faster"].items())
    return f"{row['curve']:<10} {row['op']:<22} {row['n']:>6}  {ours}  {best}" + (f"  ({faster} its speed)" if faster else "")
