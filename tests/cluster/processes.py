"""`coproc serve` in a process of its own, that can be killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from time import monotonic, perf_counter, sleep
from types import TracebackType
from typing import Any, Protocol

from coproc.cluster.client import Client


class Process(Protocol):
    """What is needed of a process: `subprocess.Popen` has it."""

    pid: int

    def kill(self) -> None: ...
    def send_signal(self, number: int, /) -> None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...


class Served:
    """A server that runs; its log goes to a file beside the socket."""

    def __init__(self, folder: Path, *options: str, journal: bool = True) -> None:
        self.folder, self.options = folder, options
        self.uds, self.log = folder / "s", folder / "log"
        self.journal = ["--journal", str(folder / "journal")] if journal else []
        self.process: Process | None = None

    def start(self, seconds: float = 60.0) -> float:
        """Returns once it answers; seconds until then."""
        start = perf_counter()
        self.spawn()
        assert self.process is not None
        end = monotonic() + seconds
        with Client(self.uds, seconds) as client:
            while True:
                try:
                    client.wait(0.5)
                except Exception:
                    if self.process.poll() is not None or monotonic() > end:
                        raise AssertionError(self.log.read_text()[-2000:]) from None
                else:
                    return perf_counter() - start

    def words(self) -> list[str]:
        """Of the command line, behind `coproc`."""
        return ["serve", "--uds", str(self.uds), *self.journal, *self.options]

    def spawn(self) -> None:
        """Start the process."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COPROC_SERVE_")}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "coproc", *self.words()], stderr=log, env=environment)

    def told(self) -> dict[str, Any]:
        """What the server said when it began to serve: its addresses and ports."""
        end = monotonic() + 30
        while monotonic() < end:
            for line in reversed(self.log.read_text().splitlines()):
                with suppress(ValueError):
                    said: dict[str, Any] = json.loads(line)
                    if said["event"] == "serving" and said["pid"] == self.pid:
                        return said
            sleep(0.01)
        raise AssertionError(self.log.read_text()[-2000:])

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self, seconds: float = 60.0) -> int:
        """SIGTERM; the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def children(self) -> list[int]:
        """Processes that it started and that run."""
        found = []
        threads = Path(f"/proc/{self.pid}/task").iterdir()
        for pid in [int(word) for thread in threads for word in (thread / "children").read_text().split()]:
            with suppress(OSError):
                if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                    found.append(pid)
        return found

    def processor_seconds(self) -> float:
        """Of all its threads, so far: what others do on the machine does not count."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident(self) -> int:
        """Bytes of memory."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) << 10
        raise AssertionError("no VmRSS")

    def __enter__(self) -> Served:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
