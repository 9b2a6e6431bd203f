"""A kept batch runs again bit for bit, and says who lies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coproc.coprocessor import Coprocessor
from coproc.engine.cpu import CpuEngine
from coproc.engine.protocol import Engine
from coproc.engine.spec import SpecEngine
from coproc.errors import EngineUnavailable
from coproc.replay import Kept, Part, Report, Run, Step, encode, judge, keep, load, record, replay
from tests.cli.conftest import Cli, cli  # noqa: F401
from tests.replay.made import Flip, Yes, asked, batch, kept

LIARS = {"cpu:yes": Yes, "cpu:flip": Flip}


@pytest.fixture
def with_liars(monkeypatch: pytest.MonkeyPatch) -> None:
    """`cpu:yes` and `cpu:flip` are engines."""
    import coproc.engine.select as module

    real = module.select

    def select(name: str | None = None) -> Engine:
        return LIARS[name]() if name in LIARS else real(name)

    monkeypatch.setattr(module, "select", select)


@pytest.mark.parametrize("kind", ["yes", "flip"])
@pytest.mark.parametrize("source", [1, 2])
def test_the_same_engine_tells_the_same_with_the_same_coefficients_again(kind: str, source: int, tmp_path: Path) -> None:
    path = keep(tmp_path, kept(kind))
    assert path is not None
    read = load(path)
    liar = LIARS[read.runs[0].engine]()
    first, second = replay(read, liar if source == 1 else CpuEngine("portable"), source)
    assert first.told == second.told == read.runs[source - 1].told
    assert first.run.steps == second.run.steps == read.runs[source - 1].steps
    assert (first.folds, first.same, first.unknown) == (2, 2, 0)


def test_the_lie_is_in_the_request_of_which_it_was_told() -> None:
    assert kept("yes").disputed() == [len(batch()) - 1]
    found = [batch()[i].op for i in kept("flip").disputed()]
    assert found
    assert set(found) == {"sha256"}


def test_another_engine_draws_the_same_coefficients() -> None:
    some = replay(kept(), CpuEngine(), 2)
    assert [(again.folds, again.same) for again in some] == [(2, 2), (2, 2)]
    assert all(again.told == kept().runs[1].told for again in some)


def test_steps_without_seeds_run_the_same_each_time() -> None:
    requests, engine = batch(), CpuEngine("portable")
    steps = [Step((Part((0, 1, 2, 3)), Part((6, 7, 8, 9, 10), "a tenant"))), Step((Part((3, 4, 5)),))]
    runs = [record(engine, requests, steps) for _ in range(2)]
    assert runs[0] == runs[1]
    assert [len(step.folds) for step in runs[0].steps] == [2, 1]
    assert sum(told is not None for told in runs[0].told) == 11
    other = record(engine, requests, [Step((Part((0, 1, 2)),))])
    assert other.steps[0].folds[0].seed != runs[0].steps[0].folds[0].seed


def test_what_an_audit_asked_singly_runs_again_singly() -> None:
    requests, index = batch(), [0, 18]
    first = asked(Yes(), requests)
    with Coprocessor("cpu:portable", workers=1) as coprocessor:
        answers = [coprocessor.run([requests[i]])[0] for i in index]
    second = Run.singly("cpu:portable", requests, index, answers)
    both = Kept(requests, (first, second), "audit")
    assert both.disputed() == [18]
    (once,) = replay(both, CpuEngine("portable"), 2, passes=1)
    assert once.told == second.told
    assert once.folds == 0


def test_the_judge_sides_with_the_honest_engine() -> None:
    both = kept("flip")
    ruling = judge(both, SpecEngine(), both.disputed())
    for i in both.disputed():
        assert ruling.told[i] == both.runs[1].told[i] != both.runs[0].told[i]
    report = Report(both, [*replay(both, Flip(), 1), ruling])
    assert report.disputed == both.disputed()
    assert Report(both, [*replay(both, CpuEngine(), 1), ruling]).disputed == []


# ---- the command ----
@pytest.mark.usefixtures("with_liars")
def test_the_command_names_the_liar_and_exits_with_1(cli: Cli, tmp_path: Path) -> None:  # noqa: F811
    path = keep(tmp_path, kept("flip"))
    ran = cli("replay", path)
    text = ran.out.decode()
    assert ran.status == 1
    assert "an audit found another answer" in text
    assert "now cpu:flip, run 1, pass 2: tells the same; 2 of 2 folds with the same coefficients" in text
    request, *lines = text[text.index("request ") :].splitlines()[:8]
    assert "sha256" in request
    liar = {line.rsplit(": ", 1)[1] for line in lines if "flip" in line}
    honest = {line.rsplit(": ", 1)[1] for line in lines if "portable" in line or "spec" in line}
    assert len(liar) == len(honest) == 1
    assert liar != honest


def test_the_command_exits_with_0_where_engines_agree_now_and_with_2_where_there_is_none(cli: Cli, tmp_path: Path) -> None:  # noqa: F811
    path = keep(tmp_path, kept("flip"))
    ran = cli("replay", path, "--engine", "cpu:portable", "--engine", "cpu", "--json", "--passes", 1)
    told = json.loads(ran.out)
    assert ran.status == 0
    assert told["disputed_now"] == told["unserved_now"] == []
    assert told["disputed_then"]
    assert {run["engine"] for run in told["runs"]} == {"cpu:portable", CpuEngine().name, "spec"}
    assert [run["changed"] for run in told["runs"] if run["source"] == 1] == [told["disputed_then"]] * 2
    assert cli("replay", path, "--engine", "cuda:99").status == 2
    assert cli("replay", path, "--engine", "nonsense").status == 2
    lone = keep(tmp_path, Kept(batch(), kept("flip").runs[:1], "alone"))
    ran = cli("replay", lone)  # its engine is not here
    assert ran.status == 2
    assert "run 1 of the file is left out: unknown engine 'cpu:flip'" in ran.err


def test_the_requests_come_out_as_job_lines(cli: Cli, tmp_path: Path) -> None:  # noqa: F811
    path, lines = keep(tmp_path, kept("flip")), tmp_path / "lines.jsonl"
    assert cli("replay", path, "--engine", "cpu", "--alone", 0, "--passes", 1, "--out", lines).status == 0
    answers = cli("verify", lines).answers
    honest = kept("flip").runs[1].told
    assert [bytes.fromhex(answer["retbuf"]) for answer in answers] == [told.retbuf for told in honest if told is not None]
    ran = cli("replay", path, "--out", lines)
    assert ran.status == 2
    assert "File exists" in ran.err


def test_what_a_file_says_moves_no_cursor(cli: Cli, tmp_path: Path) -> None:  # noqa: F811
    run = kept("flip").runs[1]
    path = tmp_path / "hostile.replay"
    path.write_bytes(
        encode(Kept(batch(), (Run(run.engine, run.steps, run.told, "\x1b[2J\r"),), "\x1b]0;title\x07", versions={"\x1b[1m": "\x1b[A"}))
    )
    assert b"\x1b" not in cli("replay", path, "--passes", 1).out


def test_an_engine_that_is_absent_says_why() -> None:
    from coproc.engine.select import select

    with pytest.raises(EngineUnavailable, match="cuda"):
        select("cuda:99")
