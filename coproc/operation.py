"""What passes through coproc: `Operation`, `Request`, `Answer`, `Rules`, `Gas`, and the columns of a batch.

A request is an operation's name, the bytes that a contract leaves in its argument buffer, the rules in force and the alignment of
the buffer's base address. An answer is what Dusk's host writes back. In between, a batch is a handful of numpy columns: no
Python object stands for an element.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

import numpy as np

from coproc.engine.protocol import I64, U8, U64, Buffers, Layout, Parsed, Status
from coproc.errors import InvalidInput, MalformedRequest, Unserved, UpstreamPanic
from coproc.fold.claims import Claims
from coproc.fold.singly import settle_singly
from coproc.wire import rkyv

if TYPE_CHECKING:
    from coproc.engine.protocol import Engine
    from coproc.keys import KeyRegistry

Gas = int
"""Gas units of Dusk's VM, a non-negative integer."""

PLONK_VERSIONS: Final = ("V1", "V2", "V3")
FORKS: Final = ("PreFork", "Aegis", "Boreas")
STATUS_NAMES: Final = ("ok", "malformed", "panic", "unserved")
ALIGNMENTS: Final = (1, 2, 4, 8)


@dataclass(frozen=True)
class Rules:
    """The rules in force: PLONK version ("V1", "V2", "V3") and hard fork ("PreFork", "Aegis", "Boreas").

    Nothing given: V2 and PreFork, as upstream. Only the fork given: PreFork means V2, Aegis and Boreas mean V3. The fork is
    never inferred from PLONK's version. Raises InvalidInput for any other word.
    """

    plonk: str = ""
    fork: str = "PreFork"

    def __post_init__(self) -> None:
        if self.fork not in FORKS:
            raise InvalidInput(f"unknown fork {self.fork!r}: one of {', '.join(FORKS)}")
        if not self.plonk:
            object.__setattr__(self, "plonk", "V2" if self.fork == "PreFork" else "V3")
        if self.plonk not in PLONK_VERSIONS:
            raise InvalidInput(f"unknown PLONK version {self.plonk!r}: one of {', '.join(PLONK_VERSIONS)}")
        code = (PLONK_VERSIONS.index(self.plonk) + 1) | FORKS.index(self.fork) << 4
        object.__setattr__(self, "code", code)

    code = 0  # PLONK's version (1..3) in the low four bits, the fork's index (0..2) above them


DEFAULT_RULES: Final = Rules()


class Request(NamedTuple):
    """One call of a host function.

    `args`: the argument buffer as a contract leaves it. `align`: alignment of the buffer's base address, 1, 2, 4 or 8.
    """

    op: str
    args: bytes
    rules: Rules = DEFAULT_RULES
    align: int = 8


class Answer(NamedTuple):
    """What Dusk's host function answers.

    value    bool for a verification; bytes for a hash (scalars canonical little-endian) and for a recovered key; None for "no
             key", a panic and an unserved request
    status   "ok", "malformed" (value and retbuf are the fallback), "panic" or "unserved"
    retbuf   the bytes that Dusk's host writes back; None for "panic" and "unserved"
    gas      the price charged before the work, 0 before the fork Boreas
    engine   the engine that answered, "" where none did
    """

    value: bool | bytes | None
    status: str
    retbuf: bytes | None
    gas: Gas
    engine: str

    def unwrap(self) -> bool | bytes | None:
        """The value of an answer whose status is "ok".

        Raises MalformedRequest, UpstreamPanic or Unserved for the other three.
        """
        if self.status == "ok":
            return self.value
        raise {"malformed": MalformedRequest, "panic": UpstreamPanic}.get(self.status, Unserved)(self.status)


@dataclass(slots=True)
class Batch:
    """n argument buffers of one operation, with the rules of each.

    aligns uint8[n]: 1, 2, 4 or 8. rules uint8[n]: `Rules.code`.
    """

    args: Buffers
    aligns: U8
    rules: U8

    def take(self, index: Any) -> Batch:
        """The elements of an index or a slice, in its order."""
        return Batch(self.args.take(index), self.aligns[index], self.rules[index])

    def __len__(self) -> int:
        return len(self.args.addresses)


@dataclass(slots=True)
class Pending:
    """What is known of a batch before its claims are settled.

    status uint8[n] and retbuf uint8[n, width] as in `Operation.run`; claims, and where in the batch the element of each is: a true
    claim makes its answer true. Without claims everything is answered.
    """

    status: U8
    retbuf: U8
    claims: Claims | None = None
    index: Any = None

    def settle(self, verdict: U8) -> None:
        """Write the verdicts of the claims, uint8[k], into the answers."""
        self.retbuf[self.index, 0] = verdict


@dataclass(slots=True)
class Columns:
    """The answers of a batch.

    status uint8[n] (0 ok, 1 malformed, 2 panic, 3 unserved); value uint8[n], 0 or 1 (operations that answer a bool, else empty);
    retbuf uint8[n, width]: zeros for panic and unserved; gas int64[n]; engine: who answered.
    """

    status: U8
    value: U8
    retbuf: U8
    gas: I64
    engine: str


