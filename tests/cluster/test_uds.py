"""The server on the Unix socket: answers come back, limits hold, and no bytes make it crash, hang or forget its other clients."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest

from coproc.cluster import frames
from coproc.cluster.client import Client, Disconnected
from coproc.cluster.frames import WireError
from coproc.cluster.server.peers import Peers
from coproc.cluster.server.uds import UnixServer
from coproc.cluster.ticket import Busy
from coproc.errors import InvalidInput
from coproc.operation import Request
from tests.cluster.serving import Fake, Raw, answer, serving, until
from tests.cluster.sockets import PING, SMALL, alive, execute, requests


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
