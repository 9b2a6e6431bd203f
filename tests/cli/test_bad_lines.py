"""Bad input: every bad line is named with its file and number, and costs neither memory nor the answers before it."""

from __future__ import annotations

import gzip
import io
import json
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coproc.errors import InvalidInput
from coproc.jobs.blobs import BlobTable
from coproc.jobs.chunk import Defaults
from coproc.jobs.compute import known_operation
from coproc.jobs.inputs import inspect
from coproc.jobs.lines import BLOCK, TooLong, line_blocks
from coproc.jobs.read import Reader
from tests.cli.conftest import Cli, as_line
from tests.cli.requests import digest, sha256

Job = Callable[..., Path]

BAD: list[tuple[object, str]] = [
    (b'{"id": "bad", "op": "sha256", "argbuf": "\xff"}', "not UTF-8: byte 0xff at byte 41"),
    (b'{"id": "\xc3\x28", "op": "sha256", "argbuf": ""}', "not UTF-8"),
    (b'{"id": "bad", "op": "sha256", "other": "\xc3\x28", "argbuf": ""}', "not UTF-8"),
    ("{", "not JSON"),
    ("nonsense", "not JSON"),
    ('{"id": "bad", "op": "sha256", "argbuf": "00"} {}', "not JSON"),
    ('{"id": NaN, "op": "sha256", "argbuf": ""}', "not JSON"),
    ('{"id": "bad", "op": "sha256", "argbuf": "\\ud800"}', "not JSON"),
    ("[1, 2]", "wrong type: Expected `object`, got `array`"),
    ("3", "wrong type"),
    ("null", "wrong type"),
    ('{"id": "bad", "op": 3, "argbuf": ""}', "$.op"),
    ('{"id": "bad", "op": "sha256", "argbuf": 7}', "$.argbuf"),
    ('{"id": "bad", "op": "sha256", "argbuf": [7]}', "$.argbuf[0]"),
    ('{"id": "bad", "op": "sha256", "argbuf": {"a": 1}}', "$.argbuf"),
    ('{"id": "bad", "op": "sha256", "argbuf": "", "align": "8"}', "$.align"),
    ('{"id": "bad", "op": "sha256", "argbuf": "", "align": true}', "$.align"),
    ('{"id": "bad", "op": "sha256", "argbuf": "", "plonk": 3}', "$.plonk"),
    ('{"id": "bad", "op": "sha256", "argbuf": "", "align": 3}', "align: 3 is none of 1, 2, 4, 8"),
    ('{"id": "bad", "op": "sha256", "argbuf": "", "align": 0}', "align: 0 is none of"),
    ('{"id": "bad", "op": "sha256", "argbuf": "", "align": 99999999999999999999999999}', "align"),
    ('{"id": "bad", "op": "sha256", "argbuf": "", "plonk": "V9"}', "unknown PLONK version 'V9'"),
    ('{"id": "bad", "op": "sha256", "argbuf": "", "plonk": ""}', "unknown PLONK version ''"),
    ('{"id": "bad", "op": "sha256", "argbuf": "", "fork": "Hard"}', "unknown fork 'Hard'"),
    ('{"id": "bad", "argbuf": ""}', "no op"),
    ('{"id": "bad", "op": null, "argbuf": ""}', "no op"),
    ('{"id": "bad", "op": "verify_everything", "argbuf": ""}', "unknown op 'verify_everything': one of hash, "),
    ('{"id": "bad", "op": "sha256"}', "neither argbuf nor args"),
    ('{"id": "bad", "op": "sha256", "argbuf": null, "args": null}', "neither argbuf nor args"),
    ('{"id": "bad", "op": "sha256", "argbuf": "123"}', "argbuf: an odd number of hex digits (3)"),
    ('{"id": "bad", "op": "sha256", "argbuf": "0x00"}', "argbuf: not hexadecimal"),
    ('{"id": "bad", "op": "sha256", "argbuf": "0g"}', "argbuf: not hexadecimal"),
    ('{"id": "bad", "op": "sha256", "argbuf": "00 00"}', "argbuf: not hexadecimal"),
    ('{"id": "bad", "op": "sha256", "argbuf": "é0"}', "argbuf: not hexadecimal"),
    ('{"id": "bad", "op": "sha256", "argbuf": ["@nowhere"]}', "argbuf: unknown blob 'nowhere'"),
    ('{"id": "bad", "op": "sha256", "argbuf": ["$bytes"]}', "argbuf"),
    ('{"id": "bad", "op": "sha256", "args": {"bytes": "@nowhere"}}', "unknown blob 'nowhere'"),
    ('{"id": "bad", "op": "sha256", "args": []}', "args: must be an object"),
    ('{"id": "bad", "op": "sha256", "args": {}}', "bytes: missing"),
    ('{"id": "bad", "op": "sha256", "args": {"bytes": 1}}', "bytes"),
    ('{"id": "bad", "op": "sha256", "args": {"bytes": "0"}}', "bytes"),
    ('{"id": "bad", "op": "verify_plonk", "args": {"verifier_data": {"key": "00"}, "proof": "", "public_inputs": []}}', "unknown key '00'"),
    ('{"id": "bad", "op": "poseidon_hash", "args": {"scalars": ["' + "ff" * 32 + '"]}}', "scalars[0]: not below the modulus"),
    ({"id": "bad", "op": "sha256", "args": {f"a{i}": "" for i in range(17)}}, "args: more than 16 arguments"),
    ({"id": "bad", "op": "sha256", "argbuf": [""] * 65}, "argbuf: more than 64 parts"),
    ('{"id": ' + "[" * 100_000 + "]" * 100_000 + ', "op": "sha256", "argbuf": ""}', "nested too deeply"),
    ('{"blob": "b"}', "a blob without hex"),
    ('{"blob": "b", "hex": "0"}', "hex: an odd number of hex digits (1)"),
    ({"blob": "b", "hex": "00" * ((1 << 20) + 1)}, "blob 'b' has more than 1,048,576 bytes"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "sentence"), BAD, ids=[str(i) for i in range(len(BAD))])
