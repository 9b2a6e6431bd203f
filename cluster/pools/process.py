"""`WorkerProcess`: one worker process, from its start to its end, spoken to by one thread."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from socket import SO_RCVBUF, SO_SNDBUF, SOL_SOCKET, socketpair
from typing import Final

from coproc.errors import EngineError, EngineLost, EngineUnavailable

from . import pipe
from .protocol import PackedAnswers, PackedBatch

COMMAND: Final = (sys.executable, "-m", "coproc.cluster.worker")
_BUFFER: Final = 1 << 20


class StartLost(EngineUnavailable):
    """A worker was killed while it came up, which says nothing of the next one."""


class WorkerProcess:
    """A worker that runs. Not for several threads at once, `kill` apart."""

    def __init__(self, engine: str | None, command: Sequence[str], start_seconds: float) -> None:
        """Raises EngineUnavailable where it does not come up, and says why; StartLost where it was killed."""
        ours, theirs = socketpair()
        with theirs:
            for sock in (ours, theirs):
                for option in (SO_SNDBUF, SO_RCVBUF):
                    sock.setsockopt(SOL_SOCKET, option, _BUFFER)
            words = [*command, "--fd", str(theirs.fileno()), *(("--engine", engine) if engine else ())]
            try:
                self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, pass_fds=(theirs.fileno(),), start_new_session=True)
            except OSError as error:
                ours.close()
                raise EngineUnavailable(f"a worker cannot be started: {error}") from None
        self._socket = ours
        self._number = 0
        try:
            ours.settimeout(start_seconds)
            kind, text = pipe.receive_word(ours)
        except (pipe.PipeError, OSError) as error:
            self.end()
            killed = not isinstance(error, TimeoutError) and self._process.returncode < 0
            what = StartLost if killed else EngineUnavailable
            raise what(f"a worker did not come up ({_ending(self._process.returncode)}): {error}") from None
        if kind == pipe.FAILED:
            self.end()
            raise EngineUnavailable(text)
        self.engine = text

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def answer(self, batch: PackedBatch, seconds: float) -> PackedAnswers:
        """The answers of a batch, within so many seconds.

        Raises EngineLost where the worker died, took too long or spoke nonsense, after which it is no more; EngineError where it lives
        and says that it has no answers.
        """
        self._number += 1
        try:
            self._socket.settimeout(seconds)
            pipe.send_batch(self._socket, self._number, batch)
            answers = pipe.receive_answers(self._socket, self._number, batch)
        except (pipe.PipeError, OSError) as error:
            self.end()
            raise EngineLost(f"worker {self.pid} is gone ({_ending(self._process.returncode)}): {error}") from None
        if isinstance(answers, str):
            raise EngineError(f"worker {self.pid}: {answers}")
        if not answers.fits(batch):
            self.end()
            raise EngineLost(f"worker {self.pid} sent what are no answers")
        return answers

    def kill(self) -> None:
        """From any thread: end it at once."""
        with suppress(ProcessLookupError):
            self._process.kill()

    def end(self) -> None:
        """End it and wait until it is gone."""
        self._socket.close()
        self.kill()
        self._process.wait()


def _ending(code: int | None) -> str:
    """How a process ended, in words."""
    if code is None:
        return "running"
    if code >= 0:
        return f"exit status {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def alive(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
