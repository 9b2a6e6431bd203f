"""Differential fuzzing of our engines, for as long as one likes: no seed is ever used twice.

    python -m tests.fuzz.differential --minutes 60 --cursor ~/.cache/coproc/fuzz-seed --keep found/

What is compared with what:
  fresh      every engine against vectors that `dusk-oracle` makes from the seed     (--oracle, COPROC_DUSK_ORACLE)
  vm         every engine against Dusk's VM on mutated argument buffers, with gas     (--vm, COPROC_PIECRUST_RUN)
  spec       every engine against the executable specification on mutated buffers
  engines    every engine against the first one on mutated buffers, many of them
  libraries  the primitives of every engine against arkworks, py_ecc, hashlib and pycryptodome

A disagreement is kept as a job line that `coproc verify` replays (`DIR/<seed>-<what>.jsonl`, Dusk's answer in `expect`) and makes the exit
status 1. Exit status 2: an oracle that was asked for is not there.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import coproc
from coproc.coprocessor import Coprocessor
from coproc.operation import Answer, Request
from tests.conftest import NATIVE, engine_named
from tests.fuzz import cursor, libraries, mutate, oracles
from tests.samples import requests

#: Mutated requests of one round, by operation: as many as cost about the same.
WEIGHT = {
    "hash": 400, "keccak256": 400, "sha256": 400, "poseidon_hash": 300, "verify_plonk": 200, "verify_groth16_bn254": 150,
    "verify_schnorr": 300, "verify_bls": 200, "verify_bls_multisig": 120, "verify_kzg_proof": 200, "secp256k1_recover": 300,
}  # fmt: skip


@dataclass
class Tally:
    """What was compared and what differed."""

    keep: Path | None = None
    compared: dict[str, int] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)

    def count(self, what: str, n: int) -> None:
        self.compared[what] = self.compared.get(what, 0) + n

    def difference(self, seed: int, what: str, text: str, request: Request | None = None, wanted: Any = None) -> None:
        self.found.append(f"seed {seed}, {what}: {text}")
        print(self.found[-1][:2000], file=sys.stderr, flush=True)
        if self.keep is None:
            return
        self.keep.mkdir(parents=True, exist_ok=True)
        line: dict[str, Any] = {"id": len(self.found), "what": what, "text": text}
        if request is not None:
            rules = {"plonk": request.rules.plonk, "fork": request.rules.fork, "align": request.align}
            line |= {"op": request.op, "argbuf": request.args.hex(), **rules, "expect": wanted}
        with (self.keep / f"{seed}-{what.replace(' ', '-')}.jsonl").open("a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")


Engines = dict[str, Coprocessor]


def readable(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def fresh(seed: int, engines: Engines, tally: Tally, oracle: str, count: int = 24) -> None:
    """Dusk's own structured cases, keys and proofs of a new seed."""
    for op, cases in oracles.fresh_vectors(oracle, seed, count).items():
        asked = [requests.request_of(c) for c in cases]
        for name, cp in engines.items():
            for case, request, answer in zip(cases, asked, cp.run(asked), strict=True):
                gas = case.price_boreas if request.rules.fork == "Boreas" else 0
                if text := requests.difference(case, answer, gas=gas):
                    tally.difference(seed, f"fresh {name} {op}", text, request, readable(requests.value_of(case)))
            tally.count("fresh", len(cases))


def vm(seed: int, engines: Engines, tally: Tally, program: str, scale: float = 0.25) -> None:
    """Mutated buffers through Dusk's VM: return buffer, panic, and gas."""
    with oracles.DuskVm(program) as machine:
        for op in requests.OPS:
            asked = [r._replace(align=8) for r in mutate.stream(op, f"vm{seed}", max(1, int(WEIGHT[op] * scale)))]
            verdicts = machine.answers(asked)
            for name, cp in engines.items():
                for request, verdict, answer in zip(asked, verdicts, cp.run(asked), strict=True):
                    if answer.retbuf != verdict.retbuf or (answer.status == "panic") != (verdict.retbuf is None):
                        text = f"{answer.status} {readable(answer.retbuf)}, Dusk's {readable(verdict.retbuf)}"
                        tally.difference(seed, f"vm {name} {op}", text, request, readable(verdict.retbuf))
                    elif verdict.gas is not None and answer.gas != verdict.gas:
                        tally.difference(seed, f"vm {name} {op}", f"gas {answer.gas}, Dusk's {verdict.gas}", request)
                tally.count("vm", len(asked))


