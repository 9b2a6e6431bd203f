"""`Desk`: takes payloads, from whichever server, to the batcher and the jobs, and their answers back as replies."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from time import perf_counter
from typing import Final, Protocol, TypeVar

import numpy as np

from coproc.cluster import frames
from coproc.cluster.clock import Clock
from coproc.cluster.frames import Execute, Result, Submit, WireError
from coproc.cluster.pools.protocol import PackedAnswers, PackedBatch
from coproc.cluster.service import Service
from coproc.cluster.settled import settled, settled_one, when_all
from coproc.cluster.ticket import NO_DEADLINE, Busy, Ticket
from coproc.errors import CoprocError, InvalidInput
from coproc.operation import STATUS_NAMES, Answer, Request
from coproc.ops import OPERATIONS

from .bounds import Bounds
from .counters import Counters
from .held import Held
from .peers import TRUSTED, Peers, tenant

_log: Final = logging.getLogger("coproc.cluster.server")
Send = Callable[[bytes], None]
"""Takes the frame of a reply, from any thread."""


Asked = TypeVar("Asked", Execute, Submit, Result)


class Jobs(Protocol):
    """Requests that are kept on disk until their answers were read. Safe from any number of threads; futures raise WireError."""

    def submit(self, submit: Submit) -> Future[int]:
        """How many requests the job has, once they are on disk."""

    def result(self, result: Result, most: int, forget: bool) -> Future[tuple[int, int, bytes]]:
        """How many requests the job has, how many answers follow, and the answers."""


class Desk:
    """Safe from any number of threads."""

    def __init__(
        self,
        service: Service,
        clock: Clock,
        bounds: Bounds,
        describe: Callable[[], bytes],
        jobs: Jobs | None = None,
        peers: Peers | None = None,
    ) -> None:
        """describe: the body of the reply to DESCRIBE."""
        self._service, self._clock, self._describe, self._jobs = service, clock, describe, jobs
        self.bounds, self.peers = bounds, peers or Peers()
        self.held = Held(bounds.max_bytes)
        self.counters = Counters()
        self.draining = False

    def take(self, payload: bytes, send: Send, peer: str = TRUSTED) -> bytes | None:
        """The frame of the reply, where it is known at once; else None, and `send` gets it later, exactly once. Never raises.

        peer: below whose name the tenant of the payload is (`peers.tenant`).
        """
        number = 0
        try:
            kind, flags, n, number = head = frames.read_header(payload)
            self.counters.frames[kind] += 1
            if flags and (kind != frames.RESULT or flags != frames.FORGET):
                raise WireError(frames.MALFORMED, f"flags {flags:#06x}: none of them is known")
            if kind == frames.EXECUTE:
                return self._execute(payload, n, number, send, peer)
            return self._other(payload, head, send, peer)
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
        start, kind, rows = perf_counter(), execute.kind, execute.rows
        deadline = self._clock.now() + execute.deadline_ms / 1000 if execute.deadline_ms else NO_DEADLINE
        future: Future[bytes] = Future()

        def done(body: bytes) -> None:
            self.counters.latency[kind].add(perf_counter() - start)
            future.set_result(body)

        if len(rows) == 1:
            (request,) = rows.requests()
            answer = self._service.submit(Ticket(request, kind, deadline, execute.tenant))
            answer.add_done_callback(lambda f: done(self._written(settled_one(f, request))))
            return future
        parts = rows.packed()
        answers = self._service.submit_batches([batch for _, batch in parts], kind, deadline, execute.tenant)
        when_all(answers, lambda: done(self._packed(len(rows), parts, answers)))
        return future

    def _execute(self, payload: bytes, n: int, number: int, send: Send, peer: str) -> bytes | None:
        execute = frames.read_execute(memoryview(payload)[frames.HEADER.size :], n, self.bounds.max_requests)
        if len(execute.rows) == 1 and not self.draining and (known := self._known(execute, execute.rows.requests()[0])) is not None:
            return frames.reply(frames.EXECUTE | frames.REPLY, n, number, known)
        future = self.execute(_below(peer, execute))
        if future.done():
            return frames.reply(frames.EXECUTE | frames.REPLY, n, number, future.result())
        future.add_done_callback(lambda f: send(self._reply(frames.EXECUTE, n, number, f)))
        return None

    def _known(self, execute: Execute, request: Request) -> bytes | None:
        """The body of the reply to a request that the memo knows, without a future: this is what most frames of a node ask."""
        start = perf_counter()
        answer = self._service.peek(request)
        if answer is None:
            return None
        body = self._written(answer)
        self.counters.latency[execute.kind].add(perf_counter() - start)
        return body

    def _reply(self, kind: int, n: int, number: int, future: Future[bytes]) -> bytes:
        if (error := future.exception()) is not None:
            return self.refusal(number, error)
        return frames.reply(kind | frames.REPLY, n, number, future.result())

    def _written(self, answer: Answer) -> bytes:
        self.counters.answers[answer.status] += 1
        return frames.write_answer(answer)

    def _packed(self, n: int, parts: Sequence[tuple[list[int] | None, PackedBatch]], futures: Sequence[Future[PackedAnswers]]) -> bytes:
        found = [settled(future, batch) for (_, batch), future in zip(parts, futures, strict=True)]
        for answers in found:
            for status, count in enumerate(np.bincount(answers.status, minlength=len(STATUS_NAMES)).tolist()):
                self.counters.answers[STATUS_NAMES[status]] += count
        return frames.write_parts(n, parts, found)

    # ---- the other kinds ----
    def describe(self) -> bytes:
        return self._describe()

    def _other(self, payload: bytes, head: frames.Header, send: Send, peer: str) -> bytes | None:
        kind, flags, n, number = head
        body = memoryview(payload)[frames.HEADER.size :]
        if kind in (frames.PING, frames.DESCRIBE):
            if len(body) or n:
                raise WireError(frames.MALFORMED, "this kind has no body")
            if kind == frames.PING:
                return frames.reply(kind | frames.REPLY, 0, number)
            return frames.reply(kind | frames.REPLY, len(OPERATIONS), number, self._describe())
        if kind == frames.WARM:
            execute = frames.read_execute(body, n, self.bounds.max_requests)
            return frames.reply(kind | frames.REPLY, self.warm(_below(peer, execute)), number)
        if kind not in (frames.SUBMIT, frames.RESULT):
            raise WireError(frames.MALFORMED, f"kind {kind}: there is none such")
        if kind == frames.SUBMIT:
            submit = _below(peer, frames.read_submit(body, n, self.bounds.max_requests))
            self.jobs(adds=True).submit(submit).add_done_callback(lambda f: send(self._total(f, n, number, submit.first)))
        else:
            result = _below(peer, frames.read_result(body))
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
        return self._service.warm([batch for _, batch in execute.rows.packed()], execute.tenant)

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


def _below(peer: str, asked: Asked) -> Asked:
    """What a peer asks, with the tenant that this is."""
    return asked._replace(tenant=tenant(peer, asked.tenant))
