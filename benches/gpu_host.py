"""What is left for the processor when a device does its part: processor time of the calling thread, an item and stage, and what follows.

    python -m benches.gpu_host [--n N,...] [--op OP,...] [--cores N] [--out FILE]

A batch is answered by the engine on a processor's OpenCL, whose work is done by threads of its own; what the calling thread spends
is what it would spend beside a card, but for waiting, which is taken off. Arrays travel through pinned pieces, as they do to a card. Time
in native code, which releases the interpreter lock, is told from that of Python and numpy.

What follows is a prediction: the rate of the processor's cores, N of them as fast as this one; that of the device, from
benches/results/gpu-model.json; that of one process, by what Python does for a batch of any size; and the least of them. Writes
benches/results/gpu-host-<cpu>.json and a table of the same name.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import local
from time import perf_counter, thread_time_ns
from typing import Any, Final

import numpy as np

from benches import machine
from benches.gpu_host_figures import CORES, SUM, predicted, table
from benches.table import write
from coproc.batch import answer_batch
from coproc.engine.cpu import CpuEngine
from coproc.engine.device import chunks, clock, decoding, products, sums, trust, twice
from coproc.engine.device.engine import DeviceEngine
from coproc.engine.device.opencl import OpenClDevice, devices
from coproc.engine.memory import Buffers, rows_of
from coproc.engine.protocol import Curve, Group
from coproc.errors import EngineUnavailable
from coproc.fold.settle import Combiner
from coproc.keys import KeyRegistry
from coproc.measure.requests import make
from coproc.operation import Batch, Operation
from coproc.ops import OPERATIONS

SIZES: Final = (1024, 4096, 16384)
OPS: Final = ("verify_groth16_bn254", "verify_plonk", "verify_bls", "verify_kzg_proof", "verify_schnorr", "poseidon_hash", SUM)
_OUT: Final = "waiting"
_ROUNDS: Final = 3

STAGES: Final[tuple[tuple[object, str, str], ...]] = (
    (Operation, "parse", "parse, price"),
    (Operation, "costs", "parse, price"),
    (CpuEngine, "plonk_scalars", "transcripts, hashes"),
    (CpuEngine, "hash_to_g1", "transcripts, hashes"),
    (CpuEngine, "hash_to_fr", "transcripts, hashes"),
    (CpuEngine, "blake2b_512", "seal"),
    (CpuEngine, "group", "keys"),
    (CpuEngine, "match", "keys"),
    (Combiner, "settle", "fold"),
    (CpuEngine, "final_exponentiation", "last equation"),
    (decoding, "decode", "gather, order, signs"),
    (sums, "msm", "gather, order, signs"),
    (products, "miller_loop", "gather, order, signs"),
    (twice, "hashes", "gather, order, signs"),
    (DeviceEngine, "_schnorr", "gather, order, signs"),
    (chunks.Chunks, "_one", "cut, copy, launch"),
    (trust.Blinds, "take", "gather, order, signs"),
    (trust.PairBlinds, "take", "gather, order, signs"),
    (trust, "decoded_rightly", "checks"),
    (trust, "in_subgroup", "checks"),
    (trust, "compare_tags", "checks"),
    (trust, "without", "checks"),
    (CpuEngine, "check", "checks"),
    (CpuEngine, "decode", "checks"),
    (CpuEngine, "poseidon_hash", "checks"),
    (clock.Account, "_wait", _OUT),
)
"""What belongs to which stage; a stage within another one is taken off that. What is in none is "other": Python between the stages."""


class Ledger:
    """Nanoseconds of the thread that computes, by stage: in native code, and elsewhere."""

    def __init__(self) -> None:
        self.native: defaultdict[str, int] = defaultdict(int)
        self.other: defaultdict[str, int] = defaultdict(int)
        self._of = local()

    def _stack(self) -> list[tuple[str, list[int]]]:
        if not hasattr(self._of, "stack"):
            self._of.stack = []
        stack: list[tuple[str, list[int]]] = self._of.stack
        return stack

    def stage(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def staged(*args: Any, **options: Any) -> Any:
            stack, within = self._stack(), [0]
            stack.append((name, within))
            start = thread_time_ns()
            try:
                return function(*args, **options)
            finally:
                spent = thread_time_ns() - start
                stack.pop()
                self.other[name] += spent - within[0]
                if stack:
                    stack[-1][1][0] += spent

        return staged

    def around_native(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any) -> Any:
            stack = self._stack()
            start = thread_time_ns()
            try:
                return function(*args)
            finally:
                spent = thread_time_ns() - start
                if stack:
                    stack[-1][1][0] += spent
                    self.native[stack[-1][0]] += spent

        return timed

    def clear(self) -> None:
        self.native.clear()
        self.other.clear()


@contextmanager
def watched(engine: CpuEngine) -> Iterator[Ledger]:
    """Every stage, and every native function of an engine's kernels, until the block ends."""
    ledger, kernels = Ledger(), engine._k
    before: list[tuple[object, str, Any]] = []
    for owner, name, stage in STAGES:
        before.append((owner, name, vars(owner)[name]))
        setattr(owner, name, ledger.stage(stage, vars(owner)[name]))
    for name, function in [(name, f) for name, f in vars(kernels).items() if callable(f)]:
        before.append((kernels, name, function))
        setattr(kernels, name, ledger.around_native(function))
    try:
        yield ledger
    finally:
        for owner, name, function in reversed(before):
            setattr(owner, name, function)


