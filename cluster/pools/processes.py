"""`ProcessPool`: workers in processes of their own, so that a crash of a kernel takes one batch and no answer along.

Each worker has a thread here that hands it batches, one at a time, and starts another when it died. The batch in hand then fails with
EngineLost: whoever gave it decides where it runs again (`Dispatcher`).
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Final

from coproc.coprocessor import default_workers
from coproc.errors import EngineError, EngineLost, EngineUnavailable

from .process import COMMAND, StartLost, WorkerProcess
from .protocol import PackedAnswers, PackedBatch
from .threads import failed

_log: Final = logging.getLogger("coproc.cluster")
BATCH_SECONDS: Final = 120.0
START_SECONDS: Final = 60.0
_PAUSE: Final = (0.05, 5.0)
"""Seconds from a failed start of a worker to the next: the first pause, doubled each time, and the longest."""
STARTS: Final = 6
"""Starts in a row in which a worker may be killed before it counts as one that does not start."""
_LOOK: Final = 1.0
"""Seconds after which an idle worker is looked at."""

Task = tuple[PackedBatch, "Future[PackedAnswers]"]


class ProcessPool:
    """A `Pool`. A context manager."""

    def __init__(
        self,
        workers: int | None = None,
        engine: str | None = None,
        command: Sequence[str] = COMMAND,
        batch_seconds: float = BATCH_SECONDS,
        start_seconds: float = START_SECONDS,
        eager: bool = True,
    ) -> None:
        """workers: None: one a processor. engine: a name, None: what workers take. Does not wait for the workers to come up.

        batch_seconds: a worker that has not answered by then is killed. eager: start workers now, else with the first batch.
        """
        self._engine, self._command = engine, tuple(command)
        self._batch_seconds, self._start_seconds, self._eager = batch_seconds, start_seconds, eager
        self._tasks: deque[Task] = deque()
        self._state = threading.Condition()
        self._closed = False
        self._workers: list[WorkerProcess | None] = [None] * (workers or default_workers())
        self._reasons: dict[int, str] = {}  # of the workers whose last start failed
        self._names: set[str] = set()
        self.starts = 0
        self.deaths = 0
        self._threads = [
            threading.Thread(target=self._tend, args=(place,), name=f"coproc-worker-{place}", daemon=True) for place in range(self.capacity)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def capacity(self) -> int:
        return len(self._workers)

    @property
    def engines(self) -> tuple[str, ...]:
        """Those of the workers that came up."""
        with self._state:
            return tuple(sorted(self._names))

    def pids(self) -> list[int]:
        """The processes of the workers that are up."""
        with self._state:
            return [worker.pid for worker in self._workers if worker is not None and worker.alive()]

    def run(self, batch: PackedBatch) -> Future[PackedAnswers]:
        future: Future[PackedAnswers] = Future()
        with self._state:
            if self._closed:
                return failed(EngineUnavailable("this pool is closed"))
            if len(self._reasons) == self.capacity:
                return failed(EngineUnavailable(self._why()))
            self._tasks.append((batch, future))
            self._state.notify()
        return future

    def wait_until_up(self, timeout: float | None = None) -> bool:
        """Wait until every worker is up; False where the time was too short or one cannot start."""
        with self._state:
            self._state.wait_for(lambda: self._reasons or all(worker is not None for worker in self._workers), timeout)
            return not self._reasons and all(worker is not None for worker in self._workers)

    def close(self) -> None:
        with self._state:
            self._closed = True
            self._state.notify_all()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> ProcessPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- one thread a worker ----
    def _tend(self, place: int) -> None:
        """Keep a worker up and give it batches, until closed and nothing is left to run."""
        while (worker := self._up(place)) is not None:
            task = self._task(worker)
            if task is None or not task[1].set_running_or_notify_cancel():
                continue
            batch, future = task
            try:
                answers = worker.answer(batch, self._batch_seconds)
            except EngineLost as error:
                self._gone(place)
                future.set_exception(error)
            except EngineError as error:
                future.set_exception(error)
            else:
                future.set_result(answers)
        with self._state:
            worker, self._workers[place] = self._workers[place], None
        if worker is not None:
            worker.end()

    def _task(self, worker: WorkerProcess) -> Task | None:
        """The next batch; None when there will be none, or when the idle worker died."""
        with self._state:
            while not self._tasks:
                if self._closed or not worker.alive():
                    return None
                self._state.wait(_LOOK)
            return self._tasks.popleft()

    def _up(self, place: int) -> WorkerProcess | None:
        """The worker, started anew if it died; None once this pool is closed and has no use for it."""
        pause, killed = _PAUSE[0], 0
        while True:
            with self._state:
                worker = self._workers[place]
                if worker is None:
                    self._state.wait_for(lambda: self._eager or self._tasks or self._closed)
                if self._closed and not self._tasks:
                    return None
            if worker is not None:
                if worker.alive():
                    return worker
                self._gone(place)
                worker.end()
            try:
                started = WorkerProcess(self._engine, self._command, self._start_seconds)
            except EngineUnavailable as error:
                killed = killed + 1 if isinstance(error, StartLost) else STARTS
                if killed >= STARTS:
                    self._not_up(place, str(error))
                else:
                    _log.warning("worker %d of a pool is started again: %s", place, error)
                with self._state:
                    self._state.wait_for(lambda: self._closed, pause)
                pause = min(2 * pause, _PAUSE[1])
                continue
            with self._state:
                self._workers[place] = started
                self._reasons.pop(place, None)
                self._names.add(started.engine)
                self.starts += 1
                self._state.notify_all()
            return started

    def _gone(self, place: int) -> None:
        with self._state:
            self._workers[place] = None
            self.deaths += 1

    def _not_up(self, place: int, reason: str) -> None:
        """A worker cannot start. When none can, what waits fails: it must not wait for workers that never come."""
        _log.warning("worker %d of a pool does not start: %s", place, reason)
        with self._state:
            self._reasons[place] = reason
            if len(self._reasons) < self.capacity:
                return
            tasks, why = list(self._tasks), self._why()
            self._tasks.clear()
            self._state.notify_all()
        for _, future in tasks:
            if future.set_running_or_notify_cancel():
                future.set_exception(EngineUnavailable(why))

    def _why(self) -> str:
        return f"no worker starts: {next(iter(self._reasons.values()))}"
