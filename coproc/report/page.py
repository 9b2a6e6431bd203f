"""The report page."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Final, Protocol

from coproc.jobs.answers import OUTCOMES
from coproc.jobs.tally import LATENCY_BUCKETS, Tally
from coproc.report.machine import describe
from coproc.report.plots import curve, histogram, number, seconds, stacked_bars

MEANING: Final = {
    "true": "verified",
    "false": "well-formed and wrong",
    "value": "a hash or a key",
    "none": "no key can be recovered",
    "malformed": "the buffer does not decode: the fallback",
    "panic": "Dusk's own function panics",
    "unserved": "nothing could run it",
    "error": "no job line",
}
STEPS: Final = 120
EDGES: Final = [1e-4 * 2 ** (i / 2) for i in range(LATENCY_BUCKETS + 1)]


class Ran(Protocol):
    """What answered."""

    @property
    def engine(self) -> str: ...
    @property
    def workers(self) -> int: ...


def write_report(path: Path, tally: Tally, machine: Ran, inputs: Sequence[str], status: int) -> None:
    """Write the report of a run as one HTML file, in whole or not at all. Raises OSError."""
    part = path.with_name(path.name + ".part")
    part.write_text(page(tally, machine, inputs, status), encoding="utf-8", errors="backslashreplace")
    os.replace(part, path)


def page(tally: Tally, machine: Ran, inputs: Sequence[str], status: int) -> str:
    """The HTML of a run."""
    style = (files("coproc.report") / "style.css").read_text(encoding="utf-8")
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    names = ", ".join(inputs[:4]) + (f" and {len(inputs) - 4} more" if len(inputs) > 4 else "")
    body = [
        "<h1>Verification report</h1>",
        f'<p class="sub">{escape(names)} · engine {escape(machine.engine)} · {when}</p>',
        _tiles(tally, status),
        "<h2>Requests a second</h2>",
        _card(_throughput(tally)),
        "<h2>Answers by operation</h2>",
        _card(_bars(tally) + _table_of_operations(tally)),
        "<h2>Time of a batch</h2>",
        _card(histogram("Batches by time", tally.latencies, EDGES) if any(tally.latencies) else _nothing()),
        "<h2>Rows worth a look</h2>",
        _card(_noted(tally)),
        "<h2>Run</h2>",
        _card(_run(tally, machine, inputs, status)),
        "<footer>Answers do not depend on engine, batch or order. Written by coproc verify.</footer>",
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>coproc: {escape(names)}</title><style>{style}</style></head>\n<body><main>\n"
        + "\n".join(body)
        + "\n</main></body></html>\n"
    )


def _card(inner: str) -> str:
    return f'<div class="card">{inner}</div>'


def _nothing() -> str:
    return "<p>Nothing was computed in this run.</p>"


def _tiles(tally: Tally, status: int) -> str:
    total = tally.kept + tally.rows
    shown = [(f"{total:,}", "requests"), (f"{number(tally.rate)}/s", "rate"), (seconds(tally.seconds), "time")]
    shown += [(f"{count:,}", outcome) for outcome in OUTCOMES if (count := tally.count(outcome))]
    shown.append((str(status), "exit status"))
    return '<div class="tiles">' + "".join(f'<div class="tile"><b>{value}</b><span>{name}</span></div>' for value, name in shown) + "</div>"


def _throughput(tally: Tally) -> str:
    samples = [*tally.samples, (tally.seconds, tally.rows)] if tally.samples[-1][1] < tally.rows else tally.samples
    points: list[tuple[float, float]] = []
    start, rows_before = samples[0]
    for time, rows in samples[1:]:
        if time - start >= samples[-1][0] / STEPS or (time, rows) == samples[-1]:  # a step narrower than that is a spike
            if time > start:
                points.append((time, (rows - rows_before) / (time - start)))
            start, rows_before = time, rows
    return curve("Requests a second over time", points, "requests a second") if points else _nothing()


def _bars(tally: Tally) -> str:
    operations = sorted(tally.operations.items())
    if not operations:
        return _nothing()
    rows = [(op or "no operation", [(outcome, figures.outcomes[outcome]) for outcome in OUTCOMES]) for op, figures in operations]
    legend = "".join(
        f'<li class="{outcome}"><i></i>{outcome}: {MEANING[outcome]}</li>' for outcome in OUTCOMES if tally.count(outcome)
    )  # fmt: skip
    return stacked_bars("Answers by operation", rows) + f'<ul class="legend">{legend}</ul>'


def _table_of_operations(tally: Tally) -> str:
    shown = [outcome for outcome in OUTCOMES if tally.count(outcome)]
    head = "".join(f'<th class="n">{name}</th>' for name in ("requests", *shown, "batches", "time", "µs each"))
    rows = []
    for op, figures in sorted(tally.operations.items()):
        computed = figures.rows - figures.outcomes["error"]
        each = f"{1e6 * figures.seconds / computed:,.1f}" if figures.batches and computed and not tally.kept else ""
        cells = [f"{figures.rows:,}", *(f"{figures.outcomes[outcome]:,}" for outcome in shown), f"{figures.batches:,}"]
        cells += [seconds(figures.seconds) if figures.batches else "", each]
        rows.append(f"<tr><td>{escape(op or 'no operation')}</td>" + "".join(f'<td class="n">{cell}</td>' for cell in cells) + "</tr>")
    return f"<table><tr><th>operation</th>{head}</tr>{''.join(rows)}</table>" if rows else ""


def _noted(tally: Tally) -> str:
    if not tally.noted:
        return "<p>None: every verification of this run is true, every other request has its answer.</p>"
    text = f"<p>{tally.notable:,} rows are false, malformed or without an answer"
    text += f"; the first {len(tally.noted):,} of them:</p>" if tally.notable > len(tally.noted) else ":</p>"
    rows = [
        f'<tr><td class="mono">{escape(row.where)}</td><td class="mono">{escape(row.id)}</td><td>{escape(row.op)}</td>'
        f"<td>{row.outcome}</td><td>{escape(row.reason or MEANING[row.outcome])}</td></tr>"
        for row in tally.noted
    ]
    return text + f"<table><tr><th>line</th><th>id</th><th>operation</th><th>answer</th><th>why</th></tr>{''.join(rows)}</table>"


def _run(tally: Tally, machine: Ran, inputs: Sequence[str], status: int) -> str:
    rows = {
        "engine": machine.engine,
        "workers": str(machine.workers),
        "inputs": ", ".join(inputs[:20]) + (" …" if len(inputs) > 20 else ""),
        "requests": f"{tally.rows:,} answered" + (f", {tally.kept:,} kept from an earlier run" if tally.kept else ""),
        "exit status": str(status),
        **describe(),
    }
    return "<table>" + "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows.items()) + "</table>"
