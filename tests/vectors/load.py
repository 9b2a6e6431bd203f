"""Reads the test vectors; a suite without its file, or with another number of cases than is written here, fails.

Files are JSON lines, `.jsonl` or `.jsonl.xz`; `README.md` beside this module says where they come from and what they mean.
Counts are asserted on every read, so that no test can pass because its vectors went away.
"""

from __future__ import annotations

import json
import lzma
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent

#: Cases a host function, for the recorded set and the two fresh ones (other seeds, fewer random cases, no V1 proofs).
DUSK_COUNTS: dict[str, dict[str, int]] = {
    "dusk": {
        "hash": 80, "poseidon_hash": 99, "verify_plonk": 513, "verify_groth16_bn254": 104, "verify_schnorr": 131, "verify_bls": 238,
        "verify_bls_multisig": 245, "keccak256": 80, "sha256": 80, "verify_kzg_proof": 80, "secp256k1_recover": 80,
    },
    "fresh/seed2": {
        "hash": 56, "poseidon_hash": 99, "verify_plonk": 358, "verify_groth16_bn254": 106, "verify_schnorr": 132, "verify_bls": 240,
        "verify_bls_multisig": 248, "keccak256": 56, "sha256": 56, "verify_kzg_proof": 71, "secp256k1_recover": 77,
    },
    "fresh/seed3": {
        "hash": 56, "poseidon_hash": 99, "verify_plonk": 358, "verify_groth16_bn254": 104, "verify_schnorr": 135, "verify_bls": 236,
        "verify_bls_multisig": 247, "keccak256": 56, "sha256": 56, "verify_kzg_proof": 71, "secp256k1_recover": 77,
    },
}  # fmt: skip

#: Mutated argument buffers with the answers of Dusk's VM (see README.md).
MUTATED_COUNTS: dict[str, int] = {
    "hash": 300, "poseidon_hash": 510, "verify_plonk": 680, "verify_groth16_bn254": 255, "verify_schnorr": 800, "verify_bls": 800,
    "verify_bls_multisig": 204, "keccak256": 300, "sha256": 300, "verify_kzg_proof": 500, "secp256k1_recover": 510,
}  # fmt: skip

PUBLIC_COUNTS: dict[str, int] = {
    "bls/eth_aggregate": 4, "bls/eth_aggregate_verify": 3, "bls/eth_batch_verify": 2, "bls/eth_deserialization_G1": 8,
    "bls/eth_deserialization_G2": 9, "bls/eth_fast_aggregate_verify": 7, "bls/eth_hash_to_G2": 2, "bls/eth_verify": 17,
    "bls/wycheproof_bls_hash_to_g2": 20, "bls/wycheproof_bls_sig_g2_aggregate_verify": 11,
    "bls/wycheproof_bls_sig_g2_basic_verify": 50, "bls/wycheproof_bls_sig_g2_pop_verify": 16, "evm/bls12381_g1_add": 74,
    "evm/bls12381_g1_msm": 154, "evm/bls12381_g2_add": 74, "evm/bls12381_g2_msm": 102, "evm/bls12381_map_fp2_to_g2": 66,
    "evm/bls12381_map_fp_to_g1": 66, "evm/bls12381_pairing": 88, "evm/bn254_add": 17, "evm/bn254_mul": 18, "evm/bn254_pairing":
    44, "evm/ecrecover": 47, "evm/kzg_point_evaluation": 1, "h2c/rfc9380": 18, "h2c/rfc9380_expand_message": 12, "hash/blake2b":
    307, "hash/keccak256": 158, "hash/poseidon_dusk_hades": 4, "hash/sha256": 77, "kzg/verify_kzg_proof": 66,
    "secp256k1/rooterberg_recover": 412, "secp256k1/wycheproof_ecdsa_secp256k1_sha256_bitcoin": 278,
    "secp256k1/wycheproof_ecdsa_secp256k1_sha256_p1363": 151, "zk/forged_batch_groth16_bls12381": 13,
    "zk/forged_batch_groth16_bn254": 13, "zk/gnark_binary": 2, "zk/groth16_arkworks_bytes": 2, "zk/groth16_bls12381": 1,
    "zk/groth16_bls12381_derived": 7, "zk/groth16_bls12381_generated": 14, "zk/groth16_bn254": 12, "zk/groth16_bn254_derived": 59,
    "zk/groth16_bn254_generated": 14, "zk/groth16_bn254_vks": 41,
}  # fmt: skip


class VectorsMissing(AssertionError):
    """A suite has no file, or not the number of cases that it must have."""


