"""The file of a kept batch: what is written is read, and nothing else is."""

from __future__ import annotations

import json
import os
import random
import struct
import sys
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

from coproc.errors import InvalidInput
from coproc.operation import Request
from coproc.replay import Fold, Kept, Part, Run, Said, Sealed, Step, Told, decode, encode, keep, load
from coproc.replay.file import _sections
from coproc.replay.keep import SUFFIX
from tests.replay.made import batch, kept

HEAD = struct.Struct("<8sIIQ")


def sealed(header: bytes, body: bytes, magic: bytes = b"coprocRP", version: int = 2) -> bytes:
    """A file with a right digest around anything."""
    data = HEAD.pack(magic, version, len(header), len(body)) + header + body
    return data + blake2b(data, digest_size=32).digest()


def opened() -> tuple[dict[str, Any], bytes]:
    """Header and body of a good file."""
    data = encode(kept())
    _, _, header, body = HEAD.unpack_from(data)
    return json.loads(data[HEAD.size : HEAD.size + header]), data[HEAD.size + header : HEAD.size + header + body]


def test_what_is_written_is_read() -> None:
    for kind in ("yes", "flip"):
        assert decode(encode(kept(kind))) == kept(kind)
    header, body = opened()
    assert decode(sealed(json.dumps(header | {"later": [1, {"x": 2}]}).encode(), body)) == kept()  # unknown fields are ignored


def test_every_bit_is_covered_by_the_digest() -> None:
    data = encode(kept())
    rng = random.Random("bits")
    for at in [*range(24), *(rng.randrange(len(data)) for _ in range(200))]:
        wrong = bytearray(data)
        wrong[at] ^= 1 << rng.randrange(8)
        with pytest.raises(InvalidInput):
            decode(bytes(wrong))
    for length in (0, 7, 8, 24, 55, 56, len(data) // 2, len(data) - 1):
        with pytest.raises(InvalidInput):
            decode(data[:length])
    with pytest.raises(InvalidInput):
        decode(data + b"\0")


def test_another_version_is_refused_by_name() -> None:
    header, body = opened()
    with pytest.raises(InvalidInput, match="version 3 of the format"):
        decode(sealed(json.dumps(header).encode(), body, version=3))


def test_files_of_version_1_are_read() -> None:
    header, _ = opened()
    requests, runs = batch(), kept().runs
    answers = b"".join(section for run in runs for section in _sections(requests, run))
    body = b"".join(request.args for request in requests) + answers
    for name in ("begin", "shared"):
        header["requests"].pop(name, None)
    assert decode(sealed(json.dumps(header).encode(), body, version=1)) == kept()


def test_what_requests_have_in_common_is_written_once() -> None:
    rng = random.Random("shared")
    key = rng.randbytes(5000)
    tails = [rng.randbytes(rng.randrange(40)) for _ in range(60)]
    some = [Request("sha256", key[: rng.choice((0, 900, 1024, 4000, 5000))] + tail) for tail in tails]
    some += [Request("sha256", key), Request("sha256", key), Request("sha256", b""), Request("sha256", key)]
    some += [Request("sha256", tail + key + tail[::-1]) for tail in tails] + [Request("sha256", b"%04d" % i + key) for i in range(60)]
    whole = Kept(tuple(some), (Run("spec", (), (None,) * len(some)),), "")
    assert decode(encode(whole)) == whole
    alike = Kept((Request("sha256", key + b"1"), *[Request("sha256", key + b"2")] * 999), (Run("spec", (), (None,) * 1000),), "")
    assert decode(encode(alike)) == alike
    assert len(encode(alike)) < 100_000


N = len(batch())


@pytest.mark.parametrize("begin", [[0] * N, [0] * (N - 1), [1 << 40] * N, [-1] * N, ["x"] * N])
@pytest.mark.parametrize("shared", [[0], [1] + [0] * (N - 1), [0] * (N - 1) + [1 << 40], [0, -1] + [0] * (N - 2), [0] * (N + 1), ["x"] * N])
def test_more_that_is_shared_than_there_is_is_refused(begin: list[Any], shared: list[Any]) -> None:
    header, body = opened()
    header["requests"] |= {"begin": begin, "shared": shared}
    with pytest.raises(InvalidInput):
        decode(sealed(json.dumps(header).encode(), body, version=2))


def test_a_small_file_does_not_grow_without_bound() -> None:
    header, _ = opened()
    n, size = 600, 1 << 20
    some = {"op": ["sha256"] * n, "rules": [1] * n, "align": [8] * n, "length": [size] * n}
    some |= {"begin": [0] * n, "shared": [0] + [size] * (n - 1)}
    run = {"engine": "spec", "steps": []}
    body = bytes(size) + b"\xff" * n + bytes(8 * n) + bytes(32 * n)
    with pytest.raises(InvalidInput, match="longer than the file"):
        decode(sealed(json.dumps(header | {"requests": some, "runs": [run]}).encode(), body, version=2))


def test_a_file_that_would_not_be_read_again_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys.modules["coproc.replay.keep"], "MAX_FILE", 1000)
    assert keep(tmp_path, kept()) is None
    assert "are read again" in caplog.text
    assert list(tmp_path.iterdir()) == []


