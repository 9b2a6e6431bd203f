"""`Client`: a coprocessor behind a Unix socket.

    with Client("/run/coproc.sock") as client:
        answers = client.run([request, ...], kind="block", deadline=0.5)

One frame at a time goes over a connection; give each thread a client of its own, or share one: calls then wait for each other.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from os import PathLike, fspath
from time import monotonic, sleep
from typing import Any, Final

from coproc.errors import CoprocError
from coproc.operation import Answer, Request

from . import frames
from .frames import WireError
from .ticket import Busy, Kind

REMOTE: Final = "remote"
"""`Answer.engine` of what a server answered: the wire does not tell the engine."""
_HEAD: Final = frames.LENGTH.size + frames.HEADER.size


class Disconnected(CoprocError):
    """The server is not there, or went away before it answered. Whatever was asked has no answer; asking again is safe."""


class Client:
    """Safe from any number of threads. Connects when it is first used, and again after a connection was lost."""

    def __init__(
        self,
        path: str | PathLike[str],
        timeout: float | None = 60.0,
        connect: Callable[[str, float | None], socket.socket] | None = None,
    ) -> None:
        """timeout: seconds to wait for the server, None: without end. connect: another way there than the system's sockets."""
        self.path, self.timeout, self._connect = fspath(path), timeout, connect or _connected
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._number = 0

    # ---- requests ----
    def run(self, requests: Sequence[Request], kind: Kind = "block", deadline: float | None = None, tenant: str = "") -> list[Answer]:
        """The answers in order. deadline: seconds from now; what has no answer by then is "unserved".

        Raises Busy where there is no room, WireError where the server refuses, Disconnected.
        """
        milliseconds = 0 if deadline is None else max(1, round(deadline * 1000))
        body = frames.write_execute(requests, kind, tenant, milliseconds)
        answered, reply = self._ask(frames.EXECUTE, len(requests), body)
        if answered != len(requests):
            raise WireError(frames.MALFORMED, f"{answered} answers to {len(requests)} requests")
        return frames.read_answers(reply, [request.op for request in requests], REMOTE)

    def warm(self, requests: Sequence[Request], tenant: str = "") -> int:
        """Have requests answered ahead into the server's memo; how many it did not know. Raises as `run`."""
        return self._ask(frames.WARM, len(requests), frames.write_execute(requests, "mempool", tenant))[0]

    # ---- jobs ----
    def submit(self, job: str, requests: Sequence[Request], first: int = 0, tenant: str = "") -> int:
        """Put requests `first`, ... of a job on the server's disk; how many it then has. They are kept when this returns.

        The same call again, after a lost connection, counts once. Raises as `run`.
        """
        _, reply = self._ask(frames.SUBMIT, len(requests), frames.write_submit(requests, job.encode(), first, tenant))
        return frames.read_job(reply)[1]

    def results(
        self, job: str, ops: Sequence[str], first: int = 0, tenant: str = "", forget: bool = False
    ) -> tuple[list[Answer], int]:  # fmt: skip
        """The answers that are there from number `first` on, and how many requests the job has.

        ops: the operations of the requests from `first` on, as many as answers are wanted. forget: all before `first` may go.
        Raises as `run`.
        """
        body = frames.write_submit([], job.encode(), first, tenant)
        n, reply = self._ask(frames.RESULT, len(ops), body, frames.FORGET if forget else 0)
        if n > len(ops):
            raise WireError(frames.MALFORMED, f"{n} answers where {len(ops)} were wanted")
        return frames.read_answers(reply, ops[:n], REMOTE, frames.JOB_REPLY), frames.read_job(reply)[1]

    # ---- the rest ----
    def ping(self) -> None:
        """Returns once the server answered. Raises as `run`."""
        self._ask(frames.PING, 0, b"")

    def describe(self) -> dict[str, Any]:
        """What the server says of itself (docs/wire.md). Raises as `run`."""
        told: dict[str, Any] = json.loads(self._ask(frames.DESCRIBE, 0, b"")[1])
        return told

    def wait(self, seconds: float) -> None:
        """Wait until a server listens. Raises Disconnected where the time was too short."""
        end = monotonic() + seconds
        while True:
            try:
                self.ping()
            except Disconnected:
                if monotonic() >= end:
                    raise
                sleep(0.01)
            else:
                return

    def close(self) -> None:
        with self._lock:
            self._hang_up()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- one frame ----
    def _ask(self, kind: int, n: int, body: bytes, flags: int = 0) -> tuple[int, bytes]:
        """The count and the body of the reply."""
        with self._lock:
            self._number = number = self._number + 1 & 0xFFFFFFFFFFFFFFFF
            try:
                reply = self._exchange(frames.reply(kind, n, number, body, flags))
            except OSError as error:
                self._hang_up()
                raise Disconnected(f"{self.path}: {error.strerror or error}") from None
            except BaseException:  # a reply is on its way that nobody waits for
                self._hang_up()
                raise
            header = frames.read_header(reply)
            if header.kind == frames.ERROR:
                error_told = frames.read_error(reply[frames.HEADER.size :])
                if error_told.code in frames.CLOSING:
                    self._hang_up()
                if error_told.code == frames.BUSY:
                    raise Busy(str(error_told).removeprefix("busy: "), error_told.retry_after)
                raise error_told
            if header.kind != kind | frames.REPLY or header.id != number:
                self._hang_up()
                raise WireError(frames.MALFORMED, f"a reply of kind {header.kind:#x} to another frame")
            return header.n, reply[frames.HEADER.size :]

    def _exchange(self, frame: bytes) -> bytes:
        """Send a frame; the payload of the next one. Raises OSError."""
        sock = self._socket
        if sock is None:
            sock = self._socket = self._connect(self.path, self.timeout)
        with suppress(BrokenPipeError, ConnectionResetError):  # the reason may be there to be read
            sock.sendall(frame)
        data = sock.recv(1 << 16)
        while len(data) < _HEAD:
            more = sock.recv(1 << 16)
            if not more:
                raise ConnectionResetError("the server hung up")
            data += more
        (size,) = frames.LENGTH.unpack_from(data)
        if len(data) == 4 + size:
            return data[4:]
        whole = bytearray(4 + size)
        view, at = memoryview(whole), len(data)
        if at > len(whole):
            raise ConnectionResetError("the server sent more than was asked for")
        view[:at] = data
        while at < len(whole):
            got = sock.recv_into(view[at:])
            if not got:
                raise ConnectionResetError("the server hung up")
            at += got
        return bytes(view[4:])

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _connected(path: str, timeout: float | None) -> socket.socket:
    """Raises OSError."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout)
        sock.connect(path)
    except BaseException:
        sock.close()
        raise
    return sock
