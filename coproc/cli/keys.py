"""`coproc keys`: verification keys kept by their hash, so that job lines can name them."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import typer

from coproc.cli import OK, WRONG
from coproc.cli.console import Console
from coproc.cli.outcome import Outcome

keys = typer.Typer(name="keys", no_args_is_help=True, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


class Kind(StrEnum):
    plonk = "plonk"
    groth16 = "groth16"
    bls = "bls"
    schnorr = "schnorr"


AsJson = Annotated[bool, typer.Option("--json", help="Print objects, one a line.")]


@keys.callback()
def root() -> None:
    """Verification keys by hash: {"key": HASH} in a job line stands for one."""


@keys.command("add")
def add(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Keys, bytes or hex; for Groth16 also those of other systems.")],
    kind: Annotated[Kind | None, typer.Option(help="What the files are; told from their bytes if not given.")] = None,
    as_json: AsJson = False,
) -> None:
    """Keep the keys of the files and print their hashes. What is no valid key is refused."""
    raise typer.Exit(_guarded(lambda: _add(files, kind and kind.value, as_json)))


@keys.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """The keys that are kept: hash, kind, bytes."""
    raise typer.Exit(_guarded(lambda: _list(as_json)))


@keys.command("show")
def show(
    digest: Annotated[str, typer.Argument(metavar="HASH", help="The hash, or as much of its beginning as no other key has.")],
    as_hex: Annotated[bool, typer.Option("--hex", help="Print the key's bytes as hex and nothing else.")] = False,
) -> None:
    """One key: kind, bytes, where it is, which operations take it."""
    raise typer.Exit(_guarded(lambda: _show(digest, as_hex)))


def _guarded(work: Callable[[], int]) -> int:
    """Do it. Returns the exit status."""
    with Outcome(Console(), lambda error: f"{error.filename or 'the store of keys'}: {error.strerror}") as outcome:
        return work()
    return outcome.status


def _print(digest: str, kind: str, size: int, as_json: bool, **more: str) -> None:
    if as_json:
        typer.echo(json.dumps({"key": digest, "kind": kind, "bytes": size, **more}))
    else:
        typer.echo("  ".join((digest, f"{kind:<7}", f"{size:>7,} bytes", *more.values())))


def _add(files: list[str], kind: str | None, as_json: bool) -> int:
    from coproc.engine.select import select
    from coproc.jobs.key_files import read_keys
    from coproc.jobs.key_store import KeyStore

    store = KeyStore()
    for name, found in read_keys(select(), files, kind):  # all are checked before the first is kept
        key = store.add(found.kind, found.data)
        _print(key.digest, key.kind, len(key.data), as_json, file=name)
    return OK


def _list(as_json: bool) -> int:
    from coproc.errors import InvalidInput
    from coproc.jobs.key_store import KeyStore

    store, status = KeyStore(), OK
    for digest in store.digests():
        try:
            key = store.get(digest)
        except InvalidInput as error:
            Console().error(str(error))
            status = WRONG
            continue
        _print(key.digest, key.kind, len(key.data), as_json)
    return status


def _show(text: str, as_hex: bool) -> int:
    from coproc.jobs.key_store import KeyStore
    from coproc.wire import KIND_OF

    store = KeyStore()
    key = store.get(store.abbreviated(text))
    if as_hex:
        typer.echo(key.data.hex())
        return OK
    operations = ", ".join(op for op, kind in KIND_OF.items() if kind == key.kind)
    rows = {"key": key.digest, "kind": key.kind, "bytes": f"{len(key.data):,}", "operations": operations, "file": store.path(key.digest)}
    for name, value in rows.items():
        typer.echo(f"{name:<12}{value}")
    return OK
