"""Small structured changes to argument buffers: what a search for expensive inputs makes its candidates with.

A buffer is taken apart by its layout, one of its fields changed, and put together again, so that it decodes; now and then its bytes
are changed as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from coproc.engine.protocol import Layout
from coproc.wire import rkyv
from coproc.wire.rkyv import ROOTS, Vec

MAX_BYTES: Final = 1 << 16
"""Bytes of a contract's argument buffer."""

WORDS: Final = (32, 48)
MODULI: Final = (
    0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001,
    0x0E7DB4EA6533AFA906673B0101343B00A6682093CCC81082D0970E5ED6F72CB7,
    0x30644E72E131A029B85045B68181585D97816A916871CA8D3C208C16D87CFD47,
    0x30644E72E131A029B85045B68181585D2833E84879B9709143E1F593F0000001,
    0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB,
)


def fields_of(layout: Layout, buffer: bytes, align: int = 8) -> list[bytes] | None:
    """The bytes of each field; None where the buffer does not decode."""
    found = rkyv.read(layout, buffer, align)
    if found is None:
        return None
    sizes = [field.size if isinstance(field, Vec) else 1 for field in ROOTS[layout].fields]
    return [buffer[at : at + n * size] for (at, n), size in zip(found, sizes, strict=True)]


def _flip(random: Random, data: bytes, size: int, others: Sequence[bytes]) -> bytes:
    out = bytearray(data)
    out[random.randrange(len(out))] ^= 1 << random.randrange(8)
    return bytes(out)


def _word(random: Random, data: bytes, size: int, others: Sequence[bytes]) -> bytes:
    """A word becomes 0, 1, all ones, a modulus or one beside it."""
    width = random.choice(WORDS)
    value = random.choice((0, 1, (1 << 8 * width) - 1, *(m + random.randint(-2, 2) for m in MODULI)))
    at = random.randrange(max(len(data) // width, 1)) * width
    word = (value % (1 << 8 * width)).to_bytes(width, random.choice(("little", "big")))
    return (data[:at] + word + data[at + width :])[: len(data)]


def _swap(random: Random, data: bytes, size: int, others: Sequence[bytes]) -> bytes:
    """The same field of another request."""
    return random.choice(others) if others else data


def _copy(random: Random, data: bytes, size: int, others: Sequence[bytes]) -> bytes:
    """One word becomes another of the field."""
    width = random.choice(WORDS)
    if len(data) < 2 * width:
        return data
    a, b = (random.randrange(len(data) // width) * width for _ in range(2))
    return data[:a] + data[b : b + width] + data[a + width :]


def _shorter(random: Random, data: bytes, size: int, others: Sequence[bytes]) -> bytes:
    return data[: random.randrange(len(data) // size + 1) * size]


def _longer(random: Random, data: bytes, size: int, others: Sequence[bytes]) -> bytes:
    """Elements again, or random ones."""
    if not data or random.random() < 0.3:
        return data + random.randbytes(size * random.choice((1, 4, 32)))
    return data + data[: random.randrange(len(data) // size + 1) * size]


Mutation = Callable[[Random, bytes, int, Sequence[bytes]], bytes]
INSIDE: Final[dict[str, Mutation]] = {"flip a bit": _flip, "set a word": _word, "swap a field": _swap, "copy a word": _copy}
LENGTH: Final[dict[str, Mutation]] = {"shorten a list": _shorter, "lengthen a list": _longer}


def mutate(random: Random, layout: Layout, buffer: bytes, pool: Sequence[bytes]) -> tuple[bytes, str]:
    """Another buffer of at most MAX_BYTES, and what was done to it. pool: buffers whose fields may be taken over."""
    fields = fields_of(layout, buffer)
    if fields is None or random.random() < 0.02:
        if not buffer:
            return random.randbytes(64), "random bytes"
        return (_flip(random, buffer, 1, ()), "flip a bit of the archive") if random.random() < 0.5 else (buffer[:-1], "cut the archive")
    k = random.randrange(len(fields))
    kind = ROOTS[layout].fields[k]
    names = [*INSIDE, *LENGTH] if isinstance(kind, Vec) else list(INSIDE)
    name = random.choice(names)
    if not fields[k] and name not in LENGTH:
        name = "lengthen a list"
    others = [other[k] for item in pool if (other := fields_of(layout, item)) is not None] if name == "swap a field" else []
    changed = (INSIDE | LENGTH)[name](random, fields[k], kind.size if isinstance(kind, Vec) else 1, others)
    made = rkyv.write(layout, [*fields[:k], changed, *fields[k + 1 :]])
    return (made, f"{name} of field {k}") if len(made) <= MAX_BYTES else (buffer, "nothing")
