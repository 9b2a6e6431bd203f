"""What a process pool and its workers say to each other: length-prefixed frames on a socket pair, little-endian.

A batch is a header, then rules, aligns, offsets, data and tenants; answers are a header, then status, gas, retbuf and the engine's name.
Both ends are of one version on one machine, but a worker may be dying or wrong, so each length is checked before it is believed.
"""

from __future__ import annotations

import struct
from socket import socket
from typing import Any, Final

import numpy as np

from coproc.errors import CoprocError
from coproc.fold.coefficients import SEED_BYTES
from coproc.ops import OPERATIONS, REGISTRY

from .protocol import PackedAnswers, PackedBatch, Run, Seeds

VERSION: Final = 2
_BATCH: Final = struct.Struct("<BBxxIQQQ")  # version, operation, requests, id, bytes of data, bytes of tenants
_ANSWERS: Final = struct.Struct("<BBHIIQd")  # version, kind, bytes of the engine's name or a reason, of the seeds, requests, id, seconds
DIGEST_BYTES: Final = 64
_SEEDS: Final = struct.Struct("<IH")  # requests, folds
_FOLD: Final = struct.Struct(f"<{SEED_BYTES}s{DIGEST_BYTES}s")
_TENANT: Final = struct.Struct("<IH")  # requests, bytes of the name
HELLO, ANSWERS, FAILED = 0, 1, 2
MAX_REQUESTS: Final = 1 << 20
MAX_BYTES: Final = 1 << 31
MAX_SEEDS: Final = 1 << 24
_INDEX: Final = {name: index for index, name in enumerate(OPERATIONS)}
_JOIN: Final = 1 << 16
"""Bytes up to which a frame is joined before it is sent: a copy is cheaper than some more calls."""


class PipeError(CoprocError):
    """The other end is gone, or what it says is no frame."""


def send_batch(sock: socket, number: int, batch: PackedBatch) -> None:
    """Raises OSError."""
    first, last = int(batch.offsets[0]), int(batch.offsets[-1])
    offsets = batch.offsets if first == 0 else batch.offsets - first
    tenants = b"".join(_TENANT.pack(run.requests, len(name := run.tenant.encode())) + name for run in batch.tenants)
    head = _BATCH.pack(VERSION, _INDEX[batch.op], len(batch), number, last - first, len(tenants))
    _send(sock, [head, batch.rules.tobytes(), batch.aligns.tobytes(), offsets.tobytes(), batch.data[first:last].data, tenants])


def receive_batch(sock: socket) -> tuple[int, PackedBatch]:
    """The id of a batch, and the batch, not checked. Raises PipeError and OSError."""
    version, op, n, number, data_bytes, tenant_bytes = _BATCH.unpack(receive_exactly(sock, _BATCH.size))
    if version != VERSION or op >= len(REGISTRY) or n > MAX_REQUESTS or data_bytes > MAX_BYTES or tenant_bytes > MAX_BYTES:
        raise PipeError("no batch of this version")
    rest = receive_exactly(sock, 2 * n + 8 * (n + 1) + data_bytes + tenant_bytes)
    rules, rest = np.frombuffer(rest, np.uint8, n), rest[n:]
    aligns, rest = np.frombuffer(rest, np.uint8, n), rest[n:]
    offsets, rest = np.frombuffer(rest, "<i8", n + 1).astype(np.int64), rest[8 * (n + 1) :]
    data, rest = np.frombuffer(rest, np.uint8, data_bytes), rest[data_bytes:]
    return number, PackedBatch(REGISTRY[op].name, rules, aligns, data, offsets, _tenants(bytes(rest)))


def send_answers(sock: socket, number: int, answers: PackedAnswers) -> None:
    """Raises OSError."""
    engine = answers.engine.encode()
    seeds = b"".join(_SEEDS.pack(one.requests, len(one.folds)) + b"".join(_FOLD.pack(*fold) for fold in one.folds) for one in answers.seeds)
    head = _ANSWERS.pack(VERSION, ANSWERS, len(engine), len(seeds), len(answers), number, answers.seconds)
    _send(sock, [head, answers.status.tobytes(), answers.gas.tobytes(), np.ascontiguousarray(answers.retbuf).tobytes(), engine, seeds])


