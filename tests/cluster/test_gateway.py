"""The gateway to a cluster, without one: what is said over the socket pair, and that what a worker says can do no harm there."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from concurrent.futures import Future
from socket import socket, socketpair
from typing import Any

import numpy as np
import pytest

from coproc.cluster.folding import Forgotten
from coproc.cluster.gateway import Gate
from coproc.cluster.pools import gateway_pipe as pipe
from coproc.cluster.pools.pipe import PipeError
from coproc.cluster.remote import Asked
from coproc.cluster.sealed import Partial, Question
from coproc.engine.protocol import GT_WORDS, Curve, Parsed
from coproc.errors import EngineError, EngineLost, EngineUnavailable

NUMBER = bytes(range(16))
GT = np.arange(GT_WORDS[Curve.BN254], dtype=np.uint64)
HONEST = Partial(NUMBER, np.array([1, 0, 1], np.uint8), GT, 1 << 63, "cpu:adx", 0.25)


@pytest.fixture
def ends() -> Iterator[tuple[socket, socket]]:
    ours, theirs = socketpair()
    with ours, theirs:
        ours.settimeout(10)
        yield ours, theirs


def question() -> Question:
    nothing = np.zeros((3, 4), np.uint64)
    return Question(
        NUMBER, "verify_groth16_bn254", np.full(3, 35, np.uint8), Parsed(nothing, nothing, np.zeros(3, np.uint8)), bytes(32), []
    )


def told(ends: tuple[socket, socket], partial: Any) -> Any:
    """What arrives of what a worker answered."""
    ours, theirs = ends
    future: Future[Asked] = Future()
    future.set_result(Asked("w", partial))
    Gate(theirs)._answered(7, future)
    return pipe.receive_from(ours)


def test_an_honest_answer_arrives_as_it_was(ends: tuple[socket, socket]) -> None:
    message = told(ends, HONEST)
    assert isinstance(message, pipe.Answer)
    assert (message.id, message.worker) == (7, "w")
    found = pipe.partial_of(message)
    assert found.fits(question()) is None
    assert np.array_equal(found.folded, HONEST.folded)
    assert np.array_equal(found.gt, HONEST.gt)
    assert found[3:] == HONEST[3:]


@pytest.mark.parametrize(
    "field",
    [
        {"number": b"another"}, {"number": 1 << 40}, {"number": "text"}, {"folded": None}, {"folded": np.ones(3, np.int64)},
        {"folded": np.ones(2, np.uint8)},
        {"folded": np.full(3, 2, np.uint8)}, {"gt": b"bytes"}, {"gt": GT[:-1]}, {"gt": GT.astype(np.float64)}, {"gt": np.array([object()])},
        {"tags": "many"}, {"tags": None}, {"seconds": "long"},
    ],
)  # fmt: skip
def test_whatever_a_worker_says_is_an_answer_that_is_refused_or_an_error(ends: tuple[socket, socket], field: dict[str, Any]) -> None:
    message = told(ends, HONEST._replace(**field))
    if isinstance(message, pipe.Answer):
        assert pipe.partial_of(message).fits(question()) is not None
    else:
        assert isinstance(pipe.error_of(message), EngineError)


@pytest.mark.parametrize("tags", [-1, 1 << 200, True])
def test_a_sum_of_tags_of_any_size_is_one_of_64_bits(ends: tuple[socket, socket], tags: int) -> None:
    assert told(ends, HONEST._replace(tags=tags)).tags == int(tags) % (1 << 64)


@pytest.mark.parametrize("error", [EngineLost("a"), EngineUnavailable("b"), Forgotten("c"), pipe.KeysForgotten("d"), EngineError("e")])
def test_errors_arrive_as_what_they_are(ends: tuple[socket, socket], error: EngineError) -> None:
    ours, theirs = ends
    pipe.send(theirs, pipe.failed(3, error))
    message = pipe.receive_from(ours)
    assert isinstance(message, pipe.Failed)
    again = pipe.error_of(message)
    assert (type(again), str(again)) == (type(error), str(error))


@pytest.mark.parametrize("data", [b"\xc1", b"\x93\xa3ask\x01\x02", b"\x92\xa5state\x05", b""])
def test_what_is_no_message_is_refused(ends: tuple[socket, socket], data: bytes) -> None:
    ours, theirs = ends
    theirs.sendall(struct.pack("<Q", len(data)) + data)
    with pytest.raises(PipeError):
        pipe.receive_from(ours)


def test_a_message_without_an_end_is_refused(ends: tuple[socket, socket]) -> None:
    ours, theirs = ends
    theirs.sendall(struct.pack("<Q", 1 << 40))
    with pytest.raises(PipeError):
        pipe.receive_from(ours)


def test_keys_that_the_gateway_has_not_are_asked_for_again(ends: tuple[socket, socket]) -> None:
    ours, theirs = ends
    asked = pipe.Ask(9, NUMBER, "verify_groth16_bn254", 1, bytes(32), memoryview(b"array"), {1: b"one"}, [1, 2])
    gate: Any = Gate(theirs)
    gate._ask(None, asked)
    message = pipe.receive_from(ours)
    assert isinstance(message, pipe.Failed)
    assert isinstance(pipe.error_of(message), pipe.KeysForgotten)
