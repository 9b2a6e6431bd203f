"""A card in under ten minutes: every kernel beside the CPU, the vectors, rates, kernels beside the model, whole batches, the sanitizer.

    python -m benches.gpu [--engine cuda:0] [--quick] [--minutes N] [--only SECTION,...] [--out FILE]

Sections, in this order: cases, vectors, rates, kernels, batches, sanitizer. Each is a process of its own, so that one which hangs, crashes
or loses the card costs no other; each has a share of the time, ends what it has begun, and is killed when it goes on too long. What was
measured is in the file at once. Writes benches/results/gpu-<card>.json, with the model's figures (benches/results/gpu-model.json) beside
those that were measured; exit status 1 where an answer was wrong, the sanitizer found something or a section failed. `--quick` makes
everything small, for devices that a processor emulates. Times of kernels are those of whole calls: copies there and back, launches, the
host's part of each family.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benches import machine
from benches.gpu_sections import SECTIONS, Clock, TimeIsUp
from coproc.engine.device.engine import DeviceEngine
from coproc.engine.select import select
from coproc.errors import EngineUnavailable

_MINUTES: Final = 9.0
_GRACE_SECONDS: Final = 30.0
"""For what a section has begun when its time is up: at most one of them takes it in full, as the next ones' time goes."""
_MODEL: Final = machine.RESULTS / "gpu-model.json"
PREDICTED: Final = {
    "miller BLS12_381": "Miller loops fused, BLS12-381, a second", "miller BN254": "Miller loops fused, BN254, a second",
    "hades": "Poseidon width 5, permutations a second", "schnorr": "Schnorr on JubJub, a second",
    **{f"msm BLS12_381_G1 {1 << k}": f"MSM of 2^{k} terms, G1 of BLS12-381, sums a second" for k in (10, 16, 20)},
}  # fmt: skip
"""A kernel's figure in the model."""


def save(path: Path, figures: dict[str, Any]) -> None:
    """In one step: whoever reads, or comes after a crash, finds all of an earlier state."""
    if path == Path(os.devnull):
        return
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(path)


def opened(name: str) -> DeviceEngine:
    engine = select(name)
    if not isinstance(engine, DeviceEngine):
        raise EngineUnavailable(f"{name} is no accelerator")
    return engine


def section(name: str, engine_name: str, minutes: float, quick: bool, path: Path) -> int:
    """One section in this process; its entries and what became of the engine go to `path`, one by one."""
    engine, clock = opened(engine_name), Clock(60 * minutes)
    figures: dict[str, Any] = {name: {}}
    try:
        for key, entry in SECTIONS[name][1](engine, clock, quick):
            figures[name][key] = entry
            figures |= {"suspicions": engine.suspicions, "lost": engine.lost, "refused": sorted(engine.refused)}
            save(path, figures)
    except TimeIsUp:
        figures["unfinished"] = True
        machine.say(f"{name}: time is up after {len(figures[name])} entries")
    except Exception as error:
        figures["failed"] = f"{type(error).__name__}: {error}"[:2000]
    figures |= {"suspicions": engine.suspicions, "lost": engine.lost, "refused": sorted(engine.refused)}
    save(path, figures)
    return 1 if "failed" in figures or figures["suspicions"] or figures["lost"] else 0


def apart(name: str, engine: str, seconds: float, quick: bool, path: Path) -> dict[str, Any]:
    """A section in a process of its own: what it left, and "failed" where it did not end well."""
    words = [sys.executable, "-m", "benches.gpu", "--section", name, "--engine", engine, "--minutes", str(seconds / 60), "--out", str(path)]
    ended = ""
    try:
        status = subprocess.run([*words, *(["--quick"] if quick else [])], timeout=seconds + _GRACE_SECONDS, check=False).returncode
        ended = "" if status in (0, 1) else f"its process ended with {status}"
    except subprocess.TimeoutExpired:
        ended = f"killed after {seconds + _GRACE_SECONDS:.0f} s"
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = {name: {}, "suspicions": 0, "lost": None, "refused": []}
    path.unlink(missing_ok=True)
    return found | ({"failed": ended} if ended else {})


def measure(name: str, only: Sequence[str], minutes: float, quick: bool, out: Path | None) -> dict[str, Any]:
    """All sections; `out`: where the figures go after each, None: the card's file among the results."""
    clock, device = Clock(60 * minutes), opened(name).device
    slug = "".join(c if c.isalnum() else "-" for c in device.name.lower()).strip("-")
    path = out or machine.RESULTS / f"gpu-{slug}.json"
    card = {"name": device.name, "memory": device.memory, "units": device.units, "scratch": device.scratch, "emulated": device.emulated}
    figures: dict[str, Any] = {
        "bench": "gpu", "schema": 2, "at": machine.stamp(), **machine.commit(), "machine": machine.describe(None), "engine": name,
        "card": card, "quick": quick, "seconds": {}, "failed": {}, "unfinished": [], "suspicions": 0, "lost": None, "refused": [],
    }  # fmt: skip
    if _MODEL.is_file():
        figures["model"] = json.loads(_MODEL.read_text(encoding="utf-8")).get("figures")
    chosen = [one for one in SECTIONS if one in only]
    shares = [SECTIONS[one][0] for one in chosen]
    folder = Path(tempfile.gettempdir()) if path == Path(os.devnull) else path.parent
    for i, one in enumerate(chosen):
        began = time.monotonic()
        part = folder / f"{path.name}.{os.getpid()}.{one}"
        found = apart(one, name, max(0.0, clock.left) * shares[i] / sum(shares[i:]), quick, part)
        figures |= found[one] if one == "rates" else {one: found[one]}
        figures["seconds"][one] = round(time.monotonic() - began, 1)
        figures["suspicions"] += found["suspicions"]
        figures["lost"] = figures["lost"] or found["lost"]
        figures["refused"] = sorted({*figures["refused"], *found["refused"]})
        figures["unfinished"] += [one] if "unfinished" in found else []
        if "failed" in found:
            figures["failed"][one] = found["failed"]
        _compare(figures)
        save(path, figures)
    return figures


def _compare(figures: dict[str, Any]) -> None:
    """The model's figure beside each measured one that it has."""
    for name, key in PREDICTED.items():
        row, model = figures.get("kernels", {}).get(name), (figures.get("model") or {}).get(key)
        if row and model:
            row["predicted"] = {k: model[k] for k in ("ceiling", "expected", "wanted")}


def wrong(figures: dict[str, Any]) -> list[str]:
    """What must not be."""
    found = [f"{name}: {why}" for name, why in figures.get("failed", {}).items()]
    found += [f"{name}: {row['ended']}" for name, row in figures.get("cases", {}).items() if row["ended"] != "equal"]
    found += [f"{name}: {row['error']}" for name, row in figures.get("kernels", {}).items() if "error" in row]
    found += [f"{row['wrong']} answers of {name}" for name, row in figures.get("vectors", {}).items() if row["wrong"]]
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
    parser.add_argument("--section", choices=SECTIONS, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    try:
        if args.section:
            return section(args.section, args.engine, args.minutes, args.quick, args.out or Path(os.devnull))
        figures = measure(args.engine, args.only, args.minutes, args.quick, args.out)
    except EngineUnavailable as error:
        machine.say(str(error))
        return 2
    bad = wrong(figures)
    for what in bad:
        machine.say(f"wrong: {what}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
