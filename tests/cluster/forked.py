"""`Forked`: `coproc serve` again and again without its imports: each life is a fork of a process that has done nothing else.

A life costs what it does with the journal and the socket; the half second of a processor that Python needs to find its modules is spent
once. `python -m tests.cluster.forked` is that process: a line {"argv": …, "log": …} starts a life and is answered with its number, the end
of the life with its exit status.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from types import TracebackType

from .processes import Served

IMPORTS = (
    "coproc.cli.app", "coproc.cli.console", "coproc.cli.outcome", "coproc.cluster.server.serve", "coproc.cluster.server.logs",
    "coproc.cluster.crosscheck", "coproc.cluster.pools.processes", "coproc.engine.cpu", "coproc.replay",
)  # fmt: skip
"""What a life would import."""


class Life:
    """What `Served` needs of a process."""

    def __init__(self, nursery: subprocess.Popen[bytes], pid: int) -> None:
        self._nursery, self.pid = nursery, pid
        self._status: int | None = None

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def poll(self) -> int | None:
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        status = self._look(timeout)
        if status is None:
            raise subprocess.TimeoutExpired("serve", timeout or 0)
        return status

    def _look(self, timeout: float | None) -> int | None:
        out = self._nursery.stdout
        assert out is not None
        if self._status is None and select.select([out], [], [], timeout)[0]:
            self._status = int(out.readline())
        return self._status


class Forked(Served):
    """A server that runs, in one life after another. A context manager that starts none by itself."""

    def __init__(self, folder: Path, *options: str, journal: bool = True) -> None:
        super().__init__(folder, *options, journal=journal)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COPROC_SERVE_")}
        command = [sys.executable, "-m", __name__]
        self._nursery = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, bufsize=0)

    def spawn(self) -> None:
        words = {"argv": self.words(), "log": str(self.log)}
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.write(json.dumps(words).encode() + b"\n")
        self.process = Life(self._nursery, int(self._nursery.stdout.readline()))

    def __enter__(self) -> Forked:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        super().__exit__(kind, value, trace)
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.close()
        self._nursery.wait(30)
        self._nursery.stdout.close()


def main() -> None:
    """One life at a time, until the input ends."""
    from coproc.cli import main as command

    for name in IMPORTS:
        import_module(name)
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        command(["serve", "--help"])  # so does the command line, of what it needs
    while line := sys.stdin.readline():
        asked = json.loads(line)
        pid = os.fork()
        if not pid:
            nothing = os.open(os.devnull, os.O_RDWR)
            log = os.open(asked["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            for descriptor, onto in ((nothing, 0), (nothing, 1), (log, 2)):
                os.dup2(descriptor, onto)
            status = 1
            try:
                status = command(asked["argv"])
            finally:
                sys.stderr.flush()
                os._exit(status)
        print(pid, flush=True)
        status = os.waitpid(pid, 0)[1]
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
