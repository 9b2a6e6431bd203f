"""verify_groth16_bn254: Groth16 with arkworks' prepared verifying key, supplied by the caller.

The equation is e(A, B) e(inputs, -gamma) e(C, -delta) = alpha_g1_beta_g2 with the key's own line coefficients, any values below p, and
its own right side. ``inputs`` is already the point sum x_i [gamma_abc_i].
Sources: [Groth16]; [ark-groth16] src/data_structures.rs and src/verifier.rs; [ark-ec] src/models/bn/g2.rs; [dusk-vm] host_queries.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from coproc.spec.curve import G1Point, G2Point
from coproc.spec.decode import Reader
from coproc.spec.pairing import BN254, Lines
from coproc.spec.tower import Fp12
from coproc.spec.verdict import Panic


class PreparedG2(NamedTuple):
    lines: Lines
    infinity: bool


class PreparedKey(NamedTuple):
    """What is used of the key; the rest (alpha, beta, gamma, delta, gamma_abc) need only decode."""

    target: Fp12
    gamma: PreparedG2
    delta: PreparedG2


class Proof(NamedTuple):
    a: G1Point
    b: G2Point
    c: G1Point


def _prepared_g2(reader: Reader) -> PreparedG2:
    """u64 count, that many triples over Fp2, a bool."""
    count = reader.u64()
    lines = []
    for _ in range(count):
        lines.append((reader.fp2(), reader.fp2(), reader.fp2()))
    return PreparedG2(tuple(lines), reader.boolean())


@lru_cache(maxsize=64)
def decode_key(data: bytes) -> PreparedKey:
    """PreparedVerifyingKey<Bn254>, uncompressed, validated."""
    reader = Reader(data)
    reader.g1(compressed=False)  # alpha
    for _ in range(3):
        reader.g2(compressed=False)  # beta, gamma, delta
    for _ in range(reader.u64()):
        reader.g1(compressed=False)  # gamma_abc
    target = BN254.tower.from_coordinates(tuple(reader.fp() for _ in range(12)))
    return PreparedKey(target, _prepared_g2(reader), _prepared_g2(reader))


def decode_proof(data: bytes) -> Proof:
    """A, B, C, compressed: 128 bytes."""
    reader = Reader(data)
    return Proof(reader.g1(compressed=True), reader.g2(compressed=True), reader.g1(compressed=True))


def decode_inputs(data: bytes) -> G1Point:
    """32 bytes."""
    return Reader(data).g1(compressed=True)


def verify(key_data: bytes, proof_data: bytes, inputs_data: bytes) -> bool:
    """Raises Invalid where something does not decode, Panic where a list of coefficients that is used ends too early."""
    key, proof, inputs = decode_key(key_data), decode_proof(proof_data), decode_inputs(inputs_data)
    pairs: list[tuple[G1Point, Lines | None]] = [(proof.a, None if proof.b is None else BN254.lines(proof.b))]
    for point, prepared in ((inputs, key.gamma), (proof.c, key.delta)):
        pairs.append((point, None if prepared.infinity else prepared.lines))
        if point is not None and not prepared.infinity and len(prepared.lines) < BN254.line_count:
            raise Panic("too few line coefficients")
    f = BN254.miller_loop(pairs)
    return f != BN254.tower.zero and BN254.final_exponentiation(f) == key.target
