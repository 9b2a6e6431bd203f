"""`Desk`: takes payloads, from whichever server, to the batcher and the jobs, and their answers back as replies."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from time import perf_counter
from typing import Final, Protocol

import numpy as np

from coproc.cluster import frames
from coproc.cluster.clock import Clock
from coproc.cluster.frames import Execute, Result, Submit, WireError
from coproc.cluster.pools.protocol import PackedAnswers, PackedBatch
from coproc.cluster.service import Service
from coproc.cluster.ticket import NO_DEADLINE, Busy, Ticket
from coproc.errors import CoprocError, InvalidInput
from coproc.operation import STATUS_NAMES, Answer, Request
from coproc.ops import OPERATIONS

from .bounds import Bounds
from .counters import Counters

_log: Final = logging.getLogger("coproc.cluster.server")
Send = Callable[[bytes], None]
"""Takes the frame of a reply, from any thread."""


class Jobs(Protocol):
    """Requests that are kept on disk until their answers were read. Safe from any number of threads; futures raise WireError."""

    def submit(self, submit: Submit) -> Future[int]:
        """How many requests the job has, once they are on disk."""

    def result(self, result: Result, most: int, forget: bool) -> Future[tuple[int, int, bytes]]:
        """How many requests the job has, how many answers follow, and the answers."""


class Desk:
    """Safe from any number of threads."""

    def __init__(self, service: Service, clock: Clock, bounds: Bounds, describe: Callable[[], bytes], jobs: Jobs | None = None) -> None:
        """describe: the body of the reply to DESCRIBE."""
        self._service, self._clock, self._describe, self._jobs = service, clock, describe, jobs
        self.bounds = bounds
        self.counters = Counters()
        self.draining = False

    def take(self, payload: bytes, send: Send) -> bytes | None:
        """The frame of the reply, where it is known at once; else None, and `send` gets it later, exactly once. Never raises."""
        number = 0
        try:
            kind, flags, n, number = head = frames.read_header(payload)
            self.counters.frames[kind] += 1
            if flags and (kind != frames.RESULT or flags != frames.FORGET):
                raise WireError(frames.MALFORMED, f"flags {flags:#06x}: none of them is known")
            if kind == frames.EXECUTE:
                return self._execute(payload, n, number, send)
            return self._other(payload, head, send)
        except Exception as error:
            return self.refusal(number, error)

    def refusal(self, number: int, error: BaseException) -> bytes:
        """The ERROR frame for what was raised."""
        told = wire_error(error)
        if told is None:
            _log.error("a frame could not be taken", exc_info=error)
            told = WireError(frames.BUSY, "the server has an error of its own; its log says more", 1.0)
        self.counters.errors[told.code] += 1
        return frames.error(number, told.code, str(told), told.retry_after)

    # ---- EXECUTE ----
    def execute(self, execute: Execute) -> Future[bytes]:
        """The body of the reply. Raises WireError, Busy, InvalidInput and CoprocError where nothing was taken."""
        if self.draining:
            raise WireError(frames.DRAINING, "draining: this server is about to end")
        start, kind = perf_counter(), execute.kind
        deadline = self._clock.now() + execute.deadline_ms / 1000 if execute.deadline_ms else NO_DEADLINE
        future: Future[bytes] = Future()

        def done(body: bytes) -> None:
            self.counters.latency[kind].add(perf_counter() - start)
            future.set_result(body)

        heads = execute.rows.heads
        if len(heads) > 1 and len({head & 255 for head in heads}) == 1:
            ((_, batch),) = execute.rows.packed()
            answers = self._service.submit_packed(batch, kind, deadline, execute.tenant)
            answers.add_done_callback(lambda f: done(self._packed(batch, f)))
            return future
        requests = execute.rows.requests()
        if len(requests) == 1 and (known := self._service.peek(requests[0])) is not None:
            done(self._written(requests, [known]))
            return future
        tickets = [Ticket(request, kind, deadline, execute.tenant) for request in requests]
        gather(self._service.submit_many(tickets), requests, lambda found: done(self._written(requests, found)))
        return future

    def _execute(self, payload: bytes, n: int, number: int, send: Send) -> bytes | None:
        execute = frames.read_execute(memoryview(payload)[frames.HEADER.size :], n, self.bounds.max_requests)
        future = self.execute(execute)
        if future.done():
            return frames.reply(frames.EXECUTE | frames.REPLY, n, number, future.result())
        future.add_done_callback(lambda f: send(self._reply(frames.EXECUTE, n, number, f)))
        return None

    def _reply(self, kind: int, n: int, number: int, future: Future[bytes]) -> bytes:
        if (error := future.exception()) is not None:
            return self.refusal(number, error)
        return frames.reply(kind | frames.REPLY, n, number, future.result())

    def _written(self, requests: Sequence[Request], answers: Sequence[Answer]) -> bytes:
        count = self.counters.answers
        for answer in answers:
            count[answer.status] += 1
        return frames.write_answers(answers)

    def _packed(self, batch: PackedBatch, future: Future[PackedAnswers]) -> bytes:
        operation = OPERATIONS[batch.op]
        if (error := future.exception()) is not None:
            _log.error("%d %s are unserved", len(batch), batch.op, exc_info=error)
            columns = unserved_packed(batch)
        else:
            columns = future.result()
        for status, count in enumerate(np.bincount(columns.status, minlength=len(STATUS_NAMES)).tolist()):
            self.counters.answers[STATUS_NAMES[status]] += count
        return frames.write_packed(operation, columns)[0]

    # ---- the other kinds ----
    def describe(self) -> bytes:
        return self._describe()

    def _other(self, payload: bytes, head: frames.Header, send: Send) -> bytes | None:
        kind, flags, n, number = head
        body = memoryview(payload)[frames.HEADER.size :]
        if kind in (frames.PING, frames.DESCRIBE):
            if len(body) or n:
                raise WireError(frames.MALFORMED, "this kind has no body")
            if kind == frames.PING:
                return frames.reply(kind | frames.REPLY, 0, number)
            return frames.reply(kind | frames.REPLY, len(OPERATIONS), number, self._describe())
        if kind == frames.WARM:
            return frames.reply(kind | frames.REPLY, self.warm(frames.read_execute(body, n, self.bounds.max_requests)), number)
        if kind not in (frames.SUBMIT, frames.RESULT):
            raise WireError(frames.MALFORMED, f"kind {kind}: there is none such")
        if kind == frames.SUBMIT:
            submit = frames.read_submit(body, n, self.bounds.max_requests)
            self.jobs(adds=True).submit(submit).add_done_callback(lambda f: send(self._total(f, n, number, submit.first)))
        else:
            result = frames.read_result(body)
            most = min(n, self.bounds.max_requests)
            self.jobs().result(result, most, bool(flags)).add_done_callback(lambda f: send(self._found(f, number, result.first)))
        return None

    def jobs(self, adds: bool = False) -> Jobs:
        """Raises WireError where there are none, or none are added any more."""
        if self._jobs is None:
            raise WireError(frames.JOURNAL, "this server keeps no journal: it takes no jobs")
        if adds and self.draining:
            raise WireError(frames.DRAINING, "draining: this server is about to end")
        return self._jobs

    def warm(self, execute: Execute) -> int:
        """How many requests were not known and will be. Raises as `execute`."""
        if self.draining:
            raise WireError(frames.DRAINING, "draining: this server is about to end")
        return self._service.warm(execute.rows.requests(), execute.tenant)

    def _total(self, future: Future[int], n: int, number: int, first: int) -> bytes:
        if (error := future.exception()) is not None:
            return self.refusal(number, error)
        return frames.reply(frames.SUBMIT | frames.REPLY, n, number, frames.write_job(first, future.result()))

    def _found(self, future: Future[tuple[int, int, bytes]], number: int, first: int) -> bytes:
        if (error := future.exception()) is not None:
            return self.refusal(number, error)
        total, count, answers = future.result()
        return frames.reply(frames.RESULT | frames.REPLY, count, number, frames.write_job(first, total, answers))


def wire_error(error: BaseException) -> WireError | None:
    """What the other end is told; None where it is no fault of its own and no state that is expected."""
    if isinstance(error, WireError):
        return error
    if isinstance(error, Busy):
        return WireError(frames.BUSY, str(error), max(error.retry_after, 0.001))
    if isinstance(error, InvalidInput):
        return WireError(frames.MALFORMED, str(error))
    if isinstance(error, CoprocError):  # the batcher takes nothing more
        return WireError(frames.DRAINING, str(error))
    return None


def gather(futures: Sequence[Future[Answer]], requests: Sequence[Request], done: Callable[[list[Answer]], None]) -> None:
    """Call `done` with all answers, once, when the last is there; one whose future fails is unserved."""
    left, lock = len(futures), threading.Lock()
    if not left:
        done([])
        return

    def one(_: Future[Answer]) -> None:
        nonlocal left
        with lock:
            left -= 1
            last = not left
        if last:
            done([_answer(future, request) for future, request in zip(futures, requests, strict=True)])

    for future in futures:
        future.add_done_callback(one)


def _answer(future: Future[Answer], request: Request) -> Answer:
    if (error := future.exception()) is None:
        return future.result()
    _log.error("a %s is unserved", request.op, exc_info=error)
    return unserved(request)


def unserved(request: Request) -> Answer:
    """No answer, but gas: it is a function of the bytes."""
    gas = OPERATIONS[request.op].cost(request.args, request.rules, request.align)
    return Answer(None, "unserved", None, gas, "")


def unserved_packed(batch: PackedBatch) -> PackedAnswers:
    """`unserved` of a batch."""
    from coproc.batch import unserved as columns_unserved

    return PackedAnswers.of(columns_unserved(OPERATIONS[batch.op], batch.batch(), ""))
