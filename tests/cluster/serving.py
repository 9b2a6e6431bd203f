"""What the tests of the server share: a service whose answers are a hash, a server in this process, a raw connection."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import numpy as np

from coproc.cluster import frames
from coproc.cluster.clock import RealClock
from coproc.cluster.kept import requests_of
from coproc.cluster.pools.protocol import PackedAnswers, PackedBatch
from coproc.cluster.server.bounds import Bounds
from coproc.cluster.server.desk import Desk, Jobs
from coproc.cluster.server.peers import Peers
from coproc.cluster.server.uds import UnixServer
from coproc.cluster.service import Stats
from coproc.cluster.ticket import NO_DEADLINE, Busy, Kind, Ticket
from coproc.operation import Answer, Request
from coproc.ops import OPERATIONS


def verdict(args: bytes) -> bool:
    """What `Fake` answers a verification."""
    return sum(args) % 2 == 0


def answer(request: Request) -> Answer:
    """What `Fake` answers: a function of the request alone."""
    operation = OPERATIONS[request.op]
    if operation.kind == "bool":
        true = verdict(request.args)
        return Answer(true, "ok", bytes([true]), len(request.args), "remote")
    retbuf = (request.args + bytes(operation.width))[: operation.width]
    return Answer(operation.values(np.frombuffer(retbuf, np.uint8)[None])[0], "ok", retbuf, len(request.args), "remote")


class Fake:
    """A service without engines. gate: answers wait for it. room: requests that are taken at once, beyond them it is busy."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.room = 1 << 30
        self.tickets: list[Ticket] = []
        self.packed: list[tuple[PackedBatch, str, str]] = []
        self.known: dict[Request, Answer] = {}
        self.unserved = False

    def submit(self, ticket: Ticket) -> Future[Answer]:
        return self.submit_many([ticket])[0]

    def submit_many(self, tickets: Sequence[Ticket]) -> list[Future[Answer]]:
        if len(tickets) > self.room:
            raise Busy("no room", 0.125)
        self.tickets += tickets
        return [self._later(answer(ticket.request)) for ticket in tickets]

    def submit_packed(
        self, batch: PackedBatch, kind: Kind, deadline: float = NO_DEADLINE, tenant: str = ""
    ) -> Future[PackedAnswers]:  # fmt: skip
        if len(batch) > self.room:
            raise Busy("no room", 0.125)
        batch.check()
        self.packed.append((batch, kind, tenant))
        operation, n = OPERATIONS[batch.op], len(batch)
        rows = [answer(Request(batch.op, batch.args(i))) for i in range(n)]
        retbuf = np.frombuffer(b"".join(row.retbuf or b"" for row in rows), np.uint8).reshape(n, operation.width)
        value = retbuf[:, 0] if operation.kind == "bool" else np.zeros(0, np.uint8)
        status = np.full(n, 3 if self.unserved else 0, np.uint8)
        return self._later(PackedAnswers(status, value, retbuf, np.array([row.gas for row in rows], np.int64), "fake"))

    def submit_batches(
        self, batches: Sequence[PackedBatch], kind: Kind, deadline: float = NO_DEADLINE, tenant: str = ""
    ) -> list[Future[PackedAnswers]]:
        if sum(map(len, batches)) > self.room:
            raise Busy("no room", 0.125)
        return [self.submit_packed(batch, kind, deadline, tenant) for batch in batches]

    def _later(self, value: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if self.gate.is_set():
            future.set_result(value)
        else:
            threading.Thread(target=lambda: (self.gate.wait(), future.set_result(value)), daemon=True).start()
        return future

    def peek(self, request: Request) -> Answer | None:
        return self.known.get(request)

    def warm(self, batches: Sequence[PackedBatch], tenant: str = "") -> int:
        new = [request for batch in batches for request in requests_of(batch) if request not in self.known]
        self.known |= {request: answer(request) for request in new}
        return len(new)

    def drain(self, timeout: float | None = None) -> bool:
        return True

    def close(self) -> None:
        pass

    def stats(self) -> Stats:
        return Stats()


@contextmanager
def serving(
    path: Path, service: Any, bounds: Bounds | None = None, jobs: Jobs | None = None, peers: Peers | None = None
) -> Iterator[UnixServer]:
    """A server on a Unix socket, in this process. peers: of which this one may name any tenant, unless others are given."""
    peers = peers or Peers({f"uid:{os.getuid()}": "*"})
    server = UnixServer(path, Desk(service, RealClock(), bounds or Bounds(), lambda: b'{"protocol": 1}', jobs, peers))
    server.start()
    try:
        yield server
    finally:
        server.close()


class Raw:
    """A connection that says what it is told."""

    def __init__(self, path: Path, timeout: float = 10.0) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(timeout)
        self.sock.connect(str(path))

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def read(self) -> tuple[frames.Header, bytes]:
        """The next frame. Raises EOFError where there is none any more."""
        (size,) = struct.unpack("<I", self._exactly(4))
        payload = self._exactly(size)
        return frames.read_header(payload), payload[frames.HEADER.size :]

    def ended(self) -> bool:
        """Whether the server has closed the connection."""
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True

    def refused(self) -> tuple[int, int]:
        """The code of the next frame, an ERROR, and its id."""
        header, body = self.read()
        assert header.kind == frames.ERROR
        return frames.read_error(body).code, header.id

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()


def until(condition: Any, seconds: float = 10.0) -> None:
    """Wait until a condition holds; fails where it does not come to hold."""
    end = monotonic() + seconds
    while not condition():
        assert monotonic() < end, "it never came to hold"
        sleep(0.005)
