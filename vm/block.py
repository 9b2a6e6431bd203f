"""A block of calls: `execute_block`, one call after the other or by speculation, with the same outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .speculation import Speculation

if TYPE_CHECKING:
    from .receipt import Receipt
    from .session import Call, Session


@dataclass(slots=True)
class BlockStats:
    """How a block was executed; nothing of it is part of the outcome.

    calls        of the block
    claims       verifications that were assumed to be true
    wrong        claims that were not
    memoised     verifications answered from those that the session knew
    direct       verifications that were waited for
    rounds       times that calls were taken back
    reexecuted   calls that were taken back, all rounds together
    sequential   calls executed without assumptions, after too many rounds (or because that was asked for)
    interrupted  calls that were stopped in the middle, because they were going to be taken back
    """

    calls: int
    claims: int = 0
    wrong: int = 0
    memoised: int = 0
    direct: int = 0
    rounds: int = 0
    reexecuted: int = 0
    sequential: int = 0
    interrupted: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """`receipts`: one a call, in order. `root`: the state root behind the last call, 32 bytes. Nothing is committed."""

    receipts: list[Receipt]
    root: bytes
    stats: BlockStats = field(compare=False)


def execute_block(session: Session, calls: Sequence[Call], *, speculate: bool) -> Block:
    """Execute calls in order. Where something could not run at all, the exception leaves the session with the calls before that one."""
    stats = BlockStats(len(calls))
    if speculate:
        receipts = _speculate(session, calls, stats)
    else:
        receipts = [session.run_call(call) for call in calls]
        stats.sequential = len(calls)
    return Block(receipts, session.root(), stats)


def _speculate(session: Session, calls: Sequence[Call], stats: BlockStats) -> list[Receipt]:
    """Run on; at the end of a window hear what was assumed, and go on from the first call that relied on what is not so."""
    receipts: list[Receipt] = []
    speculation = session.speculation = Speculation(session, stats)
    try:
        while True:
            failure: BaseException | None = None
            if len(receipts) < len(calls):
                speculation.begin(len(receipts))
                try:
                    receipts.append(session.run_call(calls[len(receipts)]))
                except BaseException as error:  # as true as what was assumed; `Interrupted` where that is not so
                    failure = error
            if failure is None and len(receipts) < len(calls) and not speculation.full:
                continue
            wrong = speculation.settle()
            if wrong is not None:
                del receipts[wrong:]
            elif failure is not None:
                raise failure
            elif len(receipts) == len(calls):
                return receipts
    finally:
        session.speculation = None
        speculation.close()
