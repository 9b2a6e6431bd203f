"""An operation is complete: samples, vectors, a price and a row in the documentation, for each name in the registry and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import coproc
from coproc.operation import Rules
from tests.ops.test_vectors import FEW
from tests.samples import requests
from tests.vectors import load

ROOT = Path(coproc.__file__).resolve().parent.parent


def test_the_registry_holds_the_eleven_host_functions() -> None:
    assert set(coproc.OPERATIONS) == set(requests.OPS) == set(FEW)
    assert len(coproc.OPERATIONS) == 11
    assert all(op.name == name for name, op in coproc.OPERATIONS.items())


@pytest.mark.parametrize("op", sorted(coproc.OPERATIONS))
def test_every_operation_has_vectors_in_every_set(op: str) -> None:
    for name, counts in load.DUSK_COUNTS.items():
        cases = load.dusk(op, name)
        assert len(cases) == counts[op] >= 50
        assert {"ok", "malformed"} <= {c.status for c in cases}
        assert any(c.expect not in (False, None, "panic") for c in cases)


@pytest.mark.parametrize("op", sorted(coproc.OPERATIONS))
def test_every_operation_has_samples(op: str) -> None:
    some = requests.accepted(op, 5)
    assert len(some) == 5
    assert all(r.op == op for r in some)


@pytest.mark.parametrize("op", sorted(coproc.OPERATIONS))
def test_every_operation_has_a_price_under_boreas_and_none_before(op: str) -> None:
    operation = coproc.OPERATIONS[op]
    for request in (*requests.accepted(op, 2), requests.accepted(op)[0]._replace(args=b"")):
        assert operation.cost(request.args, Rules(fork="Boreas")) > 0
        assert operation.cost(request.args, Rules(fork="Aegis")) == operation.cost(request.args, Rules()) == 0


@pytest.mark.parametrize("op", sorted(coproc.OPERATIONS))
def test_every_operation_has_a_row_in_the_documentation(op: str) -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert re.search(rf"^\|\s*`{op}`", text, re.MULTILINE), f"docs/operations.md has no row for {op}"


@pytest.mark.parametrize("op", sorted(coproc.OPERATIONS))
def test_fallback_is_what_dusk_writes_for_a_malformed_buffer(op: str) -> None:
    operation = coproc.OPERATIONS[op]
    malformed = requests.cases(op, status="malformed")
    assert {c.retbuf for c in malformed} == {operation.fallback}
    assert {len(c.retbuf) for c in load.dusk(op) if c.retbuf is not None} == {operation.width}


@pytest.mark.parametrize("op", sorted(coproc.OPERATIONS))
def test_encode_writes_an_answer_as_dusk_does(op: str) -> None:
    operation = coproc.OPERATIONS[op]
    for case in load.dusk(op):
        if case.retbuf is not None:
            assert operation.encode(requests.value_of(case)) == case.retbuf


def test_vectors_that_are_gone_fail(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A suite without its file, an empty one and one of another length are failures, never empty passes."""
    monkeypatch.setattr(load, "HERE", tmp_path)
    with pytest.raises(load.VectorsMissing, match="no vectors at"):
        load.dusk.__wrapped__("hash")
    (tmp_path / "dusk").mkdir()
    (tmp_path / "dusk" / "hash.jsonl").write_text("")
    with pytest.raises(load.VectorsMissing, match="0 cases"):
        load.dusk.__wrapped__("hash")
    (tmp_path / "public" / "evm").mkdir(parents=True)
    (tmp_path / "public" / "evm" / "bn254_add.jsonl").write_text('{"id": "only one"}\n')
    with pytest.raises(load.VectorsMissing, match="1 cases, 17"):
        load.public.__wrapped__("evm/bn254_add")
