"""A campaign: children that play faults, one after another where one dies, and the log of what came of it."""

from __future__ import annotations

import json
import logging
import queue
import signal
import subprocess
import sys
import threading
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from benches import machine
from benches.soak.faults import log
from benches.soak.faults.card import Card
from benches.soak.faults.small import small_groups
from benches.soak.faults.theatre import Outcome, Theatre
from coproc.engine.device.faults import FaultyDevice
from coproc.engine.device.protocol import Device

PATIENCE: Final = 1800.0
"""Seconds in which a child compiles and makes its scenes."""
SILENT: Final = 300.0
"""Seconds after which a fault that ends no more is one of a device that hangs."""
_GLANCE: Final = 5.0
SPOILED: Final = 3
"""Exit status of a child whose memory a kernel wrote into."""


def device(kind: str) -> Device:
    """ "card", or "opencl": the first OpenCL device that is a processor."""
    if kind == "card":
        return Card()
    from coproc.engine.device.opencl import OpenClDevice, devices

    return OpenClDevice(next(i for i, (_, emulated) in enumerate(devices()) if emulated))


def theatre(args: Namespace) -> Theatre:
    small_groups()
    return Theatre(FaultyDevice(device(args.device)), args.seed, args.ops)


def child(args: Namespace) -> int:
    """Play faults first ... count, one line each: its number, then what came of it. died: the one that killed the process before."""
    logging.disable(logging.CRITICAL)
    stage = theatre(args)
    if args.died is not None:
        print(json.dumps(stage.judge(args.died)), flush=True)
    for number in range(args.first, args.count):
        print(number, flush=True)
        outcome = stage.play(number)
        print(json.dumps(outcome), flush=True)
        if outcome.verdict == "corrupted":
            return SPOILED
    return 0


def _lines(process: subprocess.Popen[str]) -> Iterator[Any]:
    """What the child says; at last None where it has ended, "hung" where it is silent for too long."""
    said: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said.put(line)
        said.put(None)

    threading.Thread(target=read, daemon=True).start()
    patience, silent = PATIENCE, 0.0
    while True:
        try:
            line = said.get(timeout=_GLANCE)
        except queue.Empty:  # a campaign that was stopped for a while notices one glance of it
            silent += _GLANCE
            if silent < patience:
                continue
            yield "hung"
            return
        if line is None:
            yield None
            return
        yield json.loads(line)
        patience, silent = SILENT, 0.0


def campaign(args: Namespace, stop: threading.Event, tell: float = 60.0) -> dict[str, Any]:
    """Children until all faults were played, or it is stopped; goes on where the log ends. The figures of the log."""
    commit = {"commit": args.commit} if args.commit else machine.commit()
    head = {**commit, "seed": args.seed, "first": args.first, "device": args.device, "ops": args.ops and list(args.ops)}
    number = log.begun(args.log, head)
    begun, started, told = number, time.monotonic(), time.monotonic()
    died: int | None = None
    verdicts: Counter[str] = Counter()
    with args.log.open("a", encoding="utf-8") as file:
        while (number < args.count or died is not None) and not stop.is_set():
            words = ["--child", f"--first={number}", f"--count={args.count}", f"--seed={args.seed}", f"--device={args.device}"]
            words += [f"--ops={','.join(args.ops)}"] if args.ops else []
            words += [f"--died={died}"] if died is not None else []
            ready = False
            with subprocess.Popen([sys.executable, "-m", "benches.soak.faults", *words], stdout=subprocess.PIPE, text=True) as process:
                for line in _lines(process):
                    if isinstance(line, int):
                        number, ready = line, True
                    elif isinstance(line, list):
                        played, died = (number, None) if ready else (died, None)
                        assert played is not None
                        outcome = Outcome(*line)
                        file.write(log.line(played, outcome))
                        file.flush()
                        verdicts[outcome.verdict] += 1
                        if outcome.verdict == "wrong":
                            print(json.dumps({"wrong": [played, *outcome]}), flush=True)
                        number += ready
                    else:
                        if line == "hung":
                            process.kill()
                        process.wait()
                    if stop.is_set() or (verdicts["wrong"] and args.strict):
                        stop.set()
                        process.kill()
                        break
                    if time.monotonic() - told > tell:
                        told = time.monotonic()
                        rate = 60 * (number - begun) / (told - started)
                        left = round((args.count - number) / max(rate, 1e-9), 1)
                        progress = {"done": number, "a minute": round(rate), "minutes left": left, "verdicts": dict(verdicts)}
                        print(machine.stamp(), json.dumps(progress), flush=True)
            if stop.is_set() or process.returncode == SPOILED:
                continue
            if process.returncode != 0:
                if not ready:
                    raise SystemExit(f"a child ended with status {process.returncode} before its first fault")
                died, number = number, number + 1
    return log.figures([args.log])


def run(args: Namespace) -> dict[str, Any]:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    return campaign(args, stop)
