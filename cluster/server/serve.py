"""`Server`: pool, batcher, journal, Unix socket, gRPC and metrics together, from the settings to the end of the drain."""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final

from coproc.cluster.backlog import Backlog
from coproc.cluster.batcher import Batcher
from coproc.cluster.clock import RealClock
from coproc.cluster.dispatch import Stage
from coproc.cluster.freed import keep_freed
from coproc.cluster.journal import Journal
from coproc.cluster.memo import Memo
from coproc.cluster.pools.protocol import Pool
from coproc.ops import REGISTRY

from .desk import Desk
from .peers import Peers, read_peers
from .settings import Settings, address, existing
from .uds import UnixServer

if TYPE_CHECKING:
    from structlog.stdlib import BoundLogger

    from coproc.cluster.audit import Audited

    from .metrics import Exporter
    from .rpc import RpcServer

_SWITCH: Final = 0.000_2
"""Seconds that a thread of Python may keep the interpreter from the others: the socket's must not wait the usual five milliseconds."""
_END_SECONDS: Final = 5.0
"""Seconds to end after the time to drain is over."""
_GARBAGE: Final = (20_000, 50, 50)
"""Thresholds of the collector: what lives long here is the memo, and looking through it keeps clients waiting."""
_SPEC_REQUESTS: Final = 64
"""Requests that may wait for the slow engine of last resort."""
_FILES: Final = 512
"""Descriptors beside those of connections."""


class Server:
    """Everything that `coproc serve` runs. A context manager: inside it serves; on the way out it drains and ends."""

    def __init__(self, settings: Settings, log: BoundLogger) -> None:
        self.settings, self._log = settings, log
        self._stack = ExitStack()
        self.exporter: Exporter | None = None
        self.rpc: RpcServer | None = None
        self.uds: UnixServer | None = None
        self.backlog: Backlog | None = None

    def __enter__(self) -> Server:
        """Raises InvalidInput and EngineUnavailable, nothing left behind."""
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._drain()
        self._stack.close()

    def _start(self, stack: ExitStack) -> None:
        settings = self.settings
        raise_files(settings.max_connections + _FILES)
        self.memo = Memo(settings.memo_entries, settings.memo_bytes)
        self.pool, last, self._figures = pools(settings, stack, self.memo.clear)
        clock = RealClock()
        self.batcher = Batcher(self.pool, clock, self.memo, last=last)
        stack.callback(self.batcher.close)
        if settings.journal is not None:
            journal = stack.enter_context(Journal(Path(settings.journal)))
            self.backlog = Backlog(journal, self.batcher, runs=False)
            stack.callback(self.backlog.close)
        self.desk = Desk(self.batcher, clock, settings.bounds(), self.describe, self.backlog, Peers(read_peers(settings.peers or "")))
        if settings.uds is not None:
            self.uds = UnixServer(Path(settings.uds), self.desk)
            stack.callback(self.uds.close)
            self.uds.start()  # before the rest: what comes by the block path waits for nothing else
        if settings.grpc is not None:
            self.rpc = _rpc(settings, self.desk)
            stack.callback(self.rpc.close)
        if settings.metrics is not None:
            self.exporter = self._exporter(*address("metrics", settings.metrics))
            stack.callback(self.exporter.close)
        if self.backlog is not None:
            self.backlog.start()

    def _exporter(self, host: str, port: int) -> Exporter:
        from .metrics import Collector, Exporter

        collector = Collector(
            version("coproc"), self._engines, self.batcher, self.memo, self.desk.counters, self.uds, self.backlog, self._figures,
        )  # fmt: skip
        return Exporter(host, port, collector)

    def _engines(self) -> tuple[str, ...]:
        return self.pool.engines

    def describe(self) -> bytes:
        """The body of the reply to DESCRIBE."""
        operations = [{"op": i, "name": o.name, "kind": o.kind, "width": o.width} for i, o in enumerate(REGISTRY)]
        told = {
            "version": version("coproc"), "protocol": 1, "engines": list(self._engines()), "operations": operations,
            "limits": self.settings.bounds().told(), "journal": self.backlog is not None,
        }  # fmt: skip
        return json.dumps(told).encode()

    def _drain(self) -> None:
        """Take nothing more; answer what was taken, as far as the time reaches."""
        end = monotonic() + self.settings.drain_seconds
        self.desk.draining = True
        if self.backlog is not None:
            self.backlog.stop()
        if self.rpc is not None:
            self.rpc.refuse()
        answered = self.batcher.drain(self.settings.drain_seconds)
        if self.uds is not None:
            answered = self.uds.drain(max(0.0, end - monotonic())) and answered
        if self.rpc is not None:
            self.rpc.stop(max(0.0, end - monotonic()))
        if answered:
            self._log.info("drained")
        else:
            self._log.warning("the time to drain is over", seconds=self.settings.drain_seconds, held=self.batcher.stats().held)
            timer = threading.Timer(_END_SECONDS, os._exit, (1,))
            timer.daemon = True
            timer.start()  # a worker may never answer


