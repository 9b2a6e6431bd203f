"""`Held`: what a process and its children hold, looked at again and again: memory, descriptors, threads, processor time."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any, NamedTuple

import numpy as np

_TICKS = os.sysconf("SC_CLK_TCK")


class Look(NamedTuple):
    """at: seconds. resident: bytes of the process, and of its children."""

    at: float
    resident: int
    of_children: int
    descriptors: int
    threads: int


def look(pid: int, children: list[int]) -> Look:
    """Raises OSError where the process is gone."""
    place = Path(f"/proc/{pid}")
    descriptors, threads = len(list((place / "fd").iterdir())), len(list((place / "task").iterdir()))
    return Look(monotonic(), resident(pid), sum(map(_resident_or_0, children)), descriptors, threads)


def resident(pid: int) -> int:
    """Bytes of memory. Raises OSError."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) << 10
    return 0


def _resident_or_0(pid: int) -> int:
    try:
        return resident(pid)
    except OSError:
        return 0


def processor_seconds(pid: int) -> float:
    """Of all its threads and of the children that it has waited for. Raises OSError."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS


def machine_busy() -> tuple[float, float]:
    """Seconds that the processors of this machine worked, and had, since it was started."""
    words = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(words) - words[3] - words[4]) / _TICKS, sum(words) / _TICKS


class Held:
    """Looks at a server every so often, in a thread, while the context lasts."""

    def __init__(self, served: Any, every: float) -> None:
        self._served, self._every = served, every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.looks: list[Look] = []

    def __enter__(self) -> Held:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self._every):
            self.looks.append(look(self._served.pid, self._served.children()))

    def figures(self) -> dict[str, Any]:
        """The medians of the first and the last quarter, the slope of memory over the last three, and the most of everything."""
        looks = self.looks
        if len(looks) < 8:
            return {"looks": len(looks)}
        quarter = len(looks) // 4
        first, last = (median(one.resident for one in some) for some in (looks[:quarter], looks[-quarter:]))
        at, memory = (np.array([one[k] for one in looks[quarter:]], float) for k in (0, 1))
        slope = float(np.polyfit(at - at[0], memory, 1)[0])
        return {
            "looks": len(looks),
            "resident_first_mib": round(first / (1 << 20), 2), "resident_last_mib": round(last / (1 << 20), 2),
            "resident_slope_mib_per_hour": round(slope * 3600 / (1 << 20), 2),
            "workers_resident_most_mib": round(max(one.of_children for one in looks) / (1 << 20), 1),
            "descriptors_most": max(one.descriptors for one in looks), "threads_most": max(one.threads for one in looks),
        }  # fmt: skip