HOSTILE: dict[str, Any] = {
    "an unknown operation": ("requests", "op", 0, "rm -rf"),
    "no rules": ("requests", "rules", 0, 0),
    "rules of a fork that is none": ("requests", "rules", 0, 0x31),
    "rules below zero": ("requests", "rules", 0, -15),
    "an alignment that is none": ("requests", "align", 0, 3),
    "a length below zero": ("requests", "length", 0, -1),
    "a length beyond the file": ("requests", "length", 0, 1 << 60),
    "a request too few": ("requests", "op", None, []),
    "a request that is not there": ("runs", 0, "steps", 0, "parts", 0, "requests", 0, 1 << 30),
    "a request below zero": ("runs", 0, "steps", 0, "parts", 0, "requests", 0, -1),
    "a part of two operations": ("runs", 0, "steps", 0, "parts", 0, "requests", 0, 15),
    "a part of nothing": ("runs", 0, "steps", 0, "parts", 0, "requests", None, []),
    "a request twice": ("runs", 0, "steps", 0, "parts", 0, "requests", None, [0, 0]),
    "a part of too much": ("runs", 0, "steps", 0, "parts", 0, "requests", None, [0] * 1025),
    "a seed that is short": ("runs", 0, "steps", 0, "folds", 0, "seed", None, "00"),
    "a seed that is no hex": ("runs", 0, "steps", 0, "folds", 0, "seed", None, "zz" * 32),
    "a digest that is short": ("runs", 0, "steps", 0, "folds", 0, "digest", None, "00"),
    "no runs": ("runs", None, []),
    "a run without answers": ("runs", None, [{"engine": "spec", "steps": []}] * 3),
    "a name that is long": ("runs", 0, "engine", None, "x" * 5000),
    "a reason that is long": ("reason", None, "x" * 5000),
    "numbers for words": ("reason", None, 7),
    "nothing at all": ("requests", None, None),
    "a number that is none": ("made", None, "yesterday"),
}


def question() -> tuple[dict[str, Any], bytes]:
    """Header and body of a file with a question to a worker."""
    requests = batch()[:6]
    run = Run("spec", (), (None,) * 6)
    said = Said(bytes(16), "cpu", bytes([1] * 6), bytes(576), (1 << 64) - 1, (1,))
    data = encode(Kept(requests, (run,), "lied", sealed=Sealed("w", bytes(16), bytes(32), (1, 4), said)))
    assert decode(data).sealed == Sealed("w", bytes(16), bytes(32), (1, 4), said)
    _, _, header, body = HEAD.unpack_from(data)
    return json.loads(data[HEAD.size : HEAD.size + header]), data[HEAD.size + header : HEAD.size + header + body]


@pytest.mark.parametrize(
    "change",
    [
        {"number": "00"}, {"number": "zz" * 16}, {"seed": "00" * 31}, {"seed": 7}, {"canaries": [6]}, {"canaries": [-1]},
        {"canaries": [1, 1]}, {"worker": "x" * 300}, {"said": {"folded": "11111"}}, {"said": {"folded": "111112"}},
        {"said": {"gt": "00" * 1032}}, {"said": {"gt": "00" * 7}}, {"said": {"gt": "q"}},
        {"said": {"tags": 1 << 64}}, {"said": {"tags": -1}}, {"said": {"blamed": [99]}}, {"said": {"number": ""}},
        {"said": {"engine": "x" * 300}}, {"said": 0},
    ],
)  # fmt: skip
def test_a_hostile_question_is_refused(change: dict[str, Any]) -> None:
    header, body = question()
    asked = header["sealed"]
    inner = change.get("said")
    header["sealed"] = asked | ({"said": asked["said"] | inner} if isinstance(inner, dict) else change)
    with pytest.raises(InvalidInput):
        decode(sealed(json.dumps(header).encode(), body))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_header_is_refused(name: str) -> None:
    header, body = opened()
    *way, last, value = HOSTILE[name]
    if last is None:
        *way, last = way
    at: Any = header
    for step in way:
        at = at[step]
    at[last] = value
    with pytest.raises(InvalidInput):
        decode(sealed(json.dumps(header).encode(), body))