class Operation(ABC):
    """One host function: `cost`, `parse`, `run`, `encode`, `fallback`.

    name      as contracts import it
    layout    the layout of its argument buffer
    kind      of its answer: "bool", "scalar" (Fr of BLS12-381), "bytes32" or "option65"
    width     bytes of its answer
    """

    name: ClassVar[str]
    layout: ClassVar[Layout]
    kind: ClassVar[str]
    width: ClassVar[int]

    @property
    def fallback(self) -> bytes:
        """What Dusk's host writes where the argument buffer is malformed: false, zeros, or none."""
        return bytes(self.width)

    @abstractmethod
    def price(self, length: int, counts: Sequence[int] | None) -> Gas:
        """The price from Boreas on of one request: a function of the argument bytes alone.

        length: of the argument buffer. counts: of its fields as in `Parsed`, None where it is malformed.
        """

    @abstractmethod
    def prices(self, lengths: U64, parsed: Parsed) -> I64:
        """`price` of a batch: lengths uint64[n] -> int64[n]."""

    def cost(self, args: bytes, rules: Rules, align: int = 8) -> Gas:
        """Gas of one request, charged before the work; 0 before the fork Boreas."""
        return self.cost_of(args, rules.code, align)

    def cost_of(self, args: bytes, code: int, align: int) -> Gas:
        """`cost` under the rules of a `Rules.code`."""
        if code < BOREAS_CODE:
            return 0
        fields = rkyv.read(self.layout, args, align)
        return self.price(len(args), None if fields is None else [count for _, count in fields])

    def costs(self, batch: Batch, parsed: Parsed) -> I64:
        """Gas of each request of a batch, int64[n]."""
        codes = batch.rules
        boreas = np.count_nonzero(codes >= BOREAS_CODE) if len(codes) != 1 else codes.item(0) >= BOREAS_CODE
        if not boreas:
            return np.zeros(len(codes), np.int64)
        prices = self.prices(batch.args.lengths, parsed)
        return prices if boreas == len(codes) else np.where(codes >= BOREAS_CODE, prices, 0)

    def parse(self, engine: Engine, batch: Batch) -> Parsed:
        """Apply the rkyv rule to each argument buffer and point at its fields."""
        return engine.parse(self.layout, batch.args, batch.aligns)

    def run(self, engine: Engine, keys: KeyRegistry, batch: Batch, parsed: Parsed) -> tuple[U8, U8]:
        """Answer every element of a batch: status uint8[n] and retbuf uint8[n, width].

        Where the parse failed, the status is the parse's and the retbuf the fallback. Claims are settled one by one.
        """
        pending = self.begin(engine, keys, batch, parsed)
        if pending.claims is not None:
            pending.settle(settle_singly(engine, pending.claims))
        return pending.status, pending.retbuf

    def begin(self, engine: Engine, keys: KeyRegistry, batch: Batch, parsed: Parsed) -> Pending:
        """`run` up to the claims, for whoever settles those of several batches together."""
        if np.count_nonzero(parsed.status) == 0:
            return self.pending(engine, keys, batch, parsed)
        status = parsed.status.copy()
        retbuf = np.zeros((len(status), self.width), np.uint8)
        index = np.flatnonzero(status == Status.OK)
        if not len(index):
            return Pending(status, retbuf)
        some = self.pending(engine, keys, batch.take(index), parsed.take(index))
        status[index], retbuf[index] = some.status, some.retbuf
        return Pending(status, retbuf, some.claims, None if some.claims is None else index[some.index])

    @abstractmethod
    def pending(self, engine: Engine, keys: KeyRegistry, batch: Batch, parsed: Parsed) -> Pending:
        """`begin` for a batch of which every buffer decodes: status OK, PANIC or UNSERVED, and claims where there are any."""

    @abstractmethod
    def encode(self, value: bool | bytes | None) -> bytes:
        """The answer as Dusk's host writes it back."""

    @abstractmethod
    def values(self, retbuf: U8) -> Sequence[bool | bytes | None]:
        """The answers behind their encoded bytes, uint8[n, width]."""


BOREAS_CODE: Final = FORKS.index("Boreas") << 4
"""`Rules.code` is at least this from Boreas on."""


def plonk_versions(batch: Batch) -> U8:
    """PLONK's version of each element, uint8[n]: 1, 2 or 3."""
    return batch.rules & np.uint8(15)


def bls_versions(batch: Batch) -> U8:
    """The version of the BLS signature of each element, uint8[n]: 1 before Aegis, 2 from then on."""
    return (batch.rules >= np.uint8(16)).view(np.uint8) + np.uint8(1)


__all__ = [
    "ALIGNMENTS", "DEFAULT_RULES", "FORKS", "PLONK_VERSIONS", "STATUS_NAMES", "Answer", "Batch", "Columns", "Gas", "Operation",
    "Request", "Rules", "Status",
]  # fmt: skip
