"""Bounds of the server on the Unix socket: in bytes, in time, in connections, over all and over each."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from coproc.cluster import frames
from coproc.cluster.client import Client
from coproc.cluster.server.bounds import Bounds
from coproc.cluster.server.uds import UnixServer
from coproc.errors import InvalidInput
from tests.cluster.serving import Fake, Raw, serving, until
from tests.cluster.sockets import PING, SMALL, alive, execute


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
