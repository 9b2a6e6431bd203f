"""Groth16 over BN254, from other systems' encodings to the arguments of `verify_groth16_bn254`.

Dusk's host function takes arkworks' `PreparedVerifyingKey<Bn254>` uncompressed, the proof compressed, and the *sum* of the
public inputs, gamma_abc[0] + x_1 gamma_abc[1] + ... + x_k gamma_abc[k], as one compressed point of G1. The readers of snarkjs,
gnark, arkworks and EVM files give points as encoded bytes; here they are decoded by the batch, checked and encoded anew.

Decoding is strict: coordinates and public inputs that are not canonical are refused, as are points off their curve. The
subgroup of a proof's B is left to the host function, which answers false.

Source: docs/references.md [ark-groth16], [dusk-vm].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from coproc.engine.protocol import ENCODED_BYTES, U8, U64, Addresses, Check, Curve, Encoding, Engine, Field, FieldOp, Group, Status, host_of
from coproc.errors import InvalidInput
from coproc.params.bn254 import P, R

G1: Final = Group.BN254_G1
G2: Final = Group.BN254_G2
WORD: Final = 32
LINES: Final = 91
"""Line coefficients of a well-formed prepared point, each three elements of Fp2."""


class EncodedPoint(NamedTuple):
    """A point as it came; data has ENCODED_BYTES of its group and encoding."""

    group: Group
    encoding: Encoding
    data: bytes


class Proof(NamedTuple):
    a: EncodedPoint
    b: EncodedPoint
    c: EncodedPoint


@dataclass(frozen=True)
class VerifyingKey:
    alpha: EncodedPoint
    beta: EncodedPoint
    gamma: EncodedPoint
    delta: EncodedPoint
    gamma_abc: tuple[EncodedPoint, ...]


@dataclass(frozen=True)
class PreparedKey:
    """data: arkworks' prepared key; gamma_abc uint64[k + 1, 8] for k public inputs."""

    data: bytes
    gamma_abc: U64

    @property
    def public_inputs(self) -> int:
        return len(self.gamma_abc) - 1


def coordinate(value: int, what: str) -> bytes:
    """A coordinate, 32 bytes big-endian. Raises InvalidInput where it is not canonical."""
    if not 0 <= value < P:
        raise InvalidInput(f"{what}: the coordinate is not canonical (not below the field's modulus)")
    return value.to_bytes(WORD, "big")


def g1_point(x: int, y: int, what: str) -> EncodedPoint:
    """A point of G1 by its coordinates; (0, 0) is infinity."""
    return EncodedPoint(G1, Encoding.EVM, coordinate(x, what) + coordinate(y, what))


def g2_point(x: tuple[int, int], y: tuple[int, int], what: str) -> EncodedPoint:
    """A point of G2 by its coordinates, c0 first; all zeros is infinity."""
    return EncodedPoint(G2, Encoding.EVM, b"".join(coordinate(v, what) for v in (x[1], x[0], y[1], y[0])))


def decode_points(engine: Engine, points: Sequence[EncodedPoint], checks: int = Check.ON_CURVE) -> tuple[list[U64], U8]:
    """Affine points (8 or 16 words each) and, for each, 1 where it was refused, else 0."""
    decoded: list[U64] = [np.zeros(0, np.uint64)] * len(points)
    refused = np.zeros(len(points), np.uint8)
    for group, encoding in {(point.group, point.encoding) for point in points}:
        chosen = [i for i, point in enumerate(points) if (point.group, point.encoding) == (group, encoding)]
        data = np.frombuffer(b"".join(points[i].data for i in chosen), np.uint8)
        words, status = engine.decode(group, encoding, checks, _rows(data, ENCODED_BYTES[group, encoding]))
        for row, i in enumerate(chosen):
            decoded[i], refused[i] = words[row], status[row] != Status.OK
    return decoded, refused


