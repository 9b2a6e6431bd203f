"""What a process and its gateway to a cluster say to each other: messages of MessagePack, each behind its length, on a socket pair.

msgspec checks every type, so nothing that a worker said reaches the process as anything but bytes, numbers and text.
"""

from __future__ import annotations

import struct
from socket import socket
from typing import Final, TypeVar

import msgspec
import numpy as np

from coproc.errors import EngineError, EngineLost, EngineUnavailable

from ..folding import Forgotten
from ..sealed import Partial
from .pipe import PipeError, receive_exactly

_T = TypeVar("_T")
_LENGTH: Final = struct.Struct("<Q")
MAX_BYTES: Final = 1 << 31


class KeysForgotten(EngineLost):
    """The gateway was asked about keys that it has not any more: it wants them again."""


_KINDS: Final = {"keys": KeysForgotten, "forgotten": Forgotten, "lost": EngineLost, "unavailable": EngineUnavailable, "failed": EngineError}


class _Message(msgspec.Struct, array_like=True):
    pass


# ---- to the gateway ----
class Ask(_Message, tag="ask"):
    """A `Parcel`. given: the keys that the gateway has not; names: all that the array names."""

    id: int
    number: bytes
    op: str
    n: int
    seed: bytes
    array: memoryview
    given: dict[int, bytes]
    names: list[int]


class Blame(_Message, tag="blame"):
    id: int
    worker: str
    number: bytes


class Quarantine(_Message, tag="quarantine"):
    worker: str
    reason: str


# ---- from the gateway ----
class Answer(_Message, tag="answer"):
    """A `Partial`. folded, gt: the bytes of its arrays, empty where the worker sent none."""

    id: int
    worker: str
    number: bytes
    folded: bytes
    gt: bytes
    tags: int
    engine: str
    seconds: float


class Blamed(_Message, tag="blamed"):
    """index: int64 each, None where the worker sent what is no index."""

    id: int
    index: bytes | None


class Failed(_Message, tag="failed"):
    """kind: of `_KINDS`."""

    id: int
    kind: str
    text: str


class Worker(_Message):
    name: str
    engine: str
    pid: int


class Node(_Message):
    address: str
    id: str
    alive: bool
    cpus: int
    gpus: int


class State(_Message, tag="state"):
    """Said whenever it changes, and once a second. slots: that have a worker or will."""

    workers: list[Worker]
    nodes: list[Node]
    slots: int
    starts: int
    deaths: int


class Log(_Message, tag="log"):
    level: int
    text: str


class Refused(_Message, tag="refused"):
    """There is no cluster; the gateway ends."""

    reason: str


ToGateway = Ask | Blame | Quarantine
FromGateway = Answer | Blamed | Failed | State | Log | Refused
_TO: Final[msgspec.msgpack.Decoder[ToGateway]] = msgspec.msgpack.Decoder(ToGateway)
_FROM: Final[msgspec.msgpack.Decoder[FromGateway]] = msgspec.msgpack.Decoder(FromGateway)
_ENCODER: Final = msgspec.msgpack.Encoder()


def partial_of(said: Answer) -> Partial:
    """What a worker said. Bytes of another size than that of words are no value."""
    gt = np.frombuffer(said.gt if len(said.gt) % 8 == 0 else b"", np.uint64)
    return Partial(said.number, np.frombuffer(said.folded, np.uint8), gt, said.tags, said.engine, said.seconds)


def failed(id: int, error: BaseException) -> Failed:
    """An exception as a message."""
    kind = next((name for name, kind in _KINDS.items() if isinstance(error, kind)), "failed")
    return Failed(id, kind, str(error)[:4096])


def error_of(message: Failed) -> EngineError:
    """The exception that a message was."""
    error: EngineError = _KINDS.get(message.kind, EngineError)(message.text)
    return error


def send(sock: socket, message: _Message) -> None:
    """Raises OSError."""
    data = _ENCODER.encode(message)
    sock.sendall(_LENGTH.pack(len(data)))
    sock.sendall(data)


def receive_to(sock: socket) -> ToGateway:
    """The next message to the gateway. Raises PipeError and OSError."""
    return _received(sock, _TO)


def receive_from(sock: socket) -> FromGateway:
    """The next message of the gateway. Raises PipeError and OSError."""
    return _received(sock, _FROM)


def _received(sock: socket, decoder: msgspec.msgpack.Decoder[_T]) -> _T:
    (size,) = _LENGTH.unpack(receive_exactly(sock, _LENGTH.size))
    if size > MAX_BYTES:
        raise PipeError("no message of this version")
    try:
        return decoder.decode(receive_exactly(sock, size))
    except msgspec.MsgspecError as error:
        raise PipeError(f"no message of this version: {error}") from None
