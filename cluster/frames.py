"""The payloads of the wire (docs/wire.md): bytes to requests and answers, and back. Pure functions; all is checked before it is believed.

A frame is `u32 length` and a payload of so many bytes, little-endian throughout. A payload begins with a header of 16 bytes:

    u8 version = 1   u8 kind   u16 flags   u32 count   u64 id

Raises `WireError` for whatever is no payload of this version, with the code that the other end is told.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from coproc.engine.protocol import U8
from coproc.errors import CoprocError
from coproc.operation import ALIGNMENTS, STATUS_NAMES, Answer, Operation, Request, Rules
from coproc.ops import OPERATIONS, REGISTRY

from .pools.protocol import RULE_CODES, PackedAnswers, PackedBatch
from .ticket import KINDS, Kind

VERSION: Final = 1
EXECUTE, DESCRIBE, PING, SUBMIT, RESULT, WARM = range(1, 7)
REPLY: Final = 0x80
ERROR: Final = 0xFF
FORGET: Final = 1
"""Flag of RESULT: what stands before `first` has been read and may go."""

MALFORMED, UNKNOWN_OPERATION, TOO_LARGE, BUSY, DRAINING, UNKNOWN_JOB, UNSUPPORTED_VERSION, JOURNAL = range(1, 9)
"""Codes of ERROR. After 1, 3 and 7 the connection is closed, for what follows cannot be trusted to be a frame."""

CLOSING: Final = frozenset({MALFORMED, TOO_LARGE, UNSUPPORTED_VERSION})

LENGTH: Final = struct.Struct("<I")
HEADER: Final = struct.Struct("<BBHIQ")
_EXECUTE: Final = struct.Struct("<BBHI")  # class, bytes of the tenant, reserved, milliseconds
_JOB: Final = struct.Struct("<BBHIQ")  # class, bytes of the tenant, bytes of the job, reserved, first
_JOB_REPLY: Final = struct.Struct("<QQ")  # first, total
_ITEM: Final = struct.Struct("<II")  # operation, rules, align and zero; bytes
_ANSWER: Final = struct.Struct("<BBHIq")  # status, value, bytes of the retbuf, reserved, gas
_ERROR: Final = struct.Struct("<HIH")  # code, milliseconds, bytes of the text
MAX_TEXT: Final = 1024
MAX_JOB: Final = 255
_PADS: Final = [bytes(n) for n in range(8)]

_RULES: Final = {
    rules.code: rules for rules in (Rules(f"V{code & 15}", ("PreFork", "Aegis", "Boreas")[code >> 4]) for code in RULE_CODES.tolist())
}
HEADS: Final[dict[int, tuple[str, Rules, int]]] = {
    index | code << 8 | align << 16: (operation.name, rules, align)
    for index, operation in enumerate(REGISTRY)
    for code, rules in _RULES.items()
    for align in ALIGNMENTS
}
"""The first four bytes of a request, every one that there is."""

_INDEX: Final = {name: index for index, name in enumerate(OPERATIONS)}
_STATUS: Final = {name: code for code, name in enumerate(STATUS_NAMES)}


class WireError(CoprocError):
    """What came is no payload, or the other end said so. code: of ERROR. retry_after: seconds, 0 where a retry does not help."""

    def __init__(self, code: int, text: str, retry_after: float = 0.0) -> None:
        super().__init__(text)
        self.code = code
        self.retry_after = retry_after


class Header(NamedTuple):
    kind: int
    flags: int
    n: int
    id: int


@dataclass(frozen=True, slots=True)
class Rows:
    """Requests as they lie on the wire: the first four bytes of each (`HEADS` has them), and its argument buffer."""

    heads: list[int]
    args: list[bytes]

    def __len__(self) -> int:
        return len(self.heads)

    def requests(self) -> list[Request]:
        made = []
        for head, args in zip(self.heads, self.args, strict=True):
            op, rules, align = HEADS[head]
            made.append(Request(op, args, rules, align))
        return made

    def packed(self) -> list[tuple[list[int] | None, PackedBatch]]:
        """A batch for each operation, and which requests it has; None: all of them."""
        heads = np.array(self.heads, np.uint32)
        ops = (heads & 255).astype(np.uint8)
        found: list[tuple[list[int] | None, PackedBatch]] = []
        for op in np.unique(ops).tolist():
            index = np.flatnonzero(ops == op).tolist()
            if len(index) == len(heads):
                found.append((None, _packed(op, heads, self.args)))
            else:
                found.append((index, _packed(op, heads[index], [self.args[i] for i in index])))
        return found


class EqualRows:
    """`Rows` that have one head and one length, as a matrix: nothing is done for each. data: uint8[n, bytes]."""

    def __init__(self, head: int, data: U8) -> None:
        self._head, self._data = head, data

    def __len__(self) -> int:
        return len(self._data)

    @property
    def args(self) -> list[bytes]:
        return [row.tobytes() for row in self._data]

    def requests(self) -> list[Request]:
        op, rules, align = HEADS[self._head]
        return [Request(op, args, rules, align) for args in self.args]

    def packed(self) -> list[tuple[list[int] | None, PackedBatch]]:
        n, size = self._data.shape
        op, rules, align = HEADS[self._head]
        offsets = np.arange(n + 1, dtype=np.int64) * size
        data = np.ascontiguousarray(self._data).reshape(-1)
        return [(None, PackedBatch(op, np.full(n, rules.code, np.uint8), np.full(n, align, np.uint8), data, offsets))]


class Execute(NamedTuple):
    """The body of EXECUTE and WARM. deadline_ms: from now, 0: none."""

    kind: Kind
    tenant: str
    deadline_ms: int
    rows: Rows | EqualRows


class Submit(NamedTuple):
    """The body of SUBMIT: requests `first`, `first` + 1, ... of a job. items: the requests as they came."""

    tenant: str
    job: bytes
    first: int
    rows: Rows | EqualRows
    items: bytes


class Result(NamedTuple):
    """The body of RESULT."""

    tenant: str
    job: bytes
    first: int


# ---- what a server reads ----
def read_header(payload: bytes | memoryview) -> Header:
    if len(payload) < HEADER.size:
        raise WireError(MALFORMED, f"a payload of {len(payload)} bytes: {HEADER.size} are the least")
    version, *rest = HEADER.unpack_from(payload)
    if version != VERSION:
        raise WireError(UNSUPPORTED_VERSION, f"version {version}: this end speaks {VERSION}")
    return Header(*rest)


def read_execute(body: bytes | memoryview, count: int, max_requests: int) -> Execute:
    """The body behind the header of EXECUTE or WARM."""
    if len(body) < _EXECUTE.size:
        raise WireError(MALFORMED, "the body ends before its requests")
    kind, tenant_size, reserved, deadline_ms = _EXECUTE.unpack_from(body)
    if kind >= len(KINDS) or reserved:
        raise WireError(MALFORMED, f"class {kind} and reserved bytes {reserved}: class 0 to 2 and zero are wanted")
    tenant = _tenant(body, _EXECUTE.size, tenant_size)
    return Execute(KINDS[kind], tenant, deadline_ms, read_rows(body, _EXECUTE.size + tenant_size, count, max_requests))


def read_rows(body: bytes | memoryview, at: int, count: int, max_requests: int) -> Rows | EqualRows:
    """`count` requests from `at` to the end of a body."""
    end = len(body)
    if count > max_requests:
        raise WireError(TOO_LARGE, f"{count:,} requests in a frame: {max_requests:,} are the most")
    if count * _ITEM.size > end - at:
        raise WireError(MALFORMED, f"{count:,} requests do not fit into the body")
    if count > 1 and (equal := _equal_rows(body, at, count)) is not None:
        return equal
    heads: list[int] = []
    args: list[bytes] = []
    unpack, known = _ITEM.unpack_from, HEADS
    for _ in range(count):
        if at + 8 > end:
            raise WireError(MALFORMED, "the body ends within its requests")
        head, size = unpack(body, at)
        if head not in known:
            raise _unknown(head)
        start = at + 8
        stop = start + size
        at = stop + (-size & 7)
        if at > end:
            raise WireError(MALFORMED, f"an argument buffer of {size:,} bytes ends behind the body")
        heads.append(head)
        args.append(bytes(body[start:stop]))
    if at != end:
        raise WireError(MALFORMED, f"{end - at} bytes follow the last request")
    return Rows(heads, args)


def _equal_rows(body: bytes | memoryview, at: int, count: int) -> EqualRows | None:
    """`read_rows` where all are of one head and one length; else None, also for what are no requests."""
    head, size = _ITEM.unpack_from(body, at)
    each = 8 + size + (-size & 7)
    if each * count != len(body) - at or head not in HEADS:
        return None
    rows = np.frombuffer(body, np.uint8, each * count, at).reshape(count, each)
    if np.any(rows[1:, :8] != rows[0, :8]):
        return None
    return EqualRows(head, rows[:, 8 : 8 + size])


def read_submit(body: bytes | memoryview, count: int, max_requests: int) -> Submit:
    tenant, job, first, at = _job(body)
    return Submit(tenant, job, first, read_rows(body, at, count, max_requests), bytes(body[at:]))


def read_result(body: bytes | memoryview) -> Result:
    tenant, job, first, at = _job(body)
    if at != len(body):
        raise WireError(MALFORMED, f"{len(body) - at} bytes follow the job")
    return Result(tenant, job, first)


# ---- what a server writes ----
def reply(kind: int, count: int, number: int, body: bytes = b"", flags: int = 0) -> bytes:
    """A frame, with its length."""
    return LENGTH.pack(HEADER.size + len(body)) + HEADER.pack(VERSION, kind, flags, count, number) + body


def error(number: int, code: int, text: str, retry_after: float = 0.0) -> bytes:
    """An ERROR frame. retry_after: seconds."""
    words = text.encode("utf-8", "replace")[:MAX_TEXT]
    milliseconds = min(max(0, round(retry_after * 1000)), 0xFFFFFFFF)
    return reply(ERROR, 0, number, _ERROR.pack(code, milliseconds, len(words)) + words)


def write_answer(answer: Answer) -> bytes:
    """One answer of a reply's body."""
    retbuf = answer.retbuf or b""
    size = len(retbuf)
    return _ANSWER.pack(_STATUS[answer.status], answer.value is True, size, 0, answer.gas) + retbuf + _PADS[-size & 7]