def _rows(array: U8 | U64, size: int) -> Addresses:
    """Addresses of the elements, `size` bytes each, of a contiguous array."""
    base = int(array.__array_interface__["data"][0])
    return np.arange(array.nbytes // size, dtype=np.uint64) * np.uint64(size) + np.uint64(base)


def prepare_key(engine: Engine, key: VerifyingKey) -> PreparedKey:
    """arkworks' `prepare_verifying_key`, serialised. Raises InvalidInput naming the point that is wrong."""
    names = ["alpha", "beta", "gamma", "delta", *(f"gamma_abc[{i}]" for i in range(len(key.gamma_abc)))]
    points = [key.alpha, key.beta, key.gamma, key.delta, *key.gamma_abc]
    words, refused = decode_points(engine, points, Check.ON_CURVE | Check.IN_SUBGROUP)
    if refused.any():
        raise InvalidInput(f"verifying key: {names[int(refused.argmax())]} is no point of its group")
    alpha, beta, gamma, delta = words[:4]
    gamma_abc = np.ascontiguousarray(np.stack(words[4:]))
    target = engine.pairing(Curve.BN254, np.array([0, 1], np.uint64), alpha.reshape(1, -1), beta.reshape(1, -1))
    data = b"".join((
        engine.encode(G1, Encoding.ARK_UNCOMPRESSED, alpha.reshape(1, -1)).tobytes(),
        engine.encode(G2, Encoding.ARK_UNCOMPRESSED, np.stack((beta, gamma, delta))).tobytes(),
        len(gamma_abc).to_bytes(8, "little"),
        engine.encode(G1, Encoding.ARK_UNCOMPRESSED, gamma_abc).tobytes(),
        _plain(engine, target),
        _prepared_negative(engine, gamma),
        _prepared_negative(engine, delta),
    ))  # fmt: skip
    return PreparedKey(data, gamma_abc)


def _plain(engine: Engine, words: U64) -> bytes:
    """Montgomery elements of Fp as arkworks writes them: 32 bytes little-endian each."""
    return engine.field(Field.BN254_FP, FieldOp.FROM_MONT, np.ascontiguousarray(words).reshape(-1, 4)).tobytes()


def _prepared_negative(engine: Engine, point: U64) -> bytes:
    """arkworks' `G2Prepared` of -point: the count of coefficients, the coefficients, the flag of infinity."""
    if not point.any():
        return bytes(8) + b"\x01"
    y = engine.field(Field.BN254_FP, FieldOp.NEG, np.ascontiguousarray(point[8:]).reshape(2, 4))
    lines = engine.lines(Curve.BN254, np.concatenate((point[:8], y.reshape(8))).reshape(1, 16))
    return LINES.to_bytes(8, "little") + _plain(engine, lines) + b"\x00"


class Converted(NamedTuple):
    """Arguments of `verify_groth16_bn254` beside the key: 128 and 32 bytes."""

    proof: bytes
    inputs: bytes


Claim = tuple[Proof, Sequence[int]]
"""A proof and its public inputs."""


def convert_proofs(engine: Engine, key: PreparedKey, claims: Sequence[Claim]) -> list[Converted | InvalidInput]:
    """Proofs under one key; in the place of a refused one the reason, as an exception that was not raised."""
    results: list[Converted | InvalidInput] = []
    points, refused = decode_points(engine, [point for proof, _ in claims for point in proof])
    good = [i for i in range(len(claims)) if not refused[3 * i : 3 * i + 3].any()]
    sums = _input_sums(engine, key, [claims[i][1] for i in good if _fits(key, claims[i][1]) is None])
    at = 0
    for i, (_, inputs) in enumerate(claims):
        bad = refused[3 * i : 3 * i + 3]
        if bad.any():
            results.append(InvalidInput(f"proof: {'ABC'[int(bad.argmax())]} is not canonical or not on its curve"))
        elif (reason := _fits(key, inputs)) is not None:
            results.append(reason)
        else:
            a, b, c = points[3 * i : 3 * i + 3]
            ac = engine.encode(G1, Encoding.ARK_COMPRESSED, np.stack((a, c)))
            middle = engine.encode(G2, Encoding.ARK_COMPRESSED, b.reshape(1, -1))
            results.append(Converted(ac[0].tobytes() + middle.tobytes() + ac[1].tobytes(), sums[at].tobytes()))
            at += 1
    return results


def _fits(key: PreparedKey, inputs: Sequence[int]) -> InvalidInput | None:
    if len(inputs) != key.public_inputs:
        return InvalidInput(f"{len(inputs)} public inputs where the key takes {key.public_inputs}")
    for i, value in enumerate(inputs):
        if not 0 <= value < R:
            return InvalidInput(f"public input {i}: not canonical (not below the group's order)")
    return None


def _input_sums(engine: Engine, key: PreparedKey, inputs: Sequence[Sequence[int]]) -> U8:
    """gamma_abc[0] + sum of x_i gamma_abc[i], compressed: uint8[n, 32]."""
    n, terms = len(inputs), len(key.gamma_abc)
    scalars = b"".join(x.to_bytes(WORD, "little") for row in inputs for x in (1, *row))
    sums = host_of(engine).msm(
        G1,
        np.arange(n + 1, dtype=np.uint64) * np.uint64(terms),
        np.tile(_rows(key.gamma_abc, key.gamma_abc.itemsize * key.gamma_abc.shape[1]), n),
        np.frombuffer(scalars, np.uint64).reshape(-1, 4),
    )
    return engine.encode(G1, Encoding.ARK_COMPRESSED, sums)