def compare(what: str, seed: int, first: str, engines: Engines, tally: Tally, asked: Sequence[Request]) -> None:
    def bare(answer: Answer) -> tuple[Any, ...]:
        return answer.status, readable(answer.value), readable(answer.retbuf), answer.gas

    wanted = [bare(a) for a in engines[first].run(asked)]
    for name, cp in engines.items():
        if name == first:
            continue
        for request, theirs, answer in zip(asked, wanted, cp.run(asked), strict=True):
            if bare(answer) != theirs:
                tally.difference(seed, f"{what} {name} {request.op}", f"{bare(answer)}, {first} says {theirs}", request, theirs[1])
        tally.count(what, len(asked))


def against_spec(seed: int, engines: Engines, tally: Tally, scale: float = 0.05) -> None:
    """Every engine and the specification on the same mutated buffers."""
    with coproc.open(engine="spec", workers=1) as spec:
        for op in requests.OPS:
            asked = list(mutate.stream(op, f"spec{seed}", max(2, int(WEIGHT[op] * scale))))
            compare("spec", seed, "spec", {"spec": spec, **engines}, tally, asked)


def against_each_other(seed: int, engines: Engines, tally: Tally, scale: float = 1.0) -> None:
    for op in requests.OPS:
        asked = list(mutate.stream(op, f"engines{seed}", max(2, int(WEIGHT[op] * scale))))
        compare("engines", seed, next(iter(engines)), engines, tally, asked)


def against_libraries(seed: int, engines: Engines, tally: Tally, thousand: float = 1.0) -> None:
    for name in engines:
        for what, (comparison, share) in libraries.COMPARISONS.items():
            count = max(1, int(share * thousand))
            for text in comparison(engine_named(name), random.Random(f"{seed}:{what}"), count):
                tally.difference(seed, f"libraries {name} {what}", text)
            tally.count("libraries", count)


def rounds(options: argparse.Namespace, engines: Engines, tally: Tally) -> Iterator[tuple[str, Callable[[int], None]]]:
    """The kinds of a round, in turn, for ever."""
    kinds: dict[str, Callable[[int], None]] = {
        "spec": lambda seed: against_spec(seed, engines, tally),
        "engines": lambda seed: against_each_other(seed, engines, tally),
        "libraries": lambda seed: against_libraries(seed, engines, tally),
        "fresh": lambda seed: fresh(seed, engines, tally, options.oracle),
        "vm": lambda seed: vm(seed, engines, tally, options.vm),
    }
    chosen = [k for k in kinds if k in options.what]
    while True:
        yield from ((k, kinds[k]) for k in chosen)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="differential", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--cursor", type=Path, default=Path(".fuzz-seed"), help="file that holds the next seed")
    parser.add_argument("--seed", type=int, help="one round of this seed, to reproduce; the cursor stays")
    parser.add_argument("--engines", default=",".join(f"cpu:{isa}" for isa in NATIVE))
    parser.add_argument("--what", default="", help="fresh,vm,spec,engines,libraries; default: all that can run")
    parser.add_argument("--oracle", default=os.environ.get("COPROC_DUSK_ORACLE", ""), help="path of dusk-oracle")
    parser.add_argument("--vm", default=os.environ.get("COPROC_PIECRUST_RUN", ""), help="path of piecrust-run")
    parser.add_argument("--keep", type=Path, help="folder for disagreements")
    options = parser.parse_args(arguments)
    asked = [w for w in options.what.split(",") if w]
    options.what = asked or ["spec", "engines", "libraries"] + ["fresh"] * bool(options.oracle) + ["vm"] * bool(options.vm)
    for what, path in (("fresh", options.oracle), ("vm", options.vm)):
        if what in options.what and not os.access(path, os.X_OK):
            parser.error(f"{what} needs a program: {path or 'no path given'}")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    tally = Tally(options.keep)
    engines = {name: coproc.open(engine=name, workers=None) for name in options.engines.split(",")}
    end = time.monotonic() + 60 * options.minutes
    try:
        for turn, (what, run) in enumerate(rounds(options, engines, tally)):
            if options.seed is not None:
                if turn == len(options.what):
                    break
                run(options.seed)
                continue
            if time.monotonic() > end:
                break
            (seed,) = cursor.take(options.cursor)
            before = len(tally.found)
            run(seed)
            print(f"seed {seed} {what}: {len(tally.found) - before} differences", file=sys.stderr, flush=True)
    finally:
        for cp in engines.values():
            cp.close()
    print(json.dumps({"compared": tally.compared, "differences": len(tally.found)}))
    return 1 if tally.found else 0


if __name__ == "__main__":
    sys.exit(main())