def write_answers(answers: Sequence[Answer]) -> bytes:
    """A reply's body."""
    return b"".join(map(write_answer, answers))


def write_packed(operation: Operation, answers: PackedAnswers) -> tuple[bytes, list[int]]:
    """A reply's body without a Python object an answer, and where each answer ends in it."""
    n, width = len(answers), operation.width
    shown = answers.status <= _STATUS["malformed"]
    rows = np.zeros((n, _ANSWER.size + width + (-width & 7)), np.uint8)
    rows[:, 0] = answers.status
    if operation.kind == "bool":
        rows[:, 1] = answers.value * shown
    rows[:, 2] = shown * np.uint8(width)
    rows[:, 8:16] = np.ascontiguousarray(answers.gas, "<i8").view(np.uint8).reshape(n, 8)
    rows[:, 16 : 16 + width] = answers.retbuf
    if shown.all():
        return rows.tobytes(), list(range(rows.shape[1], n * rows.shape[1] + 1, rows.shape[1]))
    sizes = np.where(shown, rows.shape[1], _ANSWER.size)
    kept = np.arange(rows.shape[1]) < sizes[:, None]
    return rows[kept].tobytes(), np.cumsum(sizes).tolist()


def write_parts(n: int, parts: Sequence[tuple[list[int] | None, PackedBatch]], answers: Sequence[PackedAnswers]) -> bytes:
    """A reply's body: the answers of n requests that ran in parts (`Rows.packed`), in the order of the requests."""
    pieces: list[bytes] = [b""] * n
    for (index, batch), some in zip(parts, answers, strict=True):
        body, ends = write_packed(OPERATIONS[batch.op], some)
        if index is None:
            return body
        for place, start, stop in zip(index, [0, *ends], ends, strict=False):
            pieces[place] = body[start:stop]
    return b"".join(pieces)


