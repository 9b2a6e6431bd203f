"""Records what the real VM answers: the vectors of `test_meter.py` and `test_contract_rules.py`.

    python -m tests.vm.metering.record --piecrust-run PATH [--folder tests/vectors/vm]

`meter.jsonl.xz`: a line a program, with `name`, `wasm`, and `calls`: [function, argument, limit, variant, gas, data]; gas and data are null
for a call that fails. `deploy.jsonl.xz`: `name`, `wasm`, `variant` ("ok", Piecrust's error variant, or HostPanic).
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import random
import select
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import control, modules, opcodes, random_programs
from .assemble import from_text
from .host import Outcome

Call = tuple[str, bytes]


class Reference:
    """`piecrust-run` as a child; started anew when it dies or hangs, as it does some time after certain traps."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.wasm = b""
        self.traps = False  # whether the contract has trapped
        self._start()

    def _start(self) -> None:
        pipe = subprocess.PIPE
        self.child = subprocess.Popen([self.path], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, bufsize=1)

    def _ask(self, **line: Any) -> dict[str, Any]:
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.child.stdin.write(json.dumps(line) + "\n")
        self.child.stdin.flush()
        answer = self.child.stdout.readline() if select.select([self.child.stdout], [], [], 3)[0] else ""
        if not answer:
            raise BrokenPipeError
        return dict(json.loads(answer))

    def _again(self) -> None:
        self.child.kill()
        self.child.wait()
        self._start()

    def deploy(self, wasm: bytes) -> str:
        """The variant that deploying in a new process gives; committed if it is well."""
        self.wasm = wasm
        for _ in range(3):
            self._again()  # two contracts whose memory is zero have one root, and the commit of the first is kept
            try:
                answer = self._ask(do="deploy", wasm=wasm.hex(), owner="01" * 32, gas_limit=10**9)
                self.id = answer.get("id", "")
                if answer["ok"]:
                    self._ask(do="commit")
                return _variant(answer)
            except BrokenPipeError:
                continue
        return "HostPanic"

    def call(self, function: str, argument: bytes, limit: int) -> Outcome:
        """The outcome of a call on the state after the deployment."""
        for _ in range(3):
            try:
                self._ask(do="new_session")
                answer = self._ask(do="call", id=self.id, fn=function, arg=argument.hex(), gas_limit=limit)
                outcome = Outcome(_variant(answer), answer.get("gas_spent"), answer.get("data"))
                self.traps |= outcome.variant == "RuntimeError"
                if self.traps and outcome.variant != "ok":  # after some traps the process dies, hangs, or takes all memory: begin anew
                    self.deploy(self.wasm)
                return outcome
            except BrokenPipeError:
                assert self.deploy(self.wasm) == "ok"
        raise RuntimeError("piecrust-run dies on every attempt")


def _variant(answer: dict[str, Any]) -> str:
    return "ok" if answer["ok"] else str(answer["error"]).split(":")[0]


def _programs() -> Iterator[tuple[str, bytes, list[Call], str]]:
    """Name, module, calls, and how many limits to try: one, all, or the smallest that succeeds and some more."""
    for is_64 in (False, True):
        wasm, count = opcodes.module_of_all(is_64=is_64)
        yield f"all instructions {64 if is_64 else 32}", wasm, [(f"f{index}", b"") for index in range(count)], "one"
        for name, body in control.BODIES.items():
            calls = [("f", argument) for argument in (control.ARGUMENTS if "$n" in body else control.ARGUMENTS[:1])]
            yield f"{name} {64 if is_64 else 32}", from_text(control.text(body, is_64=is_64)), calls, "all"
    for name, wasm in modules.unusual().items():
        yield name, wasm, [("f", b"")], "all"
    for seed in range(240):
        yield f"random {seed}", random_programs.program(seed), [("f", b"")], "some"


def record_meter(reference: Reference) -> Iterator[dict[str, Any]]:
    for name, wasm, calls, how in _programs():
        variant = reference.deploy(wasm)
        reference.traps = False
        assert variant == "ok", (name, variant)
        seen: dict[tuple[str, bytes, int], Outcome] = {}

        def ask(function: str, argument: bytes, limit: int, seen: dict[tuple[str, bytes, int], Outcome] = seen) -> Outcome:
            key = (function, argument, limit)
            if key not in seen:
                seen[key] = reference.call(*key)
            return seen[key]

        for function, argument in calls:
            first = ask(function, argument, 3000)
            if how == "all":
                for limit in range((first.gas or 120) + 3):
                    ask(function, argument, limit)
            elif how == "some":
                _some_limits(lambda limit, f=function, a=argument: ask(f, a, limit), first, random.Random(name))
        print(name, len(seen), flush=True)
        yield {"name": name, "wasm": wasm.hex(), "calls": [[f, a.hex(), limit, *outcome] for (f, a, limit), outcome in seen.items()]}


def _some_limits(ask: Any, first: Outcome, choice: random.Random) -> None:
    if first.variant == "ok":
        low, high = 0, first.gas or 0
        if ask(high).variant != "ok":
            low, high = high, high + 1
            if ask(high).variant != "ok":
                high = 3000
        while high - low > 1:
            middle = (low + high) // 2
            if ask(middle).variant == "ok":
                high = middle
            else:
                low = middle
        for limit in (high - 1, high, high + 1):
            ask(limit)
    for _ in range(4):
        ask(choice.randrange((first.gas or 300) + 5))


def record_deploy(reference: Reference) -> Iterator[dict[str, Any]]:
    for name, wasm in modules.all_modules():
        variant = reference.deploy(wasm)
        print(name, variant, flush=True)
        yield {"name": name, "wasm": wasm.hex(), "variant": variant}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--piecrust-run", default=os.environ.get("COPROC_PIECRUST_RUN", ""), help="path of piecrust-run")
    parser.add_argument("--folder", type=Path, default=Path("tests/vectors/vm"))
    parser.add_argument("--only", choices=("meter", "deploy"))
    options = parser.parse_args()
    for which, make in (("meter", record_meter), ("deploy", record_deploy)):
        if options.only in (None, which):
            lines = [json.dumps(line, separators=(",", ":")) for line in make(Reference(options.piecrust_run))]
            with lzma.open(options.folder / f"{which}.jsonl.xz", "wt", preset=9) as file:
                file.writelines(line + "\n" for line in lines)


if __name__ == "__main__":
    main()
