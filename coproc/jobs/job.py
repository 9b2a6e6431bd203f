"""One line of a job file: what it asks, and the argument buffer that it stands for."""

from __future__ import annotations

from binascii import Error as HexError
from binascii import unhexlify
from typing import Any, Final

import msgspec

from coproc.errors import InvalidInput
from coproc.jobs.blobs import BlobTable
from coproc.wire import KeySource, encode, join

MAX_PARTS: Final = 64
"""Parts of an argument buffer that is given as a list."""

MAX_ARGS: Final = 16
"""Typed arguments of a line."""

NULL: Final = b"null"
_NONE: Final = msgspec.Raw(b"")


class JobLine(msgspec.Struct, gc=False):
    """The fields of a line, typed but not yet understood; unknown fields are ignored."""

    id: msgspec.Raw = msgspec.Raw(NULL)
    op: str | None = None
    argbuf: str | list[str | dict[str, str]] | None = None
    args: msgspec.Raw = _NONE
    plonk: str | None = None
    fork: str | None = None
    align: int | None = None
    blob: str | None = None
    hex: str | None = None


class _Loose(msgspec.Struct, gc=False):
    id: msgspec.Raw = msgspec.Raw(NULL)
    op: Any = None


_decode: Final = msgspec.json.Decoder(JobLine).decode
_decode_loose: Final = msgspec.json.Decoder(_Loose).decode
_decode_any: Final = msgspec.json.Decoder().decode


def parse_line(line: bytes) -> JobLine:
    """The fields of one line of JSON. Raises InvalidInput."""
    try:
        if not line.isascii():
            line.decode()  # fields that are skipped or kept raw are not looked at by the decoder
        return _decode(line)
    except UnicodeDecodeError as error:
        raise InvalidInput(f"not UTF-8: byte 0x{error.object[error.start]:02x} at byte {error.start}") from None
    except msgspec.ValidationError as error:
        raise InvalidInput(f"wrong type: {error}") from None
    except msgspec.DecodeError as error:
        raise InvalidInput(f"not JSON: {error}") from None
    except RecursionError:
        raise InvalidInput("not a job line: nested too deeply") from None


def salvage(line: bytes) -> tuple[bytes, str | None]:
    """The id (JSON bytes) and the operation of a line that is wrong elsewhere; null and None where they cannot be read."""
    try:
        line.decode()
        loose = _decode_loose(line)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
        return NULL, None
    return bytes(loose.id), loose.op if isinstance(loose.op, str) else None


def from_hex(text: str, what: str) -> bytes:
    """Bytes of hexadecimal digits, two a byte, nothing else. Raises InvalidInput."""
    try:
        return unhexlify(text)
    except (HexError, ValueError):
        if len(text) % 2 and all(c in "0123456789abcdefABCDEF" for c in text[:4096]):
            raise InvalidInput(f"{what}: an odd number of hex digits ({len(text):,})") from None
        raise InvalidInput(f"{what}: not hexadecimal") from None


def argument_buffer(line: JobLine, op: str, blobs: BlobTable, keys: KeySource | None = None) -> bytes:
    """The bytes that a contract would leave in its argument buffer; `argbuf` wins over `args`. Raises InvalidInput."""
    argbuf = line.argbuf
    if type(argbuf) is str:
        return from_hex(argbuf, "argbuf")
    args = typed_arguments(line)
    if argbuf is not None:
        if len(argbuf) > MAX_PARTS:
            raise InvalidInput(f"argbuf: more than {MAX_PARTS} parts")
        return join(argbuf, args, blobs, op, keys)
    if args is None:
        raise InvalidInput("neither argbuf nor args")
    return encode(op, args, blobs, keys)


def typed_arguments(line: JobLine) -> dict[str, Any] | None:
    """`args`, not yet understood. Raises InvalidInput."""
    if not (raw := bytes(line.args)) or raw == NULL:
        return None
    try:
        args = _decode_any(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(f"args: {error}") from None
    if not isinstance(args, dict):
        raise InvalidInput("args: must be an object")
    if len(args) > MAX_ARGS:  # each may name a blob, so that a short line could stand for a great many bytes
        raise InvalidInput(f"args: more than {MAX_ARGS} arguments")
    return args
