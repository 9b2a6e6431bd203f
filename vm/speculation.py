"""What a block assumes while it runs: every verification is true, until the coprocessor has said otherwise.

A well-formed verification that nobody has answered yet becomes a claim: it is submitted, and the contract goes on as if it were true.
Its price depends on the argument bytes alone and is charged all the same. While claims are open, every call that succeeds keeps one undo
level of each memory that it touched. `settle` waits for the claims; calls from the first one on that relied on a wrong claim are taken
back, newest first, and run again with the answers, which are remembered.

A call is thus kept only if everything that it and the calls before it were told is so, and then it is what it is in sequence: contracts
see nothing but memories, answers, gas and metadata. A round takes back a later call than the round before: the claims of all calls
before are known by then. After `ROUNDS` rounds, or where a round could bring the calls taken back over twice the block, nothing is
assumed any more: at most two executions of the block are in vain.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple

from blake3 import blake3

from coproc.operation import Answer, Operation, Request
from coproc.wire import rkyv

if TYPE_CHECKING:
    from .block import BlockStats
    from .memory import Memory
    from .receipt import Event
    from .session import Session

ROUNDS: Final = 8
BATCH: Final = 64  # claims that go to the coprocessor together
WINDOW: Final = 512  # calls that keep undo levels at once
WINDOW_BYTES: Final = 1 << 30  # by which a window may make the process grow: undo levels hold pages
_KNOWN_AT_MOST: Final = 1 << 16
_OS_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class Memo:
    """Answers of verifications, by what they are a function of: operation, rules, alignment, argument bytes. The least used go first."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, Answer] = OrderedDict()

    @staticmethod
    def key(request: Request) -> bytes:
        """32 bytes."""
        return blake3(f"{request.op} {request.rules.code} {request.align} ".encode() + request.args).digest()

    def get(self, key: bytes) -> Answer | None:
        answer = self._known.get(key)
        if answer is not None:
            self._known.move_to_end(key)
        return answer

    def put(self, key: bytes, answer: Answer) -> None:
        """Remember an answer; that nothing could run a request is none."""
        if answer.status == "unserved":
            return
        self._known[key] = answer
        if len(self._known) > _KNOWN_AT_MOST:
            self._known.popitem(last=False)


class _Batch:
    """Claims that are answered together. `answers`: None until they are on their way."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answers: Future[list[Answer]] | None = None


class _Claim(NamedTuple):
    """A verification that is assumed to be true: the request at `place` of a batch. `call`: the first that relies on it."""

    batch: _Batch
    place: int
    call: int
    truth: bytes


class _Undo(NamedTuple):
    """One undo level of a memory, and its length below it."""

    contract: bytes
    memory: Memory
    length: int


class _Step(NamedTuple):
    """What takes a call back. `events`: those that waited for a receipt before it."""

    call: int
    events: list[Event]
    levels: list[_Undo]


class Speculation:
    """The assumptions of one block that runs in a session."""

    def __init__(self, session: Session, stats: BlockStats) -> None:
        self._session = session
        self._stats = stats
        self._claims: dict[bytes, _Claim] = {}
        self._batch = _Batch()
        self._verifier = ThreadPoolExecutor(1, "coproc-claims")
        self._steps: list[_Step] = []
        self._never: set[bytes] = set()  # to be assumed again: nothing could run them
        self._resident = 0
        self._call = 0

    @property
    def assuming(self) -> bool:
        """Whether something is assumed at present."""
        return bool(self._claims)

    @property
    def full(self) -> bool:
        """Whether it is time to settle."""
        return self.assuming and (len(self._steps) >= WINDOW or _resident() > self._resident + WINDOW_BYTES)

    @property
    def _exhausted(self) -> bool:
        """Whether nothing may be assumed any more: too many rounds, or this one could bring what is taken back over twice the block."""
        at_stake = self._stats.calls - self._steps[0].call
        return self._stats.rounds >= ROUNDS or self._stats.reexecuted + at_stake > 2 * self._stats.calls

    def begin(self, call: int) -> None:
        """The call with this number is next."""
        self._call = call
        if not self.assuming:  # nothing before this call needs taking back
            self._steps.clear()
        self._steps.append(_Step(call, list(self._session.events), []))
        self._stats.sequential += self._exhausted

    def keep(self, contract: bytes, memory: Memory, length: int) -> None:
        """The call leaves its first undo level of a contract's memory, which was of this length before."""
        self._steps[-1].levels.append(_Undo(contract, memory, length))

    def answer(self, operation: Operation, request: Request) -> Answer:
        """The answer of a verification, or that it is true."""
        key = Memo.key(request)
        if (known := self._session.memo.get(key)) is not None:
            self._stats.memoised += 1
            return known
        truth = operation.encode(True)
        if key not in self._claims:
            malformed = rkyv.read(operation.layout, request.args, request.align) is None
            if malformed or self._exhausted or key in self._never:
                self._stats.direct += 1
                answer = self._session.coprocessor.submit(request).result()
                self._session.memo.put(key, answer)
                return answer
            if not self.assuming:
                self._resident = _resident()
            self._claims[key] = _Claim(self._batch, len(self._batch.requests), self._call, truth)
            self._batch.requests.append(request)
            self._stats.claims += 1
            if len(self._batch.requests) == BATCH:
                self._send()
        return Answer(True, "ok", truth, 0, "")

    def _send(self) -> None:
        batch, self._batch = self._batch, _Batch()
        if batch.requests:
            batch.answers = self._verifier.submit(self._session.coprocessor.run, batch.requests)

    def close(self) -> None:
        """End the thread that verifies."""
        self._verifier.shutdown()

    def settle(self) -> int | None:
        """Hear all claims. Take back every call from the first on that relied on a wrong one: its number, or None if all are so."""
        self._send()
        first: int | None = None
        for key, claim in self._claims.items():
            try:
                assert claim.batch.answers is not None
                answer = claim.batch.answers.result()[claim.place]
                self._session.memo.put(key, answer)
                retbuf = answer.retbuf
                if answer.status == "unserved":
                    self._never.add(key)
            except Exception:  # it will be raised where the contract asks
                self._never.add(key)
                retbuf = None
            if retbuf != claim.truth:
                self._stats.wrong += 1
                first = claim.call if first is None else min(first, claim.call)
        self._claims.clear()
        while self._steps:
            step = self._steps.pop()
            if first is None or step.call < first:
                for level in step.levels:
                    level.memory.apply()
            else:
                self._take_back(step)
        if first is not None:
            self._stats.rounds += 1
            self._stats.reexecuted += self._call + 1 - first
        return first

    def _take_back(self, step: _Step) -> None:
        for contract, memory, length in step.levels:
            memory.revert()
            if memory.length != length:
                memory.length = length
                self._session.drop_instance(contract)
        self._session.events = step.events


def _resident() -> int:
    """Bytes of memory that this process has in use."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * _OS_PAGE
