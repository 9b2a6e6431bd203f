"""What a block assumes while it runs: every verification is true, until the coprocessor has said otherwise.

A well-formed verification that nobody has answered yet becomes a claim, and the contract goes on as if it were true. Its price depends on
the argument bytes alone and is charged all the same. While claims are open, the calls from one that made a claim up to the next such call
keep one undo level of each memory that they touched. `settle` waits for the claims; calls from the first one on that relied on a wrong
claim are taken back, newest first, and run again with the answers, which are remembered.

Claims go to the coprocessor together: when the block or a window ends, or when they are many, or at once where a call takes long. At the
end of each slice of gas a call that takes long is interrupted if a claim has turned out wrong: it, or a call before it, relied on that,
so it is one of those that are taken back.

A call is thus kept only if everything that it and the calls before it were told is so, and then it is what it is in sequence: contracts
see nothing but memories, answers, gas and metadata. A round takes back a later call than the round before: the claims of all calls
before are known by then. After `ROUNDS` rounds, or where a round could bring the calls taken back over twice the block, nothing is
assumed any more: at most two executions of the block are in vain.
"""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple

from blake3 import blake3

from coproc.operation import Answer, Operation, Request

from .memory import Memory

if TYPE_CHECKING:
    from .block import BlockStats
    from .receipt import Event
    from .session import Session

ROUNDS: Final = 8
BATCH: Final = 1024  # claims that go to the coprocessor before the window ends
WINDOW: Final = 2048  # calls that can be taken back at once
WINDOW_BYTES: Final = 1 << 30  # of pages that undo levels may hold
_KNOWN_AT_MOST: Final = 1 << 16


class Interrupted(BaseException):
    """The call that ran is one of those that are taken back."""


class Memo:
    """Answers of verifications, by what they are a function of: operation, rules, alignment, argument bytes. The least used go first."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, Answer] = OrderedDict()

    @staticmethod
    def key(request: Request) -> bytes:
        """The arguments' hash, 32 bytes, and the rest."""
        return blake3(request.args).digest() + f"{request.op} {request.rules.code} {request.align}".encode()

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
        self.truths: list[bytes] = []
        self.answers: Future[list[Answer]] | None = None


class _Claim(NamedTuple):
    """A verification that is assumed to be true: the request at `place` of a batch. `call`: the first that relies on it."""

    batch: _Batch
    place: int
    call: int


class _Step:
    """What takes back a call that made a claim and those after it: undo levels and lengths below them by contract, newest last.

    `events`: those that waited for a receipt before the call.
    """

    __slots__ = ("call", "events", "levels")

    def __init__(self, call: int, events: list[Event]) -> None:
        self.call = call
        self.events = events
        self.levels: dict[bytes, tuple[Memory, int]] = {}


