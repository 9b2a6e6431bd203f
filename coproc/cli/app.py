"""The table of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from coproc.cli.bench import bench
from coproc.cli.calibrate import calibrate
from coproc.cli.cluster import cluster
from coproc.cli.convert import convert
from coproc.cli.demo import demo
from coproc.cli.engines import engines
from coproc.cli.keys import keys
from coproc.cli.replay import replay
from coproc.cli.serve import serve
from coproc.cli.verify import verify
from coproc.cli.vm import vm

app = typer.Typer(
    name="coproc",
    help="A proof-verification co-processor: Dusk's host functions answered bit for bit, in batches.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"coproc {version('coproc')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")] = False,
) -> None:
    """A proof-verification co-processor: Dusk's host functions answered bit for bit, in batches."""


for command in (verify, engines, bench, calibrate, demo, convert, replay, serve):
    app.command()(command)
app.add_typer(keys)
app.add_typer(vm)
app.add_typer(cluster)
