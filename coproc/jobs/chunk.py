"""A chunk: some rows of a job, grouped into batches of one operation and one set of rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from coproc.errors import InvalidInput
from coproc.jobs.errors import BadLine
from coproc.operation import ALIGNMENTS, PLONK_VERSIONS, Rules


@dataclass(frozen=True)
class Defaults:
    """What the command line says about rules, None where it says nothing. A line's own words win."""

    plonk: str | None = None
    fork: str | None = None


@lru_cache(maxsize=256)
def rules_of(plonk: str | None, fork: str | None) -> Rules:
    """Rules from two words, either of which may be missing (None). Raises InvalidInput."""
    if plonk is None:
        return Rules() if fork is None else Rules(fork=fork)
    if plonk not in PLONK_VERSIONS:  # "" too, which `Rules` reads as nothing given
        raise InvalidInput(f"unknown PLONK version {plonk[:64]!r}: one of {', '.join(PLONK_VERSIONS)}")
    return Rules(plonk) if fork is None else Rules(plonk, fork)


@dataclass(slots=True)
class Group:
    """Rows of a chunk that are one batch: row numbers and argument buffers, in input order."""

    op: str
    rules: Rules
    align: int
    rows: list[int] = field(default_factory=list)
    data: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class Chunk:
    """Rows of one input file in its order.

    name       the file
    ids        JSON bytes of each row's id
    ops        each row's operation; None for a bad line that names none
    numbers    each row's line (Parquet: row), counted from 1
    groups     the rows that have requests
    bad        row -> what is wrong with its line
    position   bytes of all inputs that were read when the chunk was made
    """

    name: str
    ids: list[bytes] = field(default_factory=list)
    ops: list[str | None] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    bad: dict[int, BadLine] = field(default_factory=dict)
    position: int = 0

    def __len__(self) -> int:
        return len(self.ids)


GroupKey = tuple[str, "str | None", "str | None", "int | None"]


class ChunkBuilder:
    """Collects rows into chunks of one file."""

    def __init__(self, name: str, defaults: Defaults, operations: Callable[[str], object]) -> None:
        """operations: raises InvalidInput for a name that is no operation."""
        self._name, self._defaults, self._known = name, defaults, operations
        self._chunk = Chunk(name)
        self._groups: dict[GroupKey, Group] = {}
        self.bytes = 0

    def group(self, key: GroupKey) -> Group:
        """The batch of rows that ask the same: (op, plonk, fork, align). Raises InvalidInput for words that do not exist."""
        group = self._groups.get(key)
        if group is None:
            op, plonk, fork, align = key
            self._known(op)
            defaults = self._defaults
            rules = rules_of(defaults.plonk if plonk is None else plonk, defaults.fork if fork is None else fork)
            if align is not None and align not in ALIGNMENTS:
                raise InvalidInput(f"align: {align} is none of 1, 2, 4, 8")
            group = self._groups[key] = Group(op, rules, align or 8)
        return group

    def add(self, id: bytes, number: int, group: Group, data: bytes) -> None:
        chunk = self._chunk
        if not group.rows:
            chunk.groups.append(group)
        group.rows.append(len(chunk.ids))
        group.data.append(data)
        chunk.ids.append(id)
        chunk.ops.append(group.op)
        chunk.numbers.append(number)

    def add_bad(self, number: int, line: BadLine) -> None:
        chunk = self._chunk
        chunk.bad[len(chunk.ids)] = line
        chunk.ids.append(line.id)
        chunk.ops.append(line.op)
        chunk.numbers.append(number)

    def __len__(self) -> int:
        return len(self._chunk.ids)

    def take(self, position: int) -> Chunk:
        """The chunk so far; the builder starts a new one."""
        chunk = self._chunk
        chunk.position = position
        self._chunk, self._groups, self.bytes = Chunk(self._name), {}, 0
        return chunk
