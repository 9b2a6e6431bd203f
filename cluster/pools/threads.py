"""`ThreadPool`: threads of this process. Native code runs without the interpreter lock; a crash of a kernel takes the process along."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from coproc.coprocessor import default_workers
from coproc.engine.protocol import Engine
from coproc.engine.select import select
from coproc.errors import EngineUnavailable

from ..answerer import Answerer
from .protocol import PackedAnswers, PackedBatch


class ThreadPool:
    """A `Pool`. A context manager."""

    def __init__(self, engine: Engine | str | None = None, workers: int | None = None) -> None:
        """engine: a name, an engine, or None for the default; workers: threads, None: one a processor. Raises as `coproc.open`."""
        self._answer = Answerer(select(engine) if engine is None or isinstance(engine, str) else engine)
        self._workers = workers or default_workers()
        self._threads = ThreadPoolExecutor(self._workers, "coproc-pool")

    @property
    def capacity(self) -> int:
        return self._workers

    @property
    def engines(self) -> tuple[str, ...]:
        return (self._answer.engine.name,)

    def run(self, batch: PackedBatch) -> Future[PackedAnswers]:
        try:
            return self._threads.submit(self._answer, batch)
        except RuntimeError:
            return failed(EngineUnavailable("this pool is closed"))

    def close(self) -> None:
        self._threads.shutdown()

    def __enter__(self) -> ThreadPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def failed(error: Exception) -> Future[PackedAnswers]:
    """A future that has failed."""
    future: Future[PackedAnswers] = Future()
    future.set_exception(error)
    return future
