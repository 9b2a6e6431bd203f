"""`coproc replay`: a batch kept after a disagreement, again, bit for bit."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from coproc.cli import OK, UNSERVED
from coproc.cli.console import Console
from coproc.cli.outcome import Outcome
from coproc.cli.receipts import printable

if TYPE_CHECKING:
    from coproc.cluster.refold import Refolded
    from coproc.engine.protocol import Engine
    from coproc.replay import Again, Kept, Report

SHOWN: Final = 20
ALONE: Final = 8


def replay(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A batch that was kept (.replay).")],
    engine: Annotated[
        list[str] | None, typer.Option(metavar="E", help="Run it on this engine, several times for several; default: those in the file.")
    ] = None,
    passes: Annotated[int, typer.Option(min=1, max=100, help="How often; keys are new in the first pass and known from then on.")] = 2,
    alone: Annotated[int, typer.Option(metavar="N", min=0, help="Disputed requests that spec answers too, each on its own.")] = ALONE,
    out: Annotated[str | None, typer.Option(metavar="FILE", help="Also write the requests as job lines.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print an object instead of text.")] = False,
) -> None:  # fmt: skip
    """Run a kept batch again, cut as it was cut and with the seeds that it had, and say where engines differ.

    What a worker of a cluster was asked when it lied is asked again here, with the same coefficients: what it said, what is so, and where
    the two differ. Exit status: 0 all engines agree now, and with the worker; 1 they differ, or a request is unserved; 2 the file, an
    engine or the command line is wrong.
    """
    raise typer.Exit(run(file, engine or [], passes, alone, out, as_json))


def run(file: str, engines: list[str], passes: int, alone: int, out: str | None, as_json: bool) -> int:
    """`coproc replay`. Returns the exit status."""
    from coproc.cli.refolded import refolds, stands
    from coproc.replay import Report, judge, load

    with Console() as console:
        with Outcome(console) as outcome:
            kept = load(file)
            if out is not None:
                _write_lines(kept, out)
            far = refolds(kept, engines)
            report = Report(kept, _runs(kept, engines, passes, console))
            disputed = sorted({*kept.disputed(), *report.disputed})
            if disputed and alone:
                report.here.append(judge(kept, _select("spec"), disputed[:alone]))
            if as_json:
                sys.stdout.write(json.dumps(_figures(report, far)) + "\n")
            else:
                sys.stdout.writelines(line + "\n" for line in _lines(report, far))
            sys.stdout.flush()
        if outcome.status:
            return outcome.status
    return UNSERVED if report.disputed or report.unserved or not stands(far) else OK


def _select(name: str | None) -> Engine:
    from coproc.engine.select import select

    return select(name)


def _runs(kept: Kept, engines: list[str], passes: int, console: Console) -> list[Again]:
    """Every run of the file on its own engine, or on those that were asked for. Raises EngineUnavailable and InvalidInput."""
    from coproc.errors import CoprocError, EngineUnavailable
    from coproc.replay import replay

    done: list[Again] = []
    if engines:
        chosen = [(_select(name), source) for name in engines for source in range(1, len(kept.runs) + 1)]
    else:
        chosen = []
        for source, old in enumerate(kept.runs, 1):
            try:
                chosen.append((_select(old.engine), source))
            except CoprocError as error:
                console.error(f"run {source} of the file is left out: {printable(str(error))}")
        if not chosen and kept.sealed is not None:  # of whoever found the lie; any engine will do
            chosen = [(_select(None), 1)]
        if not chosen:
            raise EngineUnavailable("none of the engines in the file is here; name one that is: --engine")
    for engine, source in chosen:
        if not any(again.engine == engine.name and _same_schedule(kept, again.source, source) for again in done):
            done += replay(kept, engine, source, passes)
    return done


def _same_schedule(kept: Kept, a: int, b: int) -> bool:
    return kept.runs[a - 1].steps == kept.runs[b - 1].steps


def _write_lines(kept: Kept, out: str) -> None:
    """The requests as lines of `coproc verify`; the id is the place in the file. Raises InvalidInput."""
    from coproc.errors import InvalidInput

    try:
        with Path(out).open("x", encoding="utf-8") as file:
            for i, (op, args, rules, align) in enumerate(kept.requests):
                line = {"id": i, "op": op, "argbuf": args.hex(), "plonk": rules.plonk, "fork": rules.fork, "align": align}
                file.write(json.dumps(line, separators=(",", ":")) + "\n")
    except OSError as error:
        raise InvalidInput(f"--out {out}: cannot be written: {error.strerror}") from None


# ---- for people ----
def _lines(report: Report, far: list[Refolded]) -> list[str]:
    from collections import Counter

    from coproc.cli import refolded
    from coproc.replay.batch import versions
    from coproc.replay.file import when

    kept = report.kept
    ops = ", ".join(f"{count:,} {op}" for op, count in Counter(request.op for request in kept.requests).items())
    lines = [f"{ops}; kept {when(kept.made)}: {printable(kept.reason)}"]
    here = versions()
    for name, version in kept.versions.items():
        lines.append(
            f"  {printable(name)} {printable(version)}" + ("" if here.get(name) == version else f" (here {here.get(name, 'none')})")
        )
    lines.append("")
    if kept.sealed is not None:
        lines += [*refolded.lines(kept.sealed, len(kept.requests), far), ""]
    for number, old in enumerate(kept.runs, 1):
        asked = sum(told is not None for told in old.told)
        place = f", {printable(old.place)}" if old.place else ""
        folds = sum(len(step.folds) for step in old.steps)
        lines.append(
            f"run {number} of the file: {printable(old.engine)}{place}: {asked:,} requests, {len(old.steps):,} steps, {folds:,} folds"
        )
    lines += ["", *(_sentence(report, again) for again in report.here), ""]
    disputed = sorted({*kept.disputed(), *report.disputed})
    for i in disputed[:SHOWN]:
        lines += _request(report, i)
    if len(disputed) > SHOWN:
        lines.append(f"and {len(disputed) - SHOWN:,} more")
    differ, unserved = len(report.disputed), len(report.unserved)
    then = len(kept.disputed())
    lines.append(f"{then:,} disputed in the file, {differ:,} now" + (f", {unserved:,} unserved" if unserved else ""))
    return lines


def _sentence(report: Report, again: Again) -> str:
    if not again.source:
        asked = sum(told is not None for told in again.told)
        return f"now {again.engine}, one by one: {asked:,} of the disputed requests"
    text = f"now {again.engine}, run {again.source}, pass {again.number}"
    changed = len(report.changed(again))
    text += f": tells something else of {changed:,}" if changed else ": tells the same"
    if again.folds:
        known = again.folds - again.unknown
        text += (
            f"; {again.same:,} of {known:,} folds with the same coefficients"
            if known
            else f"; {again.folds:,} folds, seeds not in the file"
        )
    return text


def _request(report: Report, i: int) -> list[str]:
    op, args, rules, align = report.kept.requests[i]
    lines = [f"request {i}: {op} {rules.plonk} {rules.fork}, {len(args):,} bytes, align {align}"]
    for number, old in enumerate(report.kept.runs, 1):
        if (told := old.told[i]) is not None:
            lines.append(f"  file, run {number}, {printable(old.engine)}: {told.words(op)}, gas {told.gas:,}")
    for again in report.here:
        if (told := again.told[i]) is not None:
            which = f"run {again.source}, pass {again.number}" if again.source else "alone"
            lines.append(f"  now, {which}, {again.engine}: {told.words(op)}, gas {told.gas:,}")
    return lines


def _figures(report: Report, far: list[Refolded]) -> dict[str, Any]:
    from coproc.cli import refolded

    kept = report.kept
    question = {} if kept.sealed is None else {"question": refolded.figures(kept.sealed, far)}
    return question | {
        "requests": len(kept.requests),
        "reason": kept.reason,
        "made": kept.made,
        "versions": kept.versions,
        "disputed_then": kept.disputed(),
        "disputed_now": report.disputed,
        "unserved_now": report.unserved,
        "runs": [_row(report, again) for again in report.here],
    }


def _row(report: Report, again: Again) -> dict[str, Any]:
    return {
        "engine": again.engine,
        "source": again.source,
        "pass": again.number,
        "changed": report.changed(again),
        "folds": again.folds,
        "same_coefficients": again.same,
    }
