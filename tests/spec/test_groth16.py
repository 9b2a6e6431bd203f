"""Groth16 over BN254 with prepared keys: proofs from a trapdoor, malleability, arbitrary keys, panics."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from coproc.params import bn254
from coproc.spec import encode, groth16
from coproc.spec.curve import BN254_G1 as G1
from coproc.spec.curve import BN254_G2 as G2
from coproc.spec.pairing import BN254, Lines
from coproc.spec.tower import Fp12, Tower
from coproc.spec.verdict import Invalid, Panic

R = bn254.R
ALPHA, BETA, GAMMA, DELTA, INPUTS, A, B = 3, 5, 7, 11, 13, 17, 19


@dataclass(frozen=True)
class Key:
    """A prepared verifying key, before it is written."""

    target: Fp12
    gamma: Lines
    delta: Lines
    gamma_infinity: int = 0
    delta_infinity: int = 0

    def __bytes__(self) -> bytes:
        def prepared(lines: Lines, infinity: int) -> bytes:
            flat = b"".join(x.to_bytes(32, "little") for line in lines for c in line for x in c)
            return len(lines).to_bytes(8, "little") + flat + bytes([infinity])

        points = encode.ark_g1(G1.mul(ALPHA, G1.generator), False)
        points += b"".join(encode.ark_g2(G2.mul(n, G2.generator), False) for n in (BETA, GAMMA, DELTA))
        points += (2).to_bytes(8, "little") + 2 * encode.ark_g1(G1.generator, False)
        target = b"".join(x.to_bytes(32, "little") for x in Tower.coordinates(self.target))
        return points + target + prepared(self.gamma, self.gamma_infinity) + prepared(self.delta, self.delta_infinity)


def lines_of(n: int) -> Lines:
    point = G2.mul(n, G2.generator)
    assert point is not None
    return BN254.lines(point)


KEY = Key(BN254(G1.mul(ALPHA, G1.generator), G2.mul(BETA, G2.generator)), lines_of(-GAMMA), lines_of(-DELTA))


def proof(a: int = A, b: int = B, c: int | None = None) -> bytes:
    """A B = alpha beta + inputs gamma + C delta, solved for C."""
    if c is None:
        c = (A * B - ALPHA * BETA - INPUTS * GAMMA) * pow(DELTA, -1, R)
    return (
        encode.ark_g1(G1.mul(a, G1.generator), True)
        + encode.ark_g2(G2.mul(b, G2.generator), True)
        + encode.ark_g1(G1.mul(c, G1.generator), True)
    )


INPUT_POINT = encode.ark_g1(G1.mul(INPUTS, G1.generator), True)


def test_a_proof_verifies_and_a_wrong_one_does_not() -> None:
    assert groth16.verify(bytes(KEY), proof(), INPUT_POINT)
    assert not groth16.verify(bytes(KEY), proof(a=A + 1), INPUT_POINT)
    assert not groth16.verify(bytes(KEY), proof(c=1), INPUT_POINT)
    assert not groth16.verify(bytes(KEY), proof(), encode.ark_g1(G1.generator, True))


def test_proofs_are_as_malleable_as_groth16_is() -> None:
    assert groth16.verify(bytes(KEY), proof(-A, -B), INPUT_POINT)
    assert groth16.verify(bytes(KEY), proof(A * 2, B * pow(2, -1, R)), INPUT_POINT)


def test_trailing_bytes_are_ignored_and_missing_ones_are_not() -> None:
    assert groth16.verify(bytes(KEY) + b"x", proof() + b"x", INPUT_POINT + b"x")
    for key, data, inputs in (
        (bytes(KEY)[:-1], proof(), INPUT_POINT), (bytes(KEY), proof()[:-1], INPUT_POINT), (bytes(KEY), proof(), INPUT_POINT[:-1]),
    ):  # fmt: skip
        with pytest.raises(Invalid):
            groth16.verify(key, data, inputs)


def test_the_lines_are_used_as_supplied() -> None:
    """Another list for gamma is another equation, whatever the key says of gamma; lines scaled in Fp2 are the same one."""
    assert not groth16.verify(bytes(replace(KEY, gamma=lines_of(-GAMMA - 1))), proof(), INPUT_POINT)
    fp2 = BN254.tower.fp2
    scaled = tuple((fp2.mul(a, (2, 3)), fp2.mul(b, (2, 3)), fp2.mul(c, (2, 3))) for a, b, c in KEY.delta)
    assert groth16.verify(bytes(replace(KEY, delta=scaled)), proof(), INPUT_POINT)
    assert groth16.verify(bytes(replace(KEY, delta=(*KEY.delta, KEY.delta[0]))), proof(), INPUT_POINT)


def test_lines_that_are_zero_make_the_answer_false() -> None:
    zero = (0, 0)
    assert not groth16.verify(bytes(replace(KEY, gamma=((zero, zero, zero),) * 91)), proof(), INPUT_POINT)


def test_too_few_lines_are_a_panic_unless_the_pair_is_skipped() -> None:
    short = replace(KEY, delta=KEY.delta[:-1])
    with pytest.raises(Panic):
        groth16.verify(bytes(short), proof(), INPUT_POINT)
    with pytest.raises(Panic):
        groth16.verify(bytes(replace(KEY, gamma=())), proof(), INPUT_POINT)
    assert not groth16.verify(bytes(replace(short, delta_infinity=1)), proof(), INPUT_POINT)
    balanced = replace(short, target=BN254(G1.mul(A * B - INPUTS * GAMMA, G1.generator), G2.generator))
    assert groth16.verify(bytes(balanced), proof(c=0), INPUT_POINT)
    with pytest.raises(Invalid):  # a key, proof or input that does not decode comes first
        groth16.verify(bytes(short), proof(), bytes(31) + b"\xff")
    with pytest.raises(Invalid):
        groth16.verify(bytes(replace(KEY, gamma_infinity=2)), proof(), INPUT_POINT)


def test_the_right_side_is_taken_as_given() -> None:
    """Even a value that no pairing takes."""
    assert not groth16.verify(bytes(replace(KEY, target=BN254.tower.zero)), proof(), INPUT_POINT)
    p = bn254.P.to_bytes(32, "little")
    data = bytes(KEY)
    at = 64 + 3 * 128 + 8 + 2 * 64
    with pytest.raises(Invalid):
        groth16.verify(data[:at] + p + data[at + 32 :], proof(), INPUT_POINT)