def write_job(first: int, total: int, answers: bytes = b"") -> bytes:
    """The body of the replies to SUBMIT and RESULT."""
    return _JOB_REPLY.pack(first, total) + answers


# ---- what a client writes ----
def item(request: Request) -> bytes:
    """One request of a body."""
    args = request.args
    size = len(args)
    return _ITEM.pack(_INDEX[request.op] | request.rules.code << 8 | request.align << 16, size) + args + _PADS[-size & 7]


def write_execute(requests: Sequence[Request], kind: Kind = "block", tenant: str = "", deadline_ms: int = 0) -> bytes:
    """The body of EXECUTE and WARM."""
    name = tenant.encode()
    return _EXECUTE.pack(KINDS.index(kind), len(name), 0, deadline_ms) + name + b"".join(map(item, requests))


def write_submit(requests: Sequence[Request], job: bytes, first: int = 0, tenant: str = "") -> bytes:
    """The body of SUBMIT; without requests that of RESULT."""
    name = tenant.encode()
    return _JOB.pack(KINDS.index("bulk"), len(name), len(job), 0, first) + name + job + b"".join(map(item, requests))


# ---- what a client reads ----
def read_answers(body: bytes | memoryview, ops: Sequence[str], engine: str, at: int = 0) -> list[Answer]:
    """The answers to requests of these operations, from `at` to the end of a body."""
    answers = []
    try:
        for op in ops:
            status, value, size, _, gas = _ANSWER.unpack_from(body, at)
            start = at + _ANSWER.size
            retbuf = bytes(body[start : start + size])
            at = start + size + (-size & 7)
            answers.append(_answer(OPERATIONS[op], status, value, retbuf, gas, engine))
    except (struct.error, IndexError):
        raise WireError(MALFORMED, "the reply ends within its answers") from None
    if at != len(body):
        raise WireError(MALFORMED, "the reply has another number of answers")
    return answers