class Speculation:
    """The assumptions of one block that runs in a session."""

    def __init__(self, session: Session, stats: BlockStats) -> None:
        self._session = session
        self._stats = stats
        self._claims: dict[bytes, _Claim] = {}
        self._batch = _Batch()
        self._verifier: ThreadPoolExecutor | None = None
        self._steps: list[_Step] = []
        self._never: set[bytes] = set()  # to be assumed again: nothing could run them
        self._call = 0
        self._asked: dict[int, list[tuple[Request, bytes]]] = {}  # by call: what it asked when it ran last, with the memo's keys
        self._place = 0  # in that
        self._events: list[Event] = []  # that waited before this call
        self._exhausted = False
        self._wrong = False  # whether a claim that was sent is known not to be so
        self._slow = False  # whether a call took long since claims were heard

    @property
    def assuming(self) -> bool:
        """Whether something is assumed at present."""
        return bool(self._claims)

    @property
    def full(self) -> bool:
        """Whether it is time to settle."""
        if not self._claims:
            return False
        return len(self._steps) >= WINDOW or (self._slow and self._wrong) or Memory.copies() > WINDOW_BYTES

    def begin(self, call: int) -> None:
        """The call with this number is next."""
        self._call, self._place = call, 0
        self._events = self._session.events.copy()
        first = self._steps[0].call if self._steps else call
        # Too many rounds, or this one could bring what is taken back over twice the block: nothing is assumed any more.
        self._exhausted = self._stats.rounds >= ROUNDS or self._stats.reexecuted + self._stats.calls - first > 2 * self._stats.calls
        self._stats.sequential += self._exhausted

    def keep(self, contract: bytes, memory: Memory, length: int) -> None:
        """The call leaves its first undo level of a contract's memory, which was of this length before."""
        levels = self._steps[-1].levels
        if contract in levels:
            memory.apply()
        else:
            levels[contract] = memory, length

    def answer(self, operation: Operation, request: Request, *, well_formed: bool) -> Answer:
        """The answer of a verification, or that it is true."""
        key = self._key(request)
        if (known := self._session.memo.get(key)) is not None:
            self._stats.memoised += 1
            return known
        truth = operation.encode(True)
        if key not in self._claims:
            if self._exhausted or key in self._never or not well_formed:
                self._stats.direct += 1
                answer = self._session.coprocessor.submit(request).result()
                self._session.memo.put(key, answer)
                return answer
            if not self._steps or self._steps[-1].call != self._call:
                self._steps.append(_Step(self._call, self._events))
            batch = self._batch
            self._claims[key] = _Claim(batch, len(batch.requests), self._call)
            batch.requests.append(request)
            batch.truths.append(truth)
            self._stats.claims += 1
            if len(batch.requests) == BATCH:
                self._send()
        return Answer(True, "ok", truth, 0, "")

    def _key(self, request: Request) -> bytes:
        """The memo's key. A call that runs again asks the same as before as a rule, and comparing costs less than hashing."""
        asked = self._asked.setdefault(self._call, [])
        place, self._place = self._place, self._place + 1
        if place < len(asked) and asked[place][0] == request:
            return asked[place][1]
        key = Memo.key(request)
        del asked[place:]
        asked.append((request, key))
        return key

    def look(self) -> None:
        """A slice of gas is at its end: the call takes long. Raises Interrupted if it will be taken back."""
        if self._claims:
            self._slow = True
            self._send()
            if self._wrong:
                self._stats.interrupted += 1
                raise Interrupted

    def _send(self) -> None:
        batch, self._batch = self._batch, _Batch()
        if batch.requests:
            if self._verifier is None:
                self._verifier = ThreadPoolExecutor(1, "coproc-claims")
            batch.answers = self._verifier.submit(self._verify, batch)

    def _verify(self, batch: _Batch) -> list[Answer]:
        """In a thread of its own: the answers. Whatever is raised will be raised again where the contract asks."""
        try:
            answers = self._session.coprocessor.run(batch.requests)
        except BaseException:
            self._wrong = True
            raise
        self._wrong |= any(answer.retbuf != truth for answer, truth in zip(answers, batch.truths, strict=True))
        return answers

    def close(self) -> None:
        """End the thread that verifies."""
        if self._verifier is not None:
            self._verifier.shutdown()

    def settle(self) -> int | None:
        """Hear all claims. Take back every call from the first on that relied on a wrong one: its number, or None if all are so."""
        self._send()
        first: int | None = None
        for key, (batch, place, call) in self._claims.items():
            try:
                assert batch.answers is not None
                answer = batch.answers.result()[place]
                self._session.memo.put(key, answer)
                retbuf = answer.retbuf
                if answer.status == "unserved":
                    self._never.add(key)
            except Exception:  # it will be raised where the contract asks
                self._never.add(key)
                retbuf = None
            if retbuf != batch.truths[place]:
                self._stats.wrong += 1
                first = call if first is None else min(first, call)
        self._claims.clear()
        self._asked = {call: asked for call, asked in self._asked.items() if first is not None and call >= first}
        self._wrong = self._slow = False
        while self._steps:
            step = self._steps.pop()
            if first is None or step.call < first:
                for memory, _ in step.levels.values():
                    memory.apply()
            else:
                self._take_back(step)
        if first is not None:
            self._stats.rounds += 1
            self._stats.reexecuted += self._call + 1 - first
        return first

    def _take_back(self, step: _Step) -> None:
        for contract, (memory, length) in reversed(step.levels.items()):
            memory.revert()
            if memory.length != length:
                memory.length = length
                self._session.drop_instance(contract)
        self._session.events = step.events
