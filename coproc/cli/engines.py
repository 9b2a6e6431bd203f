"""`coproc engines`: what can answer requests on this machine, and why the rest cannot."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from coproc.cli import OK, WRONG


def engines(
    as_json: Annotated[bool, typer.Option("--json", help="Print an array of {name, usable, why, auto}.")] = False,
) -> None:
    """Every engine and instruction set: usable here, or why not."""
    raise typer.Exit(run(as_json))


def run(as_json: bool) -> int:
    """`coproc engines`. Returns the exit status."""
    from coproc.cli.console import Console
    from coproc.engine.select import engines as known
    from coproc.errors import CoprocError

    try:
        infos = known()
    except CoprocError as error:
        Console().error(str(error))
        return WRONG
    if as_json:
        rows = [{"name": i.name, "usable": i.unavailable is None, "why": i.unavailable, "auto": i.best} for i in infos]
        typer.echo(json.dumps(rows))
        return OK
    width = max(len(info.name) for info in infos)
    for info in infos:
        state = "usable" if info.unavailable is None else f"not usable: {info.unavailable}"
        typer.echo(f"{info.name:<{width}}  {state}{'  (what auto takes)' if info.best else ''}")
    return OK