Pools = tuple[Pool, list[Stage], Callable[[], dict[str, float]]]
"""Where batches run, where those run that cannot run there, and further figures."""


def pools(settings: Settings, stack: ExitStack, on_stop: Callable[[], None] | None = None) -> Pools:
    """on_stop: told that an engine was wrong, whose answers are remembered. Raises EngineUnavailable and InvalidInput."""
    from coproc.cluster.pools.processes import ProcessPool
    from coproc.cluster.pools.threads import ThreadPool

    spec = ProcessPool(1, "spec", eager=False)
    stack.callback(spec.close)
    last = [Stage(spec, _SPEC_REQUESTS)]
    if settings.cluster is None:
        return _local(settings, stack, on_stop, last)
    threads = ThreadPool(settings.engine, settings.workers)
    stack.callback(threads.close)
    audited = _cluster(settings, threads)
    stack.callback(audited.close)

    def figures() -> dict[str, float]:
        counts = audited.counts()
        return {f"audit_{name}_total": getattr(counts, name) for name in ("checked", "proved", "quarantined")} | {
            "audit_mismatch_total": counts.mismatches,
            "cluster_capacity": audited.remote_capacity,
        }

    return audited, [Stage(threads), *last], figures


def _local(settings: Settings, stack: ExitStack, on_stop: Callable[[], None] | None, last: list[Stage]) -> Pools:
    """Threads or processes of this machine, of whose answers some are looked at again."""
    from coproc.cluster.crosscheck import Crosschecked
    from coproc.cluster.pools.processes import ProcessPool
    from coproc.cluster.pools.threads import ThreadPool
    from coproc.engine.select import select

    def make(name: str, workers: int | None) -> Pool:
        return ProcessPool(workers, name) if settings.processes else ThreadPool(name, workers)

    pool = Crosschecked(select(settings.engine).name, make, settings.workers, settings.audit, settings.kept, on_stop)
    stack.callback(pool.close)

    def figures() -> dict[str, float]:
        counts, serving = pool.counts(), pool.serving
        told = {"audit_checked_total": counts.checked, "audit_mismatch_total": counts.mismatches, "audit_quarantined_total": counts.stopped}
        if isinstance(serving, ProcessPool):
            told |= {"worker_starts_total": serving.starts, "worker_deaths_total": serving.deaths}
        return dict(told)

    return pool, last, figures


def _cluster(settings: Settings, threads: Pool) -> Audited:
    """The workers of a Ray cluster, whose answers are checked here. Raises EngineUnavailable."""
    from coproc.cluster.audit import Audited
    from coproc.cluster.kept import Keeper
    from coproc.cluster.pools.gateway import Gateway
    from coproc.engine.select import select

    assert settings.cluster is not None
    here = select(settings.engine)
    named = settings.engine if settings.engine != "auto" else None
    keeper = None if settings.kept is None else Keeper(settings.kept, here)
    return Audited(Gateway(settings.cluster, named, here), threads, here, on_lie=keeper)


def _rpc(settings: Settings, desk: Desk) -> RpcServer:
    from .rpc import RpcServer, Tls

    assert settings.grpc is not None
    tls = None
    if settings.tls_cert and settings.tls_key and settings.tls_client_ca:
        files = {name: existing(name, getattr(settings, name)) for name in ("tls_cert", "tls_key", "tls_client_ca")}
        tls = Tls(*(path.read_bytes() for path in files.values()))
    return RpcServer(*address("grpc", settings.grpc), desk, tls)


def raise_files(wanted: int) -> None:
    """Allow this process so many descriptors, or as many as it may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard) if hard != resource.RLIM_INFINITY else wanted, hard))


def notify(state: str) -> None:
    """Tell systemd (sd_notify), where it asked for it."""
    where = os.environ.get("NOTIFY_SOCKET")
    if not where:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto(state.encode(), "\0" + where[1:] if where.startswith("@") else where)


def tune() -> None:
    """Set this process up for what a server does: many small requests beside work that lasts, and none of them kept waiting."""
    keep_freed()
    sys.setswitchinterval(_SWITCH)
    gc.set_threshold(*_GARBAGE)


def serve(settings: Settings, log: BoundLogger) -> None:
    """Serve until SIGTERM or SIGINT, then drain; the second signal ends it at once. Raises InvalidInput and EngineUnavailable."""
    stop = threading.Event()

    def ended(number: int, _: object) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, ended)
    tune()
    start = monotonic()
    with Server(settings, log) as server:
        places = {"uds": settings.uds, "grpc": server.rpc and server.rpc.address, "journal": settings.journal}
        port = server.exporter.port if server.exporter is not None else None
        waiting = server.backlog.waiting if server.backlog is not None else None
        log.info("serving", **places, metrics_port=port, waiting=waiting, seconds=round(monotonic() - start, 3), pid=os.getpid())
        gc.collect()
        gc.freeze()  # what is there now is there to the end: the collector need not look at it again
        notify("READY=1")
        stop.wait()
        log.info("draining")
        notify("STOPPING=1")
    log.info("ended")
