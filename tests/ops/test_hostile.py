"""What is no request is refused with a clear error, and what is one is answered, whatever its size; nothing is lost on the way."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import coproc
from coproc.coprocessor import Coprocessor
from coproc.errors import CoprocError, InvalidInput
from coproc.operation import Request, Rules
from tests.conftest import NATIVE
from tests.samples import requests

GOOD = Request("hash", bytes(8))
ZEROS = np.zeros(16, np.uint8)


@pytest.mark.parametrize(
    "bad",
    [
        GOOD._replace(op="no_such_function"), GOOD._replace(op=None), GOOD._replace(op=""), GOOD._replace(op=["hash"]),
        GOOD._replace(args="00"), GOOD._replace(args=None), GOOD._replace(args=[0, 1]), GOOD._replace(args=5),
        GOOD._replace(align=0), GOOD._replace(align=3), GOOD._replace(align=16), GOOD._replace(align=-8),
    ],
    ids=lambda r: f"{r.op!r}-{r.args!r}-{r.align}",
)  # fmt: skip
def test_what_is_no_request_is_refused_alone_and_among_others(cp: Coprocessor, bad: Any) -> None:
    for asked in ([bad], [GOOD, bad], [GOOD, bad, requests.accepted("sha256")[0]]):
        with pytest.raises(InvalidInput):
            cp.run(asked)
    with pytest.raises(InvalidInput):
        cp.submit(bad)
    assert cp.run([GOOD])[0].status == "ok"


@pytest.mark.parametrize("words", [{"plonk": "V4"}, {"plonk": "v3"}, {"fork": "boreas"}, {"fork": ""}, {"fork": "Boreas ", "plonk": "V1"}])
def test_rules_that_do_not_exist_are_refused(words: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="one of"):
        Rules(**words)


@pytest.mark.parametrize(
    ("data", "offsets"),
    [
        (ZEROS, [0, 17]), (ZEROS, [8, 0]), (ZEROS, [-8, 8]), (ZEROS, []), (ZEROS, [0, 8, 4, 16]), (ZEROS, [[0, 8]]), (ZEROS, [0, 2**62]),
        (ZEROS.reshape(4, 4), [0, 8]), (ZEROS.astype(np.uint16), [0, 8]),
    ],
)  # fmt: skip
def test_columns_that_do_not_fit_are_refused(cp: Coprocessor, data: Any, offsets: Any) -> None:
    with pytest.raises(InvalidInput):
        cp.run_columns("hash", data, np.array(offsets, np.int64))


def test_columns_take_views_and_read_only_buffers(cp: Coprocessor) -> None:
    """Every second byte of an array, a frozen array, plain bytes: the same answers."""
    raw = b"".join(r.args for r in requests.accepted("sha256", 5))
    offsets = np.cumsum([0, *(len(r.args) for r in requests.accepted("sha256", 5))]).astype(np.int64)
    wanted = cp.run_columns("sha256", raw, offsets).retbuf.tobytes()
    spread = np.repeat(np.frombuffer(raw, np.uint8), 2)[::2]
    assert not spread.flags.c_contiguous
    frozen = np.frombuffer(raw, np.uint8)
    assert not frozen.flags.writeable
    wide = np.repeat(offsets, 2)[::2]
    for data, ends in ((spread, offsets), (frozen, offsets), (raw, wide), (np.frombuffer(raw, np.uint8).copy(), offsets)):
        assert cp.run_columns("sha256", data, ends).retbuf.tobytes() == wanted
    empty = cp.run_columns("sha256", b"", np.zeros(1, np.int64))
    assert empty.status.shape == (0,)
    assert empty.retbuf.shape == (0, 32)


@pytest.mark.parametrize("op", requests.OPS)
def test_buffers_longer_than_a_contract_has_are_answered(cp: Coprocessor, op: str) -> None:
    """65,536 bytes is the most a contract can pass; the API takes more and answers by the same rule: what lies in front is not read."""
    request = requests.accepted(op)[0]
    long = request._replace(args=bytes(1 << 17) + request.args)
    short, answer = cp.run([request, long])
    assert (answer.status, answer.value, answer.retbuf) == (short.status, short.value, short.retbuf)


def test_bytes_like_objects_are_copied_at_once(cp: Coprocessor) -> None:
    """A bytearray may change after the call: the answer is that of the bytes it had."""
    request = requests.accepted("sha256", 3)[2]
    changing = bytearray(request.args)
    future = cp.submit(request._replace(args=changing))  # type: ignore[arg-type]
    changing[:] = bytes(len(changing))
    assert future.result(60).retbuf in {cp.run([request])[0].retbuf, cp.run([request._replace(args=bytes(changing))])[0].retbuf}
    assert cp.run([request._replace(args=memoryview(request.args))])[0] == cp.run([request])[0]  # type: ignore[arg-type]


def test_a_closed_coprocessor_answers_what_was_submitted_and_takes_no_more() -> None:
    cp = coproc.open(engine=f"cpu:{NATIVE[-1]}", workers=2)
    futures = [cp.submit(r) for r in requests.accepted("verify_schnorr", 64)]
    cp.close()
    assert all(f.result(60).value is True for f in futures)
    with pytest.raises(CoprocError, match="closed"):
        cp.submit(GOOD)
    cp.close()


def test_callers_from_many_threads_get_their_own_answers() -> None:
    """run, submit and run_columns at once on one coprocessor; each thread compares all it gets."""
    asked = {op: requests.accepted(op, 8) for op in ("hash", "verify_schnorr", "poseidon_hash", "verify_kzg_proof")}
    wrong: list[str] = []
    with coproc.open(engine=f"cpu:{NATIVE[-1]}", workers=2) as cp:
        wanted = {op: [a.retbuf for a in cp.run(rs)] for op, rs in asked.items()}

        def work(op: str) -> None:
            for _ in range(20):
                if [a.retbuf for a in cp.run(asked[op])] != wanted[op]:
                    wrong.append(f"run {op}")
                if [f.result(60).retbuf for f in [cp.submit(r) for r in asked[op]]] != wanted[op]:
                    wrong.append(f"submit {op}")

        threads = [threading.Thread(target=work, args=(op,)) for op in asked for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
            assert not thread.is_alive()
    assert not wrong
