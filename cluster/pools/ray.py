"""`RayPool`: the nodes of a Ray cluster as workers that fold, one long-lived actor a CPU slot or GPU.

Ray starts actors and carries arrays; nothing else is left to it. It keeps no queue of ours, restarts nothing, and no call waits for it
without an end: an actor that no node can take, an answer that does not come and a cluster that is gone are all found by clocks of this
side. A batch whose actor is lost fails with EngineLost, and whoever gave it runs it elsewhere (`Dispatcher`).
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from time import monotonic
from typing import Any, Final, NamedTuple

from coproc.engine.protocol import I64, Engine
from coproc.engine.select import select
from coproc.errors import EngineError, EngineLost, EngineUnavailable

from ..audit import Asked
from ..cost import units
from ..folding import Forgotten
from ..laptop import known, token
from ..sealed import Partial, Question
from .ray_actor import FoldActor
from .signals import fatal_handlers_kept
from .slim import Names, pack

_log: Final = logging.getLogger("coproc.cluster")
IN_HAND: Final = 2
"""Questions that an actor has at once: one that it works on and one that waits there."""
START_SECONDS: Final = 60.0
LEAST_SECONDS: Final = 30.0
"""In which an answer must come, however small the question."""
SLOWER: Final = 20.0
"""How many times slower than the table of prices an actor may be."""
SURVEY_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 10.0
"""How long questions wait while no actor is up."""
_PAUSE: Final = (0.5, 30.0)
_CONNECT_SECONDS: Final = 5.0

Call = Callable[[], Any]


class Place(NamedTuple):
    """Where an actor runs: the slot of a node."""

    node: str
    kind: str  # "cpu" or "gpu"
    number: int


@dataclass(slots=True, eq=False)
class _Slot:
    """A place and its actor. lock: who starts one. known: keys that the actor has."""

    place: Place
    name: str
    lock: threading.Lock = field(default_factory=threading.Lock)
    actor: Any = None
    engine: str = ""
    pid: int = 0
    known: set[int] = field(default_factory=set)
    pause: float = _PAUSE[0]
    closed: bool = False
    reason: str = ""


Task = tuple[Question, "Future[Asked]", float]


class RayPool:
    """A `Remote`. A context manager; safe from any number of threads."""

    def __init__(
        self,
        address: str = "auto",
        engine: str | None = None,
        local: Engine | None = None,
        start_seconds: float = START_SECONDS,
        answer_seconds: float = LEAST_SECONDS,
        survey_seconds: float = SURVEY_SECONDS,
        actor: type[FoldActor] = FoldActor,
        most: int | None = None,
    ) -> None:
        """address: HOST:PORT, or "auto" for the cluster that this machine is a node of. Does not wait for the actors to come up.

        engine: of the actors, None: on a CPU slot what that node has, on a GPU "cuda". local: finds equal keys here. most: of the slots,
        None: all of them. Raises EngineUnavailable where there is no cluster.
        """
        self._ray, self._ours = connected(address)
        self._engine, self._actor, self._most = engine, actor, most
        self._local = local or select()
        self._start, self._answer, self._survey_seconds = start_seconds, answer_seconds, survey_seconds
        self._names = Names()
        self._state = threading.Condition()
        self._slots: dict[Place, _Slot] = {}
        self._bad: dict[str, str] = {}  # slots that are quarantined, and why
        self._tasks: deque[Task] = deque()
        self._closed = False
        self._lanes: list[threading.Thread] = []
        self.deaths = 0
        self.starts = 0
        for target in (self._survey, self._watch):
            threading.Thread(target=target, name=f"coproc-ray{target.__name__}", daemon=True).start()

    # ---- a remote ----
    @property
    def capacity(self) -> int:
        with self._state:
            return IN_HAND * len(self._up())

    @property
    def engines(self) -> tuple[str, ...]:
        with self._state:
            return tuple(sorted({slot.engine for slot in self._up()}))

    def workers(self) -> dict[str, str]:
        """The workers that are up, and the engine of each."""
        with self._state:
            return {slot.name: slot.engine for slot in self._up()}

    def pids(self) -> dict[str, int]:
        """The processes of the workers that are up."""
        with self._state:
            return {slot.name: slot.pid for slot in self._up()}

    def quarantined(self) -> dict[str, str]:
        with self._state:
            return dict(self._bad)

    def wait_until_up(self, workers: int, timeout: float) -> bool:
        """Wait until so many workers are up; False where the time was too short."""
        with self._state:
            return self._state.wait_for(lambda: len(self._up()) >= workers, timeout)

    def wait_for_all(self, timeout: float) -> bool:
        """Wait until a worker is up on each slot that is known; False where the time was too short."""
        with self._state:
            return self._state.wait_for(lambda: len(self._up()) == len(self._slots), timeout)

    def ask(self, question: Question) -> Future[Asked]:
        future: Future[Asked] = Future()
        with self._state:
            if self._closed:
                future.set_exception(EngineUnavailable("this pool is closed"))
                return future
            if self._nobody():
                future.set_exception(EngineUnavailable("every worker is quarantined"))
                return future
            self._tasks.append((question, future, monotonic()))
            self._state.notify_all()
        return future

    def blame(self, worker: str, number: bytes) -> I64:
        with self._state:
            slot = next((slot for slot in self._up() if slot.name == worker), None)
            actor = None if slot is None else slot.actor
        if slot is None or actor is None:
            raise EngineLost(f"worker {worker} is gone")
        found: I64 = self._call(slot, actor, lambda: actor.blame.remote(number), self._answer * IN_HAND)
        return found

    def quarantine(self, worker: str, reason: str) -> None:
        with self._state:
            self._bad[worker] = reason
            slot = next((slot for slot in self._slots.values() if slot.name == worker), None)
        if slot is not None:
            self._end(slot)
        with self._state:
            nobody = self._nobody()
        if nobody:
            self._fail_waiting(EngineUnavailable("every worker is quarantined"))

    def close(self) -> None:
        with self._state:
            self._closed = True
            slots, lanes = list(self._slots.values()), list(self._lanes)
            self._state.notify_all()
        for slot in slots:
            self._end(slot)
        self._fail_waiting(EngineUnavailable("this pool is closed"))
        for lane in lanes:
            lane.join(self._start)
        if self._ours:
            disconnect(self._ray)

    def __enter__(self) -> RayPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- a lane: one question at a time, to one actor ----
    def _tend(self, slot: _Slot) -> None:
        while not slot.closed:
            actor = self._started(slot)
            task = None if actor is None else self._task(slot, actor)
            if task is None:
                continue
            question, future, _ = task
            if not future.set_running_or_notify_cancel():
                continue
            try:
                partial = self._fold(slot, actor, question)
            except Exception as error:
                future.set_exception(error)
            else:
                future.set_result(Asked(slot.name, partial))

    def _task(self, slot: _Slot, actor: Any) -> Task | None:
        """The next question; None when the actor was lost meanwhile."""
        with self._state:
            self._state.wait_for(lambda: self._tasks or slot.actor is not actor or slot.closed)
            return self._tasks.popleft() if self._tasks and slot.actor is actor and not slot.closed else None

    def _fold(self, slot: _Slot, actor: Any, question: Question) -> Partial:
        """Raises EngineError."""
        n = len(question)
        array, table = pack(question, self._local, self._names)
        seconds = self._answer + IN_HAND * SLOWER * units(question.op, n, len(array))
        at = self._ray.put(array)
        given = {name: data for name, data in table.items() if name not in slot.known}
        for _ in range(2):
            words = question.number, question.op, n, at, question.seed, given, list(table)
            said = self._call(slot, actor, lambda words=words: actor.fold.remote(*words), seconds)  # type: ignore[misc]
            if said:
                with self._state:
                    if slot.actor is actor:
                        slot.known.update(table)
                break
            given = table  # it has forgotten some
        try:
            return Partial(*said)
        except TypeError:
            raise EngineError(f"worker {slot.name} has no answer") from None

    def _call(self, slot: _Slot, actor: Any, call: Call, seconds: float) -> Any:
        """What an actor says within some seconds. Raises EngineLost where it is lost, after which it is no more, and EngineError."""
        exceptions = self._ray.exceptions
        try:
            return self._ray.get(call(), timeout=seconds)
        except exceptions.RayTaskError as error:
            cause = getattr(error, "cause", error)
            kind = Forgotten if isinstance(cause, Forgotten) else EngineError
            raise kind(f"worker {slot.name}: {cause}") from None
        except exceptions.GetTimeoutError:
            self._gone(slot, actor)
            raise EngineLost(f"worker {slot.name} has no answer after {seconds:.0f} s") from None
        except Exception as error:  # whatever Ray raises when an actor, a node or the cluster is lost
            self._gone(slot, actor)
            raise EngineLost(f"worker {slot.name} is gone: {type(error).__name__}") from None

    # ---- an actor ----
    def _started(self, slot: _Slot) -> Any:
        """The actor of a slot, started anew if it was lost; None where that failed, after a pause."""
        with slot.lock:
            if slot.actor is not None or slot.closed:
                return slot.actor
            handle, why = None, ""
            try:
                handle = self._create(slot.place)
                engine, why, pid = self._ray.get(handle.hello.remote(), timeout=self._start)
                if engine == "spec" != self._engine:
                    engine, why = "", "its kernels are not built, and the specification is too slow to be of use"
            except Exception as error:
                engine, why, pid = "", f"{type(error).__name__}: no actor came up within {self._start:g} s", 0
            with self._state:
                if engine and not slot.closed:
                    slot.actor, slot.engine, slot.pid, slot.reason, slot.pause = handle, engine, pid, "", _PAUSE[0]
                    slot.known.clear()
                    self.starts += 1
                    self._state.notify_all()
                    return handle
            self._kill(handle)
            if not slot.closed:
                _log.warning("worker %s does not start: %s", slot.name, why)
            with self._state:
                slot.reason = why
                self._state.wait_for(lambda: slot.closed, slot.pause)
                slot.pause = min(2 * slot.pause, _PAUSE[1])
            return None

    def _create(self, place: Place) -> Any:
        on = import_module("ray.util.scheduling_strategies").NodeAffinitySchedulingStrategy(place.node, soft=False)
        options = {"num_cpus": 1, "max_restarts": 0, "max_task_retries": 0, "scheduling_strategy": on}
        if place.kind == "gpu":
            options["num_gpus"] = 1
        engine = self._engine or ("cuda" if place.kind == "gpu" else None)
        return self._ray.remote(**options)(self._actor).remote(engine)

    def _gone(self, slot: _Slot, actor: Any) -> None:
        """This actor is no more; the lanes start another."""
        with self._state:
            if slot.actor is not actor:
                return
            slot.actor, slot.pid = None, 0
            self.deaths += 1
            self._state.notify_all()
        self._kill(actor)

    def _end(self, slot: _Slot) -> None:
        with self._state:
            slot.closed = True
            actor, slot.actor = slot.actor, None
            self._state.notify_all()
        self._kill(actor)

    def _kill(self, actor: Any) -> None:
        if actor is not None:
            with suppress(Exception):
                self._ray.kill(actor, no_restart=True)

    def _nobody(self) -> bool:
        """Whether there are slots and all are closed. With the state held."""
        return bool(self._slots) and all(slot.closed for slot in self._slots.values())

    def _up(self) -> list[_Slot]:
        """With the state held."""
        return [slot for slot in self._slots.values() if slot.actor is not None and not slot.closed]

    # ---- the cluster ----
    def _survey(self) -> None:
        """Nodes come and go: a slot for each CPU and GPU of those that are alive."""
        while not self._closed:
            try:
                places = {place: name for node in self._ray.nodes() if node["Alive"] for place, name in _places(node)}
            except Exception as error:
                _log.warning("the cluster says nothing of its nodes: %s", type(error).__name__)
                places = {slot.place: slot.name for slot in self._slots.values()}
            for slot in [slot for place, slot in self._slots.items() if place not in places]:
                self._end(slot)
                with self._state:
                    del self._slots[slot.place]
            for place, name in places.items():
                if place not in self._slots and name not in self._bad and (self._most is None or len(self._slots) < self._most):
                    self._open(_Slot(place, name))
            with self._state:
                self._lanes = [lane for lane in self._lanes if lane.is_alive()]
                self._state.wait_for(lambda: self._closed, self._survey_seconds)

    def _open(self, slot: _Slot) -> None:
        with self._state:
            if self._closed:
                return
            self._slots[slot.place] = slot
            lanes = [
                threading.Thread(target=self._tend, args=(slot,), name=f"coproc-ray-{slot.name}-{i}", daemon=True) for i in range(IN_HAND)
            ]
            self._lanes += lanes
        for lane in lanes:
            lane.start()

    def _watch(self) -> None:
        """Questions that wait while no actor is up do not wait for ever."""
        while not self._closed:
            with self._state:
                self._state.wait_for(lambda: self._closed, 0.5)
                oldest = self._tasks[0][2] if self._tasks else None
                stuck = oldest is not None and not self._up() and monotonic() - oldest > PATIENCE_SECONDS
            if stuck:
                self._fail_waiting(EngineUnavailable("no worker of the cluster is up"))

    def _fail_waiting(self, error: EngineError) -> None:
        with self._state:
            tasks = list(self._tasks)
            self._tasks.clear()
        for _, future, _ in tasks:
            if future.set_running_or_notify_cancel():
                future.set_exception(error)


def _places(node: dict[str, Any]) -> list[tuple[Place, str]]:
    """The slots of a node: a GPU takes a CPU along. Names are those of people: address, some digits of the node's id, slot."""
    id, resources = str(node["NodeID"]), node.get("Resources", {})
    cpus, gpus = int(resources.get("CPU", 0)), int(resources.get("GPU", 0))
    places = [Place(id, "gpu", i) for i in range(min(gpus, cpus))] + [Place(id, "cpu", i) for i in range(max(0, cpus - gpus))]
    return [(place, f"{node['NodeManagerAddress']}/{id[:8]}/{place.kind}{place.number}") for place in places]


