"""Futures of a service that are done: `when_all` waits for several without a thread, `settled` reads answers that never fail."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Final

from coproc.batch import unserved
from coproc.operation import Answer, Request
from coproc.ops import OPERATIONS

from .pools.protocol import PackedAnswers, PackedBatch

_log: Final = logging.getLogger("coproc.cluster")


def when_all(futures: Sequence[Future[Any]], done: Callable[[], None]) -> None:
    """Call `done`, once, when the last is done; at once where there is none.

    `done` is let go of then: it often holds the futures, and a future holds its callbacks for ever. Megabytes would wait for the collector.
    """
    left, lock, call = len(futures), threading.Lock(), [done]

    def one(_: Future[Any]) -> None:
        nonlocal left
        with lock:
            left -= 1
            last = not left
        if last:
            call.pop()()

    del done
    for future in futures:
        future.add_done_callback(one)
    if not futures:
        call.pop()()


def settled(future: Future[PackedAnswers], batch: PackedBatch) -> PackedAnswers:
    """The answers of a future that is done; unserved where it failed, with gas, which is a function of the bytes."""
    if (error := future.exception()) is None:
        return future.result()
    _log.error("%d %s are unserved", len(batch), batch.op, exc_info=error)
    return PackedAnswers.of(unserved(OPERATIONS[batch.op], batch.batch(), ""))


def settled_one(future: Future[Answer], request: Request) -> Answer:
    """`settled` of a request."""
    if (error := future.exception()) is None:
        return future.result()
    _log.error("a %s is unserved", request.op, exc_info=error)
    gas = OPERATIONS[request.op].cost(request.args, request.rules, request.align)
    return Answer(None, "unserved", None, gas, "")
