"""`dusk-oracle`: Dusk's own host functions, timed, and distinct requests with their answers. COPROC_DUSK_ORACLE says where it is."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benches.peers.cpu import PeerFailed


@dataclass(frozen=True)
class Timing:
    """Dusk's time of one call, nanoseconds."""

    best: float
    median: float


def _run(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except OSError as error:
        raise PeerFailed(f"{command[0]}: {error.strerror}") from error
    except subprocess.CalledProcessError as error:
        raise PeerFailed(f"{' '.join(command)}: exit status {error.returncode}: {error.stderr.strip()[-400:]}") from error


def time(oracle: Path) -> dict[str, Timing]:
    """Label -> time of one call, one thread, no cache."""
    rows = map(json.loads, filter(None, _run([str(oracle), "time", "--json"]).splitlines()))
    return {row["label"]: Timing(row["best_ns"], row["median_ns"]) for row in rows}


def batch(oracle: Path, op: str, n: int, out: Path, options: tuple[str, ...] = ()) -> None:
    """Write n distinct true requests of an operation as job lines; uses every processor this process may use."""
    _run([str(oracle), "batch", "--op", op, "--n", str(n), "--out", str(out), *options])
