"""A worker process: `python -m coproc.cluster.worker --fd N [--engine E]`, started by `ProcessPool`.

It says which engine it has, then answers batches one after another until the other end hangs up. When that happens in the middle of a
batch it ends at once: nobody waits for the answers any more.
"""

from __future__ import annotations

import argparse
import os
import resource
import select as polling
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from socket import socket
from typing import Final

from coproc.engine.select import select
from coproc.errors import CoprocError

from .answerer import Answerer
from .freed import keep_freed
from .pools import pipe
from .pools.protocol import PackedAnswers, PackedBatch

HUNG_UP: Final = 0


def serve(sock: socket, engine: str, answer: Callable[[PackedBatch], PackedAnswers]) -> None:
    """Answer batches until the other end hangs up. An exception of `answer` is told, and no answer."""
    pipe.send_word(sock, pipe.HELLO, 0, engine)
    threading.Thread(target=_leave_with, args=(sock,), name="coproc-hang-up", daemon=True).start()
    with suppress(pipe.PipeError, ConnectionError):
        while True:
            number, batch = pipe.receive_batch(sock)
            try:
                answers = answer(batch)
            except Exception as error:
                pipe.send_word(sock, pipe.FAILED, number, f"{type(error).__name__}: {error}")
            else:
                pipe.send_answers(sock, number, answers)


def _leave_with(sock: socket) -> None:
    """End this process when the other end hangs up."""
    poll = polling.poll()
    poll.register(sock.fileno(), polling.POLLRDHUP)
    with suppress(OSError):
        poll.poll()
        os._exit(HUNG_UP)


def connected(argv: Sequence[str] | None = None) -> tuple[socket, str | None]:
    """The socket and the engine of the command line; signals and limits of a worker are set.

    The one who started it decides when it ends: an interrupt at the terminal reaches both.
    """
    parser = argparse.ArgumentParser(prog="python -m coproc.cluster.worker", description="A worker of a process pool.")
    parser.add_argument("--fd", type=int, required=True, metavar="N", help="descriptor of the socket to the pool")
    parser.add_argument("--engine", metavar="E", help="the engine (the default: what auto takes)")
    args = parser.parse_args(argv)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    return socket(fileno=args.fd), args.engine


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0 when the pool hung up, 2 where the engine cannot be had."""
    sock, name = connected(argv)
    keep_freed()
    try:
        engine = select(name)
    except CoprocError as error:
        pipe.send_word(sock, pipe.FAILED, 0, str(error))
        return 2
    serve(sock, engine.name, Answerer(engine))
    return 0


if __name__ == "__main__":
    sys.exit(main())
