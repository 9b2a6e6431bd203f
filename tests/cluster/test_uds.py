"""The server on the Unix socket: answers come back, limits hold, and no bytes make it crash, hang or forget its other clients."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from coproc.cluster import frames
from coproc.cluster.client import Client, Disconnected
from coproc.cluster.frames import WireError
from coproc.cluster.server.bounds import Bounds
from coproc.cluster.server.peers import Peers
from coproc.cluster.server.uds import UnixServer
from coproc.cluster.ticket import Busy
from coproc.errors import InvalidInput
from coproc.operation import Request, Rules
from coproc.ops import OPERATIONS
from tests.cluster.serving import Fake, Raw, answer, serving, until

SMALL = Bounds(
    max_frame=4096, max_requests=100, max_connections=8, max_bytes=64 << 10, partial_bytes=8192, connection_bytes=16 << 10,
    frame_seconds=0.6, write_seconds=0.6,
)  # fmt: skip
PING = frames.reply(frames.PING, 0, 5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s"


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
def server(path: Path, fake: Fake) -> Iterator[UnixServer]:
    with serving(path, fake, SMALL) as running:
        yield running


def requests(n: int, size: int = 20) -> list[Request]:
    random = Random(n)
    return [Request(random.choice(list(OPERATIONS)), random.randbytes(random.randrange(size)), Rules(fork="Boreas"), 4) for _ in range(n)]


def execute(number: int, size: int = 8, n: int = 1) -> bytes:
    body = frames.write_execute([Request("verify_bls", bytes(size))] * n)
    return frames.reply(frames.EXECUTE, n, number, body)


def alive(path: Path) -> bool:
    with Client(path, 5) as client:
        return client.run(requests(3)) == [answer(request) for request in requests(3)]


# ---- answers ----
@pytest.mark.parametrize("kind", ["block", "mempool", "bulk"])
@pytest.mark.parametrize("n", [0, 1, 2, 33, 100])
def test_answers_come_back_in_order(path: Path, server: UnixServer, fake: Fake, kind: str, n: int) -> None:
    with Client(path) as client:
        assert client.run(requests(n), kind, deadline=5, tenant="node") == [answer(r) for r in requests(n)]  # type: ignore[arg-type]
    assert {(t.kind, t.tenant) for t in fake.tickets} <= {(kind, "node")}
    assert {told[1:] for told in fake.packed} <= {(kind, "node")}
    assert (len(fake.tickets), sum(len(batch) for batch, _, _ in fake.packed)) == ((1, 0) if n == 1 else (0, n))


def test_one_operation_in_bulk_goes_as_one_batch(path: Path, server: UnixServer, fake: Fake) -> None:
    same = [Request("verify_plonk", bytes([i])) for i in range(50)]
    with Client(path) as client:
        assert client.run(same, "bulk", tenant="t") == [answer(request) for request in same]
    assert [(len(batch), kind, tenant) for batch, kind, tenant in fake.packed] == [(50, "bulk", "t")]


def test_what_a_client_says_of_its_tenant_is_below_the_user_that_it_is(path: Path) -> None:
    me = f"uid:{os.getuid()}"
    for names, wanted in (({}, {me, f"{me}/bob"}), ({me: "node"}, {"node", "node/bob"}), ({me: "*"}, {"", "bob"})):
        fake = Fake()
        with serving(path, fake, peers=Peers(names)), Client(path) as client:
            client.run(requests(50))
            client.run(requests(50), tenant="bob")
        assert {tenant for _, _, tenant in fake.packed} == wanted


def test_no_name_of_a_certificate_is_the_name_of_another_peer() -> None:
    names = ["a", "a/b", "a%2Fb", "uid:0", "local:", "", "%"]
    peers = Peers()
    found = [peers.of_certificate(name) for name in names]
    assert len({*found, peers.of_this_machine(), "uid:0"}) == len(set(found)) + 2
    assert not any("/" in name or not name for name in found)
    assert Peers({"cn:a/b": "c"}).of_certificate("a/b") == "c"


def test_a_deadline_is_told_from_receipt_on(path: Path, server: UnixServer, fake: Fake) -> None:
    from time import monotonic

    with Client(path) as client:
        before = monotonic()
        client.run(requests(1), deadline=100)
        assert before + 100 <= fake.tickets[0].deadline <= monotonic() + 100


def test_what_is_warmed_is_known(path: Path, server: UnixServer, fake: Fake) -> None:
    with Client(path) as client:
        assert client.warm(requests(10)) == 10
        assert client.warm(requests(10)) == 0
        assert client.run(requests(10)[:1]) == [answer(requests(10)[0])]
        assert fake.tickets == []
        assert client.describe() == {"protocol": 1}


def test_frames_are_answered_as_they_become_ready(path: Path, server: UnixServer, fake: Fake) -> None:
    fake.gate.clear()
    with Raw(path) as raw:
        raw.send(execute(1) + frames.reply(frames.PING, 0, 2))
        assert raw.read()[0].id == 2
        fake.gate.set()
        assert raw.read()[0].id == 1


def test_frames_may_come_in_any_pieces(path: Path, server: UnixServer) -> None:
    frame = execute(7, 100, 5)
    with Raw(path) as raw:
        for cut in range(1, len(frame), 37):
            raw.send(frame[:cut])
            raw.send(frame[cut:] + frame[:cut])
            raw.send(frame[cut:])
            assert [raw.read()[0][2:] for _ in range(2)] == [(5, 7), (5, 7)]


def test_many_frames_at_once_are_all_answered(path: Path, server: UnixServer) -> None:
    with Raw(path) as raw, ThreadPoolExecutor(1) as threads:
        sent = threads.submit(lambda: raw.send(b"".join(frames.reply(frames.PING, 0, i) for i in range(3000))))
        assert [raw.read()[0].id for _ in range(3000)] == list(range(3000))
        sent.result()


def test_clients_side_by_side_get_their_own_answers(path: Path, fake: Fake) -> None:
    def run(k: int) -> bool:
        with Client(path) as client:
            return all(client.run(requests(k + i)) == [answer(request) for request in requests(k + i)] for i in range(20))

    with serving(path, fake), ThreadPoolExecutor(6) as threads:
        assert all(threads.map(run, range(6)))


def test_what_is_owed_is_sent_after_the_client_has_finished_sending(path: Path, server: UnixServer, fake: Fake) -> None:
    fake.gate.clear()
    with Raw(path) as raw:
        raw.send(execute(1) + execute(2))
        raw.sock.shutdown(1)
        fake.gate.set()
        assert sorted(raw.read()[0].id for _ in range(2)) == [1, 2]
        assert raw.ended()
    until(lambda: server.connections == 0 and server.held == 0)


def test_a_client_that_hangs_up_leaves_nothing_behind(path: Path, server: UnixServer, fake: Fake) -> None:
    fake.gate.clear()
    for data in (b"", b"\x10", execute(1)[:-1], execute(1), execute(1) * 50):
        with Raw(path) as raw:
            raw.send(data)
    fake.gate.set()
    until(lambda: server.connections == 0 and server.held == 0)
    assert alive(path)


# ---- what is refused ----
def test_busy_tells_when_to_come_back_and_keeps_the_connection(path: Path, server: UnixServer, fake: Fake) -> None:
    fake.room = 0
    with Client(path) as client:
        for kind in ("block", "bulk"):
            with pytest.raises(Busy) as busy:
                client.run([Request("verify_bls", b"")], kind)  # type: ignore[arg-type]
            assert busy.value.retry_after == 0.125
        client.ping()


def test_an_unknown_operation_keeps_the_connection(path: Path, server: UnixServer) -> None:
    frame = bytearray(execute(9))
    frame[4 + 16 + 8] = 200
    with Raw(path) as raw:
        raw.send(bytes(frame) + PING)
        assert raw.refused() == (frames.UNKNOWN_OPERATION, 9)
        assert raw.read()[0].id == 5


def test_a_server_that_drains_says_so(path: Path, server: UnixServer) -> None:
    server._desk.draining = True
    with Client(path) as client:
        for ask in (lambda: client.run(requests(1)), lambda: client.warm(requests(1))):
            with pytest.raises(WireError) as refused:
                ask()
            assert refused.value.code == frames.DRAINING
        client.ping()
        assert server.drain(1)
    with pytest.raises(Disconnected):
        Client(path).ping()


def test_jobs_need_a_journal(path: Path, server: UnixServer) -> None:
    with Client(path) as client, pytest.raises(WireError) as refused:
        client.submit("job", requests(1))
    assert refused.value.code == frames.JOURNAL


def broken(at: int, value: int) -> bytes:
    frame = bytearray(execute(9))
    frame[at] = value
    return bytes(frame)


@pytest.mark.parametrize(
    ("data", "code", "number"),
    [
        (b"\x0f\0\0\0" + bytes(15), frames.MALFORMED, 0),  # no room for a header
        (bytes(4), frames.MALFORMED, 0),
        (b"\xff\xff\xff\xff", frames.TOO_LARGE, 0),
        (b"\x01\x10\0\0", frames.TOO_LARGE, 0),  # one byte above the limit
        (b"\xff\xff\xff\xff" + execute(9)[4:], frames.TOO_LARGE, 9),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", frames.TOO_LARGE, None),
        (broken(4, 2), frames.UNSUPPORTED_VERSION, 0),
        (broken(5, 0), frames.MALFORMED, 9),  # kind
        (broken(5, 7), frames.MALFORMED, 9),
        (broken(5, 0x81), frames.MALFORMED, 9),
        (broken(5, 0xFF), frames.MALFORMED, 9),
        (broken(6, 1), frames.MALFORMED, 9),  # flags
        (broken(8, 2), frames.MALFORMED, 9),  # count
        (broken(8, 101), frames.TOO_LARGE, 9),
        (broken(20, 3), frames.MALFORMED, 9),  # class
        (broken(21, 200), frames.MALFORMED, 9),  # tenant
        (broken(29, 9), frames.MALFORMED, 9),  # rules
        (broken(30, 3), frames.MALFORMED, 9),  # align
        (broken(32, 200), frames.MALFORMED, 9),  # length
        (frames.reply(frames.PING, 1, 9), frames.MALFORMED, 9),
        (frames.reply(frames.PING, 0, 9, b"x"), frames.MALFORMED, 9),
        (frames.reply(frames.SUBMIT, 0, 9, b"x"), frames.MALFORMED, 9),
    ],
)
def test_a_malformed_frame_gets_an_error_and_a_closed_connection(
    path: Path, server: UnixServer, data: bytes, code: int, number: int | None
) -> None:  # fmt: skip
    with Raw(path) as raw:
        raw.send(data)
        found, id_ = raw.refused()
        assert found == code
        assert number is None or id_ == number
        if code in frames.CLOSING:
            assert raw.ended()
    assert alive(path)
    until(lambda: server.connections == 0 and server.held == 0)


def test_random_bytes_never_crash_the_server(path: Path, server: UnixServer) -> None:
    random = Random(3)
    good = execute(1, 30, 3)
    for _ in range(300):
        data = bytearray(good if random.random() < 0.7 else random.randbytes(random.randrange(200)))
        for _ in range(random.randrange(4) if data else 0):
            data[random.randrange(len(data))] = random.randrange(256)
        with Raw(path) as raw:
            raw.send(bytes(data))
            raw.sock.shutdown(1)
            try:
                while True:
                    raw.read()
            except (EOFError, ConnectionResetError):
                pass
    assert alive(path)
    until(lambda: server.connections == 0 and server.held == 0)


# ---- limits ----
def test_the_largest_frame_is_taken_and_the_next_is_not(path: Path, server: UnixServer) -> None:
    with Raw(path) as raw:
        most = SMALL.max_frame - 16 - 8 - 8
        raw.send(execute(1, most))
        assert raw.read()[0].id == 1
        raw.send(execute(1, most + 1))
        assert raw.refused()[0] == frames.TOO_LARGE


def test_a_frame_that_is_not_finished_in_time_is_refused(path: Path, server: UnixServer) -> None:
    with Raw(path) as slow, Raw(path) as idle:
        slow.send(execute(1)[:-1])
        assert slow.refused()[0] == frames.MALFORMED
        assert slow.ended()
        idle.send(PING)
        assert idle.read()[0].id == 5
    assert server._desk.counters.closed["slow"] == 1


@pytest.mark.parametrize(("head", "code"), [(b"\x02\x01", frames.UNSUPPORTED_VERSION), (b"\x01\x81", frames.MALFORMED)])
def test_a_frame_whose_header_is_wrong_is_refused_before_the_rest_of_it_came(
    path: Path, server: UnixServer, head: bytes, code: int
) -> None:  # fmt: skip
    with Raw(path) as raw:
        raw.send(frames.LENGTH.pack(4000) + head + bytes(6) + (77).to_bytes(8, "little"))
        assert raw.refused() == (code, 77)
        assert raw.ended()
    until(lambda: server.held == 0)


def test_among_slow_strangers_a_newcomer_is_served_and_a_client_that_dribbles_gets_its_answers(path: Path, fake: Fake) -> None:
    frame = execute(1, 3000)
    with serving(path, fake, replace(SMALL, max_connections=500, partial_bytes=1 << 20)), Raw(path) as client:
        client.send(PING)
        assert client.read()[0].id == 5
        strangers = [Raw(path) for _ in range(200)]
        for at in range(3):
            for raw in strangers:
                raw.send(frame[at : at + 1])
        assert alive(path)
        for start in range(0, len(frame), 500):  # in crumbs: a stranger until the frame ends
            client.send(frame[start : start + 500])
        assert client.read()[0].id == 1
        client.send(PING)
        assert client.read()[0].id == 5
        for raw in strangers:
            raw.sock.close()


def test_a_client_that_sends_many_frames_and_reads_late_gets_all_answers_beside_others(path: Path, fake: Fake) -> None:
    with serving(path, fake), Raw(path) as raw, ThreadPoolExecutor(1) as threads:
        sent = threads.submit(lambda: raw.send(b"".join(frames.reply(frames.DESCRIBE, 0, i) for i in range(20_000))))
        for _ in range(20):
            assert alive(path)
        assert [raw.read()[0].id for _ in range(20_000)] == list(range(20_000))
        sent.result()


def test_a_client_that_is_refused_while_it_reads_nothing_may_send_to_the_end(path: Path, fake: Fake) -> None:
    with serving(path, fake), Raw(path, 1.5) as raw:  # less than a connection lingers
        frame = frames.reply(frames.DESCRIBE, 0, 1)
        raw.send(frame * 20_000 + frame[:4] + b"\x02" + frame[5:] + bytes(1 << 20))


def test_many_slow_connections_go_together_and_in_time(path: Path, fake: Fake) -> None:
    with serving(path, fake, replace(SMALL, max_connections=500)) as server:
        raws = [Raw(path) for _ in range(300)]
        for raw in raws:
            raw.send(b"\x40")
        until(lambda: server._desk.counters.closed["slow"] == 300, 5)
        for raw in raws:
            assert raw.refused()[0] == frames.MALFORMED
            raw.sock.close()


def test_dribbling_does_not_gain_time(path: Path, server: UnixServer) -> None:
    frame = execute(1, 3000)
    with Raw(path) as slow:
        ended = threading.Event()
        for byte in frame:
            try:
                slow.send(bytes([byte]))
            except OSError:
                ended.set()
                break
            ended.wait(0.01)
        assert ended.is_set()


def test_one_connection_too_many_takes_the_place_of_the_one_without_a_frame_for_longest(path: Path, server: UnixServer) -> None:
    raws = []
    for _ in range(SMALL.max_connections):
        raws.append(Raw(path))
        raws[-1].send(PING)
        raws[-1].read()
    raws[0].send(PING)
    raws[0].read()
    with Raw(path) as more:
        more.send(PING)
        assert more.read()[0].id == 5
        assert raws[1].ended()
        raws[0].send(PING)
        assert raws[0].read()[0].id == 5
    for raw in raws:
        raw.sock.close()


def test_where_every_connection_is_owed_something_one_more_is_refused(path: Path, server: UnixServer, fake: Fake) -> None:
    fake.gate.clear()
    raws = [Raw(path) for _ in range(SMALL.max_connections)]
    for raw in raws:
        raw.send(execute(1))
    until(lambda: len(fake.tickets) == len(raws))
    with Raw(path) as more:
        assert more.refused()[0] == frames.BUSY
        assert more.ended()
    fake.gate.set()
    for raw in raws:
        assert raw.read()[0].id == 1
        raw.sock.close()


def test_a_connection_with_too_much_unanswered_is_not_read(path: Path, fake: Fake) -> None:
    fake.gate.clear()
    n = 200
    roomy = replace(SMALL, max_bytes=1 << 20)
    with serving(path, fake, roomy) as server, Raw(path) as raw, ThreadPoolExecutor(1) as threads:
        sent = threads.submit(lambda: raw.send(b"".join(execute(i, 1000) for i in range(n))))
        until(lambda: len(fake.tickets) >= 8)
        threading.Event().wait(0.1)
        assert len(fake.tickets) < 20
        assert alive_ping(path)
        fake.gate.set()
        assert sorted(raw.read()[0].id for _ in range(n)) == list(range(n))
        sent.result()
        until(lambda: server.held == 0)


def alive_ping(path: Path) -> bool:
    with Client(path, 5) as client:
        client.ping()
    return True


def test_bytes_in_flight_are_bounded_over_all_connections(path: Path, server: UnixServer, fake: Fake) -> None:
    fake.gate.clear()
    raws = [Raw(path) for _ in range(6)]
    for raw in raws:
        for i in range(4):
            raw.send(execute(i, 3500))
    until(lambda: len(fake.tickets) + server._desk.counters.errors[frames.BUSY] == 24)
    assert server._desk.counters.errors[frames.BUSY] > 0
    assert server.held <= SMALL.max_bytes + 6 * 8192
    fake.gate.set()
    for raw in raws:
        assert sorted(raw.read()[0].id for _ in range(4)) == [0, 1, 2, 3]
        raw.sock.close()
    until(lambda: server.held == 0)


def test_frames_that_began_are_bounded_over_all_connections(path: Path, server: UnixServer) -> None:
    begun = execute(3, 3500)
    raws = [Raw(path) for _ in range(4)]
    for raw in raws:
        raw.send(begun[:3000])
    until(lambda: server._desk.counters.errors[frames.BUSY] >= 1)
    assert alive_ping(path)
    codes = []
    for raw in raws:
        raw.send(begun[3000:] + PING)
        header, _ = raw.read()
        codes.append(header.kind)
        assert raw.read()[0].id == 5  # whoever was refused goes on behind the frame
        raw.sock.close()
    assert codes.count(frames.ERROR) >= 1
    assert codes.count(frames.EXECUTE | frames.REPLY) >= 1
    until(lambda: server.held == 0)


def test_a_client_that_reads_nothing_is_closed(path: Path, fake: Fake) -> None:
    bounds = Bounds(max_frame=1 << 16, connection_bytes=1 << 17, partial_bytes=1 << 16, max_bytes=1 << 20, write_seconds=0.3)
    with serving(path, fake, bounds) as server, Raw(path) as raw:
        raw.sock.settimeout(0.2)
        frame = execute(1, 0, 1000)
        with suppress(OSError):  # a timeout, or the connection is gone
            for _ in range(100):
                raw.send(frame)
        until(lambda: server._desk.counters.closed["reads nothing"] == 1)
        until(lambda: server.held == 0)
        assert alive_ping(path)


def test_bounds_that_contradict_each_other_are_refused() -> None:
    for wrong in ({"max_frame": 10}, {"partial_bytes": 10}, {"connection_bytes": 1 << 20}, {"max_bytes": 1 << 20}, {"frame_seconds": 0.0}):
        with pytest.raises(InvalidInput):
            Bounds(**wrong)  # type: ignore[arg-type]


# ---- the socket ----
def test_the_socket_is_its_owners_and_goes_at_the_end(path: Path, fake: Fake) -> None:
    with serving(path, fake) as running:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with pytest.raises(InvalidInput, match="another server"):
            UnixServer(path, running._desk)
    assert not path.exists()


def test_a_socket_that_a_killed_server_left_behind_is_replaced(path: Path, fake: Fake) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with serving(path, fake):
        assert alive(path)


def test_what_is_no_socket_is_left_alone(path: Path, fake: Fake) -> None:
    path.write_text("mine")
    with pytest.raises(InvalidInput, match="no socket"), serving(path, fake):
        pass
    assert path.read_text() == "mine"
    for wrong in (path / "below", Path("/" + "x" * 200), path.parent / "none" / "s"):
        with pytest.raises(InvalidInput), serving(wrong, fake):
            pass


def test_a_client_says_where_nobody_listens(path: Path, fake: Fake) -> None:
    client = Client(path)
    with pytest.raises(Disconnected):
        client.ping()
    with serving(path, fake):
        client.wait(5)
    with pytest.raises(Disconnected):
        client.run(requests(1))
    with serving(path, fake):
        assert client.run(requests(2)) == [answer(request) for request in requests(2)]
    client.close()


def test_no_descriptor_is_left_behind(path: Path, fake: Fake) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with serving(path, fake):
            assert alive(path)
    assert len(os.listdir("/proc/self/fd")) == before