def emulated() -> OpenClDevice:
    """The first device of OpenCL that is a processor, with copies as to a card. Raises EngineUnavailable."""
    for number, (_, cpu) in enumerate(devices()):
        if cpu:
            return OpenClDevice(number)
    raise EngineUnavailable("OpenCL has no processor here")


def _sum(engine: DeviceEngine, n: int) -> Callable[[], bool]:
    """One sum of n multiples of 255 bits in G1 of BLS12-381."""
    group, host, words = Group.BLS12_381_G1, engine.host, trust.random_words((n, 4))
    scalars = trust.scalars_with_signs(host, Curve.BLS12_381, words >> np.uint64(2), np.zeros(n, np.bool_))
    some = host.scalar_mul(group, np.repeat(trust.generator(group), min(n, 64), axis=0), scalars[:64])
    points, offsets = np.ascontiguousarray(np.resize(some, (n, some.shape[1]))), np.array([0, n], np.uint64)
    right = host.msm(group, offsets, rows_of(points), scalars)
    return lambda: np.array_equal(engine.msm(group, offsets, rows_of(points), scalars), right)


def _batch(engine: DeviceEngine, op: str, n: int) -> Callable[[], bool]:
    """n true requests, answered as for anybody, keys known from the second time on."""
    made = make(engine.host, op, n).requests
    rules = np.array([request.rules.code for request in made], np.uint8)
    batch = Batch(Buffers.of([request.args for request in made]), np.full(n, 8, np.uint8), rules)
    keys, combiner, operation = KeyRegistry(engine), Combiner(), OPERATIONS[op]

    def answer() -> bool:
        got = answer_batch(operation, engine, keys, combiner, batch)
        return got.engine == engine.name and not got.status.any() and (operation.kind != "bool" or bool(got.value.all()))

    return answer


def measured(engine: DeviceEngine, op: str, n: int, rounds: int = _ROUNDS) -> dict[str, Any]:
    """Nanoseconds an item by stage, of the round that took least: native, other; waiting and seconds of the wall beside them."""
    call = _sum(engine, n) if op == SUM else _batch(engine, op, n)
    best: dict[str, Any] = {}
    with watched(engine) as ledger:
        answer = ledger.stage("other", call)
        for round_ in range(rounds + 1):  # the first compiles, and learns the keys
            ledger.clear()
            started = perf_counter()
            if not answer() or engine.suspicions:
                raise RuntimeError(f"{op} of {n}: the device's answers were wrong")
            seconds = perf_counter() - started
            stages = {
                stage: {"native": ledger.native[stage] / n, "other": ledger.other[stage] / n}
                for stage in dict.fromkeys((*(stage for _, _, stage in STAGES), "other"))
                if ledger.native[stage] or ledger.other[stage]
            }
            polling = stages.pop(_OUT, {"native": 0.0, "other": 0.0})
            total = {kind: sum(stage[kind] for stage in stages.values()) for kind in ("native", "other")}
            if round_ and (not best or sum(total.values()) < sum(best["total"].values())):
                best = {"n": n, "total": total, "stages": stages, "polling": polling["other"], "wall_seconds": round(seconds, 2)}
    machine.say(f"{op} of {n}: {sum(best['total'].values()) / 1e3:.2f} us an item, {best['wall_seconds']} s")
    return best


def run(ops: Sequence[str], sizes: Sequence[int], cores: int) -> dict[str, Any]:
    device = emulated()
    engine = DeviceEngine(device, "opencl")
    with device.stream() as stream:
        stream._direct = False  # the stream of the pool: every call of one thread gets this one
    before = machine.describe(None)
    rows = {op: [measured(engine, op, n) for n in sizes] for op in ops}
    return {
        "bench": "gpu-host", "schema": 1, "at": machine.stamp(), **machine.commit(), "machine": before, "host": engine.host.name,
        "cores": cores, "device": f"{device.name}, emulated", "measured": rows, "predicted": predicted(rows, cores),
    }  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benches.gpu_host", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--n", type=lambda text: tuple(map(int, text.split(","))), default=SIZES, metavar="N,...", help="items of a batch")
    parser.add_argument("--op", type=lambda text: tuple(text.split(",")), default=OPS, metavar="OP,...", help="operations (those of OPS)")
    parser.add_argument("--cores", type=int, default=CORES, metavar="N", help=f"cores beside the card ({CORES})")
    parser.add_argument("--out", type=Path, metavar="FILE", help="result file (benches/results/gpu-host-<cpu>.json)")
    args = parser.parse_args(argv)
    found = run(args.op, args.n, args.cores)
    text = table(found)
    print(text)
    write(args.out or machine.RESULTS / f"gpu-host-{machine.slug(found['machine'])}.json", found, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
