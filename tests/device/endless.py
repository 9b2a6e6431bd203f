"""``python -m tests.device.endless``: a batch whose kernel never ends, in a process that must answer it and end all the same.

Prints a line of JSON: the answers' values, their engines, why the engine is lost, and what the next stream says.
"""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import coproc
from coproc.engine.device import families
from coproc.engine.device.engine import DeviceEngine
from coproc.engine.device.opencl import OpenClDevice
from coproc.errors import EngineLost
from tests.device import toy
from tests.samples import requests

OP = "verify_groth16_bn254"
TEXT = "__kernel void forever(__global volatile uint *a) { while (a[0] != 7) a[1] += 1; }"


def main() -> None:
    device = OpenClDevice(0)
    device.clock.seconds = 1.0
    module = device.build(TEXT, 1)

    def forever(stream: Any, *_: Any) -> Any:
        buffer = stream.upload(np.zeros(2, np.uint32))
        stream.launch(module, "forever", 1, buffer)
        return stream.download(buffer, np.zeros(2, np.uint32))

    toy.install(pytest.MonkeyPatch())
    families.pairings = lambda: SimpleNamespace(miller=forever, miller_lines=forever)
    engine = DeviceEngine(device, "opencl:0")
    with coproc.open(engine=engine, workers=1) as cp:
        answers = cp.run([requests.request_of(case) for case in requests.cases(OP)[:6]])
    try:
        with device.stream():
            again = ""
    except EngineLost as error:
        again = str(error)
    said = {"values": [answer.value for answer in answers], "engines": sorted({answer.engine for answer in answers})}
    print(json.dumps(said | {"lost": engine.lost, "again": again}), flush=True)


if __name__ == "__main__":
    main()
