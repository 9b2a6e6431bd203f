"""Faults of an accelerator, one a batch, over all stages: no wrong answer (R8).

    python -m benches.soak.faults [--count N] [--seed S] [--size N] [--ops OP,...] [--first N] [--out FILE]

Each fault is one of `coproc.engine.device.faults` at one event of one batch: first the operation is drawn, then a stage of its batch
(a kernel, the copies there, the copies back), then what goes wrong, then which event of that stage. Batches hold true requests, or, every
other time, some that were tampered with: bits flipped, parts of another request of the batch before put in. The answers must be the
CPU's. The batches run on a processor's OpenCL in processes of their own, because a flipped index makes it read and write anywhere: a card
loses the device then, a processor gets a signal, or spoils its own heap. Such a process counts as a lost device ("crashed"; "hung" where
a flipped count lets a kernel run on; "corrupted" where the CPU's engine, asked again, is wrong too), and the next one goes on behind it.
Writes benches/results/soak-faults-<cpu>.json; exit status 1 where an answer was wrong.
"""

from __future__ import annotations

import argparse
import json
import logging
import queue
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from benches.soak import result
from coproc.batch import answer_batch
from coproc.engine.cpu import CpuEngine
from coproc.engine.device.engine import DeviceEngine
from coproc.engine.device.faults import KINDS, Event, Fault, FaultyDevice
from coproc.engine.memory import Buffers
from coproc.fold.settle import Combiner
from coproc.keys import KeyRegistry
from coproc.measure.requests import make
from coproc.operation import Batch, Request
from coproc.ops import OPERATIONS

OPS: Final = (
    "verify_groth16_bn254", "verify_plonk", "verify_bls", "verify_bls_multisig", "verify_kzg_proof", "verify_schnorr", "poseidon_hash",
)  # fmt: skip
"""The operations of which a device does a part."""
LARGER: Final = ("verify_plonk", "verify_schnorr", "poseidon_hash")
"""Operations whose batches have twice the size: a sum of PLONK's then has terms enough for buckets."""
SILENT: Final = 60.0
"""Seconds after which a fault that ends no more is one of a device that hangs."""
SPOILED: Final = 3
"""Exit status of a child whose memory a kernel wrote into."""
_MEMBERS: Final = 4


class Scene(NamedTuple):
    """A batch, what the CPU answers, and the events of a run without a fault."""

    batch: Batch
    retbuf: Any
    status: Any
    events: list[Event]


class Outcome(NamedTuple):
    """verdict: "right", "wrong", "unstruck" (the run went another way and the fault never fell), "corrupted" (a kernel wrote into the
    host's memory). noticed: the device was suspected or lost."""

    op: str
    stage: str
    what: str
    tampered: bool
    verdict: str
    noticed: bool


def tampered(rng: random.Random, requests: Sequence[Request], others: Sequence[Request]) -> list[Request]:
    """About half of the requests with a bit flipped or a stretch of another request put in, the others as they are."""
    changed = []
    for request in requests:
        data = bytearray(request.args)
        if rng.random() < 0.5:
            other = rng.choice(others).args
            start = rng.randrange(len(data)) & ~7
            if rng.random() < 0.5 and len(other) == len(data):
                stop = start + rng.choice((8, 32, 48, 96, 192))
                data[start:stop] = other[start:stop]
            else:
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        changed.append(request._replace(args=bytes(data)))
    return changed


