"""`Gateway`: the workers of a Ray cluster, reached through a process of its own that alone is connected to Ray.

Ray ends every process that is connected to it when its raylet or object store dies. The gateway process may end at any time, then: the
questions that it had in hand fail with EngineLost, whoever asked runs them elsewhere, and another one is started once there is a cluster.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final

import numpy as np

from coproc.engine.protocol import I64, Engine
from coproc.engine.select import select
from coproc.errors import EngineLost, EngineUnavailable

from ..remote import IN_HAND, Asked
from ..sealed import Question
from . import gateway_pipe as pipe
from .gateway_pipe import Answer, Ask, Blame, Blamed, Failed, KeysForgotten, Log, Quarantine, Refused, State, partial_of
from .gateway_process import GatewayProcess
from .pipe import PipeError
from .ray_cluster import checked, unreachable
from .ray_slot import LEAST_SECONDS, START_SECONDS
from .slim import Names, pack

_log: Final = logging.getLogger("coproc.cluster")
SURVEY_SECONDS: Final = 5.0
CONNECT_SECONDS: Final = 90.0
"""In which a gateway must be connected: it starts Python, Ray, and speaks to the head."""
SILENT_SECONDS: Final = 30.0
"""After which a gateway that says nothing, which speaks once a second, is ended."""
_PAUSE: Final = (0.5, 15.0)
"""From one gateway that did not come up to the next: it costs a second of a processor."""
_LOOK: Final = 1.0
"""From one look whether anybody listens to the next."""
_SETTLE: Final = 10.0
"""From the first time that somebody listens: a head that is starting cannot be entered, and Ray takes its time to say so."""
_MOST_BAD: Final = 4096
_END_SECONDS: Final = 15.0
_NOTHING: Final = State([], [], 0, 0, 0)


class Gateway:
    """A `Remote`. A context manager; safe from any number of threads. The cluster may come and go."""

    def __init__(
        self,
        address: str = "auto",
        engine: str | None = None,
        local: Engine | None = None,
        start_seconds: float = START_SECONDS,
        answer_seconds: float = LEAST_SECONDS,
        survey_seconds: float = SURVEY_SECONDS,
        actor: str | None = None,
        most: int | None = None,
    ) -> None:
        """address: HOST:PORT, or "auto" for the cluster that this machine is a node of. Waits for nothing.

        engine: of the workers, None: what each node has. local: finds equal keys here. actor: MODULE:CLASS. most: of the workers, None:
        all. Raises EngineUnavailable where Ray is not installed or the address is none.
        """
        self._address = checked(address)
        self._words = [f"--address={address}", f"--start-seconds={start_seconds}", f"--answer-seconds={answer_seconds}"]
        self._words += [f"--survey-seconds={survey_seconds}", *([f"--engine={engine}"] if engine else [])]
        self._words += [*([f"--actor={actor}"] if actor else []), *([f"--most={most}"] if most is not None else [])]
        self._local = local or select()
        self._blame_seconds = answer_seconds * IN_HAND + SILENT_SECONDS
        self._names = Names()
        self._state = threading.Condition()
        self._child: GatewayProcess | None = None  # once it is connected
        self._born: GatewayProcess | None = None  # before
        self._told = _NOTHING
        self._asked: dict[int, Future[Any]] = {}
        self._bad: OrderedDict[str, str] = OrderedDict()
        self._number = 0
        self._closed = False
        self._starts = self._deaths = 0  # of workers, by gateways that are gone
        self.lives = 0  # gateways that came up
        self.reason = ""
        self._outcomes = 0
        self._thread = threading.Thread(target=self._keep, name="coproc-gateway", daemon=True)
        self._thread.start()

    # ---- a remote ----
    @property
    def capacity(self) -> int:
        return IN_HAND * len(self.workers())

    @property
    def engines(self) -> tuple[str, ...]:
        return tuple(sorted(set(self.workers().values())))

    def ask(self, question: Question) -> Future[Asked]:
        array, table = pack(question, self._local, self._names)
        future, id, child = self._awaited()
        if child is not None:
            message = Ask(id, question.number, question.op, len(question), question.seed, array.data, {}, list(table))
            child.ask(message, table)
        return future

    def blame(self, worker: str, number: bytes) -> I64:
        future, id, child = self._awaited()
        if child is not None:
            child.say(Blame(id, worker, number))
        try:
            found: I64 = future.result(self._blame_seconds)
        except TimeoutError:
            raise EngineLost(f"worker {worker} says nobody is to blame, and nothing else") from None
        return found

    def quarantine(self, worker: str, reason: str) -> None:
        with self._state:
            self._bad[worker] = reason
            if len(self._bad) > _MOST_BAD:
                self._bad.popitem(last=False)
            child = self._child
            self._state.notify_all()
        if child is not None:
            child.say(Quarantine(worker, reason))

    def close(self) -> None:
        with self._state:
            self._closed = True
            child = self._child or self._born
            self._state.notify_all()
        if child is not None:
            with suppress(OSError):
                child.socket.shutdown(2)
        self._thread.join()

    def __enter__(self) -> Gateway:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- what is known of the cluster ----
    def workers(self) -> dict[str, str]:
        """The workers that are up, and the engine of each."""
        with self._state:
            return {worker.name: worker.engine for worker in self._told.workers if worker.name not in self._bad}

    def pids(self) -> dict[str, int]:
        """The processes of the workers that are up."""
        with self._state:
            return {worker.name: worker.pid for worker in self._told.workers}

    def nodes(self) -> list[dict[str, Any]]:
        """The nodes of the cluster: address, id, alive, cpus, gpus."""
        with self._state:
            return [{name: getattr(node, name) for name in node.__struct_fields__} for node in self._told.nodes]

    def quarantined(self) -> dict[str, str]:
        with self._state:
            return dict(self._bad)

    @property
    def starts(self) -> int:
        """Of workers."""
        return self._starts + self._told.starts

    @property
    def deaths(self) -> int:
        """Of workers, those apart that went with their gateway."""
        return self._deaths + self._told.deaths

    @property
    def pid(self) -> int | None:
        """The gateway process, None while there is none that is connected."""
        child = self._child
        return None if child is None else child.process.pid

    def wait_until_connected(self, timeout: float) -> str:
        """Wait for the first try to reach the cluster; "" where it did, else why not."""
        with self._state:
            if not self._state.wait_for(lambda: self._outcomes or self._closed, timeout):
                return f"cluster {self._address}: not connected after {timeout:g} s"
            return self.reason

    def wait_until_up(self, workers: int, timeout: float) -> bool:
        """Wait until so many workers are up; False where the time was too short."""
        with self._state:
            return self._state.wait_for(lambda: len(self._told.workers) >= workers, timeout)

    def wait_for_all(self, timeout: float) -> bool:
        """Wait until a worker is up on each slot that is known; False where the time was too short."""
        with self._state:
            return self._state.wait_for(lambda: 0 < self._told.slots <= len(self._told.workers), timeout)

    # ---- the process ----
    def _keep(self) -> None:
        """Keep a gateway up."""
        pause, there = _PAUSE[0], True
        while not self._closed:
            lives, before = self.lives, there
            why = unreachable(self._address)
            there = not why
            if why:
                self._down(why, _LOOK)
                continue
            if not before:
                self._rest(_SETTLE)
            why = self._life()
            pause = min(2 * pause, _PAUSE[1]) if self.lives == lives else _PAUSE[0]
            self._down(why, pause)

    def _down(self, why: str, pause: float) -> None:
        """There is no gateway; wait a little."""
        with self._state:
            if self._closed:
                return
            level = logging.WARNING if self._outcomes else logging.INFO
            new, self.reason = why != self.reason, why
            self._outcomes += 1
            self._state.notify_all()
        if new:
            _log.log(level, "no cluster for now: %s", why)
        self._rest(pause)

    def _rest(self, seconds: float) -> None:
        with self._state:
            self._state.wait_for(lambda: self._closed, seconds)

    def _life(self) -> str:
        """Of a gateway, from its start to its end; why it ended."""
        try:
            child = GatewayProcess(self._words)
        except OSError as error:
            return f"a gateway cannot be started: {error}"
        with self._state:
            self._born = child
        try:
            child.socket.settimeout(CONNECT_SECONDS)
            while not self._closed:
                message = pipe.receive_from(child.socket)
                if isinstance(message, Refused):
                    return message.reason
                if isinstance(message, State):
                    self._follow(child, message)
                elif isinstance(message, Log):
                    _log.log(message.level, "%s", message.text)
                else:
                    self._answered(message)
            return "closed"
        except (PipeError, OSError) as error:
            return f"cluster {self._address}: the gateway is gone: {error}"
        finally:
            with self._state:
                self._child = self._born = None
                self._starts, self._deaths, self._told = self.starts, self.deaths, _NOTHING
                lost, self._asked = self._asked, {}
                self._state.notify_all()
            for future in lost.values():
                if future.set_running_or_notify_cancel():
                    future.set_exception(EngineLost("the gateway to the cluster is gone"))
            child.end(_END_SECONDS if self._closed and child.connected else 0.0)

    def _follow(self, child: GatewayProcess, told: State) -> None:
        """What a gateway says of its workers; the first time it is connected."""
        if not child.connected:
            child.connected = True
            child.socket.settimeout(SILENT_SECONDS)
            with self._state:
                bad = list(self._bad.items())
            for worker, reason in bad:
                child.say(Quarantine(worker, reason))
        with self._state:
            if self._child is None:
                self._child = child
                self.lives += 1
                self._outcomes += 1
                self.reason = ""
            if told != self._told:
                self._told = told
                self._state.notify_all()

    def _awaited(self) -> tuple[Future[Any], int, GatewayProcess | None]:
        """A future for what the gateway will say, its number, and the gateway; the future has failed where there is none."""
        future: Future[Any] = Future()
        with self._state:
            child = self._child
            if child is not None and not self._closed:
                self._number += 1
                self._asked[self._number] = future
                return future, self._number, child
        future.set_exception(EngineUnavailable("this pool is closed" if self._closed else self.reason or "no cluster yet"))
        return future, 0, None

    def _answered(self, message: Answer | Blamed | Failed) -> None:
        with self._state:
            future = self._asked.pop(message.id, None)
            child = self._child
        if future is None or not future.set_running_or_notify_cancel():
            return
        if isinstance(message, Answer):
            future.set_result(Asked(message.worker, partial_of(message)))
        elif isinstance(message, Blamed):
            index = None if message.index is None or len(message.index) % 8 else np.frombuffer(message.index, np.int64)
            future.set_result(index)
        else:
            error = pipe.error_of(message)
            if isinstance(error, KeysForgotten) and child is not None:
                child.known = set()
            future.set_exception(error)
