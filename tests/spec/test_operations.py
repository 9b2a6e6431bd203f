"""The eleven host functions as a whole: statuses, fallbacks, encodings, rules and prices."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coproc.spec import rkyv
from coproc.spec.operations import OPERATIONS, DefaultRules, answer, price
from tests.spec.archive import archive
from tests.vectors import load

names = pytest.mark.parametrize("op", OPERATIONS)


def rules_of(version: str | None) -> DefaultRules:
    if version is None:
        return DefaultRules()
    return DefaultRules(plonk=version) if version.startswith("V") else DefaultRules(fork=version)


@names
def test_answers_are_dusk_s_on_a_sample_of_each_function(op: str) -> None:
    cases = load.dusk(op)
    for case in cases[:: max(1, len(cases) // 12)]:
        got = answer(op, case.argbuf, rules_of(case.version))
        value = got.value.hex() if isinstance(got.value, bytes) else got.value
        assert (got.status, got.retbuf) == (case.status, case.retbuf), case.name
        assert got.status == "panic" or value == case.expect, case.name
        if case.price_boreas is not None:
            assert price(op, case.argbuf, DefaultRules(fork="Boreas")) == case.price_boreas


@names
def test_a_buffer_that_does_not_decode_gives_the_fallback(op: str) -> None:
    got = answer(op, b"")
    assert got.status == "malformed"
    assert got.retbuf == bytes({"secp256k1_recover": 66, "hash": 32, "poseidon_hash": 32, "keccak256": 32, "sha256": 32}.get(op, 1))
    assert got.value in (False, None, bytes(32))


@names
def test_nothing_costs_gas_before_boreas(op: str) -> None:
    for fork in ("PreFork", "Aegis"):
        assert price(op, b"", DefaultRules(fork=fork)) == price(op, bytes(500), DefaultRules(fork=fork)) == 0
    assert price(op, b"", DefaultRules(fork="Boreas")) > 0


def test_hashing_is_priced_by_the_decoded_bytes_or_the_whole_buffer() -> None:
    boreas = DefaultRules(fork="Boreas")
    data = archive(rkyv.BYTES, bytes(100))
    assert price("sha256", data, boreas) == 3000 + 8 * 100
    assert price("sha256", data, boreas, align=1) == 3000 + 8 * len(data)
    assert price("keccak256", bytes(7), boreas) == 3000 + 16 * 7


def test_a_panic_has_no_answer() -> None:
    got = answer("poseidon_hash", bytes(8))
    assert got == ("panic", None, None)


def test_alignment_of_the_base_decides_whether_a_buffer_decodes() -> None:
    data = archive(rkyv.SCALARS, bytes(64))
    assert answer("poseidon_hash", data, align=8).status == "ok"
    assert answer("poseidon_hash", data, align=4).status == "malformed"


def test_an_unknown_function_is_an_error() -> None:
    with pytest.raises(KeyError):
        answer("verify_everything", b"")


@given(st.sampled_from(sorted(OPERATIONS)), st.binary(max_size=400), st.sampled_from([1, 2, 4, 8]))
def test_any_bytes_have_an_answer(op: str, data: bytes, align: int) -> None:
    got = answer(op, data, align=align)
    assert got.status in ("ok", "malformed", "panic")
    assert (got.retbuf is None) == (got.status == "panic")
