"""`coproc convert`: Groth16 proofs over BN254 of other systems, as job lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from coproc.cli import OK, WRONG
from coproc.cli.console import Console
from coproc.cli.outcome import Outcome


class Source(StrEnum):
    snarkjs = "snarkjs"
    gnark = "gnark"
    arkworks = "arkworks"
    evm = "evm"


def convert(
    source: Annotated[Source, typer.Argument(metavar="FROM", help="snarkjs, gnark, arkworks or evm.")],
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Proofs with their public inputs (see docs/cli.md).")],
    vk: Annotated[str | None, typer.Option(metavar="FILE", help="The verifying key: snarkjs JSON, or gnark's or arkworks' bytes.")] = None,
    out: Annotated[str | None, typer.Option(metavar="FILE", help="Where job lines go; default: standard output.")] = None,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Leave out what is refused and go on; the exit status is 2.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No logs, errors only.")] = False,
) -> None:  # fmt: skip
    """Turn Groth16 proofs over BN254 into verify_groth16_bn254 job lines.

    Decoding is strict: what is not canonical or not on its curve is refused, and what fits none of the eleven host functions is
    refused by name.
    """
    raise typer.Exit(run(source.value, files, vk, out, keep_going, quiet))


def run(source: str, files: list[str], vk: str | None, out: str | None, keep_going: bool, quiet: bool) -> int:
    """`coproc convert`. Returns the exit status."""

    def tell(error: OSError) -> str:
        return f"{out or 'standard output'}: cannot be written: {error.strerror}"

    with Console(quiet) as console, Outcome(console, tell) as outcome:
        return _convert(source, files, vk, out, keep_going, console)
    return outcome.status


def _convert(source: str, files: list[str], vk: str | None, out: str | None, keep_going: bool, console: Console) -> int:
    from coproc.engine.select import select
    from coproc.errors import InvalidInput
    from coproc.jobs.claims import find_claims, read_key
    from coproc.jobs.convert import LineWriter
    from coproc.jobs.inputs import inspect, same_file

    for name in [*files, *([vk] if vk else [])]:
        if name == "-":
            raise InvalidInput("-: proofs are read from files")
        inspect(name)
        if out is not None and (same_file(name, out) or name == out):
            raise InvalidInput(f"--out {out}: is {name} itself")
    key = read_key(vk) if vk is not None else None
    with _destination(out) as stream:
        writer = LineWriter(select(), stream, key, keep_going, lambda bad: console.error(str(bad)))
        for found in find_claims(source, files):
            writer.add(found)
            if writer.done:
                break
        writer.flush()
    console.log(f"{writer.written:,} proofs under {writer.keys:,} keys converted, {writer.refused:,} refused")
    return WRONG if writer.refused else OK


@contextmanager
def _destination(out: str | None) -> Iterator[BinaryIO]:
    if out is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    else:
        with Path(out).open("wb") as file:
            yield file
