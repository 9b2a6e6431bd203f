"""The payloads of the wire: the documented frames replay, everything comes back as it went, and nothing else is taken."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest

from coproc.cluster import frames
from coproc.cluster.frames import WireError
from coproc.cluster.pools.protocol import PackedAnswers
from coproc.operation import Answer, Request, Rules
from coproc.ops import OPERATIONS, REGISTRY

WIRE = Path(__file__).resolve().parents[2] / "docs" / "wire.md"
ABC = bytes.fromhex("61626300fcffffff03000000")
SHA, KECCAK = Request("sha256", ABC), Request("keccak256", ABC, Rules(fork="Boreas"), 4)
SHA_DIGEST = bytes.fromhex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
SHA_ANSWER = Answer(SHA_DIGEST, "ok", SHA_DIGEST, 0, "x")
DIGEST = bytes.fromhex("4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45")
KECCAK_ANSWER = Answer(DIGEST, "ok", DIGEST, 3048, "x")
FALSE = Answer(False, "malformed", b"\0", 0, "x")
JOB = b"job-1"


def documented() -> dict[str, bytes]:
    block = re.search(r"```frames\n(.*?)```", WIRE.read_text(), re.S)
    assert block is not None
    return {name: bytes.fromhex(text) for name, text in (line.split() for line in block[1].splitlines())}


FRAMES = {
    "execute": frames.reply(1, 2, 7, frames.write_execute([SHA, KECCAK], "block", "node", 250)),
    "execute-reply": frames.reply(0x81, 2, 7, frames.write_answers([SHA_ANSWER, KECCAK_ANSWER])),
    "malformed": frames.reply(1, 1, 8, frames.write_execute([Request("verify_schnorr", b"\1")], "mempool")),
    "malformed-reply": frames.reply(0x81, 1, 8, frames.write_answers([FALSE])),
    "panic-reply": frames.reply(0x81, 1, 9, frames.write_answers([Answer(None, "panic", None, 7_320_000, "x")])),
    "unserved-reply": frames.reply(0x81, 1, 10, frames.write_answers([Answer(None, "unserved", None, 0, "")])),
    "describe": frames.reply(2, 0, 2),
    "ping": frames.reply(3, 0, 1),
    "ping-reply": frames.reply(0x83, 0, 1),
    "warm": frames.reply(6, 1, 3, frames.write_execute([SHA], "mempool", "node")),
    "warm-reply": frames.reply(0x86, 1, 3),
    "submit": frames.reply(4, 1, 4, frames.write_submit([SHA], JOB, 0, "exchange")),
    "submit-reply": frames.reply(0x84, 1, 4, frames.write_job(0, 1)),
    "result": frames.reply(5, 100, 5, frames.write_submit([], JOB, 0, "exchange")),
    "result-reply": frames.reply(0x85, 1, 5, frames.write_job(0, 1, frames.write_answers([SHA_ANSWER]))),
    "forget": frames.reply(5, 0, 6, frames.write_submit([], JOB, 1, "exchange"), frames.FORGET),
    "forget-reply": frames.reply(0x85, 0, 6, frames.write_job(1, 1)),
    "busy": frames.error(7, frames.BUSY, "busy: 4,096 requests wait", 0.05),
    "other-version": frames.error(0, frames.UNSUPPORTED_VERSION, "version 2: this end speaks 1"),
}


def payload(name: str) -> bytes:
    frame = documented()[name]
    assert frames.LENGTH.unpack_from(frame)[0] == len(frame) - 4
    return frame[4:]


def body(name: str) -> bytes:
    return payload(name)[frames.HEADER.size :]


def test_the_documented_frames_are_those_that_are_written() -> None:
    assert documented() == FRAMES


def test_the_documented_numbers_are_those_of_the_operations() -> None:
    table = dict(re.findall(r"\| (\d+) \| ([a-z0-9_]+) (?=\|)", WIRE.read_text().split("The number of an operation")[1].split("##")[0]))
    assert table == {str(index): operation.name for index, operation in enumerate(REGISTRY)}


def test_a_documented_request_is_read_as_it_was_written() -> None:
    head = frames.read_header(payload("execute"))
    assert head == frames.Header(frames.EXECUTE, 0, 2, 7)
    execute = frames.read_execute(body("execute"), head.n, 10)
    assert (execute.kind, execute.tenant, execute.deadline_ms) == ("block", "node", 250)
    assert execute.rows.requests() == [SHA, KECCAK]


def test_a_documented_job_is_read_as_it_was_written() -> None:
    submit = frames.read_submit(body("submit"), 1, 10)
    assert (submit.tenant, submit.job, submit.first, submit.rows.requests()) == ("exchange", JOB, 0, [SHA])
    assert frames.read_rows(submit.items, 0, 1, 10).requests() == [SHA]
    assert frames.read_result(body("result")) == ("exchange", JOB, 0)
    assert frames.read_result(body("forget")).first == 1


def test_documented_answers_are_read_as_they_were_written() -> None:
    assert frames.read_answers(body("execute-reply"), ["sha256", "keccak256"], "x") == [SHA_ANSWER, KECCAK_ANSWER]
    assert frames.read_answers(body("malformed-reply"), ["verify_schnorr"], "x") == [FALSE]
    assert frames.read_answers(body("panic-reply"), ["verify_bls"], "x")[0].status == "panic"
    assert frames.read_answers(body("unserved-reply"), ["verify_bls"], "x") == [Answer(None, "unserved", None, 0, "")]
    assert frames.read_answers(body("result-reply"), ["sha256"], "x", frames.JOB_REPLY) == [SHA_ANSWER]
    assert frames.read_job(body("result-reply")) == (0, 1)
    error = frames.read_error(body("busy"))
    assert (error.code, error.retry_after, str(error)) == (frames.BUSY, 0.05, "busy: 4,096 requests wait")


@pytest.mark.parametrize("op", OPERATIONS)
def test_packed_answers_are_written_as_single_ones(op: str) -> None:
    operation, random = OPERATIONS[op], np.random.default_rng(1)
    n = 9
    status = np.array([0, 1, 2, 3, 0, 0, 3, 2, 1], np.uint8)
    retbuf = random.integers(0, 256, (n, operation.width), np.uint8)
    if operation.kind == "bool":
        retbuf &= 1
    elif operation.kind == "option65":
        retbuf[:, 0] = np.arange(n) & 1
    retbuf[status > 1] = 0
    value = retbuf[:, 0] if operation.kind == "bool" else np.zeros(0, np.uint8)
    packed = PackedAnswers(status, value, retbuf, random.integers(0, 1 << 40, n), "x")
    written, ends = frames.write_packed(operation, packed)
    answers = frames.read_answers(written, [op] * n, "x")
    assert [answer.status for answer in answers] == ["ok", "malformed", "panic", "unserved", "ok", "ok", "unserved", "panic", "malformed"]
    assert [answer.retbuf or bytes(operation.width) for answer in answers] == [row.tobytes() for row in retbuf]
    assert [answer.gas for answer in answers] == packed.gas.tolist()
    assert written == frames.write_answers(answers)
    assert b"".join(frames.split_answers(written, n)) == written
    assert ends == np.cumsum([len(piece) for piece in frames.split_answers(written, n)]).tolist()


def test_requests_of_every_kind_come_back_packed_and_single() -> None:
    random = Random(1)
    requests = [
        Request(random.choice(list(OPERATIONS)), random.randbytes(random.randrange(40)), Rules(plonk, fork), align)
        for plonk in ("V1", "V2", "V3")
        for fork in ("PreFork", "Aegis", "Boreas")
        for align in (1, 2, 4, 8)
    ]
    rows = frames.read_execute(frames.write_execute(requests, "bulk", "é" * 100), len(requests), 100).rows
    assert rows.requests() == requests
    found: list[Request | None] = [None] * len(requests)
    for index, packed in rows.packed():
        packed.check()
        for i, place in enumerate(index or range(len(packed))):
            code = int(packed.rules[i])
            rules = Rules(f"V{code & 15}", ("PreFork", "Aegis", "Boreas")[code >> 4])
            found[place] = Request(packed.op, packed.args(i), rules, int(packed.aligns[i]))
    assert found == requests
    assert frames.read_execute(frames.write_execute([]), 0, 0).rows.requests() == []


@pytest.mark.parametrize("size", [0, 1, 8, 13])
@pytest.mark.parametrize("n", [2, 5])
def test_equal_requests_are_read_as_others_are(n: int, size: int) -> None:
    requests = [Request("keccak256", bytes([i]) * size, Rules("V1", "Boreas"), 4) for i in range(n)]
    rows = frames.read_execute(frames.write_execute(requests), n, 100).rows
    assert isinstance(rows, frames.EqualRows)
    one_by_one = frames.Rows([int.from_bytes(frames.item(request)[:4], "little") for request in requests], rows.args)
    assert rows.requests() == one_by_one.requests() == requests
    ((index, packed),), ((_, wanted),) = rows.packed(), one_by_one.packed()
    packed.check()
    assert index is None
    assert len(rows) == len(packed) == n
    for name in ("rules", "aligns", "data", "offsets"):
        assert np.array_equal(getattr(packed, name), getattr(wanted, name)), name
    other = [*requests[:-1], requests[-1]._replace(align=2)]
    assert isinstance(frames.read_execute(frames.write_execute(other), n, 100).rows, frames.Rows)


GOOD = frames.write_execute([SHA], "block", "node")
SUBMIT = frames.write_submit([SHA], JOB, 0, "exchange")


def changed(data: bytes, at: int, value: int) -> bytes:
    return data[:at] + bytes([value]) + data[at + 1 :]


@pytest.mark.parametrize(
    ("data", "count", "code"),
    [
        (b"", 0, frames.MALFORMED),
        (GOOD[:7], 1, frames.MALFORMED),
        (changed(GOOD, 0, 3), 1, frames.MALFORMED),  # class
        (changed(GOOD, 2, 1), 1, frames.MALFORMED),  # reserved
        (changed(GOOD, 1, 255), 1, frames.MALFORMED),  # tenant behind the body
        (changed(GOOD, 8, 0xFF), 1, frames.MALFORMED),  # tenant is not UTF-8
        (changed(GOOD, 12, 11), 1, frames.UNKNOWN_OPERATION),
        (changed(GOOD, 13, 0), 1, frames.MALFORMED),  # rules
        (changed(GOOD, 13, 0x34), 1, frames.MALFORMED),
        (changed(GOOD, 14, 3), 1, frames.MALFORMED),  # align
        (changed(GOOD, 15, 1), 1, frames.MALFORMED),  # reserved
        (changed(GOOD, 16, 17), 1, frames.MALFORMED),  # one byte more than there is
        (changed(GOOD, 19, 255), 1, frames.MALFORMED),  # four gigabytes more
        (GOOD + b"\0", 1, frames.MALFORMED),
        (GOOD[:-1], 1, frames.MALFORMED),
        (GOOD, 0, frames.MALFORMED),
        (GOOD, 2, frames.MALFORMED),
        (GOOD, 11, frames.TOO_LARGE),
        (GOOD, 0xFFFFFFFF, frames.TOO_LARGE),
    ],
)
def test_a_body_that_is_none_is_refused(data: bytes, count: int, code: int) -> None:
    with pytest.raises(WireError) as refused:
        frames.read_execute(data, count, 10)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "data",
    [b"", SUBMIT[:15], changed(SUBMIT, 0, 0), changed(SUBMIT, 2, 0), changed(SUBMIT, 3, 1), changed(SUBMIT, 4, 1), changed(SUBMIT, 15, 255),
     changed(SUBMIT, 1, 255), SUBMIT[:20], SUBMIT[:27], SUBMIT + bytes(8)],
)  # fmt: skip
def test_a_job_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(WireError) as refused:
        frames.read_submit(data, 1, 10)
    assert refused.value.code == frames.MALFORMED
    with pytest.raises(WireError):
        frames.read_result(SUBMIT)


def test_a_header_of_another_version_is_told_from_no_header() -> None:
    for data, code in ((b"\1" * 15, frames.MALFORMED), (b"\2" + bytes(15), frames.UNSUPPORTED_VERSION), (b"", frames.MALFORMED)):
        with pytest.raises(WireError) as refused:
            frames.read_header(data)
        assert refused.value.code == code


READERS: tuple[Callable[[bytes, int], object], ...] = (
    lambda data, count: frames.read_execute(data, count, 10),
    lambda data, count: frames.read_submit(data, count, 10),
    lambda data, count: frames.read_result(data),
    lambda data, count: frames.read_answers(data, ["sha256", "keccak256"][:count], "x"),
    frames.split_answers,
)


def test_any_bytes_are_read_or_refused_and_never_crash() -> None:
    random = Random(2)
    good = [(GOOD, 1), (SUBMIT, 1), (body("execute"), 2), (body("execute-reply"), 2)]
    taken = 0
    for _ in range(20_000):
        data, count = random.choice(good)
        mutated = bytearray(data)
        for _ in range(random.randrange(3)):
            mutated[random.randrange(len(mutated))] = random.randrange(256)
        cut = bytes(mutated[: random.randrange(len(mutated) + 1)] if random.random() < 0.3 else mutated)
        for read in READERS:
            try:
                read(cut, count)
                taken += 1
            except WireError:
                pass
        frames.read_error(cut)
    assert taken > 1000
