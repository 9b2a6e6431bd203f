"""What `benches.gpu` measures, section by section. Each entry is handed over as soon as it is there, and none is begun when time is up."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

import coproc
from benches import gpu_rates, machine
from benches.gpu_rates import timed
from coproc.codegen.device.jubjub import ROW_WORDS
from coproc.engine.device import breakeven, hash_to_g1, msm, pairings, points, poseidon, schnorr, trust
from coproc.engine.device.engine import DeviceEngine
from coproc.engine.device.found import found
from coproc.engine.device.protocol import Stream
from coproc.engine.protocol import Curve, Encoding, Field, FieldOp, Group
from coproc.errors import EngineUnavailable
from coproc.measure.requests import make
from tests.device.small import CASES, WIDE
from tests.samples import requests
from tests.vectors import load

OPS: Final = ("verify_groth16_bn254", "verify_plonk", "verify_bls", "verify_schnorr", "verify_kzg_proof", "poseidon_hash")
MSM_SIZES: Final = (1 << 10, 1 << 16, 1 << 20)
CASE_BLOCK: Final = 32
Entries = Iterator[tuple[str, Any]]
Call = Callable[[Stream], object]


class TimeIsUp(Exception):
    """A section has more to do than time."""


class Clock:
    """What is left of the time."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        return self._end - time.monotonic()

    def check(self) -> None:
        """Before each entry. Raises TimeIsUp."""
        if self.left < 0:
            raise TimeIsUp


# ---- every kernel once, beside the CPU ----
def cases(engine: DeviceEngine, clock: Clock, quick: bool) -> Entries:
    """Every kernel of every family on few items; quick: on one curve. Equal to the CPU engine's results, or how it ended."""
    for name in WIDE if quick else CASES:
        clock.check()
        began, ended = time.monotonic(), "equal"
        try:
            with engine.device.stream() as stream:
                CASES[name](stream, 5 if quick else 2 * CASE_BLOCK + 3, CASE_BLOCK)
        except Exception as error:
            ended = f"{type(error).__name__}: {error}"[:500]
        yield name, {"ended": ended, "seconds": round(time.monotonic() - began, 3)}


# ---- rates ----
def rates(engine: DeviceEngine, clock: Clock, quick: bool) -> Entries:
    """Instructions and Montgomery multiplications a second."""
    seconds = 0.0 if quick else 0.5
    yield "instructions_a_second", gpu_rates.instructions(engine.device, seconds, 1 if quick else 64)
    clock.check()
    yield "multiplications_a_second", gpu_rates.multiplications(engine.device, seconds, 2 if quick else 2000)


# ---- kernels ----
def _on_points(engine: DeviceEngine, group: Group, n: int) -> Iterator[tuple[str, int, Call]]:
    curve = trust.CURVE_OF[group]
    p, k = breakeven._points(engine, group, n), breakeven._scalars(engine, curve, n)
    encoding = Encoding.ZCASH if curve == Curve.BLS12_381 else Encoding.ARK_COMPRESSED
    data = engine.host.encode(group, encoding, p)
    yield f"decode {group.name}", n, lambda s: points.decode(s, group, encoding, data)
    if group in points.SERVES["subgroup"]:
        yield f"subgroup {group.name}", n, lambda s: points.subgroup(s, group, p)
    yield f"scalar_mul {group.name}", n, lambda s: points.scalar_mul(s, group, p, k)


