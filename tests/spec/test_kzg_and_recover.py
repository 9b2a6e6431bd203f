"""verify_kzg_proof and secp256k1_recover."""

from __future__ import annotations

import hashlib

import coincurve
import pytest

from coproc.params import bls12_381
from coproc.spec import encode, kzg
from coproc.spec.curve import BLS12_381_G1 as G1
from coproc.spec.curve import SECP256K1
from coproc.spec.recover import recover
from coproc.spec.verdict import Invalid

R = bls12_381.R


def big(x: int) -> bytes:
    return x.to_bytes(32, "big")


def test_a_constant_polynomial_opens_to_its_value_everywhere() -> None:
    """C = y G1 and the quotient is zero."""
    commitment, zero = encode.zcash_g1(G1.mul(42, G1.generator)), encode.zcash_g1(None)
    for z in (0, 1, R - 1, 12345):
        assert kzg.verify(big(z), big(42), commitment, zero)
        assert not kzg.verify(big(z), big(43), commitment, zero)
        assert not kzg.verify(big(z), big(42), commitment, encode.zcash_g1(G1.generator))


def test_scalars_that_are_not_canonical_and_points_that_are_none_are_refused() -> None:
    commitment, zero = encode.zcash_g1(G1.mul(42, G1.generator)), encode.zcash_g1(None)
    for z, y, c, w in (
        (big(R), big(42), commitment, zero), (big(0), big(R + 42), commitment, zero), (big(0), big(42), bytes(48), zero),
        (big(0), big(42), commitment, bytes(48)), (big(0), big(42), commitment, b"\xc0" + bytes(46) + b"\1"),
    ):  # fmt: skip
        with pytest.raises(Invalid):
            kzg.verify(z, y, c, w)


def test_recovery_gives_the_signer_and_libsecp256k1_agrees() -> None:
    for i in range(6):
        secret, message = hashlib.sha256(b"secret %d" % i).digest(), hashlib.sha256(b"message %d" % i).digest()
        signer = coincurve.PrivateKey(secret)
        signature = signer.sign_recoverable(message, hasher=None)
        key = signer.public_key.format(compressed=False)
        r, s, v = signature[:32], int.from_bytes(signature[32:64], "big"), signature[64]
        assert v in (0, 1)
        for tag in (v, v + 27):
            assert recover(message, signature[:64] + bytes([tag])) == key
        high = r + (SECP256K1.order - s).to_bytes(32, "big")  # the other s goes with the other parity
        assert recover(message, high + bytes([1 - v])) == key
        assert recover(message, signature[:64] + bytes([1 - v])) != key
        for tag in (2, 3, 26, 29, 255):
            assert recover(message, signature[:64] + bytes([tag])) is None


def test_what_recovers_no_key() -> None:
    n, one = SECP256K1.order, (1).to_bytes(32, "big")
    not_an_abscissa = next(x for x in range(1, 50) if SECP256K1.field.sqrt(SECP256K1.y_squared(x)) is None)
    for r, s in ((0, 1), (1, 0), (n, 1), (1, n), (not_an_abscissa, 1), (2**256 - 1, 1)):
        assert recover(one, big(r) + big(s) + b"\0") is None
    # s R = e G: with R = k G, s = e/k the key would be infinity.
    x, y = SECP256K1.mul(5, SECP256K1.generator) or (0, 0)
    s = 7 * pow(5, -1, n) % n
    assert recover(big(7), big(x) + big(s) + bytes([y & 1])) is None
    assert recover(big(7 + n), big(x) + big(s) + bytes([y & 1])) is None
    assert recover(big(8), big(x) + big(s) + bytes([y & 1])) is not None
