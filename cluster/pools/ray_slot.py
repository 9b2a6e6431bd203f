"""`Slot`: a place in a cluster and the actor in it, from one start to the next."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from coproc.errors import EngineError, EngineLost

from ..cost import units
from ..folding import Forgotten
from ..remote import IN_HAND
from ..sealed import Partial
from .parcel import Parcel
from .ray_actor import FoldActor
from .ray_cluster import Place

_log: Final = logging.getLogger("coproc.cluster")
START_SECONDS: Final = 60.0
LEAST_SECONDS: Final = 30.0
"""In which an answer must come, however small the question."""
SLOWER: Final = 20.0
"""How many times slower than the table of prices an actor may be."""
_PAUSE: Final = (0.5, 30.0)


@dataclass(slots=True)
class Making:
    """How actors are made, and how long they may take.

    ray: the module. engine: by name, None: on a CPU slot what that node has, on a GPU "cuda". state: held where a slot is changed.
    """

    ray: Any
    state: threading.Condition
    actor: type[FoldActor] = FoldActor
    engine: str | None = None
    start_seconds: float = START_SECONDS
    answer_seconds: float = LEAST_SECONDS
    starts: int = 0
    deaths: int = 0


class Slot:
    """Spoken to by `IN_HAND` threads, and ended by any."""

    def __init__(self, place: Place, name: str, making: Making) -> None:
        self.place, self.name, self._making = place, name, making
        self.actor: Any = None
        self.engine, self.pid, self.reason = "", 0, ""
        self.closed = False
        self._lock = threading.Lock()  # who starts an actor
        self._known: set[int] = set()  # keys that the actor has
        self.pause = _PAUSE[0]

    def started(self) -> Any:
        """The actor, started anew if it was lost; None where that failed, after a pause."""
        making = self._making
        with self._lock:
            if self.actor is not None or self.closed:
                return self.actor
            handle = None
            try:
                handle = self._create()
                engine, why, pid = making.ray.get(handle.hello.remote(), timeout=making.start_seconds)
                if engine == "spec" != making.engine:
                    engine, why = "", "its kernels are not built, and the specification is too slow to be of use"
            except Exception as error:
                engine, why, pid = "", f"{type(error).__name__}: no actor came up within {making.start_seconds:g} s", 0
            with making.state:
                if engine and not self.closed:
                    self.actor, self.engine, self.pid, self.reason, self.pause = handle, engine, pid, "", _PAUSE[0]
                    self._known.clear()
                    making.starts += 1
                    making.state.notify_all()
                    return handle
            self._kill(handle)
            if not self.closed:
                _log.warning("worker %s does not start: %s", self.name, why)
            with making.state:
                self.reason = why
                making.state.wait_for(lambda: self.closed, self.pause)
                self.pause = min(2 * self.pause, _PAUSE[1])
            return None

    def _create(self) -> Any:
        making, place = self._making, self.place
        on = import_module("ray.util.scheduling_strategies").NodeAffinitySchedulingStrategy(place.node, soft=False)
        options = {"num_cpus": 1, "max_restarts": 0, "max_task_retries": 0, "scheduling_strategy": on}
        if place.kind == "gpu":
            options["num_gpus"] = 1
        engine = making.engine or ("cuda" if place.kind == "gpu" else None)
        return making.ray.remote(**options)(making.actor).remote(engine)

    def fold(self, actor: Any, parcel: Parcel) -> Partial:
        """Raises EngineError."""
        seconds = self._making.answer_seconds + IN_HAND * SLOWER * units(parcel.op, parcel.n, len(parcel.array))
        at = self._making.ray.put(parcel.array)
        given = {name: data for name, data in parcel.table.items() if name not in self._known}
        said: Any = None
        for _ in range(2):
            words = parcel.number, parcel.op, parcel.n, at, parcel.seed, given, list(parcel.table)
            said = self.call(actor, "fold", words, seconds)
            if said:
                with self._making.state:
                    if self.actor is actor:
                        self._known.update(parcel.table)
                break
            given = dict(parcel.table)  # it has forgotten some
        try:
            return Partial(*said)
        except TypeError:
            raise EngineError(f"worker {self.name} has no answer") from None

    def call(self, actor: Any, method: str, words: tuple[Any, ...], seconds: float) -> Any:
        """What an actor says within some seconds. Raises EngineLost where it is lost, after which it is no more, and EngineError."""
        ray = self._making.ray
        try:
            return ray.get(getattr(actor, method).remote(*words), timeout=seconds)
        except ray.exceptions.RayTaskError as error:
            cause = getattr(error, "cause", error)
            kind = Forgotten if isinstance(cause, Forgotten) else EngineError
            raise kind(f"worker {self.name}: {cause}") from None
        except ray.exceptions.GetTimeoutError:
            self._gone(actor)
            raise EngineLost(f"worker {self.name} has no answer after {seconds:.0f} s") from None
        except Exception as error:  # whatever Ray raises when an actor, a node or the cluster is lost
            self._gone(actor)
            raise EngineLost(f"worker {self.name} is gone: {type(error).__name__}") from None

    def _gone(self, actor: Any) -> None:
        """This actor is no more; `started` makes another."""
        with self._making.state:
            if self.actor is not actor:
                return
            self.actor, self.pid = None, 0
            self._making.deaths += 1
            self._making.state.notify_all()
        self._kill(actor)

    def end(self) -> None:
        """For good."""
        with self._making.state:
            self.closed = True
            actor, self.actor = self.actor, None
            self._making.state.notify_all()
        self._kill(actor)

    def _kill(self, actor: Any) -> None:
        if actor is not None:
            with suppress(Exception):
                self._making.ray.kill(actor, no_restart=True)
