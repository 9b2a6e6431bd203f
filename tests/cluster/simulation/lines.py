"""`Lines`: how a tenant speaks to the server over the network, with the real client; `Ask`: what is asked until it is answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from math import inf
from typing import TYPE_CHECKING, Any, Final

from coproc.cluster import frames
from coproc.cluster.client import Client, Disconnected
from coproc.cluster.frames import WireError
from coproc.cluster.ticket import Busy
from coproc.operation import Answer, Request

from .blocking import Call, Socket
from .network import Network

if TYPE_CHECKING:
    from . import clients

SERVER: Final = "server"
_FREE: Final = 4
_AGAIN: Final = 0.25
"""Mean seconds until a client that heard nothing asks once more."""


class Lines:
    """A client has one call at a time, so there are as many as calls. timeout: of each."""

    def __init__(self, network: Network, host: str, timeout: float) -> None:
        self._network, self._host, self._timeout = network, host, timeout
        self._free: list[_Line] = []

    def call(self, what: Callable[[Client], Any]) -> Future[Any]:
        """What a client's method returns or raises, later."""
        line = self._free.pop() if self._free else _Line(self._network, self._host, self._timeout)
        future = line.call(what)
        future.add_done_callback(lambda _: self._done(line))
        return future

    def _done(self, line: _Line) -> None:
        if len(self._free) < _FREE:
            self._free.append(line)
        else:
            line.client.close()


class _Line:
    """A client, and the call that it is in."""

    def __init__(self, network: Network, host: str, timeout: float) -> None:
        self._network, self._host = network, host
        self._call: Call
        self.client = Client(SERVER, timeout, self._connect)  # type: ignore[arg-type]

    def call(self, what: Callable[[Client], Any]) -> Future[Any]:
        client, sock, number = self.client, self.client._socket, self.client._number

        def reset() -> None:
            client._socket, client._number = sock, number

        self._call = call = Call(self._network.world, lambda: what(client), reset)
        if isinstance(sock, Socket):
            sock.call = call
        return call.start()

    def _connect(self, path: str, timeout: float | None) -> Socket:
        call = self._call
        sock: Socket = call.operation(lambda: Socket(self._network.connect(self._host, path), call))
        sock.settimeout(timeout)
        return sock


class Ask:
    """Requests of a client in one frame. Sent again after a connection was lost, and, by those who are in a hurry, before: to another one.

    The first answer counts; what comes later must say the same.
    """

    def __init__(self, client: clients.Client, requests: Sequence[Request], deadline: float) -> None:
        self._client, self._requests, self._deadline = client, list(requests), deadline
        self._simulation = client.simulation
        ledger = self._simulation.ledger
        self._numbers = [ledger.ask(request, client.tenant, deadline, wired=True) for request in requests]
        self._open, self._out = True, 0

    def send(self) -> None:
        now, client = self._simulation.world.clock.now(), self._client
        seconds = None if self._deadline == inf else max(0.001, self._deadline - now)
        self._out += 1
        asked = client.lines.call(lambda there: there.run(self._requests, client.kind, seconds, client.tenant))
        asked.add_done_callback(self._heard)

    def hurry(self, seconds: float) -> None:
        """Send it once more where there is no answer by then."""
        self._simulation.world.after(seconds, self._once_more)

    def _once_more(self) -> None:
        if self._open:
            self._simulation.asked_again += 1
            self.send()

    def _heard(self, future: Future[list[Answer]]) -> None:
        ledger, error = self._simulation.ledger, future.exception()
        self._out -= 1
        if error is None:
            if self._open:
                self._open = False
                ledger.heard(self._numbers, future.result())
            else:
                ledger.heard_again(self._requests, future.result())
        elif not is_expected(error):
            ledger.wrong.append(f"{self._client.tenant}: {error!r}")
        elif self._open and not self._out:
            self._not_answered(error)

    def _not_answered(self, error: BaseException) -> None:
        simulation, client = self._simulation, self._client
        if isinstance(error, Busy):
            self._open = False
            for number in self._numbers:
                simulation.ledger.refused(number)
            client.refused(error.retry_after)
        elif simulation.world.clock.now() < self._deadline:
            simulation.asked_again += 1
            simulation.world.after(client.rng.expovariate(1 / _AGAIN), self.send)
        else:
            self._open = False
            simulation.abandoned += len(self._numbers)
            for number in self._numbers:
                simulation.ledger.refused(number)


def is_expected(error: BaseException) -> bool:
    """Whether a client that did nothing wrong may hear this: its pieces were too slow for the server, or there is no room."""
    if isinstance(error, WireError):
        return error.code == frames.MALFORMED and str(error).startswith("a frame took more than")
    return isinstance(error, Disconnected) or (isinstance(error, Busy) and "error of its own" not in str(error))
