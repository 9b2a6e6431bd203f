"""The tables of `benches.operations`: a batch against Dusk's single call, a block, one call alone, Python's share."""

from __future__ import annotations

from typing import Any

from benches import wanted
from benches.table import duration, markdown

BUSY = 0.8


def operations(result: dict[str, Any]) -> str:
    """The page of a result."""
    about, rows = result["machine"], result["rows"]
    blst = result["blst_verify_from_bytes"]
    parts = [
        f"# Operations on {about['cpu']} (family {about['family']}, model {about['model']})",
        f"Commit {result['commit']}{' with changes' if result['changed'] else ''}, {result['at']}, {result['rounds']} rounds, one thread.",
        busy(about["load"]),
        *(f"Left out: {sentence}." for sentence in result["absent"]),
        "## A batch: a request's share, against Dusk's own single call in the same run",
        batch(rows),
        "## One call alone",
        one_call(rows, blst),
        "## A block at its gas limit, on one core",
        block(rows, blst),
        "\n".join(sentence for sentence, _ in start_up(result)),
    ]
    return "\n\n".join(part for part in parts if part)


def busy(load: list[float]) -> str:
    """A warning where others were at work: Dusk's calls are timed by the wall, our batches by the processor's clock."""
    return f"**The machine was busy (load {load[0]:.1f}): no ratio here is to be trusted.**" if load[0] > BUSY else ""


def _name(row: dict[str, Any]) -> str:
    return ", ".join(filter(None, [row["case"], row["what"]])) + f" ({row['requests']:,})"


def _check(row: dict[str, Any], engine: str, name: str, sign: str, unit: str = "") -> str:
    check = row["wanted"].get(engine, {}).get(name)
    return f"{sign} {check['wanted']:g}{unit}: {wanted.verdict(check)}" if check else ""


def batch(rows: list[dict[str, Any]]) -> str:
    """Every engine side by side."""
    engines = list(dict.fromkeys(engine for row in rows for engine in row["engines"]))
    header = ["operation", "Dusk, one call"]
    for engine in engines:
        header += [f"{engine}, a request", "× Dusk", "wanted"]
    lines = []
    for row in rows:
        cells = [_name(row), duration(row["dusk"] and row["dusk"]["median"])]
        for engine in engines:
            figures, faster = row["engines"].get(engine), row["faster"].get(engine, {})
            form = "abi" if figures and "abi" in figures else "run_columns"
            cells.append(duration(figures[form]["median"]) + (" (C ABI)" if form == "abi" else "") if figures else "–")
            cells.append(f"{faster[form]:.1f}" if form in faster else "–")
            cells.append(_check(row, engine, "batch_faster", "≥"))
        lines.append(cells)
    return markdown(header, lines)


def one_call(rows: list[dict[str, Any]], blst: dict[str, Any] | None) -> str:
    """Every engine on a line of its own, with the list and column forms and Python's share."""
    header = ["operation", "engine", "Dusk", "one call", "× Dusk", "wanted", "run, a request", "columns, a request", "Python, µs"]
    lines = []
    for row in rows:
        for engine, figures in row["engines"].items():
            faster = row["faster"].get(engine, {})
            wants = [_check(row, engine, "one_call_faster", "≥", "×"), _check(row, engine, "one_call_ms", "≤", " ms")]
            python = [figures["python_us"][name] for name in ("run", "run_columns") if name in figures["python_us"]]
            lines.append([
                _name(row), engine, duration(row["dusk"] and row["dusk"]["median"]), duration(figures["one_call"]["median"]),
                f"{faster['one_call']:.2f}" if faster else "–", "; ".join(filter(None, wants)),
                *(duration(figures[name]["median"]) for name in ("run", "run_columns")), " / ".join(f"{us:.2f}" for us in python) or "–",
            ])  # fmt: skip
    return markdown(header, lines) + _scaled(blst)


def block(rows: list[dict[str, Any]], blst: dict[str, Any] | None) -> str:
    """Milliseconds of a whole block; empty where no case has one."""
    lines = [
        [f"{row['op']}", engine, duration(figures["block"]["median"]), _check(row, engine, "block_ms", "≤", " ms")]
        for row in rows for engine, figures in row["engines"].items() if "block" in figures
    ]  # fmt: skip
    return markdown(["a block of", "engine", "time", "wanted"], lines) + _scaled(blst) if lines else ""


def _scaled(blst: dict[str, Any] | None) -> str:
    if blst is None:
        were = f"those of a machine where blst verifies a signature from bytes in {wanted.BLST_MS} ms"
        return f"\n\nWanted milliseconds are {were}; here it was not timed."
    here = blst["median"] / 1e6
    return (
        f"\n\nWanted milliseconds are scaled by blst's verification of a signature from bytes: {here:.3f} ms here, "
        f"{wanted.BLST_MS} ms where they were set."
    )


def start_up(result: dict[str, Any]) -> list[tuple[str, bool]]:
    """Sentences on import, demo and Python's share, and whether each is as wanted."""
    start = result["import_s"]
    found = [(
        f"import coproc: {start['median']} s (wanted ≤ {wanted.IMPORT_S}; the first time, without bytecode: {start['first']} s); "
        f"until a coprocessor is open: {start['open']} s",
        start["median"] <= wanted.IMPORT_S,
    )]  # fmt: skip
    if result["demo_s"] is not None:
        found.append((f"coproc demo: {result['demo_s']} s (wanted ≤ {wanted.DEMO_S:.0f})", result["demo_s"] <= wanted.DEMO_S))
    shares = {
        f"{row['case']} {engine} {form}": us
        for row in result["rows"] for engine, cell in row["engines"].items() for form, us in cell["python_us"].items()
    }  # fmt: skip
    if shares:
        worst = max(shares, key=lambda name: shares[name])
        found.append((
            f"Python's share at most {shares[worst]:.2f} µs a request ({worst}; wanted ≤ {wanted.PYTHON_US})",
            shares[worst] <= wanted.PYTHON_US,
        ))  # fmt: skip
    return found
