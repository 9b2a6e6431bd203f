"""``python -m tests.device.sanitized SEED [NAME...]``: cases on fibers under UBSan and AddressSanitizer, which must be preloaded."""

from __future__ import annotations

import sys

from tests.device.fibers import HostDevice
from tests.device.small import CASES


def main(arguments: list[str]) -> int:
    seed, *names = arguments
    device = HostDevice(int(seed), sanitize=("address", "undefined"))
    for name in names or CASES:
        with device.stream() as stream:
            CASES[name](stream, 5, 4)
        print(name, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
