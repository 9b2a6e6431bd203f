"""A Ray cluster of this machine alone: started, looked at and ended. A real one is Ray's own business (docs/cluster.md).

Each node is a process of Ray's command line that stays in the foreground of a session of its own, and ends its node when it is told to.
The file `cluster.json` in the cache folder says which they are, so `down` ends what `up` started and nothing else of Ray's on the machine.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from socket import AF_INET, SOCK_STREAM, socket
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Final

from coproc.errors import EngineUnavailable
from coproc.settings import cache_folder

if TYPE_CHECKING:
    from .pools.gateway import Gateway

HOST: Final = "127.0.0.1"
PORT: Final = 6379
TRIES: Final = 3
"""A loaded machine may be too slow for Ray, which gives its own processes 30 seconds."""
_STARTED: Final = b"Ray runtime started."
_START_SECONDS: Final = 120.0
_END_SECONDS: Final = 20.0


@dataclass(frozen=True)
class Laptop:
    """A cluster that was started here. pids: of the nodes' processes, the head's first."""

    address: str
    pids: list[int] = field(default_factory=list)

    def alive(self) -> list[int]:
        """The nodes that run."""
        return [pid for pid in self.pids if _is_ray(pid)]


def _file() -> Path:
    return cache_folder() / "cluster.json"


def known() -> Laptop | None:
    """The cluster that `up` started, if its head runs."""
    laptop = _started_here()
    return laptop if laptop and laptop.pids and _is_ray(laptop.pids[0]) else None


def _started_here() -> Laptop | None:
    """The cluster that `up` started last, whatever of it still runs."""
    try:
        found = json.loads(_file().read_bytes())
        return Laptop(str(found["address"]), [int(pid) for pid in found["pids"]])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def token() -> dict[str, str]:
    """The environment in which Ray asks for the token of this machine's cluster, and knows it."""
    return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(_token_file())}


QUIET: Final = {
    "RAY_enable_metrics_collection": "0",
    "RAY_task_events_report_interval_ms": "0",
    "RAY_enable_timeline": "0",
    "RAY_event_stats": "0",
}
"""Ray's figures of itself, for a dashboard that is not there; each question costs less without."""


def _token_file() -> Path:
    return cache_folder() / "cluster.token"


def _make_token() -> None:
    """A new token, which only this user can read."""
    file = _token_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w") as out:
        out.write(secrets.token_hex(32))


def up(nodes: int = 1, cpus: int | None = None, port: int = PORT) -> Laptop:
    """Start a head and nodes - 1 more, each with `cpus` slots (None: the processors of this machine, shared out).

    Ray listens on every interface, so whoever calls must know a token, which lies in the cache folder. Raises EngineUnavailable.
    """
    if find_spec("ray") is None:
        raise EngineUnavailable("Ray is not installed: pip install 'coproc[cluster]'")
    running = _started_here()
    if running is not None and running.alive():
        raise EngineUnavailable(f"a cluster runs already at {running.address}: coproc cluster down ends it")
    if _taken(port):
        raise EngineUnavailable(f"something listens at port {port} already: --port takes another one")
    _make_token()
    slots = cpus or max(1, (os.cpu_count() or 1) // nodes)
    address = f"{HOST}:{port}"
    pids: list[int] = []
    try:
        for node in range(nodes):
            where = ["--head", f"--port={port}", "--include-dashboard=false"] if node == 0 else [f"--address={address}"]
            pids.append(_start(node, [*where, f"--num-cpus={slots}"]))
            laptop = Laptop(address, pids)
            _file().write_text(json.dumps(asdict(laptop)))
    except BaseException:
        _end(pids)
        _file().unlink(missing_ok=True)
        raise
    return laptop


def _taken(port: int) -> bool:
    """Whether somebody listens there: Ray would say so after three tries, at some length."""
    with socket(AF_INET, SOCK_STREAM) as one:
        return one.connect_ex((HOST, port)) == 0


def down() -> Laptop | None:
    """End the cluster that `up` started, also where its head is gone already; None where there is none."""
    laptop = _started_here()
    running = laptop is not None and bool(laptop.alive())
    if laptop is not None:
        _end(list(reversed(laptop.pids)))
    _file().unlink(missing_ok=True)
    return laptop if running else None


def _start(node: int, options: list[str]) -> int:
    """Start a node and wait until it is up; its process."""
    log = cache_folder() / f"cluster-{node}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-m", "ray.scripts.scripts", "start", f"--node-ip-address={HOST}", "--disable-usage-stats", "--block"]
    words += ["--include-log-monitor=false"]
    for left in reversed(range(TRIES)):
        with log.open("wb") as out:
            process = subprocess.Popen(
                [*words, *options],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                env=QUIET | os.environ | token(),
            )
        end = monotonic() + _START_SECONDS
        while process.poll() is None and monotonic() < end:
            if _STARTED in log.read_bytes():
                return process.pid
            sleep(0.2)
        _end([process.pid])
        process.wait()
        if not left:
            break
    last = next((line for line in reversed(log.read_text(errors="replace").splitlines()) if line.strip()), "it says nothing")
    raise EngineUnavailable(f"Ray does not start: {last.strip()} ({log})")


def _end(pids: list[int]) -> None:
    """Tell nodes to end, and wait until they have."""
    for pid in pids:
        if _is_ray(pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
    end = monotonic() + _END_SECONDS
    while any(_is_ray(pid) for pid in pids) and monotonic() < end:
        sleep(0.1)
    for pid in pids:
        if _is_ray(pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)  # its reaper ends what it started


def _is_ray(pid: int) -> bool:
    """Whether a process is one that `up` starts: numbers of processes come again."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"ray.scripts.scripts" in words and b"--block" in words


def nodes_of(address: str) -> list[dict[str, Any]]:
    """The nodes of a cluster: address, id, alive, cpus, gpus. Raises EngineUnavailable."""
    with _gateway(address, most=0) as gateway:
        return gateway.nodes()


def workers_of(address: str, seconds: float = 60.0) -> dict[str, str]:
    """Start a worker on each slot and say which engine it has; those that are up in time. Raises EngineUnavailable."""
    with _gateway(address) as gateway:
        gateway.wait_until_up(1, seconds)
        gateway.wait_for_all(seconds)
        return gateway.workers()


def _gateway(address: str, most: int | None = None) -> Gateway:
    """One that is connected. Raises EngineUnavailable."""
    from .pools.gateway import CONNECT_SECONDS, Gateway

    gateway = Gateway(address, most=most)
    why = gateway.wait_until_connected(CONNECT_SECONDS)
    if why:
        gateway.close()
        raise EngineUnavailable(why)
    return gateway
