"""Records the roots of the real VM for random histories of state: the vectors of `test_state_roots.py`.

    python -m tests.vm.record_roots --piecrust-run PATH > tests/vectors/vm/roots.jsonl

A contract that does nothing but store what its argument says makes every change; what it must leave in memory is known without running it.
A line of a history:

- `deploy` (`id`, `is_64`), `write` (`id`, `at`: [address, hex] in order), `load` (`id`: called, nothing written): `root` is the session's
  after it; `missing` instead where the contract is not there (its commit had the root of an older one, which was kept);
- `commit` and `root` (`root`), `new_session` (`base`: a root, or null for the last commit; what was not committed is gone), `reopen` (by a
  new process).
"""

from __future__ import annotations

import argparse
import json
import random
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

WAT = """(module
  (memory (export "memory") {memory})
  (global (export "A") {p} ({p}.const 65536))
  {data}
  (func (export "poke") (param $n i32) (result i32) (local $i {p})
    (block $done (loop $next
      (br_if $done ({p}.ge_u (local.get $i) {n}))
      (i64.store ({p}.load ({p}.add ({p}.const 65536) (local.get $i))) (i64.load ({p}.add ({p}.const 65544) (local.get $i))))
      (local.set $i ({p}.add (local.get $i) ({p}.const 16)))
      (br $next)))
    (i32.const 0))
  (func (export "nothing") (param $n i32) (result i32) (i32.const 0)))
"""
DATA = [(8, b"first page"), (131068, b"across two pages")]
ARGUMENT = 65536
PAGE = 65536
GAS = 10**9
PAGES = 65536
PAGES_64 = 70000
"""A 64-bit memory is longer than 4 GiB; past that it is written before its first commit only: upstream's engine fails there later."""


def modules(folder: Path) -> None:
    for is_64 in (False, True):
        for data in (False, True):
            segments = " ".join(f'(data ({"i64" if is_64 else "i32"}.const {at}) "{text.decode()}")' for at, text in DATA)
            text = WAT.format(
                memory="i64 70000" if is_64 else "3",
                p="i64" if is_64 else "i32",
                n="(i64.extend_i32_u (local.get $n))" if is_64 else "(local.get $n)",
                data=segments if data else "",
            )
            (folder / module(is_64, data)).write_text(text)


def module(is_64: bool, data: bool) -> str:
    return f"poke{64 if is_64 else 32}{'-data' if data else ''}.wat"


def argument(stores: list[tuple[int, int]]) -> bytes:
    return b"".join(struct.pack("<QQ", address, value) for address, value in stores)


class History:
    """A random history, as script lines and vector lines side by side."""

    def __init__(self, rng: random.Random, contracts: int, *, collide: bool) -> None:
        self.rng = rng
        self.collide = collide
        self.ids: list[tuple[str, bool]] = []
        self.committed: list[tuple[str, bool]] = []
        self.wanted = contracts
        self.steps: list[tuple[dict[str, Any], dict[str, Any]]] = []

    def add(self, vector: dict[str, Any], line: dict[str, Any]) -> None:
        self.steps.append((vector, line))

    def new_id(self) -> str:
        if self.collide and self.ids:
            words = list(struct.unpack("<8I", bytes.fromhex(self.rng.choice(self.ids)[0])))
            self.rng.shuffle(words)
            return struct.pack("<8I", *words).hex()
        return self.rng.randbytes(32).hex()

    def deploy(self) -> None:
        contract, is_64, data = self.new_id(), self.rng.random() < 0.4, self.rng.random() < 0.5
        if contract in [known for known, _ in self.ids]:
            return
        self.ids.append((contract, is_64))
        at = [[address, text.hex()] for address, text in DATA] if data else []
        self.add(
            {"do": "deploy", "id": contract, "is_64": is_64, "at": at},
            {"do": "deploy", "id": contract, "wasm": module(is_64, data), "owner": "01", "gas_limit": GAS},
        )

    def write(self) -> None:
        contract, is_64 = self.rng.choice(self.ids)
        limit = PAGES_64 if is_64 and (contract, is_64) not in self.committed else PAGES
        pages = [self.rng.choice([0, 1, 2, 3, 5, 17, 64, 255, 4097, self.rng.randrange(limit)]) for _ in range(self.rng.randint(1, 4))]
        stores = [(page * PAGE + self.rng.randrange(4096, PAGE - 8), self.rng.choice([0, self.rng.getrandbits(64)])) for page in pages]
        given = argument(stores)
        at = [[ARGUMENT, given.hex()]] + [[address, value.to_bytes(8, "little").hex()] for address, value in stores]
        self.add(
            {"do": "write", "id": contract, "at": at}, {"do": "call", "id": contract, "fn": "poke", "arg": given.hex(), "gas_limit": GAS}
        )

    def load(self) -> None:
        contract, _ = self.rng.choice(self.ids)
        self.add({"do": "load", "id": contract}, {"do": "call", "id": contract, "fn": "nothing", "arg": "", "gas_limit": GAS})

    def commit(self) -> None:
        self.add({"do": "commit"}, {"do": "commit"})
        self.committed = list(self.ids)

    def grow(self, steps: int, *, reopen: bool) -> None:
        self.add({"do": "root"}, {"do": "root"})
        for _ in range(steps):
            if len(self.ids) < self.wanted and (not self.ids or self.rng.random() < 0.4):
                self.deploy()
            else:
                self.rng.choices([self.write, self.load, self.commit, self.leave], [12, 4, 3, 1])[0]()
            if reopen and self.rng.random() < 0.1:
                self.commit()
                self.add({"do": "reopen"}, {})
        self.commit()

    def leave(self) -> None:
        if self.committed:
            self.ids = list(self.committed)
            self.add({"do": "new_session", "base": None}, {"do": "new_session"})


