"""The stream: one thread reads and decodes, the coprocessor computes, answers are written in input order."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Protocol

from coproc.jobs.answers import NOTABLE, answer_tails, error_tail, job_line
from coproc.jobs.chunk import Chunk, Group
from coproc.jobs.interrupt import Interruption
from coproc.jobs.outputs import Output
from coproc.jobs.read import Pace, Reader
from coproc.jobs.tally import MAX_NOTED, Noted, Tally
from coproc.operation import Columns
from coproc.ops import OPERATIONS

WANTED_SECONDS: Final = 0.4
"""Time of a chunk: long enough to keep every core busy, short enough that progress, interrupts and resuming are fine-grained."""

MAX_ROWS: Final = 8192

Compute = Callable[[Group], Columns]


class Watcher(Protocol):
    """Told after each chunk, with the answers written."""

    def update(self, tally: Tally) -> None: ...


def run_stream(
    reader: Reader,
    compute: Compute,
    output: Output,
    tally: Tally,
    watcher: Watcher,
    interruption: Interruption,
    ahead: int = 0,
    dead: Output | None = None,
) -> None:
    """Answer every row of a job.

    ahead: chunks that are computed before those before them are answered, for machines far away. dead: gets the rows that nothing could
    serve, as job lines, before their answers are written; they can be run again.

    Raises what ends a job early: BadLine, JobError, OSError of the output, KeyboardInterrupt. Whatever it raises, the answers
    to all rows before are written.
    """
    pace = reader.pace or Pace()
    reader.pace = pace
    with _read_ahead(reader.chunks()) as chunks:
        for chunk, answered, seconds in _answered_in_order(chunks, compute, ahead):
            _adjust(pace, len(chunk), seconds)
            with interruption.held():
                if dead is not None and (letters := answered.dead(chunk)):
                    dead.write(letters)
                output.write(answered.lines)
                answered.count(chunk, tally)
                watcher.update(tally)


def _answered_in_order(chunks: Iterator[Chunk], compute: Compute, ahead: int) -> Iterator[tuple[Chunk, _Answered, float]]:
    """Each chunk with its answers and the seconds that it took, as if it had the machine to itself."""
    if not ahead:
        for chunk in chunks:
            started = time.monotonic()
            answered = _answer(chunk, compute)
            yield chunk, answered, time.monotonic() - started
        return
    waiting: deque[tuple[Chunk, Future[_Answered]]] = deque()
    with ThreadPoolExecutor(ahead + 1, "coproc-chunk") as threads:
        try:
            last = time.monotonic()
            for item in _then_none(chunks):
                if item is not None:
                    waiting.append((item, threads.submit(_answer, item, compute)))
                while waiting and (item is None or len(waiting) > ahead):
                    chunk, future = waiting.popleft()
                    answered = future.result()
                    now = time.monotonic()
                    yield chunk, answered, now - last
                    last = now
        finally:
            for _, future in waiting:
                future.cancel()


def _then_none(chunks: Iterator[Chunk]) -> Iterator[Chunk | None]:
    """The chunks and None at their end, also where they end early: whatever was read is answered before that is raised."""
    try:
        yield from chunks
    except Exception:
        yield None
        raise
    yield None


@dataclass(slots=True)
class _Batch:
    op: str
    rows: list[int]
    outcomes: list[str]
    seconds: float
    engine: str
    group: Group


@dataclass(slots=True)
class _Answered:
    """The answer lines of a chunk, and what a tally wants to know of them once they are written."""

    lines: bytes
    batches: list[_Batch]

    def dead(self, chunk: Chunk) -> bytes:
        """The rows that nothing served, as job lines."""
        return b"".join(
            job_line(chunk.ids[row], batch.group, data)
            for batch in self.batches
            if "unserved" in batch.outcomes
            for row, outcome, data in zip(batch.rows, batch.outcomes, batch.group.data, strict=True)
            if outcome == "unserved"
        )

    def count(self, chunk: Chunk, tally: Tally) -> None:
        notable: list[tuple[int, str, str, str]] = []  # row, operation, outcome, reason
        for batch in self.batches:
            tally.batch(batch.op, batch.outcomes, batch.seconds, batch.engine)
            if not NOTABLE.isdisjoint(batch.outcomes):
                rows = zip(batch.rows, batch.outcomes, strict=True)
                notable += [(row, batch.op, outcome, "") for row, outcome in rows if outcome in NOTABLE]
        for row, line in chunk.bad.items():
            op = line.op if line.op in OPERATIONS else ""  # names that are no operations are without number
            tally.bad(op)
            notable.append((row, op, "error", line.reason))
        tally.notable += len(notable)
        if notable and len(tally.noted) < MAX_NOTED:
            for row, op, outcome, reason in sorted(notable)[: MAX_NOTED - len(tally.noted)]:
                id = chunk.ids[row][:128].decode(errors="replace")
                tally.noted.append(Noted(f"{chunk.name}:{chunk.numbers[row]}", id, op, outcome, reason))
        tally.chunk(len(chunk), chunk.position)


def _answer(chunk: Chunk, compute: Compute) -> _Answered:
    tails: list[bytes] = [b""] * len(chunk)
    batches: list[_Batch] = []
    for group in chunk.groups:
        started = time.monotonic()
        columns = compute(group)
        seconds = time.monotonic() - started
        answered = answer_tails(OPERATIONS[group.op], columns)
        for row, tail in zip(group.rows, answered.tails, strict=True):
            tails[row] = tail
        batches.append(_Batch(group.op, group.rows, answered.outcomes, seconds, columns.engine, group))
    for row, line in chunk.bad.items():
        tails[row] = error_tail(line)
    pieces: list[bytes] = []
    for id, tail in zip(chunk.ids, tails, strict=True):
        pieces += (b'{"id":', id, tail)
    return _Answered(b"".join(pieces), batches)


def _adjust(pace: Pace, rows: int, seconds: float) -> None:
    wanted = rows * WANTED_SECONDS / max(seconds, 1e-6)
    pace.rows = int(min(max(wanted, 1, pace.rows / 8), pace.rows * 4, MAX_ROWS))


class _read_ahead:
    """Chunks from a thread that is one chunk ahead; what ends it early is raised here, after the chunks before it."""

    def __init__(self, chunks: Iterator[Chunk]) -> None:
        self._chunks = chunks
        self._queue: queue.Queue[Chunk | BaseException | None] = queue.Queue(maxsize=1)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, name="coproc-read", daemon=True)

    def __enter__(self) -> Iterator[Chunk]:
        self._thread.start()
        return iter(self._take, None)

    def __exit__(self, *_: object) -> None:
        self._stop.set()  # a thread that waits for input that never comes is left behind; it is a daemon

    def _take(self) -> Chunk | None:
        item = self._queue.get()
        if isinstance(item, BaseException):
            raise item
        return item

    def _read(self) -> None:
        last: BaseException | None = None
        try:
            for chunk in self._chunks:
                if not self._put(chunk):
                    return
        except BaseException as error:  # handed to whoever waits
            last = error
        self._put(last)

    def _put(self, item: Chunk | BaseException | None) -> bool:
        while not self._stop.is_set():
            try:
                self._queue.put(item, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False
