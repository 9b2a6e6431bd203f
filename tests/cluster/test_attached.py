"""A coprocessor on a cluster: the answers of one without, whatever the workers do; and jobs that run on it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import coproc
from coproc.cli.verify import Wanted, run
from coproc.cluster.attached import ClusterCoprocessor
from coproc.cluster.folding import FoldWorker
from coproc.cluster.refold import refold
from coproc.demo import load as load_demo
from coproc.engine.select import select
from coproc.measure.requests import make
from coproc.operation import Request
from coproc.ops import OPERATIONS
from coproc.replay import load, replay

from .liars import FakeRemote, Liar

ENGINE = select()


def on(*workers: FoldWorker, least: int = 4, kept: str | None = None) -> ClusterCoprocessor:
    return ClusterCoprocessor(ENGINE, 1, remote=lambda _: FakeRemote(*workers), least=least, kept=kept)


def demo() -> list[Request]:
    return [Request(batch.group.op, data, batch.group.rules, batch.group.align) for batch in load_demo() for data in batch.group.data]


def told(answers: list[Any]) -> list[Any]:
    return [answer._replace(engine="") for answer in answers]


def test_answers_on_a_cluster_are_those_of_this_machine() -> None:
    requests = demo()
    with coproc.open(ENGINE, 1) as here:
        expected = told(here.run(requests))
    for workers in ([FoldWorker(ENGINE), FoldWorker(ENGINE)], [Liar(ENGINE, "always true"), FoldWorker(ENGINE), Liar(ENGINE, "one bit")]):
        with on(*workers) as there:
            assert told(there.run(requests)) == expected
            assert there.audit().requests
            assert there.run([requests[0]])[0].status == expected[0].status
            assert there.submit(requests[-1]).result(30)._replace(engine="") == expected[-1]


def test_columns_on_a_cluster_are_those_of_this_machine() -> None:
    from coproc.cluster.pools.protocol import PackedBatch

    packed = PackedBatch.of(make(ENGINE, "verify_kzg_proof", 300).requests)
    rules = make(ENGINE, "verify_kzg_proof", 1).requests[0].rules
    with on(FoldWorker(ENGINE)) as there:
        columns = there.run_columns("verify_kzg_proof", packed.data, packed.offsets, rules)
    assert columns.value.all()
    assert len(columns.value) == 300


def test_without_any_worker_this_machine_answers() -> None:
    class Nobody(FakeRemote):
        capacity = 0  # type: ignore[assignment]

    with ClusterCoprocessor(ENGINE, 1, remote=lambda _: Nobody(FoldWorker(ENGINE)), least=4) as alone:
        assert {answer.status for answer in alone.run(make(ENGINE, "verify_kzg_proof", 9).requests)} == {"ok"}
        assert alone.audit().batches == 0


def test_a_cluster_that_is_not_there_is_refused() -> None:
    with pytest.raises(coproc.EngineUnavailable, match="cannot be reached"):
        coproc.open(cluster="127.0.0.1:1")


def wanted(inputs: Path, out: Path, dead: Path, resume: bool) -> Wanted:
    return Wanted(
        [str(inputs)], None, 1, "fake", None, None, str(out), None, False, True, resume, True, False, dead_letters=str(dead)
    )  # fmt: skip


@pytest.fixture
def job(tmp_path: Path) -> Path:
    lines = [
        {"id": i, "op": r.op, "argbuf": r.args.hex(), "fork": r.rules.fork, "plonk": r.rules.plonk, "align": r.align}
        for i, r in enumerate(make(ENGINE, "verify_kzg_proof", 40).requests + make(ENGINE, "sha256", 40).requests)
    ]
    file = tmp_path / "in.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def answers(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_job_on_a_cluster_is_answered_in_order_and_resumes(job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coproc.jobs.compute.open", lambda engine, workers, cluster, kept: on(FoldWorker(ENGINE), FoldWorker(ENGINE)))
    out, dead = tmp_path / "out.jsonl", tmp_path / "dead.jsonl"
    assert run(wanted(job, out, dead, False)) == 0
    whole = answers(out)
    assert [answer["id"] for answer in whole] == list(range(80))
    assert {answer["status"] for answer in whole} == {"ok"}
    lines = out.read_bytes().splitlines(keepends=True)
    out.write_bytes(b"".join(lines[:33]) + lines[33][:20])
    assert run(wanted(job, out, dead, True)) == 0
    assert [{**answer, "engine": ""} for answer in answers(out)] == [{**answer, "engine": ""} for answer in whole]
    assert dead.read_bytes() == b""


def test_what_nothing_could_serve_becomes_a_job_to_run_again(job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coproc.jobs.compute.open", lambda engine, workers, cluster, kept: on(FoldWorker(ENGINE)))

    def broken(*_: object) -> None:
        raise MemoryError("no device")

    out, dead = tmp_path / "out.jsonl", tmp_path / "dead.jsonl"
    with monkeypatch.context() as broke:
        broke.setattr(type(OPERATIONS["verify_kzg_proof"]), "begin", broken)
        assert run(wanted(job, out, dead, False)) == 1
    assert [line["id"] for line in answers(dead)] == list(range(40))
    again = tmp_path / "again.jsonl"
    assert run(wanted(dead, again, tmp_path / "none.jsonl", False)) == 0
    assert {(answer["id"], answer["status"]) for answer in answers(again)} == {(i, "ok") for i in range(40)}


def test_what_a_liar_was_asked_during_a_job_is_kept_and_runs_again(job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    liars = Liar(ENGINE, "always true"), FoldWorker(ENGINE)
    monkeypatch.setattr("coproc.jobs.compute.open", lambda engine, workers, cluster, kept: on(*liars, kept=kept))
    folder = tmp_path / "kept"
    asked = wanted(job, tmp_path / "out.jsonl", tmp_path / "dead.jsonl", False)
    assert run(replace(asked, kept=str(folder))) == 0
    assert {answer["status"] for answer in answers(tmp_path / "out.jsonl")} == {"ok"}
    (file,) = folder.iterdir()
    batch = load(file)
    assert batch.reason.startswith("worker ")
    assert {request.op for request in batch.requests} == {"verify_kzg_proof"}
    assert [again.told for again in replay(batch, select("cpu:portable"), 1)] == [batch.runs[0].told] * 2
    here = refold(batch, select("cpu:portable"))
    assert {difference.what for difference in here.differences} == {"value", "blamed"}
    assert not here.wrong


def test_a_folder_for_lies_without_a_cluster_is_refused(job: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = wanted(job, tmp_path / "out.jsonl", tmp_path / "dead.jsonl", False)
    assert run(replace(asked, cluster=None, kept=str(tmp_path))) == 2
    assert "--kept: needs --cluster" in capsys.readouterr().err
