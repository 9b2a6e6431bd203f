"""The requests that operations are timed on: distinct, true, made by `dusk-oracle batch`; from the test vectors where it is absent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benches.peers import oracle
from coproc.operation import Request, Rules


@dataclass(frozen=True)
class Case:
    """One row: an operation, what its requests are, and Dusk's own figure.

    options: of `dusk-oracle batch`. label: how the row of `dusk-oracle time` begins. fresh: no key is ever seen twice, so a pass
    over the requests must be the first of its coprocessor. most: the batch is no larger, where making requests takes long.
    """

    name: str
    op: str
    what: str
    label: str
    options: tuple[str, ...] = ()
    fresh: bool = False
    most: int = 1 << 20


CASES: Final = (
    Case("verify_plonk", "verify_plonk", "mixed4, V3, one key", "verify_plonk V3 mixed4", ("--circuit", "mixed4")),
    Case("verify_groth16_bn254", "verify_groth16_bn254", "4 public inputs, one key", "verify_groth16_bn254 4 publics"),
    Case("verify_bls", "verify_bls", "Aegis, 64 keys", "verify_bls Aegis", ("--keys", "64")),
    Case("verify_bls, fresh keys", "verify_bls", "Aegis, a key each", "verify_bls Aegis", ("--keys", "65536"), fresh=True),
    Case(
        "verify_bls_multisig",
        "verify_bls_multisig",
        "Aegis, 64 keys of 256",
        "verify_bls_multisig Aegis 64 keys",
        ("--keys", "64"),
        most=64,
    ),
    Case("verify_schnorr", "verify_schnorr", "64 keys", "verify_schnorr", ("--keys", "64")),
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


def _from_vectors(case: Case, n: int) -> Load:
    """Distinct vectors of the operation whose answer is not false, at most n: few, of several keys and sizes."""
    from tests.vectors.load import dusk

    seen: dict[bytes, Request] = {}
    retbufs: dict[bytes, bytes] = {}
    for vector in dusk(case.op):
        if vector.retbuf is None or vector.expect in (False, None) or vector.args is None or vector.argbuf in seen:
            continue
        version = vector.version
        if version not in (None, "V3", "Aegis"):
            continue
        rules = Rules(plonk="V3" if version == "V3" else "", fork="Aegis" if version == "Aegis" else "PreFork")
        seen[vector.argbuf] = Request(case.op, vector.argbuf, rules)
        retbufs[vector.argbuf] = vector.retbuf
        if len(seen) == n:
            break
    return Load(list(seen.values()), list(retbufs.values()))


def load(program: Path | None, case: Case, n: int, folder: Path) -> Load:
    """n requests of a case from the oracle (kept in `folder` for the next run), or what the test vectors have."""
    n = min(n, case.most)
    return _from_oracle(program, case, n, folder) if program else _from_vectors(case, n)
