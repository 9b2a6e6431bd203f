"""Dusk's own code as an oracle: `dusk-oracle` makes fresh vectors from a seed, `piecrust-run` answers any argument buffer.

Both are programs of their own, found by a path that is given; this project runs them and reads what they write.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple

from coproc.operation import Request, Rules
from tests.samples import requests
from tests.vectors.load import DuskCase, dusk_cases_of, read_lines


def fresh_vectors(oracle: str, seed: int, count: int = 24) -> dict[str, tuple[DuskCase, ...]]:
    """Vectors of a seed, by operation. Raises CalledProcessError, and AssertionError where the oracle wrote nothing."""
    with tempfile.TemporaryDirectory() as folder:
        command = [oracle, "vectors", "--seed", str(seed), "--out", folder, "--count", str(count)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        found = {op: dusk_cases_of(read_lines(Path(folder) / f"{op}.jsonl"), op, f"seed {seed}") for op in requests.OPS}
    assert all(found.values())
    return found


class Verdict(NamedTuple):
    """What Dusk's VM did with a request: `retbuf` None for a panic; `gas` the price, None where the VM does not tell it."""

    retbuf: bytes | None
    gas: int | None


def forwarder() -> str:
    """A contract that hands its argument buffer, untouched, to one host function for each exported name."""
    out = [
        '(module (import "env" "hq" (func $hq (param i32 i32 i32) (result i32)))',
        '(memory (export "memory") 4) (global (export "A") i32 (i32.const 65536))',
    ]
    for i, op in enumerate(requests.OPS):
        at = 1024 + 64 * i
        out.append(f'(data (i32.const {at}) "{op}") (func (export "{op}") (param i32) (result i32)')
        out.append(f"(call $hq (i32.const {at}) (i32.const {len(op)}) (local.get 0)))")
    return "\n".join([*out, ")"])


class DuskVm:
    """A running `piecrust-run` with the forwarder deployed. A context manager."""

    ID = "ab" * 32

    def __init__(self, program: str) -> None:
        self._folder = tempfile.TemporaryDirectory()
        (Path(self._folder.name) / "forwarder.wat").write_text(forwarder())
        self._process = subprocess.Popen(
            [program, "--dir", self._folder.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._rules: Rules | None = None
        self._base: dict[str, int] = {}
        self._deploy()

    def _send(self, line: dict[str, Any]) -> dict[str, Any]:
        stdin: IO[str] | None = self._process.stdin
        stdout: IO[str] | None = self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(line) + "\n")
        stdin.flush()
        reply = stdout.readline()
        assert reply, "the VM's program ended"
        found: dict[str, Any] = json.loads(reply)
        return found

    def _deploy(self) -> None:
        reply = self._send({"do": "deploy", "id": self.ID, "wasm": "forwarder.wat", "owner": "00" * 32, "gas_limit": 10**10})
        assert reply["ok"], reply

    def _policy(self, rules: Rules) -> None:
        if rules != self._rules:
            assert self._send({"do": "policy", "plonk": rules.plonk, "fork": rules.fork})["ok"]
            self._rules = rules

    def _call(self, request: Request) -> dict[str, Any]:
        return self._send({"do": "call", "id": self.ID, "fn": request.op, "arg": request.args.hex(), "gas_limit": 10**10})

    def answer(self, request: Request) -> Verdict:
        """The answer under the request's rules (its `align` must be 8: that of the VM's buffer), and the price it was charged."""
        assert request.align == 8
        if request.op not in self._base:  # what the forwarder itself costs
            self._policy(Rules())
            self._base[request.op] = int(self._call(request._replace(args=b"\x01"))["gas_spent"])
        self._policy(request.rules)
        reply = self._call(request)
        if reply["ok"]:
            return Verdict(bytes.fromhex(reply["data"]), int(reply["gas_spent"]) - self._base[request.op])
        # A panic inside the VM may have damaged the session.
        self._send({"do": "new_session"})
        self._deploy()
        return Verdict(None, None)

    def answers(self, asked: Sequence[Request]) -> list[Verdict]:
        return [self.answer(r) for r in asked]

    def __enter__(self) -> DuskVm:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(timeout=30)
        self._folder.cleanup()