def test_a_hostile_body_is_refused() -> None:
    header, body = opened()
    n, start = len(batch()), sum(header["requests"]["length"]) - sum(header["requests"]["shared"])
    for wrong in (body[:-1], body + b"\0", body[:start] + b"\x04" + body[start + 1 :]):  # a status that is none
        with pytest.raises(InvalidInput):
            decode(sealed(json.dumps(header).encode(), wrong))
    odd = bytearray(body)
    odd[start + 9 * n] = 7  # a bool that is none: a liar may say so, and it is kept as it is
    told = decode(sealed(json.dumps(header).encode(), bytes(odd))).runs[0].told[0]
    assert told is not None
    assert told.words("verify_plonk") == "ok 07"


@pytest.mark.parametrize("header", [b"", b"[]", b"{", b"[" * 100_000, b"{" * 1000, b'{"reason":' * 20_000, b"\xff\xfe", b"null", b"1e999"])
def test_no_header_is_deep_or_odd_enough_to_do_harm(header: bytes) -> None:
    with pytest.raises(InvalidInput):
        decode(sealed(header, b""))


def test_noise_behind_a_right_digest_is_refused() -> None:
    rng = random.Random("noise")
    text, body = json.dumps(opened()[0]).encode(), opened()[1]
    for _ in range(300):
        wrong = bytearray(text)
        for _ in range(rng.randrange(1, 4)):
            wrong[rng.randrange(len(wrong))] = rng.randrange(256)
        try:
            decode(sealed(bytes(wrong), body))  # a changed word in a name may be read
        except InvalidInput:
            continue


def test_a_batch_that_does_not_fit_together_cannot_be_made() -> None:
    requests, run = batch(), kept().runs[0]
    for wrong in (
        Run("spec", (), run.told[:-1]),
        Run("spec", (Step((Part((0, 17)),)),), run.told),
        Run("spec", (), (Told(0, b"\1\1", 0), *run.told[1:])),
        Run("spec", (), (Told(4, b"\1", 0), *run.told[1:])),
        Run("spec", (), (Told(0, b"\1", 1 << 63), *run.told[1:])),
        Run("spec", (Step((Part((0,)),), (Fold(b"short"),)),), run.told),
    ):
        with pytest.raises(InvalidInput):
            Kept(requests, (wrong,), "")
    with pytest.raises(InvalidInput):
        Kept((), (), "")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.replay", tmp_path):
        with pytest.raises(InvalidInput, match="cannot be read"):
            load(path)
    (tmp_path / "text").write_text("no batch")
    with pytest.raises(InvalidInput, match="text: no batch that coproc kept"):
        load(tmp_path / "text")


# ---- the folder ----
def test_a_batch_is_kept_whole_once_and_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    first = keep(folder, replace(kept(), made=0.0))
    assert first is not None
    assert keep(folder, kept()) == first  # found again later
    assert [entry.name for entry in folder.iterdir()] == [first.name]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert first.stat().st_mode & 0o077 == 0
    read = load(first)
    assert read.made > 0
    assert replace(read, made=kept().made) == kept()


def test_a_liar_does_not_fill_the_disk(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    paths = [keep(tmp_path, replace(kept(), reason=f"lie {i}"), max_files=3) for i in range(5)]
    assert [path is not None for path in paths] == [True] * 3 + [False] * 2
    assert len(list(tmp_path.glob("*" + SUFFIX))) == 3
    assert "is full (3 files)" in caplog.text
    assert keep(tmp_path / "other", kept(), max_bytes=1000) is None


def test_a_disk_that_is_full_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert keep(tmp_path, kept()) is None
    assert list(tmp_path.iterdir()) == []
    assert "No space left" in caplog.text
    (tmp_path / "file").write_text("")
    assert keep(tmp_path / "file" / "folder", kept()) is None
