"""What a figure depends on: the machine, its load, the commit and the tools."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coproc.engine.select import select
from coproc.errors import EngineUnavailable

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benches" / "results"
NOTABLE_FLAGS = ("bmi2", "adx", "avx2", "avx512f", "avx512ifma", "avx512vl", "sha_ni")


def _cpuinfo() -> dict[str, str]:
    """The first processor's entries of /proc/cpuinfo; empty where there is none."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0]
    except OSError:
        return {}
    return dict((part.strip() for part in line.split(":", 1)) for line in text.splitlines() if ":" in line)  # type: ignore[misc]


def _governor(cpu: int) -> str | None:
    try:
        return Path(f"/sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor").read_text(encoding="utf-8").strip()
    except OSError:
        return None


def _git(*args: str) -> str | None:
    try:
        run = subprocess.run(["git", *args], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return run.stdout.strip()


def commit() -> dict[str, Any]:
    """The commit that is checked out, and whether tracked files outside the results differ from it; None where unknown."""
    changes = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":(exclude)benches/results")
    return {"commit": _git("rev-parse", "HEAD"), "changed": None if changes is None else bool(changes)}


def pin(cpu: int | None) -> int | None:
    """Keep this process and its children on one processor: the one given, else the first allowed. None where that is impossible."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    cpu = min(os.sched_getaffinity(0)) if cpu is None else cpu
    os.sched_setaffinity(0, {cpu})
    return cpu


def describe(cpu: int | None) -> dict[str, Any]:
    """The machine as JSON: processor, the flags that kernels choose by, governor (None: not told), system, Python, load."""
    info = _cpuinfo()
    flags = set(info.get("flags", "").split())
    return {
        "cpu": info.get("model name") or platform.processor() or platform.machine(),
        "family": info.get("cpu family"),
        "model": info.get("model"),
        "flags": [flag for flag in NOTABLE_FLAGS if flag in flags],
        "processors": os.cpu_count(),
        "pinned_to": cpu,
        "governor": _governor(cpu or 0),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "load": list(os.getloadavg()),
    }


def slug(machine: dict[str, Any]) -> str:
    """A file name's part for this processor, e.g. `amd-epyc-26-2`."""
    parts = [machine["cpu"], machine.get("family"), machine.get("model")]
    return re.sub(r"[^a-z0-9]+", "-", "-".join(str(part) for part in parts if part).lower()).strip("-")


def stamp() -> str:
    """Now, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def say(text: str) -> None:
    """A line of progress on standard error."""
    print(text, file=sys.stderr, flush=True)


def engines_here(names: Sequence[str]) -> list[str]:
    """Those of the engines that can be used here; the others are said to be left out."""
    found = []
    for name in names:
        try:
            select(name)
        except EngineUnavailable as error:
            say(f"left out: {error}")
        else:
            found.append(name)
    return found
