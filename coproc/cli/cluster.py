"""`coproc cluster up | status | down`: a Ray cluster of this machine alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any

import typer

from coproc.cli import OK
from coproc.cli.console import Console
from coproc.cli.outcome import Outcome

cluster = typer.Typer(name="cluster", no_args_is_help=True, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})
As_json = Annotated[bool, typer.Option("--json", help="Print one line of JSON.")]


@cluster.callback()
def root() -> None:
    """A Ray cluster of this machine alone; for a real one see docs/cluster.md."""


@cluster.command("up")
def up(
    nodes: Annotated[int, typer.Option(min=1, max=64, help="Nodes, all on this machine.")] = 1,
    cpus: Annotated[int | None, typer.Option(min=1, help="Workers of each node; default: the processors, shared out.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Of the head, on this machine only.")] = 6379,
) -> None:
    """Start a cluster here, which verify and serve find as `auto`."""

    def work(console: Console) -> int:
        module = _laptop()
        if module.known() is None:
            console.log(f"starting {_nodes(nodes)} on this machine, which takes Ray some ten seconds each")
        laptop = module.up(nodes, cpus, port)
        console.log(f"cluster {laptop.address} is up: coproc verify --cluster auto uses it, coproc cluster down ends it")
        return OK

    raise typer.Exit(_guarded(work))


@cluster.command("status")
def status(
    address: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Of another cluster; default: the one of this machine.")] = None,
    workers: Annotated[bool, typer.Option("--workers", help="Start a worker on each slot and say which engine it has.")] = False,
    as_json: As_json = False,
) -> None:
    """The nodes of a cluster, and what they have. Exit status 1 where no node is alive."""

    def work(console: Console) -> int:
        laptop = _laptop()
        known = laptop.known()
        at = address or (known.address if known else "auto")
        if address is None and known is None:
            console.log("no cluster was started here; looking for another one on this machine")
        nodes = laptop.nodes_of(at)
        engines = laptop.workers_of(at) if workers else {}
        if as_json:
            typer.echo(json.dumps({"address": at, "nodes": nodes, "workers": engines}))
        else:
            alive = [node for node in nodes if node["alive"]]
            slots = f"{sum(node['cpus'] for node in alive)} CPU and {sum(node['gpus'] for node in alive)} GPU slots"
            typer.echo(f"cluster {at}{', started here' if known and at == known.address else ''}: {_nodes(len(alive))} alive, {slots}")
            for node in nodes:
                state = "alive" if node["alive"] else "dead"
                typer.echo(f"node {node['address']}/{node['id']}  {state}  {node['cpus']} CPU  {node['gpus']} GPU")
            for name, engine in sorted(engines.items()):
                typer.echo(f"worker {name}  {engine}")
        return OK if any(node["alive"] for node in nodes) else 1

    raise typer.Exit(_guarded(work))


@cluster.command("down")
def down() -> None:
    """End the cluster that `up` started, and nothing else."""

    def work(console: Console) -> int:
        laptop = _laptop().down()
        console.log("no cluster was started here" if laptop is None else f"cluster {laptop.address} is down")
        return OK

    raise typer.Exit(_guarded(work))


def _nodes(count: int) -> str:
    return f"{count} node{'' if count == 1 else 's'}"


def _laptop() -> Any:
    """The module that does it, which the command line reaches by name: it lies above."""
    return import_module("coproc.cluster.laptop")


def _guarded(work: Callable[[Console], int]) -> int:
    """Do it; the exit status."""
    with Console() as console, Outcome(console) as outcome:
        return work(console)
    return outcome.status