def _on_pairs(engine: DeviceEngine, curve: Curve, n: int) -> Iterator[tuple[str, int, Call]]:
    host = engine.host
    g1, g2 = (breakeven._points(engine, groups[curve], n) for groups in (trust.GROUP_1, trust.GROUP_2))
    offsets = np.append(np.arange(0, n, 64, dtype=np.uint64), np.uint64(n))
    tags, which = trust.random_words((n,)), np.arange(n, dtype=np.uint32) % np.uint32(min(n, 64))
    lines = host.lines(curve, g2[:64])
    yield f"miller {curve.name}", n, lambda s: pairings.miller(s, curve, offsets, g1, g2, tags)
    yield f"miller_lines {curve.name}", n, lambda s: pairings.miller_lines(s, curve, offsets, g1, lines, which, tags)
    few = max(1, n // 8)
    f = np.repeat(host.miller_loop(curve, np.array([0, 1], np.uint64), g1[:1], g2[:1]), few, axis=0)
    yield f"final_exponentiation {curve.name}", few, lambda s: pairings.final_exponentiation(s, curve, f)


def _on_scalars(engine: DeviceEngine, n: int) -> Iterator[tuple[str, int, Call]]:
    states, pads = breakeven._elements(engine, 5 * n).reshape(n, 5, 4), breakeven._elements(engine, 5 * n).reshape(n, 5, 4)
    yield "hades", n, lambda s: poseidon.hades(s, states, pads)
    flat, counts = breakeven._elements(engine, 4 * n), np.full(n, 4, np.uint64)
    yield "poseidon of 4", n, lambda s: poseidon.poseidon(s, flat, counts, pads[:, 0])
    rows = breakeven._elements(engine, 12 * n).reshape(n, 12, 4)
    secrets = trust.random_words((ROW_WORDS // 2 + 4,)) >> np.uint64(8)
    yield "schnorr", n, lambda s: schnorr.launch(s, rows, secrets)
    u = engine.host.field(Field.BLS12_381_FP, FieldOp.TO_MONT, trust.random_words((n, 6)) >> np.uint64(3))
    yield "map_to_g1", n, lambda s: hash_to_g1.map_to_g1(s, u)


def _sums(engine: DeviceEngine, sizes: Sequence[int]) -> Iterator[tuple[str, int, Call]]:
    for group in (Group.BLS12_381_G1, Group.BN254_G1):
        for size in sizes:
            p, k = breakeven._points(engine, group, size), breakeven._scalars(engine, trust.CURVE_OF[group], size)
            tags, offsets = trust.random_words((size,)), np.array([0, size], np.uint64)
            yield f"msm {group.name} {size}", size, lambda s, g=group, a=(offsets, p, k, tags): msm.msm(s, g, *a)  # type: ignore[misc]


def _calls(engine: DeviceEngine, quick: bool) -> Iterator[tuple[str, int, Call]]:
    """What the issue has figures for comes first."""
    n = 8 if quick else 1 << 16
    for curve in Curve:
        yield from _on_pairs(engine, curve, n)
    yield from _on_scalars(engine, n)
    yield from _sums(engine, (64, 128) if quick else MSM_SIZES)
    for group in Group:
        yield from _on_points(engine, group, n)


def kernels(engine: DeviceEngine, clock: Clock, quick: bool) -> Entries:
    """items, seconds and items a second of a call of each family: of the fastest, and what the first took, kernels compiled."""
    for name, items, call in _calls(engine, quick):
        clock.check()

        def run(call: Call = call) -> None:
            with engine.device.stream() as stream:
                call(stream)

        began = time.monotonic()
        try:
            seconds = timed(run, 0.0 if quick else 0.5)
        except Exception as error:
            yield name, {"items": items, "error": f"{type(error).__name__}: {error}"[:500]}
            continue
        yield name, {"items": items, "seconds": seconds, "a_second": items / seconds, "in_all": round(time.monotonic() - began, 2)}
        machine.say(f"{name}: {items / seconds:,.0f} a second, {seconds * 1e3:.2f} ms")


# ---- batches ----
def batches(engine: DeviceEngine, clock: Clock, quick: bool) -> Entries:
    """Requests a second of whole batches, answered and checked as for anybody; and of the CPU alone."""
    for op in OPS:
        clock.check()
        n = 4 if quick else (1 << 14 if op != "poseidon_hash" else 1 << 17)
        wanted = make(engine.host, op, n).requests
        row: dict[str, Any] = {"requests": n}
        for name, one in (("device", engine), ("host", engine.host)):
            with coproc.open(engine=one) as cp:
                seconds = timed(partial(cp.run, wanted), 0.0)
                good = all(answer.value is not False and answer.status == "ok" for answer in cp.run(wanted[:64]))
                row[name] = {"seconds": seconds, "a_second": n / seconds, "workers": cp.workers, "right": good}
        yield op, row
        machine.say(f"{op}: {row['device']['a_second']:,.0f} a second, the CPU alone {row['host']['a_second']:,.0f}")


# ---- vectors ----
def vectors(engine: DeviceEngine, clock: Clock, quick: bool) -> Entries:
    """Dusk's recorded answers through the engine, and through the same card's OpenCL: how many, how many differ."""
    for name in (engine.name, *others(engine.name)):
        with coproc.open(engine=name, workers=1) as cp:
            row: dict[str, Any] = {"asked": 0, "wrong": 0}
            for op in requests.OPS:
                every = [case for vectors in sorted(load.DUSK_COUNTS) for case in load.dusk(op, vectors)]
                some = every[:: max(1, len(every) // 4)] if quick else every
                clock.check()
                for case, answer in zip(some, cp.run([requests.request_of(case) for case in some]), strict=True):
                    row["asked"] += 1
                    row["wrong"] += requests.difference(case, answer, gas=None) is not None
                if isinstance(cp.engine, DeviceEngine):
                    row |= {"suspicions": cp.engine.suspicions, "lost": cp.engine.lost, "refused": sorted(cp.engine.refused)}
                yield name, row
        machine.say(f"vectors on {name}: {row['asked']} asked, {row['wrong']} wrong")


def others(engine: str) -> list[str]:
    """The same card by OpenCL, where it has that."""
    try:
        return [info.engine for info in found("opencl") if info.engine != engine and not info.emulated][:1]
    except EngineUnavailable:
        return []


# ---- the sanitizer ----
def sanitizer(engine: DeviceEngine, clock: Clock, quick: bool) -> Entries:
    """compute-sanitizer over every kernel, few items: what it says of memory and of races, and how far it came."""
    tool = shutil.which("compute-sanitizer")
    if tool is None or not engine.name.startswith("cuda"):
        yield "run", False
        yield "why", "it knows CUDA alone" if tool or not engine.name.startswith("cuda") else "compute-sanitizer is not installed"
        return
    yield "run", True
    for what, share in (("memcheck", 0.4), ("racecheck", 1.0)):
        limit = max(5.0, share * clock.left)
        with tempfile.TemporaryDirectory() as folder:
            part = Path(folder) / "cases.json"
            words = [tool, f"--tool={what}", "--error-exitcode=9", sys.executable, "-m", "benches.gpu", "--section", "cases", "--quick"]
            words += ["--engine", engine.name, "--minutes", str(limit / 60), "--out", str(part)]
            row: dict[str, Any] = {"finished": False}
            try:
                ran = subprocess.run(words, capture_output=True, text=True, timeout=limit + 10, check=False)
                row = {"finished": True, "clean": ran.returncode == 0, "said": "" if ran.returncode == 0 else ran.stdout[-4000:]}
            except subprocess.TimeoutExpired:
                pass
            seen = json.loads(part.read_text(encoding="utf-8"))["cases"] if part.is_file() else {}
        yield what, row | {"cases": len(seen), "of": len(WIDE)}


SECTIONS: Final[dict[str, tuple[float, Callable[[DeviceEngine, Clock, bool], Entries]]]] = {
    "cases": (1.1, cases), "vectors": (1.4, vectors), "rates": (0.5, rates), "kernels": (2.6, kernels), "batches": (1.7, batches),
    "sanitizer": (1.7, sanitizer),
}  # fmt: skip
"""Their shares of the time, of nine; what one leaves over is the next one's."""
