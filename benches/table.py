"""Readable tables, times with their units, and result files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

UNITS = (("s", 1e9), ("ms", 1e6), ("µs", 1e3), ("ns", 1.0))


def duration(ns: float | None) -> str:
    """A time with three significant digits and its unit; a dash for none."""
    if ns is None:
        return "–"
    unit, scale = next((pair for pair in UNITS if ns >= pair[1]), UNITS[-1])
    value = ns / scale
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f} {unit}"


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table padded so that it can be read as it is; all but the first column set to the right."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    align = [str.ljust, *[str.rjust] * (len(header) - 1)]

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(put(cell, width) for put, cell, width in zip(align, cells, widths, strict=True)) + " |"

    rule = "|" + "|".join("-" * (w + 1) + ("-" if i == 0 else ":") for i, w in enumerate(widths)) + "|"
    return "\n".join([line(header), rule, *map(line, rows)])


def write(path: Path, result: dict[str, Any], text: str) -> None:
    """The result as JSON at `path` and its tables beside it as Markdown."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    path.with_suffix(".md").write_text(text + "\n", encoding="utf-8")
