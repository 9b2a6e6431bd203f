"""Parquet job files and answer files; needs pyarrow (the extra "jobs").

Columns: `id`, `op`, `plonk`, `fork`, `answer`, `status`, `engine` string; `argbuf`, `retbuf` binary; `args` JSON string; `gas`
int64, `align` int8. Others are ignored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

import msgspec

from coproc.jobs.errors import JobError
from coproc.jobs.job import NULL, JobLine

ROWS_A_BATCH: Final = 512
ROWS_A_GROUP: Final = 32_768
BYTES_A_GROUP: Final = 64 << 20

# column -> the types it may have, by pyarrow's own predicates
_STRING: Final = ("is_string", "is_large_string", "is_dictionary", "is_null")
_COLUMNS: Final = {
    "id": (*_STRING, "is_integer"),
    "op": _STRING,
    "plonk": _STRING,
    "fork": _STRING,
    "args": _STRING,
    "argbuf": ("is_binary", "is_large_binary", "is_fixed_size_binary", "is_null"),
    "align": ("is_integer", "is_null"),
}


def pyarrow(name: str) -> tuple[ModuleType, ModuleType]:
    """The modules pyarrow and pyarrow.parquet. Raises JobError where they are not installed; name: the file that needs them."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise JobError(f"{name}: Parquet needs pyarrow: pip install 'coproc[jobs]'") from None
    return pyarrow, pyarrow.parquet


@dataclass(slots=True)
class ParquetRow:
    """One row of a Parquet job; id is JSON."""

    id: bytes
    op: str | None
    plonk: str | None
    fork: str | None
    align: int | None
    argbuf: bytes | None
    args: str | None

    def line(self) -> JobLine:
        """The same as a line of JSON without `argbuf`."""
        return JobLine(op=self.op, args=msgspec.Raw(self.args.encode() if self.args is not None else b""))


def parquet_rows(name: str) -> Iterator[tuple[int, int, ParquetRow]]:
    """(row counted from 1, rows of the file, row). Raises JobError."""
    pa, pq = pyarrow(name)
    number = 0
    try:
        with pq.ParquetFile(name) as file:
            schema = file.schema_arrow
            present = [column for column in _COLUMNS if column in schema.names]
            for column in present:
                if not any(getattr(pa.types, test)(schema.field(column).type) for test in _COLUMNS[column]):
                    raise JobError(f"{name}: column {column!r} has type {schema.field(column).type}")
            total: int = file.metadata.num_rows
            for batch in file.iter_batches(batch_size=ROWS_A_BATCH, columns=present):
                columns: dict[str, list[Any]] = {column: batch.column(column).to_pylist() for column in present}
                for i in range(batch.num_rows):
                    number += 1
                    yield number, total, _row({column: values[i] for column, values in columns.items()})
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise JobError(f"{name}:{number + 1}: cannot be read on: {str(error).splitlines()[0]}") from None


def _row(values: dict[str, Any]) -> ParquetRow:
    id = values.get("id")
    return ParquetRow(
        NULL if id is None else msgspec.json.encode(id), values.get("op"), values.get("plonk"), values.get("fork"),
        values.get("align"), values.get("argbuf"), values.get("args"),
    )  # fmt: skip


class ParquetAnswers:
    """Writes answers as a Parquet file; it can be read only after `close`."""

    def __init__(self, name: str) -> None:
        self._pa, pq = pyarrow(name)
        pa = self._pa
        string, binary = pa.string(), pa.binary()
        self._schema = pa.schema([
            ("id", string), ("op", string), ("answer", string), ("status", string), ("retbuf", binary), ("gas", pa.int64()),
            ("engine", string), ("error", string),
        ])  # fmt: skip
        self._writer = pq.ParquetWriter(name, self._schema)
        self._rows: list[dict[str, Any]] = []
        self._bytes = 0

    def write(self, lines: bytes) -> None:
        """Answers as lines of JSON."""
        for line in lines.split(b"\n")[:-1]:
            row = msgspec.json.decode(line)
            id, answer, retbuf = row["id"], row["answer"], row["retbuf"]
            row["id"] = id if isinstance(id, str) or id is None else msgspec.json.encode(id).decode()
            row["answer"] = answer if isinstance(answer, str) or answer is None else str(answer).lower()
            row["retbuf"] = None if retbuf is None else bytes.fromhex(retbuf)
            self._rows.append(row)
        self._bytes += len(lines)
        if len(self._rows) >= ROWS_A_GROUP or self._bytes >= BYTES_A_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(self._pa.Table.from_pylist(self._rows, schema=self._schema))
            self._rows, self._bytes = [], 0

    def close(self) -> None:
        self._flush()
        self._writer.close()
