"""What the server tells Prometheus, read when it is asked: nothing is counted twice, and a scrape costs the requests nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily, Metric

from coproc.cluster import frames
from coproc.cluster.backlog import Backlog
from coproc.cluster.memo import Memo
from coproc.cluster.service import Service, Stats
from coproc.errors import InvalidInput

from .counters import BUCKETS, Counters
from .uds import UnixServer

_KINDS: Final = {1: "execute", 2: "describe", 3: "ping", 4: "submit", 5: "result", 6: "warm"}
_CODES: Final = {
    frames.MALFORMED: "malformed", frames.UNKNOWN_OPERATION: "unknown_operation", frames.TOO_LARGE: "too_large", frames.BUSY: "busy",
    frames.DRAINING: "draining", frames.UNKNOWN_JOB: "unknown_job", frames.UNSUPPORTED_VERSION: "unsupported_version",
    frames.JOURNAL: "journal",
}  # fmt: skip
_STATS: Final = {
    "accepted": "Requests that the batcher took",
    "answered": "Requests that it answered, unserved ones too",
    "unserved": "Requests that nothing answered",
    "expired": "Requests unserved because their deadline came first",
    "busy": "Requests that were not taken for want of room",
    "memo_hits": "Requests answered from the memo by the batcher",
    "duplicates": "Requests that waited for the same one in flight",
    "batches": "Batches that ran",
    "batched": "Requests in them",
    "retries": "Batches that ran again, whole or cut",
    "lost": "Batches whose worker died",
    "late": "Requests answered after their deadline",
}
Figures = Callable[[], dict[str, float]]


class Collector:
    """A collector of prometheus_client."""

    def __init__(
        self, version: str, engines: Callable[[], tuple[str, ...]], service: Service, memo: Memo, counters: Counters,
        uds: UnixServer | None, backlog: Backlog | None, more: Figures = dict,
    ) -> None:  # fmt: skip
        """more: further gauges, name (behind "coproc_") to value; names that end in "_total" are counters."""
        self._version, self._engines, self._service, self._memo, self._counters = version, engines, service, memo, counters
        self._uds, self._backlog, self._more = uds, backlog, more

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("coproc", "This server", {"version": self._version, "engines": ",".join(self._engines())})
        yield from _service(self._service.stats())
        yield from self._server()
        yield _gauge("memo_entries", "Answers in the memo", len(self._memo))
        yield _gauge("memo_bytes", "Bytes of the memo", self._memo.nbytes)
        yield _counter("memo_lookups", "Requests looked up in the memo", {"hit": self._memo.hits, "miss": self._memo.misses}, "result")
        if self._uds is not None:
            yield _gauge("connections", "Open connections of the Unix socket", self._uds.connections)
            yield _gauge("held_bytes", "Bytes of frames begun, unanswered or unread", self._uds.held)
        if self._backlog is not None:
            yield _gauge("journal_waiting", "Requests of the journal without an answer", self._backlog.waiting)
            yield _counter("journal_answered", "Requests of the journal answered", {"": self._backlog.answered}, None)
            yield _counter("journal_failures", "Times that the journal could not be written or read", {"": self._backlog.failures}, None)
        for name, value in self._more().items():
            if name.endswith("_total"):
                yield _counter(name.removesuffix("_total"), name.replace("_", " "), {"": value}, None)
            else:
                yield _gauge(name, name.replace("_", " "), value)

    def _server(self) -> Iterator[Metric]:
        counters = self._counters
        yield _counter("frames", "Frames by kind", {name: counters.frames[kind] for kind, name in _KINDS.items()}, "kind")
        yield _counter("errors", "Frames refused, by reason", {name: counters.errors[code] for code, name in _CODES.items()}, "code")
        statuses = {status: counters.answers[status] for status in ("ok", "malformed", "panic", "unserved")}
        yield _counter("answers", "Answers sent, by status", statuses, "status")
        yield _counter("connections_opened", "Connections accepted", {"": counters.accepted}, None)
        yield _counter("connections_closed", "Connections that the server closed, by reason", dict(counters.closed), "reason")
        yield _counter("received_bytes", "Bytes received on the Unix socket", {"": counters.bytes_in}, None)
        yield _counter("sent_bytes", "Bytes sent on the Unix socket", {"": counters.bytes_out}, None)
        latency = HistogramMetricFamily("coproc_latency_seconds", "From the last byte of a frame to its reply", labels=["class"])
        for kind, histogram in list(counters.latency.items()):
            total, buckets = 0, []
            for end, count in zip([*map(str, BUCKETS), "+Inf"], histogram.counts, strict=True):
                total += count
                buckets.append((end, total))
            latency.add_metric([kind], buckets, histogram.total)
        yield latency


def _service(stats: Stats) -> Iterator[Metric]:
    for name, text in _STATS.items():
        yield _counter(f"requests_{name}" if "batch" not in name else name, text, {"": getattr(stats, name)}, None)
    yield _counter("work_seconds", "Seconds of work in pools, by operation", stats.seconds, "op")
    yield _counter("run", "Requests run in pools, by operation", stats.requests, "op")
    waiting = GaugeMetricFamily("coproc_waiting", "Requests that wait, by class", labels=["class"])
    for kind, count in stats.waiting.items():
        waiting.add_metric([kind], count)
    yield waiting
    yield _gauge("held_requests", "Requests taken and not answered", stats.held)
    yield _gauge("held_request_bytes", "Bytes of those", stats.held_bytes)
    yield _gauge("in_flight_batches", "Batches that run", stats.in_flight)
    yield _gauge("tenants", "Tenants with requests that wait", stats.tenants)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"coproc_{name}", text, value)


def _counter(name: str, text: str, values: dict[str, Any], label: str | None) -> Metric:
    family = CounterMetricFamily(f"coproc_{name}", text, labels=[label] if label else [])
    for key, value in values.items():
        family.add_metric([key] if label else [], value)
    return family


class Exporter:
    """`/metrics` over HTTP, from a thread of its own."""

    def __init__(self, host: str, port: int, collector: Collector) -> None:
        """Raises InvalidInput where nobody can listen there."""
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        registry.register(collector)
        try:
            self._server, self._thread = start_http_server(port, host, registry)
        except OSError as error:
            raise InvalidInput(f"--metrics {host}:{port}: {error.strerror}") from None

    @property
    def port(self) -> int:
        return int(self._server.server_port)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
