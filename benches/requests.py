"""The requests that operations are timed on: distinct, true, made by `dusk-oracle batch`, by `coproc.measure` where it is absent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benches.peers import oracle
from coproc.coprocessor import Coprocessor
from coproc.engine.select import select
from coproc.measure.requests import make
from coproc.operation import Request, Rules
from coproc.ops import OPERATIONS


@dataclass(frozen=True)
class Case:
    """One row: an operation, what its requests are, and Dusk's own figure.

    options: of `dusk-oracle batch`. label: how the row of `dusk-oracle time` begins. fresh: no key is ever seen twice, so a pass
    over the requests must be the first of its coprocessor. most: the batch is no larger, where it takes long. block: so many fill
    one of Dusk's blocks. made: by `coproc.measure` always, since the oracle makes no such requests.
    """

    name: str
    op: str
    what: str
    label: str
    options: tuple[str, ...] = ()
    fresh: bool = False
    most: int = 1 << 20
    block: int = 0
    made: bool = False


CASES: Final = (
    Case("verify_plonk", "verify_plonk", "mixed4, V3, one key", "verify_plonk V3 mixed4", ("--circuit", "mixed4"), block=300),
    Case("verify_groth16_bn254", "verify_groth16_bn254", "4 public inputs, one key", "verify_groth16_bn254 4 publics", block=666),
    Case("verify_bls", "verify_bls", "Aegis, 64 keys", "verify_bls Aegis", ("--keys", "64"), block=1714),
    Case("verify_bls, fresh keys", "verify_bls", "Aegis, a key each", "verify_bls Aegis", ("--keys", "65536"), fresh=True),
    Case(
        "verify_bls_multisig",
        "verify_bls_multisig",
        "Aegis, 64 keys of 256",
        "verify_bls_multisig Aegis 64 keys",
        ("--keys", "64"),
    ),
    Case(
        "verify_bls_multisig, fresh keys",
        "verify_bls_multisig",
        "Aegis, 64 keys of its own each",
        "verify_bls_multisig Aegis 64 keys",
        fresh=True,
        most=128,
        made=True,
    ),
    Case("verify_schnorr", "verify_schnorr", "64 keys", "verify_schnorr", ("--keys", "64"), block=3000),
    Case("verify_kzg_proof", "verify_kzg_proof", "", "verify_kzg_proof"),
    Case("secp256k1_recover", "secp256k1_recover", "", "secp256k1_recover"),
    Case("poseidon_hash", "poseidon_hash", "4 scalars", "poseidon_hash 4 scalars", ("--len", "4")),
    Case("hash", "hash", "32 bytes", "hash 32 B", ("--len", "32")),
    Case("keccak256", "keccak256", "32 bytes", "keccak256 32 B", ("--len", "32")),
    Case("sha256", "sha256", "32 bytes", "sha256 32 B", ("--len", "32")),
)


@dataclass(frozen=True)
class Load:
    """Requests with the bytes that Dusk's host writes back for each."""

    requests: list[Request]
    retbufs: list[bytes]


def _from_oracle(program: Path, case: Case, n: int, folder: Path) -> Load:
    path = folder / f"{'-'.join([case.op, str(n), *case.options]).replace('--', '')}.jsonl"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        oracle.batch(program, case.op, n, partial, case.options)
        partial.rename(path)
    requests, retbufs = [], []
    rules: dict[tuple[str, str], Rules] = {}
    with path.open(encoding="utf-8") as lines:
        for line in map(json.loads, lines):
            words = line.get("plonk", ""), line.get("fork", "PreFork")
            in_force = rules.setdefault(words, Rules(*words))
            requests.append(Request(line["op"], bytes.fromhex(line["argbuf"]), in_force))
            expect = line["expect"]
            retbufs.append(bytes([expect]) if isinstance(expect, bool) else bytes.fromhex(expect))
    return Load(requests, retbufs)


def _made(case: Case, n: int) -> Load:
    """Requests that `coproc.measure` makes; answers that are values are those of `cpu:portable`."""
    requests = make(select(), case.op, n, fresh=case.fresh).requests
    if OPERATIONS[case.op].kind == "bool":
        return Load(requests, [b"\1"] * n)
    with Coprocessor("cpu:portable") as reference:
        return Load(requests, [answer.retbuf or b"" for answer in reference.run(requests)])


def load(program: Path | None, case: Case, n: int, folder: Path) -> Load:
    """n requests of a case, and no fewer than fill a block, from the oracle (kept in `folder` for the next run), else made here."""
    n = min(max(n, case.block), case.most)
    return _from_oracle(program, case, n, folder) if program and not case.made else _made(case, n)
