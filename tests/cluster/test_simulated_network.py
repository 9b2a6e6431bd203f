"""Whatever the network does, each request has one true answer; a client, a server or a worker's keeper wrong in one thing is found."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

from coproc.cluster import frames
from coproc.cluster.client import Client, Disconnected
from coproc.cluster.dispatch import Dispatcher, _Piece
from coproc.cluster.pools import pipe
from coproc.cluster.pools.process import WorkerProcess
from coproc.cluster.pools.protocol import PackedAnswers, PackedBatch
from coproc.cluster.server.desk import Desk
from coproc.cluster.server.reading import Reading
from coproc.cluster.server.roster import Roster
from coproc.cluster.server.writing import Writing
from coproc.errors import EngineLost
from coproc.operation import Answer, Request
from coproc.ops import OPERATIONS

from .simulation.blocking import Call, Socket
from .simulation.network import QUIET, UNRELIABLE, WINDOW, End, Network, NetworkFaults
from .simulation.pool import EVERYTHING, Faults
from .simulation.simulation import each, everything
from .simulation.world import World

WRETCHED = UNRELIABLE.scaled(8.0)
BEFELL = ("apart", "cut", "late", "refused", "silent", "torn", "vanished")


@pytest.mark.parametrize("seed", range(41, 44))
def test_each_request_has_one_true_answer_on_a_wretched_network(seed: int) -> None:
    simulation = everything(seed, network=WRETCHED, crash=1.0)
    report = simulation.run(6.0)
    assert report.served > 1000
    assert report.frames > 100
    assert report.asked_again > 10
    assert simulation.pool.asked > 200
    assert all(simulation.network.happened[what] for what in BEFELL if what != "silent")


def test_what_is_asked_twice_has_the_same_answer_twice() -> None:
    simulation = everything(44, network=NetworkFaults(late=0.3, apart=0.1))
    simulation.run(10.0)
    assert simulation.ledger.answered_again > 50


def test_answers_of_workers_that_were_given_up_come_late_and_change_nothing() -> None:
    simulation = everything(45, Faults(stalls=0.05, repeats=0.1), network=NetworkFaults(vanishes=0.002, apart=0.2), crash=0.0)
    report = simulation.run(3.0)
    assert simulation.pool.happened["stalls"] > 10
    assert simulation.pool.happened["repeats"] > 10
    assert report.retries > 20


def test_a_network_replays_from_its_seed() -> None:
    first, again, other = (everything(seed, network=WRETCHED).run(3.0) for seed in (46, 46, 47))
    assert first == again
    assert first.digest != other.digest


def test_a_failure_names_the_seed_that_replays_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client, "run", lambda *_, **__: [Answer(True, "ok", b"\1", 0, "")] * 500)
    with pytest.raises(AssertionError, match="seed 48, 2 hours"):
        everything(48).run(2.0)


def test_on_a_quiet_network_nothing_is_asked_again_but_by_those_in_a_hurry() -> None:
    simulation = everything(49, Faults(), poison=0.0, crash=0.0)
    report = simulation.run(4.0)
    assert not simulation.network.happened
    assert report.abandoned == 0
    assert report.asked_again * 50 < report.frames


# ---- the network ----
def joined(faults: NetworkFaults = QUIET, seed: int = 1) -> tuple[World, Network, End, End]:
    """Two hosts and a connection between them."""
    world, accepted = World(), []
    network = Network(world, Random(seed), faults, lambda: False)
    network.listen("there", accepted.append)
    ours = network.connect("here", "there")
    world.run(world.clock.now() + 1.0)
    return world, network, ours, accepted[0]


def test_bytes_arrive_in_order_whatever_tears_them() -> None:
    world, network, ours, theirs = joined(NetworkFaults(torn=1.0, late=0.3))
    sent = bytes(range(256)) * 20
    for at in range(0, len(sent), 100):
        ours.push(sent[at : at + 100])
    world.run(1000.0)
    assert theirs.recv(len(sent)) == sent
    assert network.happened["torn"] > 40


def test_a_connection_that_is_lost_has_brought_a_part_of_what_was_sent() -> None:
    brought = set()
    for seed in range(40):
        world, _, ours, theirs = joined(NetworkFaults(cut=1.0), seed)
        ours.push(b"x" * 100)
        world.run(world.clock.now() + 1.0)
        assert theirs.ended or theirs.broken
        brought.add(len(theirs.inbox))
    assert len(brought) > 10
    assert max(brought) < 100


def test_what_is_sent_while_hosts_are_apart_arrives_when_they_are_together_again() -> None:
    world, network, ours, theirs = joined()
    network._apart["there"] = world.clock.now() + 50.0
    ours.push(b"x")
    world.run(world.clock.now() + 49.0)
    assert not theirs.inbox
    world.run(world.clock.now() + 2.0)
    assert theirs.recv(9) == b"x"


def test_of_a_machine_that_went_silently_one_hears_when_one_speaks() -> None:
    world, _, ours, theirs = joined()
    theirs.abort(silently=True)
    world.run(world.clock.now() + 9.0)
    assert not ours.readable
    ours.push(b"x")
    world.run(world.clock.now() + 9.0)
    with pytest.raises(ConnectionResetError):
        ours.recv(1)


def test_who_does_not_read_is_not_sent_more_than_a_window() -> None:
    world, _, ours, theirs = joined()
    assert ours.send(bytes(2 * WINDOW)) == WINDOW
    with pytest.raises(BlockingIOError):
        ours.send(b"x")
    world.run(world.clock.now() + 1.0)
    theirs.recv(10)
    assert ours.send(bytes(99)) == 10


def test_code_that_blocks_reads_what_came_and_writes_once_however_often_it_is_begun() -> None:
    world, _, ours, theirs = joined()
    sock = Socket(ours)

    def run() -> bytes:
        sock.settimeout(100.0)
        sock.sendall(b"question")
        return b"".join(sock.recv(1) for _ in range(5))

    sock.call = call = Call(world, run, lambda: None)
    future = call.start()
    for letter in (b"h", b"el", b"lo"):
        world.run(world.clock.now() + 10.0)
        assert not future.done()
        theirs.push(letter)
    world.run(world.clock.now() + 10.0)
    assert future.result() == b"hello"
    assert theirs.recv(99) == b"question"


def test_code_that_blocks_for_too_long_hears_of_it() -> None:
    world, _, ours, _ = joined()
    sock = Socket(ours)
    sock.settimeout(5.0)
    sock.call = call = Call(world, lambda: sock.recv(1), lambda: None)
    future = call.start()
    world.run(world.clock.now() + 4.9)
    assert not future.done()
    world.run(world.clock.now() + 0.2)
    assert isinstance(future.exception(), TimeoutError)


# ---- the simulation finds what is wrong in one thing ----
def found(hours: float = 4.0, faults: Faults = EVERYTHING, network: NetworkFaults = WRETCHED, **options: Any) -> None:
    """One of a few seeds finds it."""
    with pytest.raises(AssertionError):
        each(range(1, 7), hours, faults, network=network, **options)


def test_a_keeper_that_takes_answers_to_another_batch_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def receive(sock: Any, number: int, batch: PackedBatch) -> PackedAnswers | str:
        head = pipe.receive_exactly(sock, pipe._ANSWERS.size)
        version, kind, size, more, n, _, seconds = pipe._ANSWERS.unpack(head)
        head = memoryview(pipe._ANSWERS.pack(version, kind, size, more, n, number, seconds))
        return original(_Behind(sock, head), number, batch)  # type: ignore[arg-type]

    original = pipe.receive_answers
    monkeypatch.setattr(pipe, "receive_answers", receive)
    found(faults=Faults(repeats=0.3))


class _Behind:
    """A socket of which some bytes were read before."""

    def __init__(self, sock: Any, data: memoryview) -> None:
        self._sock, self._data = sock, data

    def recv_into(self, buffer: memoryview) -> int:
        if not self._data:
            return int(self._sock.recv_into(buffer))
        some = self._data[: len(buffer)]
        self._data = self._data[len(some) :]
        buffer[: len(some)] = some
        return len(some)


def test_a_keeper_that_takes_a_torn_frame_for_a_whole_one_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def receive(sock: Any, size: int) -> memoryview:
        buffer, at = memoryview(bytearray(size)), 0
        while at < size and (got := sock.recv_into(buffer[at:])):
            at += got
        return buffer

    monkeypatch.setattr(pipe, "receive_exactly", receive)
    found()


def test_a_keeper_that_takes_silence_for_a_no_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(self: WorkerProcess, batch: PackedBatch, seconds: float) -> PackedAnswers:
        try:
            return original(self, batch, seconds)
        except EngineLost:
            n, operation = len(batch), OPERATIONS[batch.op]
            retbuf = np.zeros((n, operation.width), np.uint8)
            value = retbuf[:, 0] if operation.kind == "bool" else np.zeros(0, np.uint8)
            return PackedAnswers(np.zeros(n, np.uint8), value, retbuf, np.diff(batch.offsets), "nobody")

    original = WorkerProcess.answer
    monkeypatch.setattr(WorkerProcess, "answer", answer)
    found()


def test_a_dispatcher_that_counts_late_answers_again_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(self: Dispatcher, piece: _Piece) -> None:
        self._running.pop(piece, None)
        self._inside[piece.stage] -= len(piece.batch)

    monkeypatch.setattr(Dispatcher, "_stop", stop)
    found(faults=Faults(stalls=0.1))


def test_a_client_that_keeps_a_connection_on_which_it_waited_in_vain_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client, "_hang_up", lambda self: None)
    found()


def test_a_client_that_takes_a_torn_frame_for_a_whole_one_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def exchange(self: Client, frame: bytes) -> bytes:
        if self._socket is None:
            self._socket = self._connect(self.path, self.timeout)
        self._socket.sendall(frame)
        data = self._socket.recv(1 << 16)
        if len(data) < 20:
            raise ConnectionResetError
        return data[4:]

    monkeypatch.setattr(Client, "_exchange", exchange)
    found()


def test_a_client_that_takes_a_lost_connection_for_a_no_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(self: Client, requests: list[Request], *rest: Any) -> list[Answer]:
        try:
            return original(self, requests, *rest)
        except Disconnected:
            return [Answer(False, "ok", b"\0", len(request.args), "") for request in requests]

    original = Client.run
    monkeypatch.setattr(Client, "run", run)
    found()


def test_a_server_that_takes_a_torn_frame_for_a_whole_one_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def keep(self: Roster, connection: Any, data: memoryview) -> None:
        size = frames.LENGTH.unpack_from(data)[0] if not connection.data and len(data) >= 20 else 0
        original(self, connection, data)
        original(self, connection, bytes(max(0, 4 + size - len(data))))

    original = Roster.keep
    monkeypatch.setattr(Roster, "keep", keep)
    found()


def test_a_server_that_answers_with_the_number_of_another_frame_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def reply(self: Desk, kind: int, n: int, number: int, future: Any) -> bytes:
        return original(self, kind, n, number - number % 2, future)

    original = Desk._reply
    monkeypatch.setattr(Desk, "_reply", reply)
    found()


def test_a_server_that_answers_a_frame_twice_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def settle(self: Writing, connection: Any, cost: int, frame: bytes) -> None:
        original(self, connection, cost, frame)
        if connection.open:
            self.send(connection, frame)

    original = Writing.settle
    monkeypatch.setattr(Writing, "settle", settle)
    found()


def test_a_server_that_keeps_room_for_those_who_are_gone_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def close(self: Roster, connection: Any, reason: str) -> None:
        held = self.held.nbytes
        original(self, connection, reason)
        self.held.add(held - self.held.nbytes)

    original = Roster.close
    monkeypatch.setattr(Roster, "close", close)
    found()


def test_a_server_that_forgets_a_frame_of_many_requests_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def later(self: Reading, connection: Any, cost: int, payload: bytes) -> None:
        if payload[8] % 4:  # of its number
            original(self, connection, cost, payload)

    original = Reading._take_later
    monkeypatch.setattr(Reading, "_take_later", later)
    found()
