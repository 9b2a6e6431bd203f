"""Jobs of many lines: one that is killed in the middle goes on behind its last whole answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from benches.soak.bulk import Lines, soak

LINES = 30_000


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_a_job_that_is_killed_in_the_middle_answers_each_line_once(tmp_path: Path, kind: str) -> None:
    found = soak(Lines.of(LINES, 20), tmp_path, kind, 0.1, [])
    assert 0 < found["kept"] < LINES
    for run in (found["whole"], found["resumed"]):
        assert run["wrong"] == run["dead"] == 0
        assert sum(run["outcomes"].values()) == LINES
        assert run["resident_most"] < 512 << 20
