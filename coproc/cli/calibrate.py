"""`coproc calibrate`: what the operations cost here, the gas that would follow, and how far the schedule in force covers it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from coproc.cli import OK, WRONG
from coproc.cli.console import Console
from coproc.cli.measured import folders_exist, operations_of
from coproc.cli.outcome import Outcome

if TYPE_CHECKING:
    from coproc.coprocessor import Coprocessor

QUICK_S: Final = 30.0
THOROUGH_S: Final = 600.0
LEAST_SAMPLES: Final = 20
MOST_SAMPLES: Final = 1_000
DISTINCT: Final = 32
REPEATS: Final = 3
"""Calls of a candidate, the least of which counts."""
CONFIRM: Final = 15
"""Calls of the worst candidates and of honest requests at the end, whose medians are compared."""


def calibrate(
    ops: Annotated[list[str] | None, typer.Option(metavar="OP[,OP...]", help="Operations; default: all.")] = None,
    engine: Annotated[str | None, typer.Option(metavar="E", help="auto, spec, cpu, cpu:adx, ... (see coproc engines).")] = None,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="How long to measure in all; default: 30.")] = None,
    search: Annotated[float | None, typer.Option(min=0.0, help="How long to look for expensive inputs in all; default: 30.")] = None,
    thorough: Annotated[bool, typer.Option("--thorough", help="Measure for 10 minutes and search for 10.")] = False,
    seed: Annotated[int, typer.Option(help="Of the search.")] = 1,
    as_json: Annotated[str | None, typer.Option("--json", metavar="FILE", help="Write all figures as JSON.")] = None,
) -> None:  # fmt: skip
    """Measure cold single calls, price them by Dusk's own method, and search for the worst input.

    Headroom 2 means that the price in force pays for twice the time that a call takes here, Dusk's safety margin of a half included.
    """
    budget = THOROUGH_S if thorough else QUICK_S
    raise typer.Exit(run(ops, engine, seconds or budget, budget if search is None else search, seed, as_json))


def run(ops: list[str] | None, engine: str | None, seconds: float, search: float, seed: int, as_json: str | None) -> int:
    """`coproc calibrate`. Returns the exit status."""
    from coproc.coprocessor import open as open_coprocessor

    with Console() as console:
        with Outcome(console) as outcome:
            names = operations_of(ops)
            folders_exist(as_json)
            with open_coprocessor(engine, 1) as coprocessor:
                result = _calibrate(coprocessor, names, seconds, search, seed)
        if outcome.status:
            return outcome.status
        try:
            if as_json is not None:
                Path(as_json).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
                console.log(f"written: {as_json}")
        except OSError as error:
            console.error(f"{as_json}: cannot be written: {error.strerror}")
            return WRONG
    return OK


def _calibrate(coprocessor: Coprocessor, ops: list[str], seconds: float, search: float, seed: int) -> dict[str, Any]:
    from coproc.measure.calibration import ANCHOR, REFERENCE_NS_A_GAS, SAFETY, road
    from coproc.report.machine import describe

    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    nothing = road(coprocessor)
    typer.echo(
        f"{coprocessor.engine.name}, one core, cold single calls: no key is known; prices of Boreas. Not counted: {nothing / 1e3:.1f} µs, "
        "the way through Python and back\n"
    )
    typer.echo(_line(("operation", "size", "median", "p95", "gas", "ns/gas", "headroom", "gas that follows", "worst found")))
    rows = []
    for op in ops:
        row = _operation(coprocessor, op, seconds / len(ops), search / len(ops), seed, nothing)
        rows.append(row)
        _print(row)
    least = min(rows, key=lambda row: row["headroom"])
    rates = [s["ns_a_gas"] for row in rows for s in row["sizes"]]
    typer.echo(
        f"\nThe schedule in force has a headroom of {least['headroom']:.2f} or more on this machine ({least['op']} has the least); "
        f"a gas buys {min(rates):.3f} to {max(rates):.3f} ns, {REFERENCE_NS_A_GAS:.3f} ns on the machine that it was made for."
    )
    return {
        "calibration": "coproc", "schema": 1, "at": started, "machine": describe(), "engine": coprocessor.engine.name,
        "method": {"anchor": ANCHOR, "safety": SAFETY, "ns_a_gas": 1, "reference_ns_a_gas": round(REFERENCE_NS_A_GAS, 4)},
        "road_ns": nothing,
        "seconds": seconds, "search_seconds": search, "seed": seed, "rows": rows, "headroom": least["headroom"],
        "ns_a_gas": {"least": min(rates), "most": max(rates)},
    }  # fmt: skip


def _operation(coprocessor: Coprocessor, op: str, seconds: float, search: float, seed: int, nothing: int) -> dict[str, Any]:
    from coproc.engine.select import select
    from coproc.measure.calibration import Measured, cold_call, judge, sizes_of
    from coproc.measure.requests import make
    from coproc.ops import OPERATIONS

    maker = select("cpu") if coprocessor.engine.name == "spec" else coprocessor.engine
    measured = []
    for size in sizes_of(op):
        requests = make(maker, op, DISTINCT, size=size, seed=seed, fresh=True).requests
        coprocessor.run(requests[:1])
        samples: list[int] = []
        until = time.monotonic() + seconds / len(sizes_of(op))
        while len(samples) < LEAST_SAMPLES or (time.monotonic() < until and len(samples) < MOST_SAMPLES):
            samples.append(cold_call(coprocessor, requests[len(samples) % DISTINCT], nothing))
        measured.append(Measured(size, samples, OPERATIONS[op].cost(requests[0].args, requests[0].rules)))
    row = judge(op, measured)
    row["worst"] = _worst(coprocessor, op, search, seed, nothing) if search else None
    return row


def _worst(coprocessor: Coprocessor, op: str, seconds: float, seed: int, nothing: int) -> dict[str, Any]:
    """The worst input that a search finds, compared with the worst of the honest requests of every size."""
    from statistics import median

    from coproc.demo import load
    from coproc.engine.select import select
    from coproc.measure.calibration import REFERENCE_NS_A_GAS, cold_call, sizes_of
    from coproc.measure.requests import RULES, make
    from coproc.measure.search import search
    from coproc.operation import Request
    from coproc.ops import OPERATIONS

    operation = OPERATIONS[op]
    maker = select("cpu") if coprocessor.engine.name == "spec" else coprocessor.engine

    def rate(buffer: bytes, calls: int) -> list[float]:
        request = Request(op, buffer, RULES)
        gas = max(operation.cost(buffer, RULES), 1)
        return [cold_call(coprocessor, request, nothing) / gas for _ in range(calls)]

    honest = [r.args for size in sizes_of(op) for r in make(maker, op, 2, size=size, seed=seed).requests]
    recorded = [data for batch in load() if batch.group.op == op for data in batch.group.data]
    found = search(operation.layout, [*honest, *recorded], lambda b: min(rate(b, REPEATS)), Random(seed), seconds)
    base = max(median(rate(buffer, CONFIRM)) for buffer in honest)
    confirmed = [(median(rate(candidate.buffer, CONFIRM)), candidate) for candidate in found.worst[:5]]
    worst, candidate = max(confirmed, key=lambda pair: pair[0])
    return {
        "tried": found.tried, "ns_a_gas": round(worst, 5), "honest_ns_a_gas": round(base, 5), "times_honest": round(worst / base, 3),
        "times_reference": round(worst / REFERENCE_NS_A_GAS, 3),
        "trail": list(candidate.trail), "argbuf": candidate.buffer.hex(),
    }  # fmt: skip


def _line(cells: tuple[str, ...]) -> str:
    first, *rest = cells
    return f"{first:<21}" + "".join(f"  {cell:>{width}}" for cell, width in zip(rest, (7, 9, 9, 11, 8, 8, 24, 27), strict=True))


def _print(row: dict[str, Any]) -> None:
    from coproc.report.plots import seconds

    follows, worst = row["gas_that_follows"], row["worst"]
    price = f"{follows['base']:,}" + (f" + {follows['slope']:,}/{row['argument']}" if row["argument"] else "")
    found = f"{worst['times_honest']:.2f}× honest, {worst['ns_a_gas']:.2f} ns/gas" if worst else ""
    for k, s in enumerate(row["sizes"]):
        size = "" if s["size"] is None else f"{s['size']:,}"
        times = (seconds(s["median_ns"] / 1e9), seconds(s["p95_ns"] / 1e9))
        last = (price, found) if k == 0 else ("", "")
        typer.echo(
            _line((row["op"] if k == 0 else "", size, *times, f"{s['gas']:,}", f"{s['ns_a_gas']:.3f}", f"{s['headroom']:.2f}", *last))
        )
