"""Encodings: what is written is read again, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coproc.params import bls12_381, bn254
from coproc.spec import curve, decode, encode
from coproc.spec.curve import Curve
from coproc.spec.verdict import Invalid

Codec = tuple[Curve[Any], Callable[[bytes], Any], Callable[[Any], bytes]]
CODECS: dict[str, Codec] = {
    "zcash g1": (curve.BLS12_381_G1, decode.zcash_g1, encode.zcash_g1),
    "zcash g2": (curve.BLS12_381_G2, decode.zcash_g2, encode.zcash_g2),
    "zcash g1 uncompressed": (curve.BLS12_381_G1, decode.zcash_g1_uncompressed, encode.zcash_g1_uncompressed),
    "zcash g2 uncompressed": (curve.BLS12_381_G2, decode.zcash_g2_uncompressed, encode.zcash_g2_uncompressed),
    "ark g1": (curve.BN254_G1, lambda d: decode.Reader(d).g1(True), lambda p: encode.ark_g1(p, True)),
    "ark g2": (curve.BN254_G2, lambda d: decode.Reader(d).g2(True), lambda p: encode.ark_g2(p, True)),
    "ark g1 uncompressed": (curve.BN254_G1, lambda d: decode.Reader(d).g1(False), lambda p: encode.ark_g1(p, False)),
    "ark g2 uncompressed": (curve.BN254_G2, lambda d: decode.Reader(d).g2(False), lambda p: encode.ark_g2(p, False)),
    "evm bls12_381 g1": (curve.BLS12_381_G1, decode.evm_bls12_381_g1, encode.evm_bls12_381_g1),
    "evm bls12_381 g2": (curve.BLS12_381_G2, decode.evm_bls12_381_g2, encode.evm_bls12_381_g2),
    "evm bn254 g1": (curve.BN254_G1, decode.evm_bn254_g1, encode.evm_bn254_g1),
    "evm bn254 g2": (curve.BN254_G2, decode.evm_bn254_g2, encode.evm_bn254_g2),
}
codecs = pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS.keys())


@codecs
def test_what_is_written_is_read_again(codec: Codec) -> None:
    group, read, write = codec
    for n in (0, 1, 2, 3, group.order - 1, group.order - 2, 2**100):
        point = group.mul(n, group.generator)
        assert read(write(point)) == point


@codecs
def test_an_encoding_cut_short_is_refused(codec: Codec) -> None:
    group, read, write = codec
    for point in (None, group.generator):
        with pytest.raises(Invalid):
            read(write(point)[:-1])
    with pytest.raises((Invalid, IndexError)):
        read(b"")


@pytest.mark.parametrize("name", [name for name in CODECS if name.startswith("zcash") and "un" not in name])
def test_compressed_zcash_points_have_one_encoding(name: str) -> None:
    """Flipping any flag gives another point or nothing; x + p is refused; trailing bytes are not read."""
    group, read, write = CODECS[name]
    data = write(group.generator)
    assert read(data + b"tail") == group.generator
    assert read(bytes([data[0] ^ 0x20]) + data[1:]) == group.neg(group.generator)
    for flags in (0x80, 0x40):
        with pytest.raises(Invalid):
            read(bytes([data[0] ^ flags]) + data[1:])
    infinity = write(None)
    for i, bit in ((0, 0x20), (0, 0x80), (0, 0x01), (1, 0x01), (len(infinity) - 1, 0x80)):
        with pytest.raises(Invalid):
            read(infinity[:i] + bytes([infinity[i] ^ bit]) + infinity[i + 1 :])
    for x in (bls12_381.P, bls12_381.P + 1, 2**381 - 1):
        with pytest.raises(Invalid):
            read((x | 1 << 383).to_bytes(48, "big") + bytes(len(data) - 48))


def test_ark_infinity_is_told_by_its_flag_alone() -> None:
    x = (5).to_bytes(31, "little") + b"\x40"
    assert decode.Reader(x).g1(True) is None
    assert decode.Reader(bytes(32) + x).g1(False) is None
    with pytest.raises(Invalid):
        decode.Reader(bn254.P.to_bytes(32, "little")[:31] + bytes([bn254.P >> 248 | 0x40])).g1(True)
    with pytest.raises(Invalid):
        decode.Reader(bytes(31) + b"\xc0").g1(True)


def test_ark_uncompressed_points_ignore_the_sort_flag() -> None:
    data = bytearray(encode.ark_g1(curve.BN254_G1.generator, False))
    data[-1] ^= 0x80
    assert decode.Reader(bytes(data)).g1(False) == curve.BN254_G1.generator


def test_points_outside_the_subgroup_are_read_only_where_no_check_is_asked() -> None:
    outside = next((x, y) for x in range(1, 40) if (y := curve.BLS12_381_FP.sqrt(curve.BLS12_381_G1.y_squared(x))) is not None)
    data = encode.zcash_g1(outside)
    assert decode.zcash_g1(data, False) == outside
    with pytest.raises(Invalid):
        decode.zcash_g1(data)


@given(st.binary(min_size=48, max_size=48))
def test_whatever_zcash_bytes_are_read_are_written_back_the_same(data: bytes) -> None:
    data = bytes([data[0] | 0x80]) + data[1:]
    try:
        point = decode.zcash_g1(data, False)
    except Invalid:
        return
    assert encode.zcash_g1(point) == data


@given(st.binary(min_size=32, max_size=32))
def test_whatever_ark_bytes_are_read_are_written_back_the_same_unless_infinity(data: bytes) -> None:
    try:
        point = decode.Reader(data).g1(True)
    except Invalid:
        return
    assert point is None or encode.ark_g1(point, True) == data
