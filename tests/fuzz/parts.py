"""What the bytes of an argument tuple mean: each field cut into parts (a scalar, a point, a length), so that mutations hit structure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from coproc.engine.protocol import Layout

LAYOUT = {
    "hash": Layout.BYTES, "keccak256": Layout.BYTES, "sha256": Layout.BYTES, "poseidon_hash": Layout.SCALARS,
    "verify_plonk": Layout.PLONK, "verify_groth16_bn254": Layout.GROTH16, "verify_schnorr": Layout.SCHNORR, "verify_bls": Layout.BLS,
    "verify_bls_multisig": Layout.MULTISIG, "verify_kzg_proof": Layout.KZG, "secp256k1_recover": Layout.RECOVER,
}  # fmt: skip


class Part(NamedTuple):
    """`size` bytes at `offset` of field `field` that are a `kind` (see `mutate.MUTATIONS`)."""

    field: int
    offset: int
    size: int
    kind: str


def _run(field: int, offset: int, kinds: Sequence[tuple[str, int]]) -> list[Part]:
    out = []
    for kind, size in kinds:
        out.append(Part(field, offset, size, kind))
        offset += size
    return out


def _many(field: int, data: bytes, kind: str, size: int, offset: int = 0) -> list[Part]:
    return [Part(field, i, size, kind) for i in range(offset, len(data) - size + 1, size)]


JUBJUB_POINT = [("fr", 32)] * 5


def _verifier_data(data: bytes) -> list[Part]:
    """Six big-endian numbers, the label, n and fifteen commitments (968 bytes), the opening key, indexes."""
    if len(data) < 48:
        return [Part(0, 0, len(data), "octets")]
    lengths = [int.from_bytes(data[i : i + 8], "big") for i in (0, 8, 16, 24)]
    out = _run(0, 0, [("u64_be", 8)] * 6)
    at = 48 + lengths[0]
    if at + 968 + 240 > len(data):
        return [*out, Part(0, 48, len(data) - 48, "octets")]
    out += [Part(0, 48, lengths[0], "octets")] if lengths[0] else []
    out += _run(0, at, [("u64_le", 8)] + [("zcash_g1", 48)] * 15 + [("octets", 240)])
    key = at + lengths[1]
    if key + 240 <= len(data):
        out += _run(0, key, [("zcash_g1", 48), ("zcash_g2", 96), ("zcash_g2", 96)])
    indexes = key + lengths[2]
    return out + _many(0, data, "u64_be", 8, indexes)[:16]


def _prepared_key(data: bytes) -> list[Part]:
    """alpha, beta, gamma, delta, gamma_abc, e(alpha, beta), and twice: coefficients, infinity."""
    if len(data) < 456:
        return [Part(0, 0, len(data), "octets")]
    out = _run(0, 0, [("ark_g1_full", 64)] + [("ark_g2_full", 128)] * 3 + [("u64_le", 8)])
    count = int.from_bytes(data[448:456], "little")
    at = 456 + 64 * count
    if count > 64 or at + 384 + 18 > len(data):
        return out
    out += _run(0, 456, [("ark_g1_full", 64)] * count)
    out += _run(0, at, [("fq", 32)] * 12)
    at += 384
    for _ in range(2):
        count = int.from_bytes(data[at : at + 8], "little")
        if count > 200 or at + 9 + 192 * count > len(data):
            return out
        out += [Part(0, at, 8, "coefficients")]
        out += _run(0, at + 8, [("fq", 32)] * (6 * count))
        out += [Part(0, at + 8 + 192 * count, 1, "flag")]
        at += 9 + 192 * count
    return out


def parts_of(op: str, fields: Sequence[bytes]) -> list[Part]:
    """The parts of a decoded argument tuple, in the order of `Layout`."""
    if op in ("hash", "keccak256", "sha256"):
        return [Part(0, 0, len(fields[0]), "octets")]
    if op == "poseidon_hash":
        return _many(0, fields[0], "fr", 32)
    if op == "verify_plonk":
        proof = _run(1, 0, [("zcash_g1", 48)] * 11 + [("fr_canonical", 32)] * 15) if len(fields[1]) >= 1008 else []
        return _verifier_data(fields[0]) + proof + _many(2, fields[2], "fr", 32)
    if op == "verify_groth16_bn254":
        proof = _run(1, 0, [("ark_g1", 32), ("ark_g2", 64), ("ark_g1", 32)]) if len(fields[1]) >= 128 else []
        inputs = [Part(2, 0, 32, "ark_g1")] if len(fields[2]) >= 32 else []
        # The proof and the inputs as often as the key, which has a thousand parts.
        return _prepared_key(fields[0]) + (proof + inputs) * 64
    if op == "verify_schnorr":
        return _run(0, 0, [("fr", 32)]) + [Part(1, 0, 160, "jubjub"), Part(2, 32, 160, "jubjub")] * 4 + (
            _run(1, 0, JUBJUB_POINT) + _run(2, 0, [("jubjub_scalar", 32), *JUBJUB_POINT])
        )  # fmt: skip
    if op == "verify_bls":
        return [Part(0, 0, len(fields[0]), "octets"), Part(1, 0, 200, "raw_g2"), Part(2, 0, 104, "raw_g1")]
    if op == "verify_bls_multisig":
        return [Part(0, 0, len(fields[0]), "octets"), *_many(1, fields[1], "raw_g2", 200), Part(2, 0, 104, "raw_g1")]
    if op == "verify_kzg_proof":
        return [Part(0, 0, 32, "fr_be"), Part(1, 0, 32, "fr_be"), Part(2, 0, 48, "zcash_g1"), Part(3, 0, 48, "zcash_g1")]
    return [Part(0, 0, 32, "octets_fixed"), Part(1, 0, 32, "secp_n"), Part(1, 32, 32, "secp_n"), Part(1, 64, 1, "recovery_id")]


#: Fields that may change their length: Vec<u8> and vectors of elements of this size.
GROWING = {
    "hash": {0: 1}, "keccak256": {0: 1}, "sha256": {0: 1}, "poseidon_hash": {0: 32}, "verify_plonk": {0: 1, 1: 1, 2: 32},
    "verify_groth16_bn254": {0: 1, 1: 1, 2: 1}, "verify_bls": {0: 1}, "verify_bls_multisig": {0: 1, 1: 200},
}  # fmt: skip
