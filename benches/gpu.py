"""A card in under ten minutes: instruction rates, every family of kernels beside the model, whole batches, the sanitizer, the vectors.

    python -m benches.gpu [--engine cuda:0] [--quick] [--minutes N] [--only SECTION,...] [--out FILE]

Sections: rates, kernels, batches, vectors, sanitizer. Each is told how much of the time is left and stops at what it has. Writes
benches/results/gpu-<card>.json, with the model's figures (benches/results/gpu-model.json) beside those that were measured; exit status 1
where an answer was wrong or the sanitizer found something. `--quick` makes everything small, for devices that a processor emulates.
Times of kernels are those of whole calls: copies there and back, launches, and the host's part of each family.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

import coproc
from benches import gpu_rates, machine
from benches.gpu_rates import timed
from coproc.engine.device import breakeven, hash_to_g1, msm, pairings, points, poseidon, trust
from coproc.engine.device.engine import DeviceEngine
from coproc.engine.device.found import found
from coproc.engine.device.protocol import Stream
from coproc.engine.protocol import Curve, Encoding, Field, FieldOp, Group
from coproc.engine.select import select
from coproc.errors import EngineUnavailable
from coproc.measure.requests import make
from tests.samples import requests
from tests.vectors import load

SECTIONS: Final = ("rates", "kernels", "batches", "vectors", "sanitizer")
OPS: Final = ("verify_groth16_bn254", "verify_plonk", "verify_bls", "verify_schnorr", "verify_kzg_proof", "poseidon_hash")
MSM_SIZES: Final = (1 << 10, 1 << 16, 1 << 20)
_MINUTES: Final = 9.0
_MODEL: Final = machine.RESULTS / "gpu-model.json"


class Clock:
    """What is left of the time."""

    def __init__(self, minutes: float) -> None:
        self._end = time.monotonic() + 60 * minutes

    @property
    def left(self) -> float:
        return self._end - time.monotonic()


# ---- kernels ----
def _family_calls(engine: DeviceEngine, n: int) -> dict[str, Callable[[Stream], object]]:
    """A call of each family over n items."""
    host = engine.host
    calls: dict[str, Callable[[Stream], object]] = {}
    for group in Group:
        curve = trust.CURVE_OF[group]
        p, k = breakeven._points(engine, group, n), breakeven._scalars(engine, curve, n)
        encoding = Encoding.ZCASH if curve == Curve.BLS12_381 else Encoding.ARK_COMPRESSED
        data = host.encode(group, encoding, p)
        calls[f"decode {group.name}"] = lambda s, g=group, e=encoding, d=data: points.decode(s, g, e, d)  # type: ignore[misc]
        if group in points.SERVES["subgroup"]:
            calls[f"subgroup {group.name}"] = lambda s, g=group, p=p: points.subgroup(s, g, p)  # type: ignore[misc]
        calls[f"scalar_mul {group.name}"] = lambda s, g=group, p=p, k=k: points.scalar_mul(s, g, p, k)  # type: ignore[misc]
    for curve in Curve:
        g1, g2 = (breakeven._points(engine, groups[curve], n) for groups in (trust.GROUP_1, trust.GROUP_2))
        offsets = np.append(np.arange(0, n, 64, dtype=np.uint64), np.uint64(n))
        tags = trust.random_words((n,))
        calls[f"miller {curve.name}"] = lambda s, c=curve, o=offsets, a=g1, b=g2, t=tags: pairings.miller(s, c, o, a, b, t)  # type: ignore[misc]
        few = host.miller_loop(curve, np.array([0, 1], np.uint64), g1[:1], g2[:1])
        f = np.repeat(few, max(1, n // 8), axis=0)
        calls[f"final_exponentiation {curve.name}"] = lambda s, c=curve, f=f: pairings.final_exponentiation(s, c, f)  # type: ignore[misc]
    u = host.field(Field.BLS12_381_FP, FieldOp.TO_MONT, trust.random_words((n, 6)) >> np.uint64(3))
    calls["map_to_g1"] = lambda s: hash_to_g1.map_to_g1(s, u)
    states, pads = breakeven._elements(engine, 5 * n).reshape(n, 5, 4), breakeven._elements(engine, 5 * n).reshape(n, 5, 4)
    calls["hades"] = lambda s: poseidon.hades(s, states, pads)
    return calls


def kernels(engine: DeviceEngine, clock: Clock, quick: bool) -> dict[str, Any]:
    """items, seconds and items a second of each family; milliseconds of sums of some sizes."""
    n = 8 if quick else 1 << 16
    done: dict[str, Any] = {}
    calls = _family_calls(engine, n)
    for name, call in calls.items():
        if clock.left < 30:
            break

        def run(call: Callable[[Stream], object] = call) -> None:
            with engine.device.stream() as stream:
                call(stream)

        items = max(1, n // 8) if name.startswith("final") else n
        seconds = timed(run, 0.0 if quick else 0.5)
        done[name] = {"items": items, "seconds": seconds, "a_second": items / seconds}
        machine.say(f"{name}: {items / seconds:,.0f} a second")
    for group in (Group.BLS12_381_G1, Group.BN254_G1):
        for size in (64, 128) if quick else MSM_SIZES:
            if clock.left < 30:
                break
            p, k = breakeven._points(engine, group, size), breakeven._scalars(engine, trust.CURVE_OF[group], size)
            tags, offsets = trust.random_words((size,)), np.array([0, size], np.uint64)

            def run_msm(group: Group = group, args: Any = (offsets, p, k, tags)) -> None:
                with engine.device.stream() as stream:
                    msm.msm(stream, group, *args)

            done[f"msm {group.name} {size}"] = {"items": size, "seconds": timed(run_msm, 0.0 if quick else 0.3)}
            machine.say(f"msm {group.name} {size}: {done[f'msm {group.name} {size}']['seconds'] * 1e3:.2f} ms")
    return done


# ---- batches ----
def batches(engine: DeviceEngine, clock: Clock, quick: bool) -> dict[str, Any]:
    """Requests a second of whole batches, answered and checked as for anybody; and of the CPU alone."""
    done: dict[str, Any] = {}
    for op in OPS:
        if clock.left < 60:
            break
        n = 4 if quick else (1 << 14 if op != "poseidon_hash" else 1 << 17)
        wanted = make(engine.host, op, n).requests
        row: dict[str, Any] = {"requests": n}
        for name, one in (("device", engine), ("host", engine.host)):
            with coproc.open(engine=one) as cp:
                seconds = timed(partial(cp.run, wanted), 0.0)
                good = all(answer.value is not False and answer.status == "ok" for answer in cp.run(wanted[:64]))
                row[name] = {"seconds": seconds, "a_second": n / seconds, "workers": cp.workers, "right": good}
        done[op] = row
        machine.say(f"{op}: {row['device']['a_second']:,.0f} a second, the CPU alone {row['host']['a_second']:,.0f}")
    return done


# ---- vectors ----
def vectors(names: Sequence[str], clock: Clock, quick: bool) -> dict[str, Any]:
    """Dusk's recorded answers through each engine: how many, how many differ."""
    done: dict[str, Any] = {}
    for name in names:
        with coproc.open(engine=name, workers=1) as cp:
            asked = wrong = 0
            for op in requests.OPS:
                every = [case for vectors in sorted(load.DUSK_COUNTS) for case in load.dusk(op, vectors)]
                cases = every[:: max(1, len(every) // 4)] if quick else every
                if clock.left < 15:
                    break
                for case, answer in zip(cases, cp.run([requests.request_of(case) for case in cases]), strict=True):
                    asked += 1
                    wrong += requests.difference(case, answer, gas=None) is not None
            engine = cp.engine
            row: dict[str, Any] = {"asked": asked, "wrong": wrong}
            if isinstance(engine, DeviceEngine):
                row |= {"suspicions": engine.suspicions, "lost": engine.lost, "refused": sorted(engine.refused)}
            done[name] = row
        machine.say(f"vectors on {name}: {asked} asked, {wrong} wrong")
    return done


def others(engine: str) -> list[str]:
    """The same card by OpenCL, where it has that."""
    try:
        return [info.engine for info in found("opencl") if info.engine != engine and not info.emulated][:1]
    except EngineUnavailable:
        return []


# ---- the sanitizer ----
def sanitizer(engine: str, clock: Clock) -> dict[str, Any]:
    """compute-sanitizer over all kernels, few items: what it says of memory and of races."""
    tool = shutil.which("compute-sanitizer")
    if tool is None or not engine.startswith("cuda"):
        return {"run": False, "why": "compute-sanitizer is not installed" if engine.startswith("cuda") else "it knows CUDA alone"}
    done: dict[str, Any] = {"run": True}
    for what in ("memcheck", "racecheck"):
        words = [tool, f"--tool={what}", "--error-exitcode=9", sys.executable, "-m", "benches.gpu", "--quick", "--only", "kernels"]
        limit = max(10.0, clock.left / 2)
        try:
            ran = subprocess.run([*words, "--engine", engine, "--out", "/dev/null"], capture_output=True, text=True, timeout=limit)
        except subprocess.TimeoutExpired:
            done[what] = {"finished": False, "seconds": round(limit, 1)}
            continue
        done[what] = {"finished": True, "clean": ran.returncode == 0, "said": "" if ran.returncode == 0 else ran.stdout[-4000:]}
    return done


# ---- all of it ----
def measure(name: str, only: Sequence[str], minutes: float, quick: bool) -> dict[str, Any]:
    clock = Clock(minutes)
    engine = select(name)
    if not isinstance(engine, DeviceEngine):
        raise EngineUnavailable(f"{name} is no accelerator")
    device: Any = engine.device
    card = {"name": device.name, "memory": device.memory, "units": device.units, "scratch": device.scratch, "emulated": device.emulated}
    figures: dict[str, Any] = {
        "bench": "gpu", "schema": 1, "at": machine.stamp(), **machine.commit(), "machine": machine.describe(None), "engine": name,
        "card": card, "quick": quick,
    }  # fmt: skip
    if "rates" in only:
        figures["instructions_a_second"] = gpu_rates.instructions(device, 0.0 if quick else 0.5, 1 if quick else 64)
        figures["multiplications_a_second"] = gpu_rates.multiplications(device, 0.0 if quick else 0.5, 2 if quick else 2000)
    if "kernels" in only:
        figures["kernels"] = kernels(engine, clock, quick)
    if "batches" in only:
        figures["batches"] = batches(engine, clock, quick)
    if "vectors" in only:
        figures["vectors"] = vectors([name, *others(name)], clock, quick)
    if "sanitizer" in only:
        figures["sanitizer"] = sanitizer(name, clock)
    figures |= {"suspicions": engine.suspicions, "lost": engine.lost, "refused": sorted(engine.refused)}
    if _MODEL.is_file():
        figures["model"] = json.loads(_MODEL.read_text(encoding="utf-8")).get("figures")
    figures["seconds"] = round(60 * minutes - clock.left, 1)
    return figures


def wrong(figures: dict[str, Any]) -> list[str]:
    """What must not be."""
    found = [f"{row['wrong']} answers of {name}" for name, row in figures.get("vectors", {}).items() if row["wrong"]]
    found += [f"a batch of {op}" for op, row in figures.get("batches", {}).items() if not row["device"]["right"]]
    found += [what for what, row in figures.get("sanitizer", {}).items() if isinstance(row, dict) and row.get("clean") is False]
    if figures["suspicions"] or figures["lost"]:
        found.append(f"{figures['suspicions']} results that failed their check; lost: {figures['lost']}")
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0, 1 where something was wrong, 2 without a device."""
    parser = argparse.ArgumentParser(prog="python -m benches.gpu", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--engine", default="cuda:0", metavar="NAME", help="the accelerator (cuda:0)")
    parser.add_argument("--quick", action="store_true", help="everything small")
    parser.add_argument("--minutes", type=float, default=_MINUTES, metavar="N", help=f"time for all of it ({_MINUTES:g})")
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(SECTIONS), metavar="SECTION,...", help="sections (all)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="result file (benches/results/gpu-<card>.json)")
    args = parser.parse_args(argv)
    try:
        figures = measure(args.engine, args.only, args.minutes, args.quick)
    except EngineUnavailable as error:
        machine.say(str(error))
        return 2
    slug = "".join(c if c.isalnum() else "-" for c in figures["card"]["name"].lower()).strip("-")
    path = args.out or machine.RESULTS / f"gpu-{slug}.json"
    path.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    bad = wrong(figures)
    for what in bad:
        machine.say(f"wrong: {what}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
