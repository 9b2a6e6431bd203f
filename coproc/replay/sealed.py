"""`Sealed`: what a worker of a cluster was asked to fold, and what it said of it: `Said`. In the header of the file as `sealed`."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from coproc.errors import InvalidInput

NUMBER_BYTES: Final = 16
SEED_BYTES: Final = 32
MAX_GT_BYTES: Final = 1024
MAX_TEXT: Final = 256
"""Characters of the name of a worker and of its engine."""


class Said(NamedTuple):
    """What came back for n requests. Nothing of it is believed.

    number   of the question that it says it answers, 16 bytes
    engine   that it says it used
    folded   n bytes, 1 where it says that the claim of a request went into the value
    gt       the value, words as the kernels hold them, little-endian
    tags     the sum of the tags of what went in, mod 2^64; None where it is no such number
    blamed   the requests that it called false, None where it was not asked, or said nothing that can be kept
    """

    number: bytes
    engine: str
    folded: bytes
    gt: bytes
    tags: int | None
    blamed: tuple[int, ...] | None = None


class Sealed(NamedTuple):
    """A question: all requests of the file, in their order.

    number, seed   16 and 32 bytes, as `coproc.cluster.sealed.Question` has them
    canaries       places of the false requests that were mixed in
    said           None where what came back cannot be kept
    """

    worker: str
    number: bytes
    seed: bytes
    canaries: tuple[int, ...]
    said: Said | None = None

    def check(self, n: int) -> None:
        """Raises InvalidInput where this is no question of n requests."""
        _check(len(self.number) == NUMBER_BYTES, f"the number of a question has {NUMBER_BYTES} bytes")
        _check(len(self.seed) == SEED_BYTES, f"the seed of a question has {SEED_BYTES} bytes")
        _check(len(self.worker) <= MAX_TEXT, "the name of a worker is too long")
        _places(self.canaries, n, "canaries")
        if (said := self.said) is None:
            return
        _check(len(said.number) == NUMBER_BYTES, f"the number of an answer has {NUMBER_BYTES} bytes")
        _check(len(said.engine) <= MAX_TEXT, "the name of an engine is too long")
        _check(len(said.folded) == n and set(said.folded) <= {0, 1}, f"folded: {n} times 0 or 1 are wanted")
        _check(len(said.gt) % 8 == 0 and len(said.gt) <= MAX_GT_BYTES, f"a value of {len(said.gt)} bytes is none")
        _check(said.tags is None or 0 <= said.tags < 1 << 64, "tags: no sum mod 2^64")
        if said.blamed is not None:
            _places(said.blamed, n, "blamed")


# ---- in the header ----
class SaidFields(msgspec.Struct, omit_defaults=True):
    number: str
    engine: str
    folded: str
    gt: str
    tags: int | None = None
    blamed: list[int] | None = None


class SealedFields(msgspec.Struct, omit_defaults=True):
    worker: str
    number: str
    seed: str
    canaries: list[int]
    said: SaidFields | None = None


def fields_of(sealed: Sealed) -> SealedFields:
    said = sealed.said
    fields = SealedFields(sealed.worker, sealed.number.hex(), sealed.seed.hex(), list(sealed.canaries))
    if said is not None:
        folded = "".join(map(str, said.folded))
        blamed = None if said.blamed is None else list(said.blamed)
        fields.said = SaidFields(said.number.hex(), said.engine, folded, said.gt.hex(), said.tags, blamed)
    return fields


def sealed_of(fields: SealedFields) -> Sealed:
    """Raises InvalidInput for what is no hex."""
    said = fields.said
    if said is not None:
        _check(set(said.folded) <= {"0", "1"}, "folded: 0 and 1 are wanted")
    try:
        answer = None if said is None else _said_of(said)
        return Sealed(fields.worker, bytes.fromhex(fields.number), bytes.fromhex(fields.seed), tuple(fields.canaries), answer)
    except ValueError:
        raise InvalidInput("sealed: number, seed and value are wanted in hex") from None


def _said_of(said: SaidFields) -> Said:
    folded = bytes(map(int, said.folded))
    blamed = None if said.blamed is None else tuple(said.blamed)
    return Said(bytes.fromhex(said.number), said.engine, folded, bytes.fromhex(said.gt), said.tags, blamed)


def _places(places: tuple[int, ...], n: int, name: str) -> None:
    _check(all(0 <= i < n for i in places) and len(set(places)) == len(places), f"{name}: places of different requests are wanted")


def _check(held: bool, otherwise: str) -> None:
    if not held:
        raise InvalidInput(otherwise)


__all__ = ["NUMBER_BYTES", "SEED_BYTES", "Said", "Sealed", "SealedFields", "fields_of", "sealed_of"]
