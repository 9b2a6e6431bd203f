"""Groth16 proofs over BN254 as other systems write them, for the tests of `coproc convert`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cli.conftest import Cli, Ran
from tests.vectors.load import public, verifying_keys

SUITES = ("zk/groth16_bn254", "zk/groth16_bn254_derived", "zk/groth16_bn254_generated")


def bundles() -> list[tuple[dict[str, Any], bool]]:
    """Every snarkjs sample as proof, inputs and key in one, and whether it verifies."""
    made = []
    for suite in SUITES:
        keys = verifying_keys(suite)
        for i, case in enumerate(public(suite)):
            given = case["in"]
            value = {"id": f"{suite}:{i}", "proof": given["proof"], "publicSignals": given["public"], "vk": keys[given["vk"]]}
            made.append((value, case["expect"]))
    return made


POSITIVE = next(value for value, expect in bundles() if expect)


def write(path: Path, value: object) -> Path:
    if isinstance(value, bytes):
        path.write_bytes(value)
    else:
        path.write_text(value if isinstance(value, str) else json.dumps(value, indent=1))
    return path


def verified(cli: Cli, converted: Ran, tmp_path: Path) -> list[tuple[str, bool]]:
    """The answers to what was converted."""
    jobs = tmp_path / "converted.jsonl"
    jobs.write_bytes(converted.out)
    ran = cli("verify", jobs)
    assert ran.status == 0
    assert all(answer["status"] == "ok" for answer in ran.answers)
    return [(answer["id"], answer["answer"]) for answer in ran.answers]


def words(value: dict[str, Any]) -> list[int]:
    """The eight words of a proof, c1 first."""
    proof = value["proof"]
    (bx0, bx1), (by0, by1), _ = proof["pi_b"]
    return [int(v) for v in (*proof["pi_a"][:2], bx1, bx0, by1, by0, *proof["pi_c"][:2])]


def calldata(value: dict[str, Any]) -> bytes:
    return b"".join(w.to_bytes(32, "big") for w in (*words(value), *map(int, value["publicSignals"])))
