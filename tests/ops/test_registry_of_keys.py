"""The registry of prepared keys: what waits for a second use, tenants with shares of their own, names, and threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from coproc.coprocessor import Coprocessor
from coproc.engine.cpu import CpuEngine
from coproc.engine.protocol import Buffers, Engine
from coproc.errors import InvalidInput
from coproc.key_rows import BLS_LINES, GROTH16_CLOSING, MEMBER_WEIGHTED
from coproc.keys import TENANT_SHARE, KeyRegistry
from coproc.operation import Request, Rules
from coproc.wire.key_digest import key_digest
from tests.conftest import NATIVE
from tests.fuzz import mutate
from tests.samples import requests
from tests.vectors import load


@pytest.fixture(scope="module")
def native() -> Engine:
    return CpuEngine(NATIVE[-1])


def key_of(op: str, which: int = 0) -> bytes:
    """The bytes of the key of an accepted request."""
    case = [c for c in requests.cases(op, accepted=True) if c.version in (None, "V3", "Aegis")][which]
    return mutate.fields_of(case)[{"verify_bls": 1}.get(op, 0)]


BLS, GROTH16, PLONK = ("verify_bls", "bls"), ("verify_groth16_bn254", "groth16"), ("verify_plonk", "plonk")


def test_lines_and_proofs_of_honesty_wait_for_the_second_use(native: Engine) -> None:
    for column, shelf_name, op in (
        (BLS_LINES, "bls", BLS[0]),
        (GROTH16_CLOSING, "groth16", GROTH16[0]),
        (MEMBER_WEIGHTED, "members", BLS[0]),
    ):
        data = Buffers.of([key_of(op)])
        shelf = getattr(KeyRegistry(native), shelf_name)
        first, _ = shelf.rows(data)
        second, hold = shelf.rows(data)
        third, _ = shelf.rows(data)
        assert first.item(column) == 0
        assert second.item(column) != 0
        assert np.array_equal(second, third)
        assert (np.delete(first, column, axis=1) == np.delete(second, column, axis=1)).all()
        del hold


def test_a_key_that_comes_twice_in_one_batch_is_used_again(native: Engine) -> None:
    data = Buffers.of([key_of(BLS[0]), key_of(BLS[0], 1), key_of(BLS[0])])
    rows, _ = KeyRegistry(native).bls.rows(data)
    assert (rows[:, BLS_LINES] != 0).tolist() == [True, key_of(BLS[0]) == key_of(BLS[0], 1), True]


def test_fresh_keys_of_one_tenant_do_not_evict_those_of_another(native: Engine) -> None:
    keys = KeyRegistry(native, max_keys=8)
    data = Buffers.of([key_of(BLS[0])])
    for tenant in ("", "a"):
        keys.of(tenant).bls.rows(data)
    for i in range(40):
        keys.of("b").bls.rows(Buffers.of([i.to_bytes(200, "little")]))
    assert len(keys.of("b").bls) <= 8 // TENANT_SHARE
    for tenant in ("", "a"):
        assert [k.kind for k in keys.of(tenant).kept()] == ["bls"]
    assert keys.of("b").kept() == []


def test_tenants_are_bounded_and_the_least_recent_goes(native: Engine) -> None:
    keys = KeyRegistry(native, max_tenants=3)
    for tenant in ("a", "b", "c"):
        keys.of(tenant).add("bls", key_of(BLS[0]))
    keys.of("a")
    keys.of("d")
    assert [len(keys.of(tenant).kept()) for tenant in ("a", "c", "d")] == [1, 1, 0]
    assert keys.of("b").kept() == []
    assert keys.of("") is keys
    assert keys.of("a").fixed is keys.fixed


def test_a_tenant_changes_no_answer(native: Engine) -> None:
    asked = [requests.request_of(c) for op in (BLS[0], GROTH16[0], PLONK[0]) for c in load.dusk(op)[::25]]
    with Coprocessor(native, workers=2) as cp:
        wanted = [(a.value, a.status) for a in cp.run(asked)]
        for tenant in ("a", "b", "a"):
            assert [(a.value, a.status) for a in cp.run(asked, tenant=tenant)] == wanted
            assert [(a.value, a.status) for a in cp.run(asked[:1], tenant=tenant)] == wanted[:1]


@pytest.mark.parametrize(("op", "kind"), [BLS, GROTH16, PLONK])
def test_keys_are_added_listed_and_shown_by_their_digest(native: Engine, op: str, kind: str) -> None:
    keys, data = KeyRegistry(native), key_of(op)
    digest = keys.add(kind, data)
    assert digest == key_digest(kind, data) == keys.add(kind, data)
    assert [(k.kind, k.digest) for k in keys.kept()] == [(kind, digest)]
    shown = keys.show(digest)
    assert shown is not None
    assert key_digest(kind, shown) == digest
    assert keys.show(bytes(32)) is None


def test_what_is_no_key_is_not_added(native: Engine) -> None:
    keys = KeyRegistry(native)
    for kind, data in (
        ("plonk", b"x"),
        ("groth16", bytes(5000)),
        ("bls", bytes(200)),
        ("bls", b"short"),
        ("schnorr", bytes(160)),
        ("?", b""),
    ):
        with pytest.raises(InvalidInput):
            keys.add(kind, data)
    assert keys.kept() == []


def test_padding_that_nobody_reads_does_not_change_a_name() -> None:
    key = bytearray(key_of(BLS[0]))
    key[193:] = b"padding"
    assert key_digest("bls", bytes(key)) == key_digest("bls", key_of(BLS[0]))


def test_threads_that_ripen_the_same_keys_agree(native: Engine) -> None:
    """Eight threads on a fresh registry, again and again: answers as ever."""
    good = requests.accepted(GROTH16[0], 3) + requests.accepted(BLS[0], 3)
    rules = Rules(fork="Aegis")
    asked = [Request(r.op, r.args, r.rules if r.op != BLS[0] else rules) for r in good]
    with Coprocessor(native, workers=1) as cp:
        wanted = [a.value for a in cp.run(asked)]
        with ThreadPoolExecutor(8) as pool:
            for _ in range(10):
                cp.keys = KeyRegistry(native)
                assert list(pool.map(lambda _: [a.value for a in cp.run(asked)], range(8))) == [wanted] * 8
