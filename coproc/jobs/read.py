"""From input files to chunks, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from coproc.errors import InvalidInput
from coproc.jobs.blobs import BlobTable
from coproc.jobs.chunk import Chunk, ChunkBuilder, Defaults
from coproc.jobs.errors import BadLine, JobError
from coproc.jobs.inputs import READ_ERRORS, ByteStream, InputFile
from coproc.jobs.job import NULL, argument_buffer, from_hex, parse_line, salvage
from coproc.jobs.lines import MAX_LINE, Line, TooLong, line_blocks
from coproc.jobs.parquet import parquet_rows
from coproc.wire import KeySource

MAX_CHUNK_BYTES: Final = 16 << 20
"""Bytes of lines and argument buffers after which a chunk is closed."""

BOM: Final = b"\xef\xbb\xbf"

Skip = Callable[[str, bytes, "str | None"], bool]
"""(where, id, op) -> True if this row was answered by an earlier run; raises JobError if that answer is to another row."""


@dataclass
class Pace:
    """How many rows the next chunk should have; whoever computes adjusts it while it is read."""

    rows: int = 16


@dataclass
class Reader:
    """Reads a job's input files.

    files        in their order
    defaults     rules of the command line
    operations   raises InvalidInput for a name that is no operation
    keep_going   bad lines become rows; otherwise the first one ends the job
    skip         see `Skip`
    pace         rows of the next chunk
    keys         what {"key": HASH} names; None: nothing

    `position`: bytes read of all files. `chunks` ends early by raising: BadLine for a bad line (after the rows before it were
    given), JobError for a file that cannot be read on.
    """

    files: list[InputFile]
    defaults: Defaults
    operations: Callable[[str], object]
    keep_going: bool = False
    skip: Skip | None = None
    pace: Pace | None = None
    keys: KeySource | None = None
    position: int = 0

    def chunks(self) -> Iterator[Chunk]:
        pace = self.pace or Pace(4096)
        for file in self.files:
            before = self.position
            builder = ChunkBuilder(file.name, self.defaults, self.operations)
            rows = self._parquet(file, builder) if file.kind == "parquet" else self._jsonl(file, builder)
            stop: Exception | None = None
            try:
                for flush in rows:  # one step a row; True: nothing more to read for now
                    if len(builder) and (flush or len(builder) >= pace.rows or builder.bytes >= MAX_CHUNK_BYTES):
                        yield builder.take(self.position)
            except (BadLine, JobError) as error:
                stop = error
            if file.size is not None and stop is None:
                self.position = before + file.size
            if len(builder):
                yield builder.take(self.position)
            if stop is not None:
                raise stop

    def _jsonl(self, file: InputFile, builder: ChunkBuilder) -> Iterator[bool]:
        number, start, blobs = 0, self.position, BlobTable()
        try:
            with ByteStream(file) as stream:
                for block in line_blocks(stream):
                    self.position = start + stream.position
                    for line in block:
                        number += 1
                        if not number - 1 and isinstance(line, bytes) and line.startswith(BOM):
                            line = line[len(BOM) :]
                        if isinstance(line, TooLong) or (line and not line.isspace()):
                            self._row(file.name, number, line, blobs, builder)
                            yield False
                    if not stream.ready():
                        yield True
        except READ_ERRORS as error:
            raise JobError(f"{file.name}:{number + 1}: cannot be read on: {_reason(error)}") from None

    def _row(self, name: str, number: int, line: Line, blobs: BlobTable, builder: ChunkBuilder) -> None:
        where = f"{name}:{number}"
        try:
            if isinstance(line, TooLong):
                raise InvalidInput(f"a line of more than {MAX_LINE:,} bytes")
            parsed = parse_line(line)
            if parsed.blob is not None:
                if parsed.hex is None:
                    raise InvalidInput("a blob without hex")
                blobs.define(parsed.blob, from_hex(parsed.hex, "hex"))
                return
            op = parsed.op
            if op is None:
                raise InvalidInput("no op")
            id = bytes(parsed.id)
            if self.skip and self.skip(where, id, op):
                return
            group = builder.group((op, parsed.plonk, parsed.fork, parsed.align))
            data = argument_buffer(parsed, op, blobs, self.keys)
        except InvalidInput as error:
            if isinstance(error, JobError):
                raise
            bad = BadLine(where, str(error), *((NULL, None) if isinstance(line, TooLong) else salvage(line)))
            if self.skip and self.skip(where, bad.id, bad.op):
                return
            if not self.keep_going:
                raise bad from None
            builder.add_bad(number, bad)
        else:
            builder.bytes += len(line) + len(data)
            builder.add(id, number, group, data)

    def _parquet(self, file: InputFile, builder: ChunkBuilder) -> Iterator[bool]:
        start, size, blobs = self.position, file.size or 0, BlobTable()
        for number, total, row in parquet_rows(file.name):
            where = f"{file.name}:{number}"
            self.position = start + size * number // max(total, 1)
            id, op = row.id, row.op
            try:
                if op is None:
                    raise InvalidInput("no op")
                if self.skip and self.skip(where, id, op):
                    continue
                group = builder.group((op, row.plonk, row.fork, row.align))
                data = row.argbuf if row.argbuf is not None else argument_buffer(row.line(), op, blobs, self.keys)
                if len(data) > MAX_LINE:
                    raise InvalidInput(f"argbuf: more than {MAX_LINE:,} bytes")
            except InvalidInput as error:
                if isinstance(error, JobError):
                    raise
                if op is None and self.skip and self.skip(where, id, op):
                    continue
                bad = BadLine(where, str(error), id, op)
                if not self.keep_going:
                    raise bad from None
                builder.add_bad(number, bad)
            else:
                builder.bytes += len(data)
                builder.add(id, number, group, data)
            yield False


def _reason(error: BaseException) -> str:
    if isinstance(error, EOFError):
        return "the compressed data ends too early"
    return getattr(error, "strerror", None) or str(error)