def connected(address: str) -> tuple[Any, bool]:
    """Ray, and whether it was this call that connected. Raises EngineUnavailable."""
    if find_spec("ray") is None:
        raise EngineUnavailable("Ray is not installed: pip install 'coproc[cluster]'")
    laptop = known()
    if laptop is not None and address in ("auto", laptop.address):
        address = laptop.address
        _know_token()
    host, _, port = address.rpartition(":")
    if address != "auto":
        if not host or not port.isdecimal():
            raise EngineUnavailable(f"cluster {address}: HOST:PORT or auto is wanted")
        try:
            socket.create_connection((host, int(port)), _CONNECT_SECONDS).close()
        except OSError as error:
            raise EngineUnavailable(f"cluster {address}: cannot be reached: {error.strerror or error}") from None
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    with fatal_handlers_kept():
        ray: Any = import_module("ray")
    if ray.is_initialized():
        return ray, False
    try:
        with fatal_handlers_kept():
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, configure_logging=False)
    except Exception as error:
        hint = "; coproc cluster up starts one" if address == "auto" else ""
        raise EngineUnavailable(f"cluster {address}: {str(error).splitlines()[0]}{hint}") from None
    return ray, True


def disconnect(ray: Any) -> None:
    """Leave the cluster that `connected` entered."""
    with fatal_handlers_kept():
        ray.shutdown()


def _know_token() -> None:
    """Let Ray know the token of this machine's cluster. It reads its settings once, when it is imported: where that was before, again."""
    os.environ |= token()
    if "ray" in sys.modules:
        with suppress(Exception):
            raylet = import_module("ray._raylet")
            raylet.Config.initialize("")
            raylet.AuthenticationTokenLoader.instance().reset_cache()
