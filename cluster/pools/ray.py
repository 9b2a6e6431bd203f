"""`RayPool`: the nodes of a Ray cluster as workers that fold, one long-lived actor a CPU slot or GPU.

Ray starts actors and carries arrays; nothing else is left to it. It keeps no queue of ours, restarts nothing, and no call waits for it
without an end: an actor that no node can take, an answer that does not come and a cluster that is gone are all found by clocks of this
side. This runs in a process of its own (`coproc.cluster.gateway`), since Ray ends every process that is connected to it when it goes.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from concurrent.futures import Future
from time import monotonic
from typing import Any, Final

from coproc.errors import EngineError, EngineLost, EngineUnavailable

from ..remote import IN_HAND, Asked
from .parcel import Parcel
from .ray_actor import FoldActor
from .ray_cluster import Place, connected, places
from .ray_slot import LEAST_SECONDS, START_SECONDS, Making, Slot

_log: Final = logging.getLogger("coproc.cluster")
SURVEY_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 10.0
"""How long questions wait while no actor is up."""
_LOOK: Final = 0.5

Task = tuple[Parcel, "Future[Asked]", float]


class RayPool:
    """A context manager; safe from any number of threads."""

    def __init__(
        self,
        address: str = "auto",
        engine: str | None = None,
        start_seconds: float = START_SECONDS,
        answer_seconds: float = LEAST_SECONDS,
        survey_seconds: float = SURVEY_SECONDS,
        actor: type[FoldActor] = FoldActor,
        most: int | None = None,
    ) -> None:
        """address: HOST:PORT, or "auto" for the cluster that this machine is a node of. Does not wait for the actors to come up.

        engine: of the actors, None: on a CPU slot what that node has, on a GPU "cuda". most: of the slots, None: all of them. Raises
        EngineUnavailable where there is no cluster.
        """
        self._ray = connected(address)
        self._most, self._survey_seconds = most, survey_seconds
        self.state = threading.Condition()
        self.making = Making(self._ray, self.state, actor, engine, start_seconds, answer_seconds)
        self._slots: dict[Place, Slot] = {}
        self._nodes: list[dict[str, Any]] = []
        self._bad: dict[str, str] = {}  # slots that are quarantined, and why
        self._tasks: deque[Task] = deque()
        self._closed = False
        self._lanes: list[threading.Thread] = []
        for target in (self._survey, self._watch):
            threading.Thread(target=target, name=f"coproc-ray{target.__name__}", daemon=True).start()

    # ---- who is there: with the state held ----
    def up(self) -> list[Slot]:
        """Slots whose actor is up."""
        return [slot for slot in self._slots.values() if slot.actor is not None and not slot.closed]

    def open_slots(self) -> int:
        """Slots that have an actor or will."""
        return sum(not slot.closed for slot in self._slots.values())

    def nodes(self) -> list[dict[str, Any]]:
        """As Ray tells of them."""
        return self._nodes

    def _nobody(self) -> bool:
        """Whether there are slots and all are closed."""
        return bool(self._slots) and all(slot.closed for slot in self._slots.values())

    # ---- questions ----
    def ask(self, parcel: Parcel) -> Future[Asked]:
        """Never raises; the future has EngineLost or another EngineError where there is no answer."""
        future: Future[Asked] = Future()
        with self.state:
            if self._closed or self._nobody():
                why = "this pool is closed" if self._closed else "every worker is quarantined"
                future.set_exception(EngineUnavailable(why))
                return future
            self._tasks.append((parcel, future, monotonic()))
            self.state.notify_all()
        return future

    def blame(self, worker: str, number: bytes) -> Any:
        """What the worker says, whatever that is. Raises EngineError."""
        with self.state:
            slot = next((slot for slot in self.up() if slot.name == worker), None)
            actor = None if slot is None else slot.actor
        if slot is None or actor is None:
            raise EngineLost(f"worker {worker} is gone")
        return slot.call(actor, "blame", (number,), self.making.answer_seconds * IN_HAND)

    def quarantine(self, worker: str, reason: str) -> None:
        with self.state:
            self._bad[worker] = reason
            slot = next((slot for slot in self._slots.values() if slot.name == worker), None)
        if slot is not None:
            slot.end()
        with self.state:
            nobody = self._nobody()
        if nobody:
            self._fail_waiting(EngineUnavailable("every worker is quarantined"))

    def close(self) -> None:
        with self.state:
            self._closed = True
            slots, lanes = list(self._slots.values()), list(self._lanes)
            self.state.notify_all()
        for slot in slots:
            slot.end()
        self._fail_waiting(EngineUnavailable("this pool is closed"))
        for lane in lanes:
            lane.join(self.making.start_seconds)
        self._ray.shutdown()

    def __enter__(self) -> RayPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- a lane: one question at a time, to one actor ----
    def _tend(self, slot: Slot) -> None:
        while not slot.closed:
            actor = slot.started()
            task = None if actor is None else self._task(slot, actor)
            if task is None:
                continue
            parcel, future, _ = task
            if not future.set_running_or_notify_cancel():
                continue
            try:
                partial = slot.fold(actor, parcel)
            except Exception as error:
                future.set_exception(error)
            else:
                future.set_result(Asked(slot.name, partial))

    def _task(self, slot: Slot, actor: Any) -> Task | None:
        """The next question; None when the actor was lost meanwhile."""
        with self.state:
            self.state.wait_for(lambda: self._tasks or slot.actor is not actor or slot.closed)
            return self._tasks.popleft() if self._tasks and slot.actor is actor and not slot.closed else None

    # ---- the cluster ----
    def _survey(self) -> None:
        """Nodes come and go: a slot for each CPU and GPU of those that are alive."""
        while not self._closed:
            try:
                nodes = list(self._ray.nodes())
            except Exception as error:
                _log.warning("the cluster says nothing of its nodes: %s", type(error).__name__)
            else:
                self._follow(nodes)
            with self.state:
                self._lanes = [lane for lane in self._lanes if lane.is_alive()]
                self.state.wait_for(lambda: self._closed, self._survey_seconds)

    def _follow(self, nodes: list[dict[str, Any]]) -> None:
        found = {place: name for node in nodes if node["Alive"] for place, name in places(node)}
        for slot in [slot for place, slot in self._slots.items() if place not in found]:
            slot.end()
            with self.state:
                del self._slots[slot.place]
        for place, name in found.items():
            if place not in self._slots and name not in self._bad and (self._most is None or len(self._slots) < self._most):
                self._open(Slot(place, name, self.making))
        with self.state:
            self._nodes = nodes
            self.state.notify_all()

    def _open(self, slot: Slot) -> None:
        with self.state:
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
            with self.state:
                self.state.wait_for(lambda: self._closed, _LOOK)
                oldest = self._tasks[0][2] if self._tasks else None
                stuck = oldest is not None and not self.up() and monotonic() - oldest > PATIENCE_SECONDS
            if stuck:
                self._fail_waiting(EngineUnavailable("no worker of the cluster is up"))

    def _fail_waiting(self, error: EngineError) -> None:
        with self.state:
            tasks = list(self._tasks)
            self._tasks.clear()
        for _, future, _ in tasks:
            if future.set_running_or_notify_cancel():
                future.set_exception(error)