def split_answers(body: bytes | memoryview, count: int) -> list[bytes]:
    """The answers of a body, each as it was written."""
    found, at = [], 0
    for _ in range(count):
        stop = at + _ANSWER.size
        if stop > len(body):
            raise WireError(MALFORMED, "the body ends within its answers")
        size = int.from_bytes(body[at + 2 : at + 4], "little")
        stop += size + (-size & 7)
        found.append(bytes(body[at:stop]))
        at = stop
    if at != len(body):
        raise WireError(MALFORMED, "the body has another number of answers")
    return found


def read_job(body: bytes | memoryview) -> tuple[int, int]:
    """first and total of a reply to SUBMIT or RESULT, whose answers stand behind `JOB_REPLY` bytes."""
    if len(body) < JOB_REPLY:
        raise WireError(MALFORMED, "the reply ends early")
    first, total = _JOB_REPLY.unpack_from(body)
    return first, total


JOB_REPLY: Final = _JOB_REPLY.size


def read_error(body: bytes | memoryview) -> WireError:
    """What the other end says in an ERROR frame."""
    if len(body) < _ERROR.size:
        return WireError(MALFORMED, "an ERROR frame that ends early")
    code, milliseconds, size = _ERROR.unpack_from(body)
    return WireError(code, bytes(body[_ERROR.size : _ERROR.size + size]).decode("utf-8", "replace"), milliseconds / 1000)


# ---- the rest ----
def _answer(operation: Operation, status: int, value: int, retbuf: bytes, gas: int, engine: str) -> Answer:
    if status >= len(STATUS_NAMES) or (len(retbuf) != (operation.width if status <= 1 else 0)):
        raise WireError(MALFORMED, f"an answer of status {status} with {len(retbuf)} bytes")
    if status > 1:
        return Answer(None, STATUS_NAMES[status], None, gas, engine if status == _STATUS["panic"] else "")
    if operation.kind == "bool":
        if retbuf[0] > 1 or value != retbuf[0]:
            raise WireError(MALFORMED, f"a verdict of {value} and {retbuf[0]}")
        return Answer(value == 1, STATUS_NAMES[status], retbuf, gas, engine)
    return Answer(operation.values(np.frombuffer(retbuf, np.uint8)[None])[0], STATUS_NAMES[status], retbuf, gas, engine)


def _packed(op: int, heads: np.ndarray[tuple[int], np.dtype[np.uint32]], args: list[bytes]) -> PackedBatch:
    offsets = np.zeros(len(args) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, args), np.int64, len(args)), out=offsets[1:])
    data = np.frombuffer(b"".join(args), np.uint8)
    return PackedBatch(REGISTRY[op].name, (heads >> 8).astype(np.uint8), (heads >> 16).astype(np.uint8), data, offsets)


def _tenant(body: bytes | memoryview, at: int, size: int) -> str:
    if at + size > len(body):
        raise WireError(MALFORMED, "the body ends within the tenant's name")
    try:
        return bytes(body[at : at + size]).decode() if size else ""
    except UnicodeDecodeError:
        raise WireError(MALFORMED, "the tenant's name is not UTF-8") from None


def _job(body: bytes | memoryview) -> tuple[str, bytes, int, int]:
    """Tenant, job, first, and where the rest begins."""
    if len(body) < _JOB.size:
        raise WireError(MALFORMED, "the body ends before the job")
    kind, tenant_size, job_size, reserved, first = _JOB.unpack_from(body)
    if KINDS.index("bulk") != kind or reserved or not 0 < job_size <= MAX_JOB or first >> 62:
        raise WireError(MALFORMED, f"class {kind}, a job of {job_size} bytes: class 2 and 1 to {MAX_JOB} bytes are wanted")
    tenant = _tenant(body, _JOB.size, tenant_size)
    at = _JOB.size + tenant_size
    if at + job_size > len(body):
        raise WireError(MALFORMED, "the body ends within the job's name")
    return tenant, bytes(body[at : at + job_size]), first, at + job_size


def _unknown(head: int) -> WireError:
    op, code, align, reserved = head.to_bytes(4, "little")
    if op >= len(REGISTRY):
        return WireError(UNKNOWN_OPERATION, f"operation {op}: there are {len(REGISTRY)}, from 0 on")
    return WireError(MALFORMED, f"rules {code:#04x}, align {align}, reserved {reserved}: no such request")