class Theatre:
    """One engine on a device that fails, and scenes for each operation."""

    def __init__(self, device: FaultyDevice, size: int, seed: int, scenes: int = 6) -> None:
        self.device = device
        self.engine = DeviceEngine(device, "faulty")
        self.engine.limit = 1 << 62
        self.host = CpuEngine()
        self.keys = KeyRegistry(self.engine)
        self._size, self._seed, self._scenes = size, seed, scenes
        self._of: dict[str, list[Scene]] = {}

    def scenes(self, op: str) -> list[Scene]:
        """Even ones are true, the one behind each is the same batch tampered with."""
        if op not in self._of:
            rng = random.Random(f"{op} {self._seed}")
            size = self._size * (2 if op in LARGER else 1)
            made = make(self.host, op, size * self._scenes, size=_MEMBERS if op == "verify_bls_multisig" else None).requests
            found = []
            for i in range(0, len(made), size):
                found.append(self._scene(op, made[i : i + size]))
                while True:
                    scene = self._scene(op, tampered(rng, made[i : i + size], made))
                    if not np.array_equal(scene.retbuf, found[-1].retbuf):
                        break
                found.append(scene)
            self._of[op] = found
        return self._of[op]

    def _scene(self, op: str, requests: Sequence[Request]) -> Scene:
        n = len(requests)
        rules = np.array([request.rules.code for request in requests], np.uint8)
        batch = Batch(Buffers.of([request.args for request in requests]), np.full(n, 8, np.uint8), rules)
        wanted = answer_batch(OPERATIONS[op], self.host, KeyRegistry(self.host), Combiner(), batch)
        for _ in range(2):  # keys are prepared by then
            self.device.begin()
            self.ask(op, batch)
        return Scene(batch, wanted.retbuf, wanted.status, self.device.events)

    def _intact(self, op: str, scene: Scene) -> bool:
        """Whether the CPU alone still gives the right answers in this process: else a kernel wrote where no device could."""
        again = answer_batch(OPERATIONS[op], self.host, self.keys, Combiner(), scene.batch)
        return np.array_equal(again.retbuf, scene.retbuf) and np.array_equal(again.status, scene.status)

    def ask(self, op: str, batch: Batch) -> Any:
        return answer_batch(OPERATIONS[op], self.engine, self.keys, Combiner(), batch)

    def play(self, rng: random.Random, ops: Sequence[str]) -> Outcome:
        """One fault."""
        op = rng.choice(ops)
        scenes = self.scenes(op)
        number = rng.randrange(len(scenes))
        scene = scenes[number]
        stage = rng.choice(sorted(set(scene.events)))
        what = rng.choice(KINDS[stage.kind])
        at = rng.choice([i for i, event in enumerate(scene.events) if event == stage])
        if what == "stale":  # the batch before is the same one before it was tampered with, or after
            self.device.begin(keep=at)
            self.ask(op, scenes[number ^ 1].batch)
        before = self.engine.suspicions
        self.device.begin(Fault(at, what, rng.getrandbits(64)))
        got = self.ask(op, scene.batch)
        right = np.array_equal(got.retbuf, scene.retbuf) and np.array_equal(got.status, scene.status)
        noticed = self.engine.suspicions > before or self.engine.lost is not None or got.engine != self.engine.name
        self.engine.lost = None
        verdict = "right" if self.device.struck else "unstruck"
        if not right:
            verdict = "wrong" if self._intact(op, scene) else "corrupted"
        return Outcome(op, stage.name, what, bool(number & 1), verdict, noticed)


def theatre(size: int, seed: int) -> Theatre:
    """On the first OpenCL device that is a processor."""
    from coproc.engine.device.opencl import OpenClDevice, devices

    number = next(i for i, (_, emulated) in enumerate(devices()) if emulated)
    return Theatre(FaultyDevice(OpenClDevice(number)), size, seed)


def child(args: argparse.Namespace) -> int:
    """Play faults first ... count, one line each: its number, then what came of it."""
    logging.disable(logging.CRITICAL)
    stage = theatre(args.size, args.seed)
    for op in args.ops:
        stage.scenes(op)
    for number in range(args.first, args.count):
        print(json.dumps(number), flush=True)
        outcome = stage.play(random.Random(f"{args.seed} {number}"), args.ops)
        print(json.dumps(outcome), flush=True)
        if outcome.verdict == "corrupted":
            return SPOILED
    return 0


