"""``python -m tests.device.races [--all]``: families on oclgrind: conflicting accesses and accesses out of bounds.

Every kernel, on one curve, few items in two groups; with ``--all`` every case on both curves. A race that is planted must be found.

Exit status: 0, also where oclgrind is not found, which is said; 1 and its report, also of a case that did not end in time.
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
ITEMS, BLOCK = 3, 2
SECONDS = 300
PLANTED = """
#define FP_LIMBS 1
__kernel void rotate(__global uint *a, __local uint *S) {
  const uint t = get_local_id(0);
  S[t] = a[t];
  a[t] = S[(t + 1) % BLOCK];
}
"""
"""Without its barrier."""


def inside(name: str) -> None:
    """In the process that oclgrind watches."""
    import numpy as np

    from coproc.engine.device.opencl import OpenClDevice
    from tests.device.small import CASES

    device = OpenClDevice(0, ("-cl-opt-disable",))  # its interpreter lacks instructions that optimisation brings
    if "Oclgrind" not in device.name:
        raise SystemExit(f"{device.name} is not oclgrind")
    with device.stream() as stream:
        if name == "planted":
            stream.launch(device.build(PLANTED, 4), "rotate", 1, stream.upload(np.arange(4, dtype=np.uint32)), slots=1)
        else:
            CASES[name](stream, ITEMS, BLOCK)


def watched(name: str) -> str:
    """What oclgrind and the case said that is wrong; empty where nothing is."""
    with tempfile.TemporaryDirectory() as cache:
        environment = os.environ | {"COPROC_CACHE_DIR": cache, "PYOPENCL_NO_CACHE": "1"}
        command = ["oclgrind", "--data-races", "--max-errors", "10", sys.executable, "-m", "tests.device.races", name]
        try:
            done = subprocess.run(command, cwd=HOME, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return f"not done after {SECONDS} s"
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
    from tests.device.small import CASES, WIDE

    wrong = 0
    if "data race" not in watched("planted"):
        print("races: oclgrind does not find the one that is planted", file=sys.stderr)
        wrong = 1
    for name in CASES if arguments else WIDE:
        began = time.monotonic()
        report = watched(name)
        print(f"races: {name}: {'FOUND' if report else 'none'} ({time.monotonic() - began:.0f} s)", flush=True)
        if report:
            print(report, file=sys.stderr)
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
