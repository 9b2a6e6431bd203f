"""The HTML report: one file, well-formed, nothing fetched, bounded."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coproc.jobs.tally import MAX_NOTED, MAX_SAMPLES, Tally
from coproc.report.page import page
from coproc.report.plots import number, ticks
from tests.cli.conftest import Cli
from tests.cli.requests import FALSE, MALFORMED, PANIC, sha256

Job = Callable[..., Path]
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Checker(HTMLParser):
    """Checks that elements close in order and that nothing is fetched; collects text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "link", "img", "iframe", "object", "embed", "base")
        for name, value in attrs:
            assert name not in ("src", "href", "srcset", "style"), (tag, value)
            assert not name.startswith("on"), (tag, name, value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def checked(text: str) -> str:
    """The text of a page that is in order."""
    checker = Checker()
    checker.feed(text)
    checker.close()
    assert checker.open == []
    assert "url(" not in text
    assert "@import" not in text
    assert not re.search(r"https?://", text)
    for svg in re.findall(r"<svg.*?</svg>", text, re.S):
        ET.fromstring(svg)
        assert "nan" not in svg.lower()
        assert not re.search(r'="-?\d[\d.]*e', svg)
    return checker.text


def test_a_report_tells_what_the_run_did(cli: Cli, job: Job, tmp_path: Path) -> None:
    lines = [sha256(i, b"%d" % i) for i in range(300)]
    path, report = job(*lines, FALSE, MALFORMED, PANIC, "{"), tmp_path / "report.html"
    ran = cli("verify", path, "--keep-going", "--report", report, "--out", tmp_path / "a.jsonl")
    assert ran.status == 2
    text = checked(report.read_text())
    html = report.read_text()
    assert html.count("<svg") == 3
    assert "prefers-color-scheme: dark" in html
    for expected in ("304", "sha256", "verify_kzg_proof", "malformed", "panic", "cores", "processor", "exit status"):
        assert expected in text
    for line, outcome in ((301, "false"), (302, "malformed"), (303, "panic"), (304, "error")):
        assert f"{path}:{line}" in text
        assert outcome in text
    assert "4 rows are false, malformed or without an answer" in text
    assert not (tmp_path / "report.html.part").exists()


def test_hostile_ids_and_names_stay_text(cli: Cli, job: Job, tmp_path: Path) -> None:
    evil = "</td></table><script>alert(1)</script>&amp;\"'<svg onload=x>"
    report = tmp_path / "r.html"
    path = job(FALSE | {"id": evil}, {"id": evil, "op": evil}, name="<b>&.jsonl")
    cli("verify", path, "--keep-going", "--report", report)
    text = checked(report.read_text())
    assert "alert(1)" in text
    assert "<b>&.jsonl" in text


def test_the_list_of_rows_is_bounded(cli: Cli, job: Job, tmp_path: Path) -> None:
    report = tmp_path / "r.html"
    ran = cli("verify", job(*(FALSE | {"id": "x" * 5000} for _ in range(MAX_NOTED + 50))), "--report", report)
    assert ran.status == 0
    text = checked(report.read_text())
    assert f"{MAX_NOTED + 50} rows are false" in text
    assert f"the first {MAX_NOTED} of them" in text
    assert len(report.read_text()) < 300_000


def test_a_report_is_written_also_when_the_job_ends_early(cli: Cli, job: Job, tmp_path: Path) -> None:
    report = tmp_path / "r.html"
    assert cli("verify", job(sha256(1), "{"), "--report", report).status == 2
    assert "exit status" in checked(report.read_text())


@given(st.lists(st.tuples(st.sampled_from(["true", "false", "panic"]), st.integers(1, 10**9), st.floats(0, 10**5)), max_size=8))
def test_any_figures_make_a_page(batches: list[tuple[str, int, float]]) -> None:
    tally = Tally()
    for outcome, rows, seconds in batches:
        tally.batch("verify_bls", [outcome], seconds, "spec")
        tally.of("verify_bls").outcomes[outcome] += rows
        tally.chunk(rows, rows)
    tally.stop()

    class Ran:
        engine = "spec"
        workers = 1

    checked(page(tally, Ran(), ["a", "b", "c", "d", "e"], 0))


@pytest.mark.parametrize(("top", "last"), [(0, 1), (1, 1), (7, 8), (950, 1000), (1234, 1250), (1e-4, 1e-4)])
def test_ticks_are_round_and_reach_the_top(top: float, last: float) -> None:
    marks = ticks(top)
    assert marks[0] == 0
    assert marks[-1] == pytest.approx(last)
    assert marks[-1] >= top
    assert len(marks) <= 7


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (950, "950"), (1200, "1.2k"), (34e6, "34M"), (123456, "123k"), (0.25, "0.25")])
def test_figures_are_short(value: float, text: str) -> None:
    assert number(value) == text


def test_a_tally_of_any_length_keeps_a_bounded_curve() -> None:
    tally = Tally()
    for _ in range(3 * MAX_SAMPLES):
        tally.chunk(1, 0)
    assert len(tally.samples) <= MAX_SAMPLES + 1
    assert tally.samples[0] == (0.0, 0)
    assert [rows for _, rows in tally.samples] == sorted(rows for _, rows in tally.samples)