def _lines(process: subprocess.Popen[str]) -> Iterator[Any]:
    """What the child says; None where it is silent for too long, or has ended."""
    said: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said.put(line)
        said.put(None)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    patience = 1800.0  # to compile and to make scenes
    while True:
        try:
            line = said.get(timeout=patience)
        except queue.Empty:
            line = "hung"
        if line is None:
            reader.join()
        yield line if line is None or line == "hung" else json.loads(line)
        if line in (None, "hung"):
            return
        patience = SILENT


def campaign(args: argparse.Namespace, stop: threading.Event, tell: float = 60.0) -> dict[str, Any]:
    """Children one after another until all faults were played, or until it is stopped: then what came of those that were."""
    counts: Counter[tuple[str, str, str, str]] = Counter()
    noticed: Counter[str] = Counter()
    wrong: list[Any] = []
    number, tampered_with, started, told = args.first, 0, time.monotonic(), time.monotonic()
    while number < args.count and not stop.is_set():
        words = ["--child", f"--first={number}", f"--count={args.count}", f"--seed={args.seed}", f"--size={args.size}"]
        command = [sys.executable, "-m", "benches.soak.faults", *words, f"--ops={','.join(args.ops)}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            begun = False
            for line in _lines(process):
                if isinstance(line, int):
                    number, begun = line, True
                elif line is None or line == "hung":
                    if line:
                        process.kill()
                    process.wait()
                    if number >= args.count or process.returncode == SPOILED:
                        break
                    if not begun:
                        raise SystemExit(f"a child ended with status {process.returncode} before its first fault")
                    counts["", "", "", "hung" if line else "crashed"] += 1
                    number += 1
                else:
                    outcome = Outcome(*line)
                    counts[outcome.op, outcome.stage, outcome.what, outcome.verdict] += 1
                    noticed[outcome.what] += outcome.noticed
                    tampered_with += outcome.tampered
                    if outcome.verdict == "wrong":
                        wrong.append([number, *outcome])
                        print(json.dumps({"wrong": wrong[-1]}), flush=True)
                    number += 1
                if stop.is_set():
                    process.kill()
                    process.wait()
                    break
                if time.monotonic() - told > tell:
                    told = time.monotonic()
                    print(json.dumps({"done": number, "seconds": round(told - started), "wrong": len(wrong)}), flush=True)
    return _figures(args, counts, noticed, wrong, tampered_with, time.monotonic() - started)


def _figures(
    args: argparse.Namespace,
    counts: Counter[tuple[str, str, str, str]],
    noticed: Counter[str],
    wrong: list[Any],
    tampered_with: int,
    seconds: float,
) -> dict[str, Any]:
    def by(*keys: int) -> dict[str, int]:
        table: Counter[str] = Counter()
        for key, count in counts.items():
            table[" ".join(key[k] for k in keys)] += count
        return dict(sorted(table.items()))

    faults = sum(count for key, count in counts.items() if key[3] != "unstruck")
    return {
        "faults": faults, "seed": args.seed, "size": args.size, "seconds": round(seconds, 1), "tampered": tampered_with,
        "wrong": wrong, "verdicts": by(3), "operations": by(0), "stages": by(1), "kinds": by(2), "noticed": dict(sorted(noticed.items())),
    }  # fmt: skip


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benches.soak.faults", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--count", type=int, metavar="N", default=50_000, help="faults (50,000)")
    parser.add_argument("--first", type=int, metavar="N", default=0, help="number of the first one (0)")
    parser.add_argument("--seed", type=int, metavar="S", default=1, help="of the campaign (1)")
    parser.add_argument("--size", type=int, metavar="N", default=4, help="requests of a batch (4)")
    parser.add_argument("--ops", type=lambda text: tuple(text.split(",")), default=OPS, metavar="OP,...", help="operations (those of OPS)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="result file (benches/results/soak-faults-<cpu>.json)")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0, 1 where an answer was wrong."""
    args = parse(argv)
    if args.child:
        return child(args)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    figures = campaign(args, stop)
    print(json.dumps({key: figures[key] for key in ("faults", "seconds", "wrong", "verdicts")}))
    result.write("faults", figures, args.out)
    return 1 if figures["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
