"""`Kept`: requests, and what engines told of them: `Run`, with how the requests were cut (`Step`, `Part`) and the seeds of the folds."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Final, NamedTuple

from coproc.errors import InvalidInput
from coproc.fold.coefficients import SEED_BYTES
from coproc.operation import ALIGNMENTS, STATUS_NAMES, Answer, Request
from coproc.ops import OPERATIONS
from coproc.ops.shape import MAX_BATCH
from coproc.replay.sealed import Sealed

MAX_REQUESTS: Final = 1 << 17
MAX_BYTES: Final = 512 << 20
"""Argument bytes of all requests."""
MAX_RUNS: Final = 16
MAX_TEXT: Final = 4096
"""Characters of a reason, a name or a place."""
DIGEST_BYTES: Final = 64


class Told(NamedTuple):
    """What an engine told of a request.

    status: index into `STATUS_NAMES`. retbuf: the bytes written back, zeros for a panic and an unserved request.
    """

    status: int
    retbuf: bytes
    gas: int

    @classmethod
    def of(cls, request: Request, answer: Answer) -> Told:
        retbuf = bytes(OPERATIONS[request.op].width) if answer.retbuf is None else answer.retbuf
        return cls(STATUS_NAMES.index(answer.status), retbuf, answer.gas)

    def words(self, op: str) -> str:
        """For people: "true", "false", "ok 1234…", "panic"."""
        name = STATUS_NAMES[self.status]
        if name != "ok":
            return name
        if OPERATIONS[op].kind == "bool" and self.retbuf in (b"\0", b"\1"):
            return "true" if self.retbuf[0] else "false"
        return f"ok {self.retbuf.hex()}"


class Part(NamedTuple):
    """Requests of one operation that an engine was given as one batch, in this order: places in `Kept.requests`. tenant: whose keys."""

    requests: tuple[int, ...]
    tenant: str = ""


class Fold(NamedTuple):
    """A fold: its seed, and the digest of what was read, which the coefficients come from; b"" where nobody said it."""

    seed: bytes
    digest: bytes = b""


class Step(NamedTuple):
    """Parts whose claims were settled together, and the folds in the order in which they were made; () where nobody said them."""

    parts: tuple[Part, ...]
    folds: tuple[Fold, ...] = ()


@dataclass(frozen=True)
class Run:
    """What one engine told.

    engine   its name, as `coproc engines` lists it
    steps    in order
    told     one a request, None where it was not asked
    place    for people: which worker, why it was asked
    """

    engine: str
    steps: tuple[Step, ...]
    told: tuple[Told | None, ...]
    place: str = ""

    @classmethod
    def whole(cls, engine: str, requests: Sequence[Request], answers: Sequence[Answer], folds: Sequence[Fold] = (), place: str = "") -> Run:
        """All requests at once: a batch an operation, in the order in which operations first occur."""
        steps = (Step(parts_of(requests), tuple(folds)),)
        return cls(engine, steps, tuple(map(Told.of, requests, answers)), place)

    @classmethod
    def singly(cls, engine: str, requests: Sequence[Request], index: Sequence[int], answers: Sequence[Answer], place: str = "") -> Run:
        """Some of the requests, one after another, each on its own; answers: those of `index`."""
        told: list[Told | None] = [None] * len(requests)
        for i, answer in zip(index, answers, strict=True):
            told[i] = Told.of(requests[i], answer)
        return cls(engine, tuple(Step((Part((i,)),)) for i in index), tuple(told), place)


def parts_of(requests: Sequence[Request], tenants: Sequence[str] | None = None) -> tuple[Part, ...]:
    """Parts of at most `MAX_BATCH` requests, by operation and tenant, in the order in which these first occur."""
    places: dict[tuple[str, str], list[int]] = {}
    for i, request in enumerate(requests):
        places.setdefault((request.op, tenants[i] if tenants else ""), []).append(i)
    return tuple(
        Part(tuple(index[start : start + MAX_BATCH]), tenant)
        for (_, tenant), index in places.items()
        for start in range(0, len(index), MAX_BATCH)
    )


def versions() -> dict[str, str]:
    """What answers here: name -> version."""
    try:
        here = version("coproc")
    except PackageNotFoundError:
        here = "unknown"
    return {"coproc": here, "numpy": version("numpy"), "python": platform.python_version(), "machine": platform.machine()}


@dataclass(frozen=True)
class Kept:
    """A batch that is kept.

    reason: one sentence for people. made: seconds since 1970, 0 for unknown. versions: as `versions()` of whoever kept it. sealed: the
    question to a worker that the requests are, and its answer; None where they are none. Raises InvalidInput where the parts do not fit
    together.
    """

    requests: tuple[Request, ...]
    runs: tuple[Run, ...]
    reason: str
    made: float = 0.0
    versions: dict[str, str] = field(default_factory=versions)
    sealed: Sealed | None = None

    def __post_init__(self) -> None:
        n = len(self.requests)
        _check(0 < n <= MAX_REQUESTS, f"requests: {n} of them; 1 to {MAX_REQUESTS:,} can be kept")
        _check(0 < len(self.runs) <= MAX_RUNS, f"runs: {len(self.runs)} of them; 1 to {MAX_RUNS} can be kept")
        _check(sum(len(request.args) for request in self.requests) <= MAX_BYTES, f"more than {MAX_BYTES:,} bytes of arguments")
        for text in (self.reason, *self.versions, *self.versions.values(), *(t for run in self.runs for t in (run.engine, run.place))):
            _check(len(text) <= MAX_TEXT, f"a text of {len(text):,} characters; {MAX_TEXT:,} are kept")
        for request in self.requests:
            _check(request.op in OPERATIONS, f"unknown operation {request.op[:64]!r}")
            _check(request.align in ALIGNMENTS, f"align: {request.align!r} is none of 1, 2, 4, 8")
        for run in self.runs:
            _check(len(run.told) == n, f"run on {run.engine}: {len(run.told)} answers to {n} requests")
            for request, told in zip(self.requests, run.told, strict=True):
                if told is not None:
                    _check_told(request, told)
            for step in run.steps:
                _check_step(self.requests, step)
            asked = [i for step in run.steps for part in step.parts for i in part.requests]
            _check(len(set(asked)) == len(asked), f"run on {run.engine}: a request is asked twice")
        if self.sealed is not None:
            _check(len({request.op for request in self.requests}) == 1, "a question to a worker has one operation")
            self.sealed.check(n)

    def disputed(self, told: Iterable[Sequence[Told | None]] | None = None) -> list[int]:
        """The requests of which two told different things: by default in the file."""
        rows = [run.told for run in self.runs] if told is None else list(told)
        return [i for i in range(len(self.requests)) if len({row[i] for row in rows} - {None}) > 1]


def _check_told(request: Request, told: Told) -> None:
    _check(0 <= told.status < len(STATUS_NAMES), f"status {told.status}: there is none such")
    _check(len(told.retbuf) == OPERATIONS[request.op].width, f"{request.op}: {len(told.retbuf)} bytes are no answer")
    _check(-(1 << 63) <= told.gas < 1 << 63, f"gas: {told.gas} is no 64-bit number")


def _check_step(requests: Sequence[Request], step: Step) -> None:
    for part in step.parts:
        count = len(part.requests)
        _check(0 < count <= MAX_BATCH, f"a part of {count} requests: 1 to {MAX_BATCH} are wanted")
        _check(all(0 <= i < len(requests) for i in part.requests), "a part has a request that is not in the file")
        _check(len({requests[i].op for i in part.requests}) == 1, "a part has one operation")
        _check(len(part.tenant) <= MAX_TEXT, "a tenant's name is too long")
    for fold in step.folds:
        _check(len(fold.seed) == SEED_BYTES, f"a seed of {len(fold.seed)} bytes: {SEED_BYTES} are wanted")
        _check(len(fold.digest) in (0, DIGEST_BYTES), f"a digest of {len(fold.digest)} bytes: {DIGEST_BYTES} are wanted, or none")


def _check(held: bool, otherwise: str) -> None:
    if not held:
        raise InvalidInput(otherwise)


__all__ = ["MAX_BYTES", "MAX_REQUESTS", "MAX_RUNS", "Fold", "Kept", "Part", "Run", "Step", "Told", "parts_of", "versions"]
