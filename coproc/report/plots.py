"""Plots as SVG text: a curve over time, stacked bars, a histogram. Colours are CSS variables of the page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10
from typing import Final

WIDTH: Final = 860
LEFT: Final = 76
RIGHT: Final = 16


def number(value: float) -> str:
    """A figure in at most five characters: 950, 1.2k, 34M."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            short = value / limit
            return f"{short:.1f}".rstrip("0").rstrip(".") + unit if short < 100 else f"{short:.0f}{unit}"
    return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.2g}"


def seconds(value: float) -> str:
    """A time in its own unit: 310 µs, 4.2 ms, 1.5 s, 12 min."""
    if value < 1e-3:
        return f"{value * 1e6:.3g} µs"
    if value < 1:
        return f"{value * 1e3:.3g} ms"
    return f"{value:.3g} s" if value < 120 else f"{value / 60:.3g} min"


def ticks(top: float, count: int = 5) -> list[float]:
    """Round numbers from 0 to just above `top`, about `count` of them."""
    if top <= 0:
        return [0.0, 1.0]
    rough = top / count
    power = 10 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough)
    return [i * step for i in range(ceil(top / step) + 1)]


def _text(x: float, y: float, text: str, anchor: str = "middle", extra: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>{escape(text)}</text>'


def _svg(height: int, title: str, body: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title, quote=True)}"><title>{escape(title)}</title>'
        + "".join(body)
        + "</svg>"
    )


def curve(title: str, points: Sequence[tuple[float, float]], unit: str) -> str:
    """Steps over time: points (end in seconds, value in the interval before it), times ascending."""
    height, top, bottom = 276, 14, 226
    marks = ticks(max(value for _, value in points))
    end = points[-1][0] or 1.0

    def x(time: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * time / end

    def y(value: float) -> float:
        return bottom - (bottom - top) * value / marks[-1]

    body = []
    for mark in marks:
        body.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(mark):.1f}" y2="{y(mark):.1f}"/>')
        body.append(_text(LEFT - 8, y(mark) + 4, number(mark), "end"))
    body += [_text(x(time), bottom + 20, seconds(time) if time else "0") for time in ticks(end, 8) if time <= end]
    path = [f"M{x(0):.1f},{y(points[0][1]):.1f}"]
    for time, value in points:
        path.append(f"V{y(value):.1f}H{x(time):.1f}")
    line = "".join(path)
    body.append(f'<path class="area" d="{line}V{bottom}H{x(0):.1f}Z"/><path class="line" d="{line}"/>')
    body.append(_text(LEFT, height - 2, f"{unit}, over the time since the start", "start"))
    return _svg(height, title, body)


def stacked_bars(title: str, rows: Sequence[tuple[str, Sequence[tuple[str, int]]]]) -> str:
    """One bar a row, as wide as its total; parts are (CSS class, count) from the left."""
    pitch, bar, left = 30, 18, 190
    height = pitch * len(rows) + 34
    marks = ticks(max(sum(count for _, count in parts) for _, parts in rows))
    room = WIDTH - left - 70

    def x(count: float) -> float:
        return left + room * count / marks[-1]

    foot = pitch * len(rows) + 6
    body = []
    for mark in marks:
        body.append(f'<line class="grid" x1="{x(mark):.1f}" x2="{x(mark):.1f}" y1="0" y2="{foot}"/>')
        body.append(_text(x(mark), foot + 18, number(mark)))
    for i, (name, parts) in enumerate(rows):
        y, at = pitch * i + 6, 0
        body.append(_text(left - 10, y + bar - 4, name, "end"))
        for kind, count in parts:
            if count:
                width = max(x(at + count) - x(at), 1.0)
                body.append(f'<rect class="{kind}" x="{x(at):.1f}" y="{y}" width="{width:.1f}" height="{bar}">')
                body.append(f"<title>{escape(name)}: {count:,} {kind}</title></rect>")
                at += count
        body.append(_text(x(at) + 8, y + bar - 4, f"{at:,}", "start"))
    return _svg(height, title, body)


