"""`RemotePool`: workers on other hosts, spoken to by the real `WorkerProcess` and the real pipe, over the simulated network."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from random import Random
from typing import Any, Final

from coproc.cluster.pools import pipe
from coproc.cluster.pools.process import WorkerProcess
from coproc.cluster.pools.protocol import PackedAnswers, PackedBatch
from coproc.errors import EngineLost

from .blocking import Call, Socket
from .lines import SERVER
from .network import End, Network
from .pool import Faults, FaultyPool
from .world import World

HOSTS: Final = tuple(f"worker {i}" for i in range(4))
PATIENCE: Final = (60.0, 170.0)
"""Seconds for a batch: before and after the dispatcher gives it up."""
_START_SECONDS: Final = 60.0
_NEXT: Final = 0.5


class RemotePool(FaultyPool):
    """Some workers are on this machine (`FaultyPool`), and so many of the batches go to others. asked: how many did."""

    def __init__(
        self, world: World, rng: Random, workers: int, faults: Faults, network: Network, share: float = 0.3, **options: Any
    ) -> None:
        super().__init__(world, rng, workers, faults, **options)
        self._network, self._share = network, share
        self._idle: list[_Link] = []
        self._busy_links: dict[_Link, None] = {}
        self.asked = 0
        for host in HOSTS:
            network.listen(host, lambda end: Worker(self, end))

    def _work(self, batch: PackedBatch, future: Future[PackedAnswers]) -> None:
        if self.rng.random() < self._share:
            self.asked += 1
            self._ask(batch, future)
        else:
            super()._work(batch, future)

    def _ask(self, batch: PackedBatch, future: Future[PackedAnswers]) -> None:
        try:
            link = self._idle.pop() if self._idle else _Link(self._network, self.rng.choice(HOSTS))
        except ConnectionRefusedError:
            self.world.after(_NEXT, lambda: self._ask(batch, future))
            return
        self._busy_links[link] = None
        link.answer(batch, self.rng.choice(PATIENCE)).add_done_callback(lambda done: self._answered(link, done, future))

    def _answered(self, link: _Link, done: Future[PackedAnswers], future: Future[PackedAnswers]) -> None:
        if link not in self._busy_links:  # the server had a crash meanwhile
            return
        del self._busy_links[link]
        error = done.exception()
        if isinstance(error, EngineLost):
            self.world.after(_NEXT, self._free)  # another one is up
            future.set_exception(error)
            return
        self._idle.append(link)
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(done.result())
        self._free()

    def crash(self) -> None:
        """The server is gone, and with it its ends of the connections."""
        self._idle.clear()
        self._busy -= len(self._busy_links)
        self._busy_links.clear()
        self.start()


class _Process:
    """A worker as its starter sees it."""

    pid = 1
    returncode: int | None = None

    def kill(self) -> None:
        self.returncode = -9

    def wait(self) -> None:
        pass


class _Remote(WorkerProcess):
    """One that runs elsewhere, already."""

    def __init__(self, sock: Socket) -> None:
        self._socket, self._process = sock, _Process()  # type: ignore[assignment]
        self._number = 0
        self.engine = ""


class _Link:
    """A worker and the connection to it."""

    def __init__(self, network: Network, host: str) -> None:
        """Raises ConnectionRefusedError."""
        self._world = network.world
        self._socket = Socket(network.connect(SERVER, host))
        self._remote = _Remote(self._socket)

    def answer(self, batch: PackedBatch, seconds: float) -> Future[PackedAnswers]:
        remote, number, engine = self._remote, self._remote._number, self._remote.engine

        def run() -> PackedAnswers:
            if not remote.engine:
                self._socket.settimeout(_START_SECONDS)
                try:
                    remote.engine = pipe.receive_word(self._socket)[1]  # type: ignore[arg-type]
                except (pipe.PipeError, OSError) as error:
                    remote.end()
                    raise EngineLost(f"it does not come up: {error}") from None
            return remote.answer(batch, seconds)

        def reset() -> None:
            remote._number, remote.engine = number, engine

        self._socket.call = call = Call(self._world, run, reset)
        return call.start()


class Worker:
    """The other end: takes a batch, has whatever befalls workers befall it, says its answers."""

    def __init__(self, pool: RemotePool, end: End) -> None:
        self._pool, self._end = pool, end
        self._socket = Socket(end)
        self._last: tuple[int, PackedAnswers] | None = None
        self._say(lambda: pipe.send_word(self._socket, pipe.HELLO, 0, pool.engines[0]))  # type: ignore[arg-type]
        self._listen()

    def _listen(self) -> None:
        if not self._end.closed:
            self._socket.call = call = Call(self._pool.world, lambda: pipe.receive_batch(self._socket), lambda: None)  # type: ignore[arg-type]
            call.start().add_done_callback(self._take)

    def _take(self, future: Future[tuple[int, PackedBatch]]) -> None:
        if future.exception() is not None:
            self._end.close()
            return
        number, batch = future.result()
        batch.check()
        pool, rng, world = self._pool, self._pool.rng, self._pool.world
        seconds, fault = pool.fate(batch)
        if fault == "dies":
            world.after(seconds * rng.random(), lambda: self._end.abort(silently=rng.random() < 0.1))
        elif fault == "stalls":
            world.after(pool.stall + 10 * rng.random(), lambda: self._tell(number, pool.wrong(batch)))
        elif fault == "fails":
            world.after(seconds, lambda: self._fail(number))
        else:
            result = pool.result(batch, fault, seconds)
            if fault == "misfits":
                result = result.slice(0, len(batch) - 1)
            world.after(seconds, lambda: self._tell(number, result))

    def _tell(self, number: int, answers: PackedAnswers) -> None:
        if self._last is not None and self._pool.repeats():
            last = self._last
            self._say(lambda: pipe.send_answers(self._socket, *last))  # type: ignore[arg-type]
        self._last = number, answers
        self._say(lambda: pipe.send_answers(self._socket, number, answers))  # type: ignore[arg-type]
        self._listen()

    def _fail(self, number: int) -> None:
        self._say(lambda: pipe.send_word(self._socket, pipe.FAILED, number, "no"))  # type: ignore[arg-type]
        self._listen()

    def _say(self, what: Callable[[], None]) -> None:
        """Where nobody listens any more, this worker ends."""
        if self._end.ended:
            self._end.close()
            return
        self._socket.call = call = Call(self._pool.world, what, lambda: None)
        if call.start().exception() is not None:
            self._end.close()
