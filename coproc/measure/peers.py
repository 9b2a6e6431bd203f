"""The peers' programs: built from their sources where cargo and go are present, and run on one thread.

`benches/peers` has the sources: libraries of the registries behind small programs that print one JSON line a figure
(`lib curve op n ns_per_op`). They are part of the source tree, not of an installed package.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from coproc.errors import InvalidInput
from coproc.settings import cache_folder

SOURCES: Final = Path(__file__).resolve().parents[2] / "benches" / "peers"
BUILD_SECONDS: Final = 1200
LIBRARIES: Final = ("blst", "arkworks", "dusk-bls12_381")


class Figure(NamedTuple):
    """Nanoseconds an item."""

    lib: str
    curve: str
    op: str
    n: int
    ns: float


def build(sources: Path = SOURCES) -> tuple[dict[str, Path], list[str]]:
    """The programs ("rust", "go") that are there or could be built, and for each that could not the reason, as a sentence."""
    if not sources.is_dir():
        return {}, [f"the peers' sources are part of the source tree (benches/peers), and {sources} is not there"]
    folder = cache_folder() / "peers"
    programs, missing = {}, []
    rust, go = folder / "rust", folder / "coproc-peers-go"
    for name, tool, command, where, program, covers in (
        ("rust", "cargo", ["build", "--release", "--locked", "--quiet", "--target-dir", str(rust)], sources / "rust",
         rust / "release" / "coproc-peers", "blst, arkworks and dusk-bls12_381"),
        ("go", "go", ["build", "-o", str(go), "."], sources / "go", go, "gnark-crypto"),
    ):  # fmt: skip
        if shutil.which(tool) is None:
            missing.append(f"no {covers}: {tool} is not installed")
            continue
        folder.mkdir(parents=True, exist_ok=True)
        try:
            run = subprocess.run(
                [tool, *command], cwd=where, env=os.environ | {"GOAMD64": _level()}, capture_output=True, text=True, timeout=BUILD_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            missing.append(f"no {covers}: {tool} {command[0]}: {error}")
            continue
        if run.returncode:
            missing.append(f"no {covers}: {tool} {command[0]} failed: {run.stderr.strip()[-400:]}")
        else:
            programs[name] = program
    return programs, missing


def _level() -> str:
    """What the Go compiler may assume of this processor."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n\n")[0].split()
    except OSError:
        return "v1"
    return "v3" if {"avx2", "bmi2", "fma"} <= set(flags) else "v1"


def commands(programs: dict[str, Path], max_log: int, budget_ms: float) -> list[list[str]]:
    """One command a library or curve, so that ours can be timed between them."""
    found = []
    if "rust" in programs:
        found += [[str(programs["rust"]), f"--max-log={max_log}", f"--budget-ms={budget_ms:g}", lib] for lib in LIBRARIES]
    if "go" in programs:
        found += [
            [str(programs["go"]), "-maxlog", str(max_log), "-budget-ms", f"{budget_ms:g}", "-only", c] for c in ("bls12-381", "bn254")
        ]
    return found


def figures(command: list[str]) -> Iterator[Figure]:
    """Run one command. Raises InvalidInput where it does not run to its end."""
    env = os.environ | {"RAYON_NUM_THREADS": "1", "GOMAXPROCS": "1"}
    try:
        run = subprocess.run(command, env=env, capture_output=True, text=True)
    except OSError as error:
        raise InvalidInput(f"{command[0]}: {error.strerror}") from None
    if run.returncode:
        raise InvalidInput(f"{' '.join(command)}: exit status {run.returncode}: {run.stderr.strip()[-400:]}")
    for line in run.stdout.splitlines():
        if line.startswith("{"):
            row = json.loads(line)
            yield Figure(row["lib"], row["curve"], row["op"], row["n"], row["ns_per_op"])
