"""`coproc demo`: a bundled block of contract calls and a bundled batch of real requests, every answer compared with Dusk's."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated, Final

import typer

from coproc.cli import OK, UNSERVED
from coproc.cli.console import Console, duration
from coproc.cli.outcome import Outcome

if TYPE_CHECKING:
    from coproc.demo.run import DemoRow

COLUMNS: Final = ("true", "false", "value", "none", "malformed", "panic", "unserved")


def demo(
    engine: Annotated[str | None, typer.Option(metavar="E", help="auto, spec, cpu, cpu:adx, ... (see coproc engines).")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Threads that compute; default: every core.")] = None,
    requests: Annotated[int, typer.Option(min=1, help="About how many requests in all.")] = 4400,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as one line of JSON.")] = False,
) -> None:  # fmt: skip
    """Run a bundled block in the contract VM, then answer a bundled batch of real requests of every operation; compare with Dusk.

    Exit status: 0 every answer is Dusk's, 1 some answer differs.
    """
    raise typer.Exit(run(engine, workers, requests, as_json))


def run(engine: str | None, workers: int | None, requests: int, as_json: bool) -> int:
    """`coproc demo`. Returns the exit status."""
    from coproc.cli.demo_block import described, figures, run_block
    from coproc.demo.run import run_demo
    from coproc.jobs.compute import opened

    started = time.monotonic()
    rows: list[DemoRow] = []
    with Console() as console:
        with Outcome(console) as outcome, opened(engine, workers) as machine:
            name, threads = machine.engine, machine.workers
            block = run_block(machine.coprocessor.engine, threads)
            if isinstance(block, str):
                console.error(f"without the block of contract calls: {block}")
            elif not as_json:
                typer.echo(described(block))
            if not as_json:
                typer.echo(f"Requests recorded from Dusk's own host functions, answered by engine {name} with {threads} worker(s)\n")
                typer.echo(_line(("operation", "requests", *COLUMNS, "differ", "requests/s", "µs each")))
            for row in run_demo(machine, requests):
                rows.append(row)
                if not as_json:
                    typer.echo(_row(row))
        if outcome.status:
            return outcome.status
    wrong = [text for row in rows for text in row.wrong]
    seconds = time.monotonic() - started
    if as_json:
        executed = None if isinstance(block, str) else figures(block)
        typer.echo(json.dumps(_figures(rows, name, threads, seconds) | {"block": executed}))
    else:
        typer.echo("\n" + _conclusion(rows, wrong, seconds))
    if not isinstance(block, str):
        wrong = block.wrong + wrong
    for text in filter(None, wrong[:20]):
        Console().error(text)
    return UNSERVED if wrong else OK


def _line(cells: tuple[object, ...]) -> str:
    first, *rest = cells
    widths = (9, *(max(len(name), 5) for name in COLUMNS), 6, 10, 8)
    return f"{first!s:<21}" + "".join(f"  {cell!s:>{width}}" for cell, width in zip(rest, widths, strict=True))


def _row(row: DemoRow) -> str:
    counts = (f"{row.outcomes[name]:,}" if row.outcomes[name] else "·" for name in COLUMNS)
    each = 1e6 / row.rate if row.rate else 0.0
    return _line((row.op, f"{row.requests:,}", *counts, len(row.wrong) or "·", f"{row.rate:,.0f}", f"{each:,.1f}"))


def _conclusion(rows: list[DemoRow], wrong: list[str], seconds: float) -> str:
    total, distinct, recorded = (sum(getattr(row, name) for row in rows) for name in ("requests", "distinct", "recorded"))
    verdict = f"{len(wrong):,} answers DIFFER from Dusk's" if wrong else "every answer is Dusk's, byte for byte"
    text = f"{total:,} requests ({distinct:,} different ones) in {duration(seconds)}: {verdict}."
    if any(row.hurried for row in rows):
        text += f"\nThis engine is slow: to stay under a minute it ran {distinct:,} of the {recorded:,} recorded requests."
    return text


def _figures(rows: list[DemoRow], engine: str, workers: int, seconds: float) -> dict[str, object]:
    return {
        "engine": engine,
        "workers": workers,
        "seconds": round(seconds, 3),
        "operations": {
            row.op: {
                "requests": row.requests,
                "distinct": row.distinct,
                "rate": round(row.rate, 1),
                "outcomes": dict(row.outcomes),
                "differ": len(row.wrong),
            }
            for row in rows
        },
    }