def histogram(title: str, counts: Sequence[int], edges: Sequence[float]) -> str:
    """Counts of batches by time; bucket i holds edges[i] up to edges[i + 1] seconds. Empty ends are left out."""
    full = [i for i, count in enumerate(counts) if count]
    first, last = max(full[0] - 1, 0), min(full[-1] + 1, len(counts) - 1)
    height, top, bottom = 240, 14, 196
    marks = ticks(max(counts))
    width = (WIDTH - LEFT - RIGHT) / (last - first + 1)

    def y(count: float) -> float:
        return bottom - (bottom - top) * count / marks[-1]

    body = []
    for mark in marks:
        if mark == int(mark):
            body.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(mark):.1f}" y2="{y(mark):.1f}"/>')
            body.append(_text(LEFT - 8, y(mark) + 4, number(mark), "end"))
    every = max(1, (last - first + 1) // 8)
    for i in range(first, last + 1):
        x = LEFT + width * (i - first)
        if counts[i]:
            span = f"{seconds(edges[i])} to {seconds(edges[i + 1])}"
            body.append(f'<rect class="bar" x="{x + 1:.1f}" y="{y(counts[i]):.1f}" width="{max(width - 2, 1):.1f}" ')
            body.append(f'height="{bottom - y(counts[i]):.1f}"><title>{span}: {counts[i]:,} batches</title></rect>')
        if (i - first) % every == 0:
            body.append(_text(x, bottom + 20, seconds(edges[i])))
    body.append(_text(LEFT, height - 4, "batches, by the time that one took", "start"))
    return _svg(height, title, body)


def powers(low: float, high: float) -> list[float]:
    """Powers of ten from just below `low` to just above `high`, both above 0; two at least."""
    first, last = floor(log10(low)), ceil(log10(high))
    return [10.0**k for k in range(first, max(last, first + 1) + 1)]


def lines(title: str, series: Sequence[tuple[str, Sequence[tuple[float, float]]]], xs: Sequence[float], below: str) -> str:
    """One line a series over logarithmic axes; points (x, y) with x among `xs`, which are marked; y above 0. below: what the axes are."""
    height, top, bottom = 300, 14, 244
    values = [y for _, points in series for _, y in points]
    marks = powers(min(values), max(values))
    first, last = log10(min(xs)), log10(max(xs))

    def x(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * ((log10(value) - first) / (last - first) if last > first else 0.5)

    def y(value: float) -> float:
        return bottom - (bottom - top) * (log10(value) - log10(marks[0])) / (log10(marks[-1]) - log10(marks[0]))

    body = []
    for mark in marks:
        body.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(mark):.1f}" y2="{y(mark):.1f}"/>')
        body.append(_text(LEFT - 8, y(mark) + 4, number(mark), "end"))
    body += [_text(x(mark), bottom + 20, f"{mark:,.0f}", "end" if mark == max(xs) > min(xs) else "middle") for mark in xs]
    for k, (name, points) in enumerate(series):
        kind = f"s{k % 8}"
        path = "L".join(f"{x(a):.1f},{y(b):.1f}" for a, b in points)
        body.append(f'<path class="line {kind}" d="M{path}"/>')
        for a, b in points:
            body.append(f'<circle class="{kind}" cx="{x(a):.1f}" cy="{y(b):.1f}" r="3">')
            body.append(f"<title>{escape(name)}: {number(b)} at {a:,.0f}</title></circle>")
    body.append(_text(LEFT, height - 6, below, "start"))
    return _svg(height, title, body)


def key(names: Sequence[str]) -> str:
    """The names of the series of `lines`, with their colours."""
    return '<ul class="legend">' + "".join(f'<li class="s{k % 8}"><i></i>{escape(name)}</li>' for k, name in enumerate(names)) + "</ul>"


def ratios(title: str, rows: Sequence[tuple[str, float]]) -> str:
    """One bar a row from 0; a rule at 1."""
    pitch, bar, left = 26, 16, 300
    height = pitch * len(rows) + 34
    marks = ticks(max(1.0, *(value for _, value in rows)))
    room = WIDTH - left - 60

    def x(value: float) -> float:
        return left + room * value / marks[-1]

    foot = pitch * len(rows) + 4
    body = []
    for mark in marks:
        body.append(f'<line class="grid" x1="{x(mark):.1f}" x2="{x(mark):.1f}" y1="0" y2="{foot}"/>')
        body.append(_text(x(mark), foot + 18, number(mark)))
    for i, (name, value) in enumerate(rows):
        y = pitch * i + 5
        body.append(_text(left - 10, y + bar - 3, name, "end"))
        body.append(f'<rect class="bar" x="{left}" y="{y}" width="{max(x(value) - left, 1):.1f}" height="{bar}"/>')
        body.append(_text(x(value) + 6, y + bar - 3, f"{value:.2f}", "start"))
    body.append(f'<line class="one" x1="{x(1):.1f}" x2="{x(1):.1f}" y1="0" y2="{foot}"/>')
    return _svg(height, title, body)