def run(oracle: Path, folder: Path, history: History) -> None:
    """Fill in the roots. One process of the oracle for each stretch between two `reopen`."""
    with tempfile.TemporaryDirectory() as state:
        stretch: list[tuple[dict[str, Any], dict[str, Any]]] = []
        for step in [*history.steps, ({"do": "reopen"}, {})]:
            if step[0]["do"] != "reopen":
                stretch.append(step)
                continue
            script = "".join(json.dumps(line) + "\n" for _, line in stretch)
            command = [str(oracle), "--vm", "piecrust", "--roots", "--state", state, "--dir", str(folder)]
            done = subprocess.run(command, input=script, capture_output=True, text=True, timeout=20, check=True)
            answers = [json.loads(line) for line in done.stdout.splitlines()]
            for (vector, line), answer in zip(stretch, answers, strict=True):
                if not answer["ok"] and answer["error"].startswith("ContractDoesNotExist"):
                    vector["missing"] = True
                elif not answer["ok"]:
                    raise SystemExit(f"{line}: {answer['error']}")
                if "root" in answer:
                    vector["root"] = answer["root"]
            stretch = []


def branches(rng: random.Random, history: History, oracle: Path, folder: Path) -> History:
    """The same history, then sessions on older commits of it, whose roots are known from a first run."""
    run(oracle, folder, history)
    bases: list[tuple[str, list[tuple[str, bool]]]] = []
    ids: list[tuple[str, bool]] = []
    kept: list[tuple[str, bool]] = []
    for vector, _ in history.steps:
        if vector["do"] == "deploy":
            ids.append((vector["id"], vector["is_64"]))
        elif vector["do"] == "commit":
            bases.append((vector["root"], list(ids)))
            kept = list(ids)
        elif vector["do"] == "new_session":
            ids = list(kept)
    for _ in range(4):
        root, ids = rng.choice(bases)
        history.ids, history.committed = list(ids), list(ids)
        history.add({"do": "new_session", "base": root}, {"do": "new_session", "base": root})
        history.wanted = len(history.ids) + 2
        for _ in range(3):
            if history.ids:
                history.write()
            history.deploy()
        history.commit()
    return history


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--piecrust-run", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--histories", type=int, default=12)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        modules(folder)
        for case in range(arguments.histories):
            rng = random.Random(f"roots {arguments.seed} {case}")
            history = History(rng, contracts=[3, 9, 40][case // 4 % 3], collide=case % 4 == 3)
            history.grow(rng.choice([30, 50]), reopen=case % 4 == 1)
            try:
                if case % 4 == 2:
                    history = branches(rng, history, arguments.piecrust_run, folder)
                run(arguments.piecrust_run, folder, history)
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as crash:  # upstream's own, in a reopened store
                print(f"history {case} left out: {crash}", file=sys.stderr)
                continue
            for vector, _ in history.steps:
                print(json.dumps({"case": case, **vector}))


if __name__ == "__main__":
    main()
