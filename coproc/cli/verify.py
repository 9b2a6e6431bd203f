"""`coproc verify`: answer a file of requests of any size."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from coproc.cli import INTERRUPTED, OK, UNSERVED, WRONG
from coproc.cli.console import Console, Progress, duration, silence_stdout

_MOST_AHEAD = 8
"""Chunks under way at once on a cluster: each is up to 16 MB."""


class Plonk(StrEnum):
    V1 = "V1"
    V2 = "V2"
    V3 = "V3"


class Fork(StrEnum):
    PreFork = "PreFork"
    Aegis = "Aegis"
    Boreas = "Boreas"


def verify(
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT...", help="JSONL (gzip or not) or Parquet; - is standard input.")],
    engine: Annotated[str | None, typer.Option(metavar="E", help="auto, spec, cpu, cpu:adx, ... (see coproc engines).")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Threads that compute; default: every core.")] = None,
    cluster: Annotated[
        str | None, typer.Option(metavar="HOST:PORT|auto", help="A Ray cluster (see coproc cluster); auto: the one of this machine.")
    ] = None,
    plonk: Annotated[Plonk | None, typer.Option(help="PLONK version where a line names none.")] = None,
    fork: Annotated[Fork | None, typer.Option(help="Hard fork where a line names none.")] = None,
    activation: Annotated[str | None, typer.Option(metavar="FILE", help="Rules by block height, TOML; with --height.")] = None,
    height: Annotated[int | None, typer.Option(metavar="N", min=0, help="The block whose rules hold where a line names none.")] = None,
    out: Annotated[str | None, typer.Option(metavar="FILE", help="Answers, .jsonl or .parquet; default: standard output.")] = None,
    report: Annotated[str | None, typer.Option(metavar="FILE.html", help="Write an HTML report.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a summary as one line of JSON on standard error.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No logs and no progress, errors only.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Keep the answers that are in --out and go on behind them.")] = False,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Answer a bad line with status error and go on.")] = False,
    require_true: Annotated[bool, typer.Option("--require-true", help="Exit with 1 unless every verification is true.")] = False,
    dead_letters: Annotated[
        str | None, typer.Option(metavar="FILE", help="Requests that nothing could serve, as job lines to run again.")
    ] = None,
    kept: Annotated[
        str | None, typer.Option(metavar="DIR", help="Keep what a worker of the cluster was asked when it lied, for coproc replay.")
    ] = None,
) -> None:  # fmt: skip
    """Answer every request of the INPUT files, in order.

    Exit status: 0 every request was answered, 1 some is unserved, 2 the command line, the engine or an input is wrong, 130
    interrupted. See docs/job-lines.md for the format.
    """
    wanted = Wanted(
        inputs, engine, workers, cluster, plonk and plonk.value, fork and fork.value, out, report, as_json, quiet, resume, keep_going,
        require_true, activation, height, dead_letters, kept,
    )  # fmt: skip
    raise typer.Exit(run(wanted))


@dataclass(frozen=True)
class Wanted:
    """The command line of `coproc verify`."""

    inputs: list[str]
    engine: str | None
    workers: int | None
    cluster: str | None
    plonk: str | None
    fork: str | None
    out: str | None
    report: str | None
    as_json: bool
    quiet: bool
    resume: bool
    keep_going: bool
    require_true: bool
    activation: str | None = None
    height: int | None = None
    dead_letters: str | None = None
    kept: str | None = None


def run(wanted: Wanted) -> int:
    """`coproc verify`. Returns the exit status."""
    from coproc.errors import CoprocError

    with Console(wanted.quiet) as console:
        try:
            return _verify(wanted, console)
        except CoprocError as error:
            console.error(str(error))
            return WRONG
        except KeyboardInterrupt:
            console.error("interrupted")
            return INTERRUPTED


def _check(wanted: Wanted) -> list[Any]:
    """The inputs, after everything was refused that can be refused before any work. Raises InvalidInput."""
    from coproc.errors import InvalidInput
    from coproc.jobs.inputs import inspect, same_file

    if wanted.resume and wanted.out is None:
        raise InvalidInput("--resume: needs --out FILE, whose answers are kept")
    if wanted.kept is not None and wanted.cluster is None:
        raise InvalidInput("--kept: needs --cluster, whose workers are not believed")
    if wanted.inputs.count("-") > 1:
        raise InvalidInput("-: standard input can be read once")
    files = [inspect(name) for name in wanted.inputs]
    written = [("--out", wanted.out), ("--report", wanted.report), ("--dead-letters", wanted.dead_letters)]
    for i, (option, name) in enumerate(written):
        for other in (*wanted.inputs, *(earlier for _, earlier in written[:i] if earlier is not None)):
            if name is not None and (same_file(name, other) or name == other != "-"):
                raise InvalidInput(f"{option} {name}: is {other} itself")
    for option, name in written:
        if name is not None and not Path(name).absolute().parent.is_dir():
            raise InvalidInput(f"{option} {name}: there is no such folder")
    return files


def _words(wanted: Wanted) -> tuple[str | None, str | None]:
    """PLONK's version and the fork where a line names none. Raises InvalidInput."""
    from coproc.activation import load
    from coproc.errors import InvalidInput
    from coproc.settings import setting

    if wanted.activation is None and wanted.height is None:
        return wanted.plonk or setting("plonk"), wanted.fork or setting("fork")
    if wanted.activation is None or wanted.height is None:
        raise InvalidInput("--activation FILE and --height N belong together")
    if wanted.plonk or wanted.fork:
        raise InvalidInput("--activation: the table says the rules; leave out --plonk and --fork")
    rules = load(wanted.activation).at(wanted.height)
    return rules.plonk, rules.fork


