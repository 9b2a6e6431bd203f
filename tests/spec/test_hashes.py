"""Hashes and transcripts against other implementations."""

from __future__ import annotations

import random

from Crypto.Hash import keccak
from hypothesis import given
from hypothesis import strategies as st

from coproc.params import bls12_381
from coproc.spec import hashes
from coproc.spec.merlin import Transcript


@given(st.binary(max_size=300))
def test_keccak256_is_the_one_of_pycryptodome(data: bytes) -> None:
    assert hashes.keccak256(data) == keccak.new(digest_bits=256, data=data).digest()


def test_keccak256_pads_right_around_block_ends() -> None:
    draw = random.Random(5)
    for size in (0, 1, 134, 135, 136, 137, 271, 272, 273):
        data = draw.randbytes(size)
        assert hashes.keccak256(data) == keccak.new(digest_bits=256, data=data).digest()


def test_hash_to_scalar_is_canonical_and_not_truncated() -> None:
    values = [hashes.hash_to_scalar(bytes([i])) for i in range(64)]
    assert all(v < bls12_381.R for v in values)
    assert any(v >> 250 for v in values)


def test_a_transcript_gives_the_challenge_that_merlin_publishes() -> None:
    """The first of merlin's own tests, as its ports carry it."""
    t = Transcript(b"test protocol")
    t.append(b"some label", b"some data")
    assert t.challenge_bytes(b"challenge", 32).hex() == "d5a21972d0d5fe320c0d263fac7fffb8145aa640af6e9bca177c03c7efcf0615"


def test_challenges_depend_on_everything_before_them() -> None:
    def run(*messages: tuple[bytes, bytes]) -> int:
        t = Transcript(b"label")
        for label, message in messages:
            t.append(label, message)
        return t.challenge(b"c")

    outcomes = {run(), run((b"a", b"")), run((b"", b"a")), run((b"a", b"b")), run((b"ab", b"")), run((b"a", b"b" * 500))}
    assert len(outcomes) == 6
    t = Transcript(b"label")
    assert t.challenge(b"c") != t.challenge(b"c")
