"""``python -m tests.device.races [--all]``: families on oclgrind: conflicting accesses and accesses out of bounds.

Those whose work-items read what others wrote; with ``--all`` every one, which takes an hour.

Exit status: 0, also where oclgrind is not found, which is said; 1 and its report.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
FEW = ("by_buckets BN254_G1", "by_sorting BN254_G1", "hades")
ITEMS, BLOCK = 5, 4
SECONDS = 600


def inside(name: str) -> None:
    """In the process that oclgrind watches."""
    from coproc.engine.device.opencl import OpenClDevice
    from tests.device.small import CASES

    device = OpenClDevice(0, ("-cl-opt-disable",))  # its interpreter lacks instructions that optimisation brings
    if "Oclgrind" not in device.name:
        raise SystemExit(f"{device.name} is not oclgrind")
    with device.stream() as stream:
        CASES[name](stream, ITEMS, BLOCK)


def watched(name: str) -> str:
    """What oclgrind and the case said that is wrong; empty where nothing is."""
    with tempfile.TemporaryDirectory() as cache:
        environment = os.environ | {"COPROC_CACHE_DIR": cache, "PYOPENCL_NO_CACHE": "1"}
        command = ["oclgrind", "--data-races", "--max-errors", "10", sys.executable, "-m", "tests.device.races", name]
        done = subprocess.run(command, cwd=HOME, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)
    said = done.stdout + done.stderr
    bad = done.returncode or any(word in said for word in ("race", "Invalid read", "Invalid write", "FATAL"))
    return said[-4000:] if bad else ""


def main(arguments: list[str]) -> int:
    if arguments and arguments[0] != "--all":
        inside(arguments[0])
        return 0
    if shutil.which("oclgrind") is None:
        print("races: not looked for, without oclgrind (Debian: apt-get install oclgrind)", file=sys.stderr)
        return 0
    wrong = 0
    from tests.device.small import CASES

    for name in CASES if arguments else FEW:
        began = time.monotonic()
        report = watched(name)
        print(f"races: {name}: {'FOUND' if report else 'none'} ({time.monotonic() - began:.0f} s)")
        if report:
            print(report, file=sys.stderr)
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
