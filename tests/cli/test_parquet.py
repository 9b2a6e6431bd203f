"""Parquet job files and Parquet answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import Cli
from tests.cli.requests import FALSE, MALFORMED, PANIC, digest, sha256, vec

Job = Callable[..., Path]


def table(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), path, row_group_size=64)
    return path


def test_parquet_rows_are_answered_like_lines(cli: Cli, job: Job, tmp_path: Path) -> None:
    n = 1500
    data = [b"%d" % i for i in range(n)]
    path = table(
        tmp_path / "job.parquet",
        id=[f"r{i}" for i in range(n)],
        op=["sha256"] * n,
        argbuf=[vec(d) if i % 3 else None for i, d in enumerate(data)],
        args=[None if i % 3 else f'{{"bytes": "{d.hex()}"}}' for i, d in enumerate(data)],
        fork=["Boreas" if i % 2 else None for i in range(n)],
        align=pa.array([4 if i % 5 == 0 else None for i in range(n)], pa.int8()),
        other=list(range(n)),
    )
    lines = [
        sha256(f"r{i}", d, **({"fork": "Boreas"} if i % 2 else {}), **({"align": 4} if i % 5 == 0 else {})) for i, d in enumerate(data)
    ]  # fmt: skip
    ran = cli("verify", path)
    assert ran.status == 0
    assert ran.out == cli("verify", job(*lines)).out
    assert ran.answers[7]["answer"] == digest(b"7")


def test_ids_may_be_numbers_or_missing(cli: Cli, tmp_path: Path) -> None:
    ran = cli("verify", table(tmp_path / "a.parquet", id=[5, None], op=["sha256"] * 2, argbuf=[vec(b"")] * 2))
    assert [a["id"] for a in ran.answers] == [5, None]
    ran = cli("verify", table(tmp_path / "b.parquet", op=["sha256"], argbuf=[vec(b"")]))
    assert [a["id"] for a in ran.answers] == [None]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"op": "fly", "argbuf": b""}, "unknown op 'fly'"),
        ({"op": None, "argbuf": b""}, "no op"),
        ({"op": "sha256"}, "neither argbuf nor args"),
        ({"op": "sha256", "args": "{"}, "args: "),
        ({"op": "sha256", "args": "[]"}, "args: must be an object"),
        ({"op": "sha256", "args": '{"bytes": "@b"}'}, "bytes: unknown blob 'b'"),
        ({"op": "sha256", "argbuf": b"", "fork": "Hard"}, "unknown fork 'Hard'"),
        ({"op": "sha256", "argbuf": b"", "align": 3}, "align: 3 is none of"),
    ],
)
def test_a_bad_row_is_named_and_counted_from_1(cli: Cli, tmp_path: Path, row: dict[str, Any], sentence: str) -> None:
    good = {"op": "sha256", "argbuf": vec(b"a")}
    rows = [{"id": str(i)} | line for i, line in enumerate((good, row, good))]
    schema = pa.schema([
        ("id", pa.string()), ("op", pa.string()), ("argbuf", pa.binary()), ("args", pa.string()), ("fork", pa.string()),
        ("align", pa.int8()),
    ])  # fmt: skip
    path = tmp_path / "job.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    ran = cli("verify", path)
    assert ran.status == 2
    assert f"coproc: {path}:2: {sentence}" in ran.err
    assert len(ran.answers) == 1
    ran = cli("verify", path, "--keep-going")
    assert ran.status == 2
    assert [(a["id"], a["status"]) for a in ran.answers] == [("0", "ok"), ("1", "error"), ("2", "ok")]


def test_columns_of_another_type_and_damaged_files_are_refused(cli: Cli, tmp_path: Path) -> None:
    path = table(tmp_path / "a.parquet", op=["sha256"], argbuf=["00"])
    ran = cli("verify", path)
    assert (ran.status, ran.out) == (2, b"")
    assert f"{path}: column 'argbuf' has type string" in ran.err
    good = table(tmp_path / "b.parquet", op=["sha256"] * 100, argbuf=[vec(b"x" * i) for i in range(100)])
    data = good.read_bytes()
    for damaged in (data[:100], data[:-10], data[:4] + bytes(len(data) - 4)):
        good.write_bytes(damaged)
        ran = cli("verify", good)
        assert ran.status == 2
        assert f"{good}:" in ran.err


def test_answers_as_parquet_have_the_documented_columns(cli: Cli, job: Job, tmp_path: Path) -> None:
    out = tmp_path / "answers.parquet"
    path = job(sha256({"a": 1}, b"abc"), FALSE, MALFORMED, PANIC, sha256("é\r\n"), sha256(None), "{")
    ran = cli("verify", path, "--keep-going", "--out", out)
    assert ran.status == 2
    answers = pq.read_table(out)
    assert [str(answers.schema.field(n).type) for n in ("id", "op", "answer", "status", "retbuf", "gas", "engine")] == [
        "string", "string", "string", "string", "binary", "int64", "string",
    ]  # fmt: skip
    rows = answers.to_pylist()
    assert [row["id"] for row in rows] == ['{"a":1}', "false", "malformed", "panic", "é\r\n", None, None]
    assert [row["answer"] for row in rows] == [digest(b"abc"), "false", "false", None, digest(b""), digest(b""), None]
    assert [row["status"] for row in rows] == ["ok", "ok", "malformed", "panic", "ok", "ok", "error"]
    assert rows[0]["retbuf"] == bytes.fromhex(digest(b"abc"))
    assert rows[3]["retbuf"] is None
    assert "not JSON" in rows[6]["error"]


def test_parquet_answers_cannot_be_resumed_and_say_so(cli: Cli, job: Job, tmp_path: Path) -> None:
    ran = cli("verify", job(sha256(1)), "--out", tmp_path / "a.parquet", "--resume")
    assert ran.status == 2
    assert "a Parquet file cannot be resumed" in ran.err


def test_a_parquet_job_can_be_resumed(cli: Cli, tmp_path: Path) -> None:
    n = 300
    path = table(tmp_path / "job.parquet", id=[str(i) for i in range(n)], op=["sha256"] * n, argbuf=[vec(b"%d" % i) for i in range(n)])
    out = tmp_path / "answers.jsonl"
    assert cli("verify", path, "--out", out).status == 0
    whole = out.read_bytes()
    out.write_bytes(whole[:5000])
    assert cli("verify", path, "--out", out, "--resume").status == 0
    assert out.read_bytes() == whole
