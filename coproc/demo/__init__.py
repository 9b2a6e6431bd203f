"""A bundled batch of real requests of every operation, with the answers that Dusk's own host functions gave.

`requests.jsonl.gz` is a job file that `coproc verify` reads too; `pick` chose it from the recorded vectors.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

import msgspec

from coproc.jobs.chunk import Chunk, Defaults, Group
from coproc.jobs.compute import known_operation
from coproc.jobs.inputs import inspect
from coproc.jobs.read import Pace, Reader

FILE: Final = "requests.jsonl.gz"


class _Recorded(msgspec.Struct):
    """The recorded answer on a line; a blob has none."""

    status: str | None = None
    expect: bool | str | None = None
    retbuf: str | None = None
    gas: int | None = None
    blob: str | None = None


@dataclass
class DemoBatch:
    """Requests of one operation under one set of rules, with Dusk's answers: status, value (bool, hex or None), retbuf, gas."""

    group: Group
    status: list[str] = field(default_factory=list)
    value: list[bool | str | None] = field(default_factory=list)
    retbuf: list[bytes | None] = field(default_factory=list)
    gas: list[int | None] = field(default_factory=list)


def load() -> list[DemoBatch]:
    """The bundled requests, by operation and rules, in the order of the file."""
    with as_file(files(__package__) / FILE) as path:
        chunk = _only_chunk(path)
        recorded = _recorded(path)
    batches = []
    for group in chunk.groups:
        answers = [recorded[row] for row in group.rows]
        batches.append(
            DemoBatch(
                group,
                [answer.status or "" for answer in answers],
                [answer.expect for answer in answers],
                [None if answer.retbuf is None else bytes.fromhex(answer.retbuf) for answer in answers],
                [answer.gas for answer in answers],
            )
        )
    return batches


def _only_chunk(path: Path) -> Chunk:
    reader = Reader([inspect(str(path))], Defaults(), known_operation, pace=Pace(1 << 20))
    (chunk,) = reader.chunks()
    return chunk


def _recorded(path: Path) -> list[_Recorded]:
    decode = msgspec.json.Decoder(_Recorded).decode
    lines = gzip.decompress(path.read_bytes()).splitlines()
    return [answer for answer in map(decode, lines) if answer.blob is None]
