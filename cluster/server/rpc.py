"""`RpcServer`: `coproc.v1.Coprocessor` over gRPC, for clients elsewhere and in bulk; health and reflection beside it.

With TLS every client shows a certificate, and its common name is the tenant (`Peers`): what a body says about tenants is a name below that
one, so that nobody takes the share of another. A message is there before it can be counted, so that few calls of bounded messages are
served at once; from then on its bytes count together with those of the Unix socket.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Final, NamedTuple, NoReturn

import grpc  # type: ignore[import-untyped]
from grpc_health.v1 import health, health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import reflection  # type: ignore[import-untyped]

from coproc.cluster import frames
from coproc.cluster.frames import WireError
from coproc.errors import InvalidInput

from .connection import FRAME_BYTES
from .desk import Desk, wire_error
from .peers import tenant
from .schema import SERVICE, messages

_IN_STREAM: Final = 16  # frames of a stream that are unanswered at once
_SLACK: Final = 1 << 12  # bytes of a message beside its body
_PEER_SECONDS: Final = 30
_STATUS: Final = {
    frames.MALFORMED: grpc.StatusCode.INVALID_ARGUMENT,
    frames.UNKNOWN_OPERATION: grpc.StatusCode.UNIMPLEMENTED,
    frames.TOO_LARGE: grpc.StatusCode.OUT_OF_RANGE,
    frames.BUSY: grpc.StatusCode.RESOURCE_EXHAUSTED,
    frames.DRAINING: grpc.StatusCode.UNAVAILABLE,
    frames.UNKNOWN_JOB: grpc.StatusCode.NOT_FOUND,
    frames.JOURNAL: grpc.StatusCode.FAILED_PRECONDITION,
}


class Tls(NamedTuple):
    """PEM: the server's certificate and key, and who signs the certificates of clients."""

    certificate: bytes
    key: bytes
    client_ca: bytes


