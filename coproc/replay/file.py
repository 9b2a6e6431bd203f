"""The file of a kept batch: bytes from and to `Kept`. docs/replay.md has the layout.

Whatever a file says is checked before it is used; nothing in it is executed, and what is read is bounded by its length.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from coproc.errors import InvalidInput
from coproc.operation import FORKS, PLONK_VERSIONS, Request, Rules
from coproc.ops import OPERATIONS
from coproc.replay.batch import MAX_BYTES, MAX_REQUESTS, Fold, Kept, Part, Run, Step, Told
from coproc.replay.sealed import SealedFields, fields_of, sealed_of

MAGIC: Final = b"coprocRP"
VERSION: Final = 2
"""2: what a request has in common with the one before it is not there again (`shared`). 1 is read too."""
LEAST_SHARED: Final = 1024
MAX_HEADER: Final = 32 << 20
MAX_FILE: Final = 384 << 20
NOT_ASKED: Final = 255
_HEAD: Final = struct.Struct("<8sIIQ")  # magic, version, length of the header, length of the body
_DIGEST: Final = 32


class _Requests(msgspec.Struct, omit_defaults=True):
    op: list[str]
    rules: list[int]
    align: list[int]
    length: list[int]
    begin: list[int] = []
    shared: list[int] = []


class _Part(msgspec.Struct, omit_defaults=True):
    requests: list[int]
    tenant: str = ""


class _Fold(msgspec.Struct, omit_defaults=True):
    seed: str
    digest: str = ""


class _Step(msgspec.Struct, omit_defaults=True):
    parts: list[_Part]
    folds: list[_Fold] = []


class _Run(msgspec.Struct, omit_defaults=True):
    engine: str
    steps: list[_Step]
    place: str = ""


class _Header(msgspec.Struct, omit_defaults=True):
    reason: str
    made: float
    versions: dict[str, str]
    requests: _Requests
    runs: list[_Run]
    sealed: SealedFields | None = None


def encode(kept: Kept) -> bytes:
    """The bytes of a file."""
    requests = kept.requests
    common = [(0, 0), *(_common(a.args, b.args) for a, b in pairwise(requests))]
    begin, shared = ([column[k] for column in common] if any(size for _, size in common) else [] for k in (0, 1))
    header = msgspec.json.encode(
        _Header(
            kept.reason,
            kept.made,
            kept.versions,
            _Requests(
                [request.op for request in requests],
                [request.rules.code for request in requests],
                [request.align for request in requests],
                [len(request.args) for request in requests],
                begin,
                shared,
            ),
            [_Run(run.engine, [_step(step) for step in run.steps], run.place) for run in kept.runs],
            None if kept.sealed is None else fields_of(kept.sealed),
        )
    )
    own = (request.args[:at] + request.args[at + size :] for request, (at, size) in zip(requests, common, strict=True))
    body = b"".join([*own, *(section for run in kept.runs for section in _sections(requests, run))])
    data = b"".join([_HEAD.pack(MAGIC, VERSION, len(header), len(body)), header, body])
    return data + blake2b(data, digest_size=_DIGEST).digest()


def _common(a: bytes, b: bytes) -> tuple[int, int]:
    """The longest stretch in which two buffers are alike, its begin and its bytes; (0, 0) for one shorter than `LEAST_SHARED`.

    Requests with one key have thousands of bytes in common, at the same places.
    """
    n = min(len(a), len(b))
    if n < LEAST_SHARED:
        return 0, 0
    differ = np.flatnonzero(np.frombuffer(a, np.uint8, n) != np.frombuffer(b, np.uint8, n))
    begins, ends = np.concatenate(([0], differ + 1)), np.concatenate((differ, [n]))
    k = int(np.argmax(ends - begins))
    begin, size = int(begins[k]), int(ends[k] - begins[k])
    return (begin, size) if size >= LEAST_SHARED else (0, 0)


def _step(step: Step) -> _Step:
    parts = [_Part(list(part.requests), part.tenant) for part in step.parts]
    return _Step(parts, [_Fold(fold.seed.hex(), fold.digest.hex()) for fold in step.folds])


def _sections(requests: tuple[Request, ...], run: Run) -> Iterator[bytes]:
    """status uint8[n], gas int64[n], and the returned bytes of every request, as wide as its operation's answer."""
    yield bytes(NOT_ASKED if told is None else told.status for told in run.told)
    yield np.array([0 if told is None else told.gas for told in run.told], "<i8").tobytes()
    for request, told in zip(requests, run.told, strict=True):
        yield bytes(OPERATIONS[request.op].width) if told is None else told.retbuf


def decode(data: bytes) -> Kept:
    """What `encode` wrote. Raises InvalidInput, which says what is wrong, for anything else."""
    try:
        return _decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidInput(f"the header is wrong: {error}") from None
    except RecursionError:
        raise InvalidInput("the header is wrong: too deep") from None


