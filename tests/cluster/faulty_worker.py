"""A worker that dies of requests which end in certain bytes: `python -m tests.cluster.faulty_worker --fd N`."""

from __future__ import annotations

import os
import signal
import sys
import time
from ctypes import string_at

from coproc.cluster.answerer import Answerer
from coproc.cluster.pools.protocol import PackedAnswers, PackedBatch
from coproc.cluster.worker import connected, serve
from coproc.engine.select import select

SEGV, ABRT, KILL, HANG, RAISE, EXIT, LIE = (bytes((0xF0 + i,)) * 8 for i in range(7))


def faulty(answer: Answerer, batch: PackedBatch) -> PackedAnswers:
    """The answers, unless something in the batch is deadly."""
    for i in range(len(batch)):
        mark = batch.args(i)[-8:]
        if mark == SEGV:
            string_at(0)
        elif mark == ABRT:
            os.abort()
        elif mark == KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        elif mark == HANG:
            time.sleep(3600)
        elif mark == RAISE:
            raise RuntimeError("a kernel that raises")
        elif mark == EXIT:
            os._exit(0)
        elif mark == LIE:
            answers = answer(batch)
            return PackedAnswers(answers.status + 7, answers.value, answers.retbuf, answers.gas, answers.engine)
    return answer(batch)


def main() -> None:
    sock, name = connected()
    engine = select(name)
    answer = Answerer(engine)
    serve(sock, engine.name, lambda batch: faulty(answer, batch))


if __name__ == "__main__":
    sys.exit(main())