@dataclass(frozen=True)
class DuskCase:
    """One call of a host function with Dusk's own answer.

    `argbuf` and `args` are resolved: `args` holds no `@name` and is None where the buffer does not decode.
    `expect`: bool, hex, None or "panic". `retbuf`, `price_boreas`: None for a panic.
    """

    set: str
    op: str
    index: int
    case: str
    version: str | None
    args: dict[str, Any] | None
    argbuf: bytes
    expect: bool | str | None
    retbuf: bytes | None
    price_boreas: int | None

    @property
    def name(self) -> str:
        """Unique within its set."""
        return f"{self.op}:{self.index}:{self.case}" + (f":{self.version}" if self.version else "")

    @property
    def status(self) -> str:
        """What the answer's status must be: malformed if and only if the buffer does not decode."""
        if self.expect == "panic":
            return "panic"
        return "malformed" if self.args is None else "ok"


def read_text(path: Path) -> str:
    """The text of `path` or of `path` + `.xz`; raises VectorsMissing if neither is there."""
    packed = path.with_name(path.name + ".xz")
    if packed.is_file():
        return lzma.decompress(packed.read_bytes()).decode()
    if path.is_file():
        return path.read_text(encoding="utf-8")
    raise VectorsMissing(f"no vectors at {path} (nor .xz)")


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in read_text(path).splitlines() if line.strip()]


def join_argbuf(pieces: str | list[str], blobs: dict[str, str], args: dict[str, Any] | None) -> bytes:
    """The argument buffer from its hex or list form: hex, `@name` (a blob), `$arg` (that argument's bytes)."""
    out = []
    for piece in [pieces] if isinstance(pieces, str) else pieces:
        if piece.startswith("$"):
            assert args is not None
            piece = args[piece[1:]]
        out.append(bytes.fromhex(blobs[piece[1:]] if piece.startswith("@") else piece))
    return b"".join(out)


def dusk_cases_of(lines: list[dict[str, Any]], op: str, set_name: str) -> tuple[DuskCase, ...]:
    """The cases of one vector file (also of a freshly made one, as the fuzzer uses it)."""
    blobs: dict[str, str] = {}
    cases = []
    for line in lines:
        if "blob" in line:
            blobs[line["blob"]] = line["hex"]
            continue
        args = line["args"]
        if args is not None:
            args = {k: blobs[v[1:]] if isinstance(v, str) and v.startswith("@") else v for k, v in args.items()}
        cases.append(
            DuskCase(
                set=set_name,
                op=op,
                index=len(cases),
                case=line["case"],
                version=line.get("version"),
                args=args,
                argbuf=join_argbuf(line["argbuf"], blobs, line["args"]),
                expect=line["expect"],
                retbuf=None if line["retbuf"] is None else bytes.fromhex(line["retbuf"]),
                price_boreas=line.get("price_boreas"),
            )
        )
    return tuple(cases)


@cache
def dusk(op: str, set_name: str = "dusk") -> tuple[DuskCase, ...]:
    """All cases of one host function; `set_name`: dusk, fresh/seed2 or fresh/seed3."""
    cases = dusk_cases_of(read_lines(HERE / set_name / f"{op}.jsonl"), op, set_name)
    wanted = DUSK_COUNTS[set_name][op]
    if not cases or len(cases) != wanted:
        raise VectorsMissing(f"{set_name}/{op}: {len(cases)} cases, {wanted} expected")
    return cases


def dusk_lines(op: str, set_name: str = "dusk") -> list[dict[str, Any]]:
    """The raw lines of a file, blobs included."""
    dusk(op, set_name)
    return read_lines(HERE / set_name / f"{op}.jsonl")


@cache
def mutated(op: str) -> tuple[dict[str, Any], ...]:
    """Lines `op`, `argbuf`, `plonk`, `fork`, `retbuf` (None: a panic), `gas` (None for a panic)."""
    cases = tuple(read_lines(HERE / "mutated" / f"{op}.jsonl"))
    wanted = MUTATED_COUNTS[op]
    if not cases or len(cases) != wanted:
        raise VectorsMissing(f"mutated/{op}: {len(cases)} cases, {wanted} expected")
    return cases


@cache
def public(suite: str) -> tuple[dict[str, Any], ...]:
    """The cases of one public suite, such as "evm/bn254_add"."""
    cases = tuple(read_lines(HERE / "public" / f"{suite}.jsonl"))
    wanted = PUBLIC_COUNTS[suite]
    if not cases or len(cases) != wanted:
        raise VectorsMissing(f"public/{suite}: {len(cases)} cases, {wanted} expected")
    return cases


@cache
def verifying_keys(suite: str) -> dict[str, Any]:
    """The snarkjs verifying keys of a zk suite, by the `"@<12 hex>"` that its cases name."""
    keys: dict[str, Any] = {f"@{name}": key for name, key in json.loads(read_text(HERE / "public" / f"{suite}.vks.json")).items()}
    if not keys:
        raise VectorsMissing(f"public/{suite}.vks.json holds no key")
    return keys