def _decode(data: bytes) -> Kept:
    if len(data) < _HEAD.size + _DIGEST or data[: len(MAGIC)] != MAGIC:
        raise InvalidInput("no batch that coproc kept: it does not begin with " + MAGIC.decode())
    _, version, header_length, body_length = _HEAD.unpack_from(data)
    if version not in (1, VERSION):
        raise InvalidInput(f"a batch in version {version} of the format: this coproc reads version 1 and {VERSION}")
    if header_length > MAX_HEADER or _HEAD.size + header_length + body_length + _DIGEST != len(data):
        raise InvalidInput(f"{len(data):,} bytes: not as many as its head says; is it cut?")
    content = memoryview(data)[:-_DIGEST]
    if blake2b(content, digest_size=_DIGEST).digest() != data[-_DIGEST:]:
        raise InvalidInput("damaged: its digest is another one")
    header = msgspec.json.decode(content[_HEAD.size : _HEAD.size + header_length], type=_Header)
    body = content[_HEAD.size + header_length :]
    requests = _requests(header.requests, body)
    runs, at = [], sum(header.requests.length) - sum(header.requests.shared)
    n, widths = len(requests), [OPERATIONS[request.op].width for request in requests]
    if len(body) != at + len(header.runs) * (9 * n + sum(widths)):
        raise InvalidInput(f"{len(body):,} bytes behind the header do not hold what it says")
    for run in header.runs:
        status = body[at : at + n].tolist()
        gas = np.frombuffer(body[at + n : at + 9 * n], "<i8").tolist()
        at += 9 * n
        told: list[Told | None] = []
        for code, price, width in zip(status, gas, widths, strict=True):
            told.append(None if code == NOT_ASKED else Told(code, bytes(body[at : at + width]), price))
            at += width
        runs.append(Run(run.engine, tuple(map(_step_of, run.steps)), tuple(told), run.place))
    sealed = None if header.sealed is None else sealed_of(header.sealed)
    return Kept(requests, tuple(runs), header.reason, header.made, header.versions, sealed)


def _requests(columns: _Requests, body: memoryview) -> tuple[Request, ...]:
    n = len(columns.op)
    if n > MAX_REQUESTS or not len(columns.rules) == len(columns.align) == len(columns.length) == n:
        raise InvalidInput("requests: op, rules, align and length are wanted for each")
    common = list(zip(columns.begin, columns.shared, strict=False)) if columns.shared else [(0, 0)] * n
    if len(common) != n or len(columns.begin) != len(columns.shared):
        raise InvalidInput("requests: begin and shared are wanted for each")
    for (start, size), a, b in zip(common, [0, *columns.length], columns.length, strict=False):
        if start < 0 or size < 0 or start + size > min(a, b):
            raise InvalidInput("requests: more is shared than there is")
    if sum(columns.length) > MAX_BYTES or sum(columns.length) - sum(columns.shared) > len(body):
        raise InvalidInput("requests: their arguments are longer than the file")
    for op in columns.op:
        if op not in OPERATIONS:
            raise InvalidInput(f"unknown operation {op[:64]!r}: this coproc does not know it")
    requests, args, at = [], b"", 0
    columns_of = zip(columns.op, columns.rules, columns.align, columns.length, common, strict=True)
    for op, code, align, length, (start, size) in columns_of:
        own = bytes(body[at : at + length - size])
        args = b"".join((own[:start], args[start : start + size], own[start:]))
        requests.append(Request(op, args, rules_of(code), align))
        at += length - size
    return tuple(requests)


def rules_of(code: int) -> Rules:
    """The rules of a `Rules.code`. Raises InvalidInput."""
    version, fork = code & 15, code >> 4
    if not 1 <= version <= len(PLONK_VERSIONS) or not 0 <= fork < len(FORKS):
        raise InvalidInput(f"rules: {code} is no code of rules")
    return Rules(PLONK_VERSIONS[version - 1], FORKS[fork])


def _step_of(step: _Step) -> Step:
    try:
        folds = tuple(Fold(bytes.fromhex(fold.seed), bytes.fromhex(fold.digest)) for fold in step.folds)
    except ValueError:
        raise InvalidInput("folds: seed and digest are wanted in hex") from None
    return Step(tuple(Part(tuple(part.requests), part.tenant) for part in step.parts), folds)


def load(path: str | Path) -> Kept:
    """A kept batch from its file. Raises InvalidInput, which names the file."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > MAX_FILE:
        raise InvalidInput(f"{path}: more than {MAX_FILE:,} bytes")
    try:
        return decode(data)
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error}") from None


def when(made: float) -> str:
    """A time as UTC, for people."""
    try:
        return datetime.fromtimestamp(made, UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if made > 0 else "at an unknown time"
    except (ValueError, OverflowError, OSError):
        return "at an unknown time"


__all__ = ["MAGIC", "VERSION", "decode", "encode", "load", "rules_of", "when"]
