"""blake2b, SHA-256 and Keccak-256 are those of their known answers, for every length and alignment."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable

import numpy as np
import pytest
from Crypto.Hash import keccak

from coproc.engine.protocol import Buffers, Engine
from tests.engine import kit
from tests.vectors import load


def keccak256(data: bytes) -> bytes:
    return keccak.new(digest_bits=256, data=data).digest()


REFERENCE: dict[str, Callable[[bytes], bytes]] = {
    "blake2b_512": lambda data: hashlib.blake2b(data).digest(),
    "sha256": lambda data: hashlib.sha256(data).digest(),
    "keccak256": keccak256,
}
SUITES = {"blake2b_512": ("hash/blake2b", 143), "sha256": ("hash/sha256", 77), "keccak256": ("hash/keccak256", 158)}
HASHES = pytest.mark.parametrize("name", sorted(REFERENCE))


def digests(engine: Engine, name: str, items: list[bytes]) -> list[bytes]:
    return [row.tobytes() for row in getattr(engine, name)(Buffers.of(items))]


@HASHES
def test_hash_gives_its_known_answers(engine: Engine, name: str) -> None:
    suite, count = SUITES[name]
    cases = [c for c in load.public(suite) if not c["in"].get("key")]
    assert len(cases) == count
    data = [bytes.fromhex(c["in"]["data"]) for c in cases]
    if engine.name == "spec" and name == "keccak256":
        cases, data = cases[::5], data[::5]
    assert digests(engine, name, data) == [bytes.fromhex(c["expect"]) for c in cases]


@HASHES
def test_hash_is_that_of_the_standard_library_for_every_length(engine: Engine, name: str, thorough: bool) -> None:
    source = random.Random(1).randbytes(2048)
    lengths = range(600) if thorough else (0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 135, 136, 137, 271, 272, 273)
    items = [source[n : 2 * n] for n in lengths]
    assert digests(engine, name, items) == [REFERENCE[name](i) for i in items]


@HASHES
def test_hash_reads_from_any_alignment(engine: Engine, name: str) -> None:
    block = np.frombuffer(random.Random(2).randbytes(400), np.uint8).copy()
    start = block.__array_interface__["data"][0]
    shifts = np.arange(16, dtype=np.uint64)
    found = getattr(engine, name)(Buffers(np.uint64(start) + shifts, np.full(16, 300, np.uint64), block))
    assert [row.tobytes() for row in found] == [REFERENCE[name](block[s : s + 300].tobytes()) for s in range(16)]


def test_hash_to_fr_is_blake2b_modulo_r(engine: Engine) -> None:
    """With and without a prefix, plain and in Montgomery form."""
    items = [b"", b"\0", b"abc", bytes(range(256)), b"x" * 129]
    for prefix in (b"", b"BLS_SIG_BLS12381_SCALAR_SHA256_DUSK_H1_V2", b"p" * 128):
        wanted = [int.from_bytes(hashlib.blake2b(prefix + i).digest(), "little") % kit.BLS_R for i in items]
        assert kit.ints_of(engine.hash_to_fr(Buffers.of(items), prefix, mont=False)) == wanted
        mont = engine.hash_to_fr(Buffers.of(items), prefix)
        assert kit.ints_of(mont) == [w * 2**256 % kit.BLS_R for w in wanted]


@HASHES
def test_no_items_is_a_legal_batch(engine: Engine, name: str) -> None:
    assert len(getattr(engine, name)(Buffers.of([]))) == 0
