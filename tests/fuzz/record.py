"""Makes tests/vectors/mutated: mutated argument buffers with the answers and the gas of Dusk's VM, for tests without it.

python -m tests.fuzz.record --vm PATH-OF-piecrust-run --seed recorded1 --out tests/vectors/mutated
"""

from __future__ import annotations

import argparse
import json
import lzma
from pathlib import Path

from tests.fuzz import mutate, oracles
from tests.samples import requests
from tests.vectors.load import MUTATED_COUNTS


def record(machine: oracles.DuskVm, op: str, seed: str, count: int) -> list[str]:
    """Lines `op`, `argbuf`, `plonk`, `fork`, `retbuf` (null: a panic), `gas` (null where the VM does not tell it)."""
    lines = []
    for request in mutate.stream(op, seed, count):
        verdict = machine.answer(request._replace(align=8))
        line = {"op": op, "argbuf": request.args.hex(), "plonk": request.rules.plonk, "fork": request.rules.fork}
        retbuf = None if verdict.retbuf is None else verdict.retbuf.hex()
        lines.append(json.dumps({**line, "retbuf": retbuf, "gas": verdict.gas}))
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vm", required=True)
    parser.add_argument("--seed", default="recorded1")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with oracles.DuskVm(options.vm) as machine:
        for op in requests.OPS:
            text = "".join(line + "\n" for line in record(machine, op, options.seed, MUTATED_COUNTS[op]))
            (options.out / f"{op}.jsonl.xz").write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


if __name__ == "__main__":
    main()