class RpcServer:
    """Serves from its making to `close`."""

    def __init__(self, host: str, port: int, desk: Desk, tls: Tls | None) -> None:
        """Raises InvalidInput where nobody can listen there, or certificate and key are none."""
        limit, calls = desk.bounds.max_message + _SLACK, desk.bounds.calls
        options = [
            ("grpc.max_receive_message_length", limit),
            ("grpc.max_send_message_length", -1),
            ("grpc.max_concurrent_streams", calls),
            ("grpc.max_metadata_size", 16 << 10),
            ("grpc.keepalive_time_ms", _PEER_SECONDS * 1000),
            ("grpc.keepalive_timeout_ms", 10_000),
            ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
            ("grpc.so_reuseport", 0),
        ]
        self._threads = ThreadPoolExecutor(calls, "coproc-rpc")
        self._server = grpc.server(self._threads, options=options, maximum_concurrent_rpcs=calls)
        self._health = health.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self._server.add_generic_rpc_handlers((_Methods(desk, tls is not None).handlers(),))
        reflection.enable_server_reflection((SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server)
        self.address = self._listen(f"[{host}]" if ":" in host else host, port, tls)
        self._server.start()
        self._tell(health_pb2.HealthCheckResponse.SERVING)

    def _listen(self, host: str, port: int, tls: Tls | None) -> str:
        where = f"{host}:{port}"
        try:
            if tls is None:
                bound = self._server.add_insecure_port(where)
            else:
                credentials = grpc.ssl_server_credentials([(tls.key, tls.certificate)], tls.client_ca, require_client_auth=True)
                bound = self._server.add_secure_port(where, credentials)
        except RuntimeError:
            bound = 0
        if not bound:
            why = "" if tls is None else ", or --tls-cert, --tls-key and --tls-client-ca are no certificates and key"
            raise InvalidInput(f"--grpc {where}: cannot listen there{why}")
        return f"{host}:{bound}"

    def refuse(self) -> None:
        """Tell health checks that it ends; calls are still answered, with UNAVAILABLE where they are new."""
        self._tell(health_pb2.HealthCheckResponse.NOT_SERVING)

    def stop(self, seconds: float) -> None:
        """Take no more calls; those that run have so many seconds."""
        self._server.stop(seconds).wait()

    def close(self) -> None:
        self._server.stop(0).wait()
        self._threads.shutdown(wait=False)

    def _tell(self, status: Any) -> None:
        for name in ("", SERVICE):
            self._health.set(name, status)


class _Methods:
    """What the methods do. Each runs in a thread of the server."""

    def __init__(self, desk: Desk, identified: bool) -> None:
        self._desk, self._identified = desk, identified
        self._types = messages()
        self._most_streams = desk.bounds.calls // 2
        self._streams = threading.BoundedSemaphore(self._most_streams)

    def handlers(self) -> Any:
        methods = {
            name: grpc.unary_unary_rpc_method_handler(
                getattr(self, name.lower()),
                self._types[f"{name}Request"].FromString,
                self._types[f"{name}Reply"].SerializeToString,
            )
            for name in ("Execute", "Describe", "Submit", "Result")
        }
        methods["ExecuteStream"] = grpc.stream_stream_rpc_method_handler(
            self.stream, self._types["ExecuteRequest"].FromString, self._types["ExecuteReply"].SerializeToString
        )
        return grpc.method_handlers_generic_handler(SERVICE, methods)

    # ---- methods ----
    def execute(self, request: Any, context: Any) -> Any:
        try:
            body = self._begin(request, self._peer(context)).result()
        except Exception as error:
            self._abort(context, error)
        return self._types["ExecuteReply"](id=request.id, count=request.count, body=body)

    def describe(self, request: Any, context: Any) -> Any:
        return self._types["DescribeReply"](json=self._desk.describe().decode())

    def submit(self, request: Any, context: Any) -> Any:
        try:
            with self._held(request):
                read = frames.read_submit(request.body, request.count, self._desk.bounds.max_requests)
                read = read._replace(tenant=tenant(self._peer(context), read.tenant))
                total = self._desk.jobs(adds=True).submit(read).result()
        except Exception as error:
            self._abort(context, error)
        return self._types["SubmitReply"](total=total)

    def result(self, request: Any, context: Any) -> Any:
        try:
            read = frames.read_result(request.body)
            read = read._replace(tenant=tenant(self._peer(context), read.tenant))
            most = min(request.most, self._desk.bounds.max_requests)
            total, count, answers = self._desk.jobs().result(read, most, request.forget).result()
        except Exception as error:
            self._abort(context, error)
        return self._types["ResultReply"](total=total, count=count, answers=answers)

    def stream(self, requests: Iterator[Any], context: Any) -> Iterator[Any]:
        if not self._streams.acquire(blocking=False):
            self._abort(context, WireError(frames.BUSY, f"busy: {self._most_streams} streams are open", 1.0))
        try:
            yield from self._stream(requests, self._peer(context), context)
        finally:
            self._streams.release()

    # ---- a stream ----
    def _stream(self, requests: Iterator[Any], peer: str, context: Any) -> Iterator[Any]:
        """Another thread reads; replies go out as they come. At most `_IN_STREAM` frames are unanswered, then it is not read."""
        ready: queue.SimpleQueue[Any] = queue.SimpleQueue()
        room = threading.Semaphore(_IN_STREAM)
        begun = 0

        def read() -> None:
            nonlocal begun
            try:
                for request in requests:
                    room.acquire()
                    if not context.is_active():
                        break
                    begun += 1
                    self._begin_in_stream(request, peer, ready)
            except Exception:  # the client is gone
                pass
            finally:
                ready.put(None)

        threading.Thread(target=read, name="coproc-rpc-stream", daemon=True).start()

        def over() -> None:
            room.release()
            ready.put(None)

        context.add_callback(over)
        answered, ended = 0, False
        while not (ended and answered == begun) and context.is_active():
            reply = ready.get()
            if reply is None:
                ended = True
                continue
            answered += 1
            room.release()
            yield reply

    def _begin_in_stream(self, request: Any, peer: str, ready: queue.SimpleQueue[Any]) -> None:
        reply, number, count = self._types["ExecuteReply"], request.id, request.count

        def done(future: Future[bytes]) -> None:
            error = future.exception()
            ready.put(reply(id=number, count=count, body=future.result()) if error is None else self._refused(number, error))

        try:
            self._begin(request, peer).add_done_callback(done)
        except Exception as error:
            ready.put(self._refused(number, error))

    def _refused(self, number: int, error: BaseException) -> Any:
        told = self._told(error)
        text = {"code": told.code, "retry_after_ms": round(told.retry_after * 1000), "text": str(told)[: frames.MAX_TEXT]}
        return self._types["ExecuteReply"](id=number, error=self._types["Error"](**text))

    # ---- the rest ----
    def _begin(self, request: Any, peer: str) -> Future[bytes]:
        """Its bytes are held until it is answered."""
        self._desk.counters.frames[frames.EXECUTE] += 1
        held = self._held(request)
        try:
            execute = frames.read_execute(request.body, request.count, self._desk.bounds.max_requests)
            future = self._desk.execute(execute._replace(tenant=tenant(peer, execute.tenant)))
        except BaseException:
            held.close()
            raise
        future.add_done_callback(lambda _: held.close())
        return future

    def _held(self, request: Any) -> ExitStack:
        """Holds the bytes of a message until it is closed. Raises WireError where there is no room for them."""
        size, stack = request.ByteSize() + FRAME_BYTES, ExitStack()
        if not self._desk.held.take(size):
            raise WireError(frames.BUSY, "busy: no room for this message", 0.1)
        stack.callback(self._desk.held.add, -size)
        return stack

    def _peer(self, context: Any) -> str:
        peers = self._desk.peers
        if not self._identified:
            return peers.of_this_machine()
        names = context.auth_context().get("x509_common_name", [b""])
        return peers.of_certificate(names[0].decode("utf-8", "replace"))

    def _told(self, error: BaseException) -> WireError:
        self._desk.refusal(0, error)  # counts, and logs what is no fault of the client
        return wire_error(error) or WireError(frames.BUSY, "the server has an error of its own; its log says more", 1.0)

    def _abort(self, context: Any, error: Exception) -> NoReturn:
        """Raises."""
        told = self._told(error)
        trailing = [("coproc-code", str(told.code))]
        if told.retry_after:
            trailing.append(("retry-after-ms", str(round(told.retry_after * 1000))))
        context.set_trailing_metadata(trailing)
        status = _STATUS.get(told.code, grpc.StatusCode.UNKNOWN)
        if told.code == frames.JOURNAL and told.retry_after:
            status = grpc.StatusCode.UNAVAILABLE
        context.abort(status, str(told)[: frames.MAX_TEXT])
        raise AssertionError("abort returns")
