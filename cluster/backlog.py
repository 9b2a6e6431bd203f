"""`Backlog`: the jobs of a journal, taken to the batcher a few chunks at a time and their answers back to disk.

One thread owns the journal. Whatever came meanwhile is written in one transaction, so that many clients share one fsync; they hear of it
after the commit. A full disk refuses new requests, and answers wait in memory until they can be written: they are few, for no more
chunks run than `_WINDOW` allows.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from math import inf
from typing import Any, Final

from coproc.errors import CoprocError, InvalidInput
from coproc.operation import Answer

from . import frames
from .clock import Clock, RealClock
from .frames import Result, Submit, WireError
from .journal import CHUNK, Chunk, Journal
from .pools.protocol import PackedAnswers, PackedBatch
from .service import Service
from .settled import settled, when_all
from .ticket import Busy

_log: Final = logging.getLogger("coproc.cluster.journal")
_WINDOW: Final = 8  # chunks that run at once
_WRITES: Final = 256  # in a transaction
_RETRY: Final = 1.0  # seconds until what could not be written is tried again
_PAUSE: Final = (0.5, 2.0, 10.0)  # seconds before an unserved chunk runs again; then it is unserved
_EXPIRE: Final = 3600.0
_BUSY: Final = (0.05, 2.0)  # seconds before a chunk for which there was no room is tried again, at least: the first time and at last
_UNSERVED: Final = 3
Parts = list[tuple[list[int] | None, PackedBatch]]
"""Of a chunk: a batch for each operation, and which requests it has."""


class _Write:
    """Something to do with the journal, and who waits for it."""

    __slots__ = ("again", "do", "future")

    def __init__(self, do: Callable[[Journal], Any], again: bool = False) -> None:
        self.do, self.again = do, again
        self.future: Future[Any] = Future()


class Backlog:
    """`Jobs` of a server (`server.desk`). Safe from any number of threads."""

    def __init__(
        self, journal: Journal, service: Service, runs: bool = True, clock: Clock | None = None, drive: bool = True
    ) -> None:  # fmt: skip
        """runs: what waits in the journal begins to run at once; else from `start` on. Writes and reads happen from the beginning.

        drive: with a thread of its own, which waits on the clock; without, somebody calls `pump`.
        """
        self._journal, self._service, self._clock = journal, service, clock or RealClock()
        self._state = threading.Condition()
        self._writes: deque[_Write] = deque()
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._runs = runs
        self._closed = self._stopped = False
        self._fed = 0  # the last chunk that was taken from the journal
        self._running = 0
        self._exhausted = False  # nothing waits in the journal that was not fed
        self._expired = -inf
        self.waiting = journal.waiting()
        self.answered = 0
        self.failures = 0
        self._thread = threading.Thread(target=self._run, name="coproc-journal", daemon=True) if drive else None
        if self._thread is not None:
            self._thread.start()

    # ---- clients ----
    def submit(self, submit: Submit) -> Future[int]:
        future: Future[int] = Future()

        def written(done: Future[tuple[int, int]]) -> None:
            if (error := done.exception()) is not None:
                future.set_exception(error)
                return
            total, added = done.result()
            self._more(added)
            future.set_result(total)

        self._write(_Write(lambda journal: journal.append(submit))).add_done_callback(written)
        return future

    def result(self, result: Result, most: int, forget: bool) -> Future[tuple[int, int, bytes]]:
        def read(journal: Journal) -> tuple[int, int, bytes]:
            found = journal.read(result.tenant, result.job, result.first, most)
            if forget:
                journal.forget(result.tenant, result.job, result.first)
            return found

        return self._write(_Write(read))

    def start(self) -> None:
        """Run what waits."""
        with self._state:
            self._runs = True
            self._state.notify_all()

    def stop(self) -> None:
        """Give the batcher nothing more; what it has is still written when it comes."""
        with self._state:
            self._stopped = True

    def close(self) -> None:
        """Write what is there, then end. The journal is the caller's to close."""
        with self._state:
            self._closed = True
            self._state.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _write(self, write: _Write) -> Future[Any]:
        with self._state:
            if self._closed:
                write.future.set_exception(WireError(frames.DRAINING, "draining: this server is about to end"))
            else:
                self._writes.append(write)
                self._state.notify_all()
        return write.future

    def _more(self, n: int) -> None:
        with self._state:
            self.waiting += n
            self._exhausted = False
            self._state.notify_all()

    # ---- the thread ----
    def _run(self) -> None:
        while True:
            with self._state:
                while not self._ready():
                    if self._closed:
                        return
                    self._clock.wait(self._state, max(0.0, self._next_due() - self._clock.now()) if self._later else None)
            self._turn()

    def pump(self) -> float | None:
        """A turn, and None, where there is something to do; else when, on the clock, there will be, infinity: not by itself."""
        with self._state:
            if not self._ready():
                return self._next_due()
        self._turn()
        return None

    def _turn(self) -> None:
        """What is due, what came meanwhile, and the next chunks."""
        with self._state:
            taken = [self._writes.popleft() for _ in range(min(len(self._writes), _WRITES))]
            now = self._clock.now()
            due = [do for when, do in self._later if when <= now]
            self._later = [(when, do) for when, do in self._later if when > now]
        for do in due:
            do()
        if taken:
            self._commit(taken)
        self._feed()
        if now - self._expired > _EXPIRE:
            self._expired = now
            self._write(_Write(lambda journal: journal.expire()))

    def _ready(self) -> bool:
        return bool(self._writes) or self._next_due() <= self._clock.now() or self._may_feed()

    def _next_due(self) -> float:
        return min((when for when, _ in self._later), default=inf)

    def _commit(self, writes: list[_Write]) -> None:
        done: list[tuple[_Write, Any, BaseException | None]] = []
        try:
            with self._journal.transaction():
                for write in writes:
                    try:
                        with self._journal.part():
                            done.append((write, write.do(self._journal), None))
                    except WireError as error:
                        done.append((write, None, error))
        except Exception as error:
            self.failures += 1
            _log.error("the journal cannot be written: %s", error)
            refused = WireError(frames.JOURNAL, f"journal: {error}", _RETRY)
            again = [write for write in writes if write.again]
            done = [(write, None, refused) for write in writes if not write.again]
            if again:
                self._at(_RETRY, lambda: self._writes.extendleft(reversed(again)))
        for write, value, failure in done:
            if failure is None:
                write.future.set_result(value)
            else:
                write.future.set_exception(failure)

    def _at(self, seconds: float, do: Callable[[], None]) -> None:
        with self._state:
            self._later.append((self._clock.now() + seconds, do))
            self._state.notify_all()

    # ---- running ----
    def _may_feed(self) -> bool:
        return self._runs and not (self._stopped or self._closed or self._exhausted) and self._running < _WINDOW

    def _feed(self) -> None:
        """Take the next chunks from the journal to the batcher."""
        with self._state:
            if not self._may_feed():
                return
            free = _WINDOW - self._running
        try:
            chunks = self._journal.unanswered(self._fed, free)
        except Exception as error:
            self.failures += 1
            _log.error("the journal cannot be read: %s", error)
            self._exhausted = True
            self._at(_RETRY, lambda: self._more(0))
            return
        with self._state:
            self._exhausted = len(chunks) < free
            self._running += len(chunks)
        for chunk in chunks:
            self._fed = chunk.id
            self._start(chunk, 0)

    def _start(self, chunk: Chunk, attempt: int, parts: Parts | None = None, refused: int = 0) -> None:
        if self._stopped:
            return
        if chunk.items is None:
            _log.error("chunk %d of the journal is damaged: its %d requests are unserved", chunk.id, chunk.n)
            self._finish(chunk, _unserved(chunk.n))
            return
        try:
            parts = parts or frames.read_rows(chunk.items, 0, chunk.n, CHUNK).packed()
            futures = [self._service.submit_packed(batch, "bulk", tenant=chunk.tenant) for _, batch in parts]
        except Busy as busy:
            first, last = _BUSY
            wait = max(min(first * 2 ** min(refused, 16), last), busy.retry_after)
            self._at(wait, lambda: self._start(chunk, attempt, parts, refused + 1))
        except (WireError, InvalidInput) as error:  # written by a later version, perhaps
            _log.error("chunk %d of the journal cannot run, its %d requests are unserved: %s", chunk.id, chunk.n, error)
            self._finish(chunk, _unserved(chunk.n))
        except CoprocError:  # it drains: the next server goes on
            self.stop()
        except Exception:
            _log.exception("chunk %d of the journal could not be started", chunk.id)
            self._at(_RETRY, lambda: self._start(chunk, attempt))
        else:
            when_all(futures, lambda: self._ran(chunk, attempt, parts, futures))

    def _ran(self, chunk: Chunk, attempt: int, parts: Parts, futures: list[Future[PackedAnswers]]) -> None:
        """The answers of a chunk are there, from a thread of the batcher."""
        failed = any(f.exception() is not None or bool((f.result().status == _UNSERVED).any()) for f in futures)
        if failed and self._stopped:  # perhaps because of the end: the next server goes on
            return
        if failed and attempt < len(_PAUSE):
            self._at(_PAUSE[attempt], lambda: self._start(chunk, attempt + 1))
            return
        try:
            body = frames.write_parts(chunk.n, parts, [settled(f, batch) for (_, batch), f in zip(parts, futures, strict=True)])
        except Exception:  # answers of other shapes: a fault of ours, and no reason to lose the chunk
            _log.exception("the answers of chunk %d of the journal are none", chunk.id)
            self._at(_RETRY, lambda: self._start(chunk, attempt + 1))
        else:
            self._finish(chunk, body)

    def _finish(self, chunk: Chunk, answers: bytes) -> None:
        write = _Write(lambda journal: journal.answer(chunk.id, answers), again=True)
        write.future.add_done_callback(lambda f: self._finished(chunk, f))
        self._write(write)

    def _finished(self, chunk: Chunk, future: Future[bool]) -> None:
        with self._state:
            self._running -= 1
            if future.exception() is None and future.result():
                self.waiting -= chunk.n
                self.answered += chunk.n
            self._state.notify_all()


def _unserved(n: int) -> bytes:
    return frames.write_answers([Answer(None, "unserved", None, 0, "")] * n)
