"""gRPC: the documented service, its answers those of the socket, its limits, and who its clients are."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from coproc.cluster import frames
from coproc.cluster.backlog import Backlog
from coproc.cluster.clock import RealClock
from coproc.cluster.journal import Journal
from coproc.cluster.server.bounds import Bounds
from coproc.cluster.server.desk import Desk
from coproc.cluster.server.peers import Peers
from coproc.cluster.server.rpc import RpcServer, Tls
from coproc.cluster.server.schema import SERVICE, file, messages
from coproc.errors import InvalidInput
from coproc.operation import Answer, Request
from coproc.ops import OPERATIONS
from tests.cluster.make_certificates import FOLDER as CERTIFICATES
from tests.cluster.serving import Fake, answer, until

PROTO = Path(__file__).resolve().parents[2] / "docs" / "coproc.proto"
TYPES = messages()
SMALL = Bounds(
    max_frame=1 << 16, max_requests=2000, connection_bytes=1 << 17, partial_bytes=1 << 16, max_bytes=1 << 20, max_message=1 << 16
)
ASKED = [Request(op, bytes([i] * i)) for i, op in enumerate(OPERATIONS)]


@contextmanager
def rpc(fake: Fake, tls: Tls | None = None, jobs: Any = None, names: dict[str, str] | None = None) -> Iterator[tuple[RpcServer, Desk]]:
    desk = Desk(fake, RealClock(), SMALL, lambda: b'{"protocol": 1}', jobs, Peers(names))  # type: ignore[arg-type]
    server = RpcServer("localhost", 0, desk, tls)
    try:
        yield server, desk
    finally:
        server.close()


def call(channel: Any, method: str, request: Any) -> Any:
    reply = TYPES[f"{method}Reply"].FromString
    return channel.unary_unary(f"/{SERVICE}/{method}", type(request).SerializeToString, reply)(request, timeout=20)


def request(asked: list[Request], number: int = 0, kind: Any = "bulk", tenant: str = "") -> Any:
    return TYPES["ExecuteRequest"](id=number, count=len(asked), body=frames.write_execute(asked, kind, tenant))


def answers(reply: Any, asked: list[Request]) -> list[Answer]:
    assert reply.count == len(asked)
    return frames.read_answers(reply.body, [r.op for r in asked], "remote")


def stream(channel: Any, requests: Iterator[Any]) -> Any:
    write, read = TYPES["ExecuteRequest"].SerializeToString, TYPES["ExecuteReply"].FromString
    return channel.stream_stream(f"/{SERVICE}/ExecuteStream", write, read)(requests, timeout=20)


def test_the_documented_messages_are_those_that_are_built(tmp_path: Path) -> None:
    from grpc_tools import protoc

    out = tmp_path / "set"
    assert protoc.main(["protoc", f"-I{PROTO.parent}", f"--descriptor_set_out={out}", PROTO.name]) == 0
    (documented,) = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file
    assert documented == file()


def test_answers_are_those_of_the_socket() -> None:
    with rpc(Fake()) as (server, _), grpc.insecure_channel(server.address) as channel:
        for kind in ("block", "bulk"):
            reply = call(channel, "Execute", request(ASKED, 77, kind, "t"))
            assert reply.id == 77
            assert answers(reply, ASKED) == [answer(r) for r in ASKED]
        assert answers(call(channel, "Execute", request([])), []) == []
        assert call(channel, "Describe", TYPES["DescribeRequest"]()).json == '{"protocol": 1}'


def test_a_stream_answers_every_frame_in_any_order_and_goes_on_after_a_refused_one() -> None:
    fake = Fake()
    with rpc(fake) as (server, desk), grpc.insecure_channel(server.address) as channel:
        sent = [request(ASKED[: k % 5], k) for k in range(200)]
        sent[50] = TYPES["ExecuteRequest"](id=50, count=1, body=b"no body")
        replies = {reply.id: reply for reply in stream(channel, iter(sent))}
        assert len(replies) == 200
        assert replies[50].error.code == frames.MALFORMED
        for k in (*range(50), *range(51, 200)):
            assert answers(replies[k], ASKED[: k % 5]) == [answer(r) for r in ASKED[: k % 5]]
        fake.room = 0
        (busy,) = stream(channel, iter([request(ASKED, 1)]))
        assert (busy.error.code, busy.error.retry_after_ms) == (frames.BUSY, 125)
        assert desk.counters.errors[frames.BUSY] == 1


def test_a_client_that_leaves_its_stream_frees_it() -> None:
    fake = Fake()
    with rpc(fake) as (server, _), grpc.insecure_channel(server.address) as channel:
        for _ in range(40):  # more than streams at once
            fake.gate.clear()
            hold = threading.Event()

            def requests(hold: threading.Event = hold) -> Iterator[Any]:
                yield request(ASKED)
                hold.wait(10)

            replies = stream(channel, requests())
            replies.cancel()
            hold.set()
            fake.gate.set()

        def free() -> bool:
            try:
                return len(list(stream(channel, iter([request(ASKED)])))) == 1
            except grpc.RpcError:
                return False

        until(free)


@pytest.mark.parametrize(
    ("body", "count", "code", "status"),
    [
        (b"", 1, frames.MALFORMED, "INVALID_ARGUMENT"),
        (frames.write_execute(ASKED), 3, frames.MALFORMED, "INVALID_ARGUMENT"),
        (frames.write_execute(ASKED), 3000, frames.TOO_LARGE, "OUT_OF_RANGE"),
        (frames.write_execute(ASKED).replace(b"\x05\x02\x08", b"\x50\x02\x08"), len(ASKED), frames.UNKNOWN_OPERATION, "UNIMPLEMENTED"),
    ],
)
def test_a_malformed_call_is_refused_and_says_why(body: bytes, count: int, code: int, status: str) -> None:
    with rpc(Fake()) as (server, _), grpc.insecure_channel(server.address) as channel:
        with pytest.raises(grpc.RpcError) as refused:
            call(channel, "Execute", TYPES["ExecuteRequest"](count=count, body=body))
        assert refused.value.code().name == status
        assert dict(refused.value.trailing_metadata())["coproc-code"] == str(code)
        assert call(channel, "Execute", request(ASKED)).count == len(ASKED)


def test_a_message_above_the_limit_is_refused() -> None:
    with rpc(Fake()) as (server, _), grpc.insecure_channel(server.address) as channel:
        with pytest.raises(grpc.RpcError) as refused:
            call(channel, "Execute", request([Request("hash", bytes(1 << 17))]))
        assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert call(channel, "Execute", request(ASKED)).count == len(ASKED)


def test_busy_and_draining_are_statuses_of_their_own() -> None:
    fake = Fake()
    with rpc(fake) as (server, desk), grpc.insecure_channel(server.address) as channel:
        fake.room = 0
        with pytest.raises(grpc.RpcError) as busy:
            call(channel, "Execute", request(ASKED))
        assert busy.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert dict(busy.value.trailing_metadata())["retry-after-ms"] == "125"
        desk.draining = True
        with pytest.raises(grpc.RpcError) as draining:
            call(channel, "Execute", request(ASKED))
        assert draining.value.code() == grpc.StatusCode.UNAVAILABLE


def test_health_tells_when_the_server_drains() -> None:
    with rpc(Fake()) as (server, _), grpc.insecure_channel(server.address) as channel:
        check = health_pb2_grpc.HealthStub(channel).Check
        for name in ("", SERVICE):
            assert check(health_pb2.HealthCheckRequest(service=name)).status == health_pb2.HealthCheckResponse.SERVING
        server.refuse()
        assert check(health_pb2.HealthCheckRequest(service=SERVICE)).status == health_pb2.HealthCheckResponse.NOT_SERVING


def test_reflection_knows_the_service_and_its_messages() -> None:
    with rpc(Fake()) as (server, _), grpc.insecure_channel(server.address) as channel:
        ask = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo
        wanted = [
            reflection_pb2.ServerReflectionRequest(list_services=""),
            reflection_pb2.ServerReflectionRequest(file_containing_symbol=SERVICE),
        ]
        services, found = ask(iter(wanted), timeout=20)
        assert SERVICE in {service.name for service in services.list_services_response.service}
        (data,) = found.file_descriptor_response.file_descriptor_proto
        described = descriptor_pb2.FileDescriptorProto.FromString(data)
        assert [m.name for m in described.message_type] == [m.name for m in file().message_type]


def test_jobs_are_kept_and_read_over_grpc(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal") as journal:
        backlog = Backlog(journal, Fake())
        with rpc(Fake(), jobs=backlog) as (server, _), grpc.insecure_channel(server.address) as channel:
            body = frames.write_submit(ASKED, b"job")
            assert call(channel, "Submit", TYPES["SubmitRequest"](count=len(ASKED), body=body)).total == len(ASKED)
            until(lambda: backlog.waiting == 0)
            wanted = TYPES["ResultRequest"](most=99, body=frames.write_submit([], b"job"))
            reply = call(channel, "Result", wanted)
            assert (reply.total, reply.count) == (len(ASKED), len(ASKED))
            assert frames.read_answers(reply.answers, [r.op for r in ASKED], "remote") == [answer(r) for r in ASKED]
            wanted = TYPES["ResultRequest"](most=0, body=frames.write_submit([], b"none"))
            with pytest.raises(grpc.RpcError) as unknown:
                call(channel, "Result", wanted)
            assert unknown.value.code() == grpc.StatusCode.NOT_FOUND
        backlog.close()


def test_the_bytes_of_messages_are_bounded_together_with_those_of_frames() -> None:
    fake = Fake()
    fake.gate.clear()
    with rpc(fake) as (server, desk), grpc.insecure_channel(server.address) as channel:
        assert desk.bounds.calls * desk.bounds.max_message <= desk.bounds.max_bytes // 2
        assert desk.held.take(SMALL.max_bytes - 60_000)  # frames of the socket
        big = request([Request("sha256", bytes(50_000))], 1)
        replies = stream(channel, iter([big, big]))
        first = next(replies)
        assert first.error.code == frames.BUSY
        assert first.error.retry_after_ms
        assert SMALL.max_bytes - 60_000 < desk.held.nbytes <= SMALL.max_bytes
        fake.gate.set()
        assert next(replies).count == 1
        until(lambda: desk.held.nbytes == SMALL.max_bytes - 60_000)
        with pytest.raises(grpc.RpcError) as refused:
            call(channel, "Execute", request([Request("sha256", bytes(SMALL.max_message + 5000))]))
        assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert desk.held.nbytes == SMALL.max_bytes - 60_000


def test_a_client_of_this_machine_is_a_tenant_of_its_own() -> None:
    for names, wanted in ((None, {"local", "local/bob"}), ({"local": "node"}, {"node", "node/bob"}), ({"local": "*"}, {"", "bob"})):
        fake = Fake()
        with rpc(fake, names=names) as (server, _), grpc.insecure_channel(server.address) as channel:
            call(channel, "Execute", request(ASKED, tenant="bob"))
            call(channel, "Execute", request(ASKED))
        assert {tenant for _, _, tenant in fake.packed} == wanted


def test_without_a_journal_there_are_no_jobs() -> None:
    with rpc(Fake()) as (server, _), grpc.insecure_channel(server.address) as channel:
        with pytest.raises(grpc.RpcError) as refused:
            call(channel, "Submit", TYPES["SubmitRequest"](count=1, body=frames.write_submit(ASKED[:1], b"job")))
        assert refused.value.code() == grpc.StatusCode.FAILED_PRECONDITION


def test_an_address_that_is_taken_is_said() -> None:
    with rpc(Fake()) as (server, desk):
        host, port = server.address.rsplit(":", 1)
        with pytest.raises(InvalidInput, match=port):
            RpcServer(host, int(port), desk, None)


def test_only_clients_with_a_certificate_are_served_and_it_names_their_tenant() -> None:
    read = {file.name: file.read_bytes() for file in CERTIFICATES.iterdir()}
    fake = Fake()
    with rpc(fake, Tls(read["server.pem"], read["server.key"], read["ca.pem"])) as (server, _):
        known = grpc.ssl_channel_credentials(read["ca.pem"], read["alice.key"], read["alice.pem"])
        with grpc.secure_channel(server.address, known) as channel:
            call(channel, "Execute", request(ASKED, tenant="bob"))
            call(channel, "Execute", request(ASKED))
            assert {tenant for _, _, tenant in fake.packed} == {"alice/bob", "alice"}
        for stranger in (grpc.ssl_channel_credentials(read["ca.pem"]), None):
            made = grpc.insecure_channel(server.address) if stranger is None else grpc.secure_channel(server.address, stranger)
            with made as channel, pytest.raises(grpc.RpcError) as refused:
                call(channel, "Execute", request(ASKED))
            assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
        with pytest.raises(InvalidInput, match="tls"):
            RpcServer("localhost", 0, Desk(fake, RealClock(), SMALL, lambda: b""), Tls(b"no", b"key", b"here"))  # type: ignore[arg-type]