def send_word(sock: socket, kind: int, number: int, text: str) -> None:
    """HELLO with the name of an engine, or FAILED with a reason. Raises OSError."""
    data = text.encode()[:4096]
    _send(sock, [_ANSWERS.pack(VERSION, kind, len(data), 0, 0, number, 0.0), data])


def receive_word(sock: socket) -> tuple[int, str]:
    """What a worker says first. Raises PipeError and OSError."""
    version, kind, size, _, n, _, _ = _ANSWERS.unpack(receive_exactly(sock, _ANSWERS.size))
    if version != VERSION or kind not in (HELLO, FAILED) or n:
        raise PipeError("the worker is of another version")
    return kind, bytes(receive_exactly(sock, size)).decode("utf-8", "replace")


def receive_answers(sock: socket, number: int, batch: PackedBatch) -> PackedAnswers | str:
    """The answers of a batch, or why the worker has none. Raises PipeError, also where they do not fit the batch, and OSError."""
    version, kind, size, more, n, answered, seconds = _ANSWERS.unpack(receive_exactly(sock, _ANSWERS.size))
    if (
        version != VERSION
        or kind not in (ANSWERS, FAILED)
        or answered != number
        or n != (len(batch) if kind == ANSWERS else 0)
        or more > MAX_SEEDS
    ):
        raise PipeError("answers of another batch")
    if kind == FAILED:
        return bytes(receive_exactly(sock, size)).decode("utf-8", "replace")
    operation = OPERATIONS[batch.op]
    rest = receive_exactly(sock, n * (9 + operation.width) + size + more)
    status, rest = np.frombuffer(rest, np.uint8, n), rest[n:]
    gas, rest = np.frombuffer(rest, "<i8", n).astype(np.int64), rest[8 * n :]
    retbuf, rest = np.frombuffer(rest, np.uint8, n * operation.width).reshape(n, operation.width), rest[n * operation.width :]
    value = retbuf[:, 0] if operation.kind == "bool" else np.zeros(0, np.uint8)
    return PackedAnswers(status, value, retbuf, gas, bytes(rest[:size]).decode("utf-8", "replace"), max(0.0, seconds), _seeds(rest[size:]))


def _seeds(data: memoryview) -> tuple[Seeds, ...]:
    """Raises PipeError."""
    found, at = [], 0
    try:
        while at < len(data):
            requests, folds = _SEEDS.unpack_from(data, at)
            at += _SEEDS.size
            found.append(Seeds(requests, tuple(_FOLD.unpack_from(data, at + i * _FOLD.size) for i in range(folds))))
            at += folds * _FOLD.size
    except struct.error:
        raise PipeError("seeds that end early") from None
    return tuple(found)


def _tenants(data: bytes) -> tuple[Run, ...]:
    found, at = [], 0
    while at < len(data):
        if len(data) - at < _TENANT.size:
            raise PipeError("tenants that end early")
        requests, size = _TENANT.unpack_from(data, at)
        at += _TENANT.size
        found.append(Run(data[at : at + size].decode(), requests))
        at += size
    return tuple(found)


def _send(sock: socket, pieces: list[Any]) -> None:
    if sum(len(piece) for piece in pieces) <= _JOIN:
        sock.sendall(b"".join(pieces))
        return
    for piece in pieces:
        sock.sendall(piece)


def receive_exactly(sock: socket, size: int) -> memoryview:
    """Exactly `size` bytes. Raises PipeError where the other end hung up."""
    buffer = memoryview(bytearray(size))
    at = 0
    while at < size:
        got = sock.recv_into(buffer[at:])
        if not got:
            raise PipeError("the other end hung up")
        at += got
    return buffer