def test_a_bad_line_is_named_and_the_answers_before_it_stay(cli: Cli, job: Job, line: object, sentence: str) -> None:
    path = job(sha256(1, b"a"), sha256(2, b"b"), line, sha256(3, b"c"))
    ran = cli("verify", path)
    assert ran.status == 2
    assert [a["answer"] for a in ran.answers] == [digest(b"a"), digest(b"b")]
    assert f"coproc: {path}:3: " in ran.err
    assert sentence in ran.err
    assert len(ran.err) < 2000


@pytest.mark.parametrize(("line", "sentence"), BAD, ids=[str(i) for i in range(len(BAD))])
def test_keep_going_answers_a_bad_line_with_an_error(cli: Cli, job: Job, line: object, sentence: str) -> None:
    path = job(sha256(1, b"a"), line, sha256(3, b"c"))
    ran = cli("verify", path, "--keep-going", "--json")
    assert ran.status == 2
    first, error, last = ran.answers
    assert (first["answer"], last["answer"]) == (digest(b"a"), digest(b"c"))
    assert (error["status"], error["answer"], error["retbuf"], error["gas"]) == ("error", None, None, None)
    assert error["error"].startswith(f"{path}:2: ")
    assert sentence in error["error"]
    if b'"id": "bad"' in as_line(line) and "UTF-8" not in sentence and "JSON" not in sentence:
        assert error["id"] == "bad"
    assert ran.summary["outcomes"] == {"value": 2, "error": 1}