def _verify(wanted: Wanted, console: Console) -> int:
    from coproc.jobs.chunk import Defaults
    from coproc.jobs.compute import known_operation, opened
    from coproc.jobs.errors import BadLine, JobError
    from coproc.jobs.interrupt import Interruption
    from coproc.jobs.key_store import KeyStore
    from coproc.jobs.outputs import AnswerFile, open_output
    from coproc.jobs.read import Pace, Reader
    from coproc.jobs.stream import run_stream
    from coproc.jobs.tally import Tally

    files = _check(wanted)
    words = _words(wanted)
    tally = Tally()
    status, problem = OK, None
    with Interruption() as interruption, opened(wanted.engine, wanted.workers, wanted.cluster, wanted.kept) as machine:
        output, kept = open_output(wanted.out, wanted.resume)
        dead = None if wanted.dead_letters is None else AnswerFile(wanted.dead_letters, wanted.resume)
        pace = Pace(1 if machine.engine == "spec" else 16)
        defaults = Defaults(*words)
        reader = Reader(files, defaults, known_operation, wanted.keep_going, kept.skip if kept else None, pace, KeyStore())
        where = machine.where or _counted(machine.workers, "worker")
        ahead = min(machine.workers, _MOST_AHEAD) if machine.where else 0
        console.log(f"engine {machine.engine}, {where}, {_counted(len(files), 'input')}")
        total = None if any(file.size is None for file in files) else sum(file.size for file in files)
        tally.start()
        try:
            with Progress(console, total) as progress:
                run_stream(reader, machine.compute, output, tally, progress, interruption, ahead, dead)
            if kept:
                kept.finish()
        except KeyboardInterrupt:
            status, problem = INTERRUPTED, "interrupted" + _how_to_resume(wanted)
        except BrokenPipeError:
            silence_stdout()
            status, problem = UNSERVED, "nobody reads the answers any more" if wanted.out is None else f"{wanted.out}: nobody reads it"
        except (BadLine, JobError) as error:
            status, problem = WRONG, str(error)
        except OSError as error:
            status, problem = WRONG, f"{wanted.out or 'standard output'}: cannot be written: {error.strerror}{_how_to_resume(wanted)}"
        finally:
            interruption.end()
            tally.stop()
            _close(output)
            if dead is not None:
                _close(dead)
        if kept:
            tally.keep(kept.outcomes)
    return _conclude(wanted, console, tally, machine, status, problem)


def _conclude(wanted: Wanted, console: Console, tally: Any, machine: Any, status: int, problem: str | None) -> int:
    """Say what was done; the exit status."""
    from coproc.ops import OPERATIONS

    verdicts = {name: operation.kind == "bool" for name, operation in OPERATIONS.items()}
    if status == OK:
        status = WRONG if tally.count("error") else UNSERVED if tally.count("unserved") else OK
        if status == OK and wanted.require_true and (refused := tally.refused(verdicts)):
            status, problem = UNSERVED, f"--require-true: {refused:,} of the answers are not true"
    if wanted.report is not None:
        from coproc.report import write_report

        try:
            write_report(Path(wanted.report), tally, machine, wanted.inputs, status)
            console.log(f"report {wanted.report}")
        except OSError as error:
            status, problem = WRONG, f"{wanted.report}: cannot be written: {error.strerror}"
    console.log(_sentence(tally))
    if problem is not None:
        console.error(problem)
    if wanted.as_json:
        summary = tally.summary() | {"engine": machine.engine, "workers": machine.workers, "inputs": wanted.inputs, "out": wanted.out}
        console.raw(json.dumps(summary | {"exit": status, "problem": problem}))
    return status


def _sentence(tally: Any) -> str:
    text = f"{_counted(tally.kept + tally.rows, 'request')} in {duration(tally.seconds)}"
    if tally.rows:
        text += f" ({tally.rate:,.0f}/s)"
    if tally.kept:
        text += f", {tally.kept:,} of them kept from an earlier run"
    counts = [f"{count:,} {outcome}" for outcome, count in tally.summary()["outcomes"].items()]
    return text + (": " + ", ".join(counts) if counts else "")


def _counted(n: int, thing: str) -> str:
    return f"{n:,} {thing}{'' if n == 1 else 's'}"


def _how_to_resume(wanted: Wanted) -> str:
    if wanted.out is None:
        return "; with --out FILE the answers could be kept and the job resumed"
    if wanted.out.endswith(".parquet"):
        return f"; {wanted.out} has the answers so far, but only a .jsonl file can be resumed"
    return f"; {wanted.out} has the answers so far: add --resume to go on"


def _close(output: Any) -> None:
    with suppress(OSError):
        output.close()
