"""The CPU libraries of the same trade, through their one-thread harnesses: JSON lines `lib curve op n ns_per_op`.

COPROC_CPU_PEERS is a program that times blst, arkworks, halo2curves and others when their names are its arguments;
COPROC_CPU_PEERS_GO one that times gnark-crypto, taking `-only CURVE`.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

Key = tuple[str, str, int]
"""Curve, operation and size of a figure."""

RIVALS = ("blst", "gnark-crypto", "arkworks", "halo2curves")
"""The best of these is "the best peer"; other libraries are shown where they have a figure of the same operation."""


class PeerFailed(RuntimeError):
    """A peer's program is there but does not run to its end."""


@dataclass(frozen=True)
class Figure:
    """One line of a harness: nanoseconds an item."""

    lib: str
    key: Key
    ns: float


def figures(command: list[str]) -> Iterator[Figure]:
    """Run a harness on one thread and read its figures; lines that are no JSON objects are a library's own chatter.

    Raises PeerFailed if the program cannot be started or ends with an error.
    """
    env = os.environ | {"RAYON_NUM_THREADS": "1", "GOMAXPROCS": "1"}
    try:
        run = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    except OSError as error:
        raise PeerFailed(f"{command[0]}: {error.strerror}") from error
    except subprocess.CalledProcessError as error:
        raise PeerFailed(f"{' '.join(command)}: exit status {error.returncode}: {error.stderr.strip()[-400:]}") from error
    for line in run.stdout.splitlines():
        if line.startswith("{"):
            row = json.loads(line)
            if "ns_per_op" in row and row["lib"] != "machine":
                yield Figure(row["lib"], (row["curve"], row["op"], row["n"]), row["ns_per_op"])


@dataclass(frozen=True)
class CpuPeers:
    """Where the two programs are (None: absent), and the largest multi-scalar multiplication as a power of two."""

    rust: Path | None
    go: Path | None
    max_log: int

    def commands(self) -> list[list[str]]:
        """One command a library, so that ours can be timed between them."""
        out: list[list[str]] = []
        if self.rust:
            out += [[str(self.rust), f"--max-log={self.max_log}", lib] for lib in ("blst", "arkworks", "halo2curves")]
            out.append([str(self.rust), f"--max-log={self.max_log}", "poseidon", "hashes"])
        if self.go:
            out += [[str(self.go), "-maxlog", str(self.max_log), "-only", curve] for curve in ("bls12-381", "bn254")]
        return out

    def missing(self) -> list[str]:
        """What is absent, in words."""
        rust = [] if self.rust else ["no blst, arkworks, halo2curves: set COPROC_CPU_PEERS or --peers to their harness"]
        return rust + ([] if self.go else ["no gnark-crypto: set COPROC_CPU_PEERS_GO or --peers-go to its harness"])


def program(option: str | None, variable: str) -> Path | None:
    """A program's path from an option, else from the environment; None if neither names one.

    Raises PeerFailed if one is named and is not there: a comparison that was asked for is never left out in silence.
    """
    named = option or os.environ.get(variable)
    if not named:
        return None
    path = Path(named)
    if not (path.is_file() and os.access(path, os.X_OK)):
        raise PeerFailed(f"{named}: no such program (from {'the option' if option else variable})")
    return path.resolve()