def test_an_overlong_line_is_an_error_and_the_next_one_is_read(cli: Cli, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coproc.jobs.lines.line_blocks.__defaults__", (2000,))
    path = job(sha256(1, b"a"), sha256(2, bytes(5000)), sha256(3, b"c"))
    ran = cli("verify", path, "--keep-going")
    assert ran.status == 2
    assert [a["status"] for a in ran.answers] == ["ok", "error", "ok"]
    assert "a line of more than" in ran.answers[1]["error"]
    assert cli("verify", path).err.count(f"{path}:2: a line of more than") == 1


class Endless:
    """A line of `size` bytes, in blocks as large as they are asked for, then a short line."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read1(self, size: int, /) -> bytes:
        if self.left < 0:
            return b""
        piece = b"x" * min(size, self.left)
        self.left -= len(piece)
        if not piece:
            self.left = -1
            return b"\nshort"
        return piece


def test_a_line_without_an_end_takes_bounded_memory() -> None:
    tracemalloc.start()
    lines = [line for block in line_blocks(Endless(1 << 29)) for line in block]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(lines[0], TooLong)
    assert lines[1:] == [b"short"]
    assert peak < 24 << 20


class Pieces:
    """A source that gives what it has in pieces of its own choosing."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = [piece for piece in pieces if piece]

    def read1(self, size: int, /) -> bytes:
        if not self.pieces:
            return b""
        piece = self.pieces.pop(0)
        if len(piece) > size:
            self.pieces.insert(0, piece[size:])
        return piece[:size]


@given(st.lists(st.binary(max_size=12).map(lambda b: b.replace(b"\x07", b"\n"))), st.integers(1, 20))
def test_lines_do_not_depend_on_how_they_arrive(pieces: list[bytes], limit: int) -> None:
    data = b"".join(pieces)
    wanted = data.split(b"\n")
    if wanted[-1] == b"":
        wanted.pop()
    got = [line for block in line_blocks(Pieces(pieces), limit) for line in block]
    assert len(got) == len(wanted)
    for line, expected in zip(got, wanted, strict=True):
        assert isinstance(line, TooLong) if len(expected) > limit else line == expected


def test_a_block_is_what_is_there() -> None:
    blocks = list(line_blocks(io.BufferedReader(io.BytesIO(b"a\nb\n" * BLOCK))))  # type: ignore[arg-type]
    assert len(blocks) > 1
    assert sum(map(len, blocks)) == 2 * BLOCK


def test_blob_tables_are_bounded_in_number_and_bytes() -> None:
    table = BlobTable(max_bytes=10, max_blobs=2)
    table.define("a", b"12345")
    table.define("a", b"1234567890")
    with pytest.raises(InvalidInput, match="'b' does not fit: the blobs of a file may hold 10 bytes"):
        table.define("b", b"1")
    table.define("a", b"")
    table.define("b", b"1")
    with pytest.raises(InvalidInput, match="a file may define 2 blobs"):
        table.define("c", b"")
    assert dict(table) == {"a": b"", "b": b"1"}


def test_a_blob_is_what_was_defined_last(cli: Cli, job: Job) -> None:
    ask = {"op": "sha256", "args": {"bytes": "@b"}}
    ran = cli("verify", job({"blob": "b", "hex": "01"}, ask, {"blob": "b", "hex": "02"}, ask))
    assert [a["answer"] for a in ran.answers] == [digest(b"\1"), digest(b"\2")]


@pytest.mark.parametrize("cut", [5, 30])
def test_damaged_gzip_is_named_and_the_answers_before_it_stay(cli: Cli, tmp_path: Path, cut: int) -> None:
    data = b"".join(json.dumps(sha256(i, b"%d" % i)).encode() + b"\n" for i in range(20_000))
    path = tmp_path / "job.gz"
    path.write_bytes(gzip.compress(data)[: -cut * 1000])
    ran = cli("verify", path)
    assert ran.status == 2
    assert f"coproc: {path}:{len(ran.answers) + 1}: cannot be read on: the compressed data ends too early" in ran.err
    assert [a["id"] for a in ran.answers] == list(range(len(ran.answers)))
    assert ran.answers


def test_names_that_are_no_operations_do_not_fill_the_summary(cli: Cli, job: Job) -> None:
    ran = cli("verify", job(*(sha256(i) | {"op": f"op{i}"} for i in range(50))), "--keep-going", "--json")
    assert list(ran.summary["operations"]) == [""]
    assert ran.summary["operations"][""]["outcomes"] == {"error": 50}


FRAGMENTS = st.sampled_from([
    b'{"id": 1, "op": "sha256", "argbuf": "', b'"}', b"{", b"}", b"[", b'"', b"\\u0000", b"\xff", b"\xc3", b"null", b"1e999", b",", b":",
    b'"blob"', b'"hex"', b'"args"', b'"bytes"', b'"@b"', b"00", b'"align": 4', b"\r", b" ", b'{"blob": "b", "hex": "00"}',
    b'{"op": "sha256", "args": {"bytes": "@b"}}', b'{"op": "verify_bls", "args": {"msg": {}}}', b'{"op": "hash", "argbuf": ["$a"]}',
])  # fmt: skip


@settings(max_examples=300)
@given(st.lists(st.lists(st.one_of(FRAGMENTS, st.binary(max_size=6)), max_size=8).map(b"".join), max_size=8))
def test_any_bytes_are_rows_errors_or_blobs(lines: list[bytes]) -> None:
    data = b"\n".join(lines)
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        chunks = list(Reader([inspect(file.name)], Defaults(), known_operation, keep_going=True).chunks())
    for chunk in chunks:
        assert sorted([*chunk.bad, *(row for group in chunk.groups for row in group.rows)]) == list(range(len(chunk)))
        for row, bad in chunk.bad.items():
            assert bad.where == f"{file.name}:{chunk.numbers[row]}"
    asked = [n for chunk in chunks for n in chunk.numbers]
    written = [n for n, line in enumerate(data.split(b"\n"), 1) if line and not line.isspace()]
    assert asked == sorted(set(asked))
    assert set(asked) <= set(written)
