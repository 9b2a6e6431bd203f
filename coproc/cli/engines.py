"""`coproc engines`: what can answer requests on this machine, and why the rest cannot."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coproc.cli import OK, WRONG

if TYPE_CHECKING:
    from coproc.engine.device.found import DeviceInfo
    from coproc.engine.select import EngineInfo


def engines(
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print an array of {name, usable, why, auto}; of an accelerator also {device, memory, emulated, break_even}."
        ),
    ] = False,
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
        typer.echo(json.dumps([_row(info) for info in infos]))
        return OK
    width = max(len(info.name) for info in infos)
    for info in infos:
        state = "usable" if info.unavailable is None else f"not usable: {info.unavailable}"
        typer.echo(f"{info.name:<{width}}  {state}{'  (what auto takes)' if info.best else ''}")
        if info.device is not None:
            _describe(info.device, width)
    return OK


def _row(info: EngineInfo) -> dict[str, Any]:
    row: dict[str, Any] = {"name": info.name, "usable": info.unavailable is None, "why": info.unavailable, "auto": info.best}
    if info.device is not None:
        row |= {"device": info.device.name, "memory": info.device.memory, "emulated": info.device.emulated}
        row["break_even"] = break_even(info.device)
    return row


def _describe(device: DeviceInfo, width: int) -> None:
    """The hardware, its memory, and from how many items on it pays."""
    typer.echo(f"{'':<{width}}  {device.name}, {device.memory / (1 << 30):.1f} GiB{', the CPU does its work' if device.emulated else ''}")
    for what, n in break_even(device).items():
        typer.echo(f"{'':<{width}}  {what}: {'the CPU is faster' if n is None else f'pays from {n:,} on'}")


def break_even(device: DeviceInfo) -> dict[str, int | None]:
    """What was measured when `auto` first took the device here; nothing where it never did."""
    from coproc.engine.device.breakeven import kept

    lines = kept(device.engine, device.name)
    return {} if lines is None else {what: line.break_even for what, line in lines.items()}
