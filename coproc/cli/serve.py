"""`coproc serve`: the coprocessor as a service for nodes and other clients."""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer

from coproc.cli import WRONG


def serve(
    uds: Annotated[str | None, typer.Option(metavar="PATH", help="Unix socket, mode 0600 (docs/wire.md).")] = None,
    grpc: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="gRPC (docs/coproc.proto); off this machine only with TLS.")] = None,
    tls_cert: Annotated[str | None, typer.Option(metavar="FILE", help="The server's certificate, PEM.")] = None,
    tls_key: Annotated[str | None, typer.Option(metavar="FILE", help="Its key, PEM.")] = None,
    tls_client_ca: Annotated[str | None, typer.Option(metavar="FILE", help="Who signs clients' certificates, PEM.")] = None,
    peers: Annotated[str | None, typer.Option(metavar="NAMES", help="Names of peers, as 'uid:1000=node cn:bulk=batch'.")] = None,
    metrics: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Prometheus metrics over HTTP.")] = None,
    journal: Annotated[str | None, typer.Option(metavar="FILE", help="Keep jobs there; without it none are taken.")] = None,
    kept: Annotated[str | None, typer.Option(metavar="DIR", help="Keep batches on which engines disagreed, for coproc replay.")] = None,
    engine: Annotated[str | None, typer.Option(metavar="E", help="auto, spec, cpu, cpu:adx, ... (see coproc engines).")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Threads or processes that compute; default: every core.")] = None,
    processes: Annotated[bool | None, typer.Option("--processes/--threads", help="Compute in processes of their own.")] = None,
    cluster: Annotated[str | None, typer.Option(metavar="ADDRESS|auto", help="Compute on a cluster.")] = None,
    config: Annotated[str | None, typer.Option(metavar="FILE", help="TOML; default: COPROC_CONFIG.")] = None,
    memo_entries: Annotated[int | None, typer.Option(min=0, help="Answers that are remembered at most.")] = None,
    memo_bytes: Annotated[int | None, typer.Option(min=0, help="Bytes of remembered answers.")] = None,
    audit: Annotated[int | None, typer.Option(metavar="N", min=0, help="One answer in N is looked at again on another engine.")] = None,
    drain_seconds: Annotated[float | None, typer.Option(min=0, help="From SIGTERM to the end, at most.")] = None,
    max_frame: Annotated[int | None, typer.Option(min=1024, help="Bytes of a frame.")] = None,
    max_requests: Annotated[int | None, typer.Option(min=1, help="Requests in a frame.")] = None,
    max_connections: Annotated[int | None, typer.Option(min=1, help="Connections open at once.")] = None,
    max_bytes: Annotated[int | None, typer.Option(min=1, help="Bytes held for all clients.")] = None,
    max_message: Annotated[int | None, typer.Option(min=1024, help="Bytes of a message of gRPC.")] = None,
    frame_seconds: Annotated[float | None, typer.Option(help="From the first byte of a frame to its last.")] = None,
    log: Annotated[str | None, typer.Option(metavar="json|text", help="The form of the log on standard error.")] = None,
    log_level: Annotated[str | None, typer.Option(metavar="LEVEL", help="debug, info, warning or error.")] = None,
) -> None:
    """Answer requests on a Unix socket and over gRPC until SIGTERM, then finish what was taken.

    Every option is also a variable, COPROC_SERVE_ and its name, and an entry of [serve] in COPROC_CONFIG (docs/serve.md). Exit status:
    0 drained, 2 the command line, the engine or a file is wrong.
    """
    given = dict(locals())
    given.pop("config")
    raise typer.Exit(run(given, config))


def run(given: dict[str, Any], config: str | None) -> int:
    """`coproc serve`. Returns the exit status."""
    from coproc.cli.console import Console
    from coproc.cli.outcome import Outcome

    console = Console()
    if config is not None:
        os.environ["COPROC_CONFIG"] = config
    with Outcome(console) as outcome:
        try:
            from coproc.cluster.server.logs import configure
            from coproc.cluster.server.serve import serve as run_server
            from coproc.cluster.server.settings import gather

            settings = gather(given)
            run_server(settings, configure(settings.log, settings.log_level))
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("coproc"):
                raise
            console.error(f"coproc serve needs the extra cluster ({error.name} is missing): pip install 'coproc[cluster]'")
            return WRONG
    return outcome.status
