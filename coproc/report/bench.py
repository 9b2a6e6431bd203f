"""The page of `coproc bench`: plots of rate and latency against the size of a batch, tables, the peers side by side."""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from coproc.report.plots import key, lines, number, ratios, seconds


def write_bench(path: Path, result: dict[str, Any]) -> None:
    """Write the page of a result as one HTML file, in whole or not at all. Raises OSError."""
    part = path.with_name(path.name + ".part")
    part.write_text(bench_page(result), encoding="utf-8", errors="backslashreplace")
    os.replace(part, path)


def bench_page(result: dict[str, Any]) -> str:
    """The HTML of a result of `coproc bench`."""
    facts = (*result["engines"], f"{result['workers']} worker(s)", result["mode"], result["at"])
    body = [
        "<h1>Throughput and latency</h1>",
        f'<p class="sub">{escape(" · ".join(facts))}</p>',
        _tiles(result["rows"]),
    ]
    for op in dict.fromkeys(row["op"] for row in result["rows"]):
        body += [f"<h2>{escape(op)}</h2>", _operation(op, result)]
    if result.get("peers"):
        body += ["<h2>Beside other libraries, one thread</h2>", _peers(result["peers"])]
    body += ["<h2>What was measured</h2>", _about(result)]
    return shell(
        "coproc bench", body, "Distinct true requests, bytes in memory, keys known, no answer remembered. Written by coproc bench."
    )


def shell(title: str, body: Sequence[str], footer: str) -> str:
    """A page with the report's style, nothing fetched from anywhere."""
    style = (files("coproc.report") / "style.css").read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head>\n<body><main>\n"
        + "\n".join([*body, f"<footer>{escape(footer)}</footer>"])
        + "\n</main></body></html>\n"
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> str:
    """An HTML table; the first `words` columns are words, the others numbers."""
    cells = "".join(f"<th{'' if i < words else ' class=n'}>{escape(name)}</th>" for i, name in enumerate(head))
    lines_ = "".join(
        "<tr>" + "".join(f"<td{'' if i < words else ' class=n'}>{escape(cell)}</td>" for i, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{cells}</tr>{lines_}</table>"


def _tiles(rows: Sequence[dict[str, Any]]) -> str:
    best: dict[str, float] = {}
    for row in rows:
        best[row["op"]] = max(best.get(row["op"], 0.0), row["rate"])
    tiles = [f'<div class="tile"><b>{number(rate)}/s</b><span>{escape(op)}</span></div>' for op, rate in best.items()]
    return '<div class="tiles">' + "".join(tiles) + "</div>"


def _operation(op: str, result: dict[str, Any]) -> str:
    rows = [row for row in result["rows"] if row["op"] == op]
    engines = list(dict.fromkeys(row["engine"] for row in rows))
    xs = sorted({row["n"] for row in rows})
    rates = [(engine, [(row["n"], row["rate"]) for row in rows if row["engine"] == engine]) for engine in engines]
    times = [
        (f"{engine}, {name}", [(row["n"], row[f"{name}_ns"] / 1e6) for row in rows if row["engine"] == engine])
        for engine in engines for name in ("median", "p99")
    ]  # fmt: skip
    shown = [
        [
            f"{row['n']:,}",
            row["engine"],
            *(seconds(row[c] / 1e9) for c in ("median_ns", "min_ns", "p99_ns", "item_ns", "processor_item_ns")),
            f"{row['rate']:,.0f}",
        ]
        for row in rows
    ]
    return (
        '<div class="card">'
        + lines(f"{op}: requests a second", rates, xs, "requests a second, by the size of a batch")
        + key([name for name, _ in rates])
        + lines(f"{op}: time of a batch", times, xs, "milliseconds a batch, by its size")
        + key([name for name, _ in times])
        + table(["batch", "engine", "median", "least", "p99", "each", "processor, each", "requests/s"], shown, 2)
        + "</div>"
    )


def _peers(rows: Sequence[dict[str, Any]]) -> str:
    bars = [(f"{row['curve']} {row['op']} {row['n']}, {engine}", faster) for row in rows for engine, faster in row["faster"].items()]
    libraries = list(dict.fromkeys(lib for row in rows for lib in row["peers"]))
    engines = list(dict.fromkeys(engine for row in rows for engine in row["ours"]))

    def time(some: dict[str, float], name: str) -> str:
        return seconds(some[name] / 1e9) if name in some else "–"

    shown = [
        [
            f"{row['curve']} {row['op']} {row['n']:,}",
            *(time(row["ours"], e) for e in engines),
            *(time(row["peers"], lib) for lib in libraries),
        ]
        for row in rows
    ]
    plot = ratios("How many times as fast as the best peer", bars) if bars else "<p>No peer was there.</p>"
    return f'<div class="card"><p>How many times as fast as the best peer:</p>{plot}{table(["figure", *engines, *libraries], shown)}</div>'


def _about(result: dict[str, Any]) -> str:
    made = [[op, f"{about['made']:,}", f"{about['bytes_each']:,}", about["source"]] for op, about in result["requests"].items()]
    rows = {**result["machine"], "workers": str(result["workers"]), "memo": result["memo"]}
    rows |= {f"left out: {row['op']}, {row['engine']}": f"above {row['above']:,}: {row['why']}" for row in result["left_out"]}
    rows |= {f"left out: peers {k + 1}": sentence for k, sentence in enumerate(result.get("peers_missing", []))}
    facts = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows.items())
    return (
        f'<div class="card">{table(["operation", "requests made", "bytes each", "where they come from"], made)}<table>{facts}</table></div>'
    )
