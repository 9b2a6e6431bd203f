"""`refold`: the question to a worker again, from the file that was kept of it, and where what the worker said differs. docs/replay.md.

The requests, their places, the seed and so the coefficients and tags are those that the worker was given; a value in Gt is the same on
every engine, so whoever has the file sees what an honest worker would have answered, to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from coproc.engine.protocol import GT_WORDS, I64, U8, U64, Curve, Engine
from coproc.errors import InvalidInput
from coproc.fold.product import one
from coproc.keys import KeyRegistry
from coproc.operation import Request
from coproc.replay import Kept, Said, Sealed

from .canaries import parsed_of
from .folding import Claimed, FoldWorker, fold_of
from .pools.protocol import PackedBatch
from .sealed import CURVE_OF, Question, tag_sum, tags, weights

SINGLY: Final = 1024
"""False claims of which the value of each is looked at, to find out which one a wrong value lacks."""


class Difference(NamedTuple):
    """what: "number", "folded", "tags", "value" or "blamed". text: for people. requests: those that it is about, where that can be told."""

    what: str
    text: str
    requests: tuple[int, ...] = ()


@dataclass(frozen=True)
class Refolded:
    """The question on one engine here.

    folded, gt, tags   what an honest worker answers
    false              the requests whose claims are false
    wrong              canaries that are no false claims here: there must be none
    differences        of what the worker said; none where that is not in the file
    """

    engine: str
    folded: U8
    gt: U64
    tags: int
    false: tuple[int, ...]
    wrong: tuple[int, ...]
    differences: tuple[Difference, ...]

    def agrees(self, other: Refolded) -> bool:
        """Whether two engines answer the same."""
        same = np.array_equal(self.folded, other.folded) and np.array_equal(self.gt, other.gt)
        return same and (self.tags, self.false) == (other.tags, other.false)


def refold(kept: Kept, engine: Engine) -> Refolded:
    """Raises InvalidInput where the file is no question that a worker could have been asked, and EngineError."""
    sealed = kept.sealed
    if sealed is None:
        raise InvalidInput("no question to a worker is in this file")
    packed, question = question_of(kept.requests, sealed, engine)
    worker = FoldWorker(engine)
    honest = worker.fold(question)
    false = worker.blame(question.number) if honest.folded.any() else np.zeros(0, np.int64)
    wrong = np.setdiff1d(np.array(sealed.canaries, np.int64), false)
    told = () if sealed.said is None else tuple(_Comparison(engine, question, packed, honest.folded, false).of(sealed.said))
    places, missed = tuple(np.sort(false).tolist()), tuple(wrong.tolist())
    return Refolded(engine.name, honest.folded, honest.gt, honest.tags, places, missed, told)


def question_of(requests: tuple[Request, ...], sealed: Sealed, engine: Engine) -> tuple[PackedBatch, Question]:
    """The requests, and the question that points into them. Raises InvalidInput."""
    op = requests[0].op
    if op not in CURVE_OF:
        raise InvalidInput(f"the answers of {op} are no claims: no worker is asked that")
    packed = PackedBatch.of(requests)
    _, parsed = parsed_of(engine, packed)
    undecoded = np.flatnonzero(parsed.status)
    if len(undecoded):
        raise InvalidInput(f"request {undecoded[0]} does not decode: no worker was asked that")
    return packed, Question(sealed.number, op, packed.rules, parsed, sealed.seed, [packed])


class _Comparison:
    """What a worker said, held against what is so."""

    def __init__(self, engine: Engine, question: Question, packed: PackedBatch, folded: U8, false: I64) -> None:
        self._engine, self._question = engine, question
        self._folded, self._false = folded, false
        self._curve = CURVE_OF[question.op]
        self._claimed = Claimed.of(engine, KeyRegistry(engine), packed)
        self._tags, self._weights = tags(question.seed, len(question)), weights(question.seed, len(question))

    def of(self, said: Said) -> list[Difference]:
        found = []
        if said.number != self._question.number:
            found.append(Difference("number", f"it answers question {said.number.hex()}, and was asked {self._question.number.hex()}"))
        in_it = np.frombuffer(said.folded, np.uint8) != 0
        if len(left_out := np.flatnonzero(~in_it & (self._folded != 0))):
            found.append(_about("folded", "it left out {}, which can be folded", left_out))
        if len(put_in := np.flatnonzero(in_it & (self._folded == 0))):
            found.append(_about("folded", "it says that it folded {}, which cannot be folded", put_in))
        if (wanted := tag_sum(self._tags, np.flatnonzero(in_it))) != said.tags:
            found.append(self._of_tags(said.tags, wanted, in_it))
        mine = self._value(in_it)
        if mine.astype("<u8").tobytes() != said.gt:
            found.append(self._of_value(said.gt, mine, in_it))
        if said.blamed is not None:
            false = self._false[in_it[self._false]]
            if len(innocent := np.setdiff1d(np.array(said.blamed, np.int64), false)):
                found.append(_about("blamed", "it calls false what is true: {}", innocent))
            if len(spared := np.setdiff1d(false, np.array(said.blamed, np.int64))):
                found.append(_about("blamed", "it does not call false what is false: {}", spared))
        return found

    def _value(self, mask: U8) -> U64:
        """uint64[words of Gt] of the claims in a mask bool[n]."""
        claims, index = self._claimed.some(mask)
        if claims is None:
            return one(self._curve)
        value: U64 = fold_of(self._engine, claims, self._weights[index]).values([(0, len(claims))])[0]
        return value

    def _of_tags(self, said: int | None, wanted: int, in_it: U8) -> Difference:
        if said is None:
            return Difference("tags", f"its tags are no sum: {wanted:016x} are those of what it says it folded")
        text = f"its tags are {said:016x}, those of what it says it folded {wanted:016x}"
        lacks = np.flatnonzero(in_it & (self._tags == np.uint64((wanted - said) % (1 << 64))))
        has = np.flatnonzero(~in_it & (self._tags == np.uint64((said - wanted) % (1 << 64))))
        if len(lacks):
            return _about("tags", text + ": that of {} is missing", lacks)
        return _about("tags", text + ": that of {} is in it", has) if len(has) else Difference("tags", text)

    def _of_value(self, said: bytes, mine: U64, in_it: U8) -> Difference:
        text = "its value is not that of what it says it folded"
        if len(said) != 8 * GT_WORDS[self._curve]:
            return Difference("value", f"{text}: {len(said)} bytes are no value of this curve")
        theirs = np.frombuffer(said, "<u8").astype(np.uint64)
        words = np.flatnonzero(theirs != mine)
        bits = sum(int(a ^ b).bit_count() for a, b in zip(theirs.tolist(), mine.tolist(), strict=True))
        text += f": {len(words)} of {len(mine)} words differ, the first is word {words[0]}"
        if np.array_equal(theirs, one(self._curve)):
            return Difference("value", f"{text}; it is one, as if all were true")
        if bits == 1:
            return Difference("value", f"{text}; by one bit")
        if not _is_element(theirs, self._curve):
            return Difference("value", f"{text}; it is no element of the field")
        lacks = self._lacks(theirs, mine, in_it)
        return _about("value", text + "; it is the value without {}", lacks) if len(lacks) else Difference("value", text)

    def _lacks(self, theirs: U64, mine: U64, in_it: U8) -> I64:
        """The false claims one of which was left out of a value: mine / theirs is the weighted value of that claim."""
        mask = np.zeros(len(in_it), np.bool_)
        mask[self._false[:SINGLY]] = True
        claims, index = self._claimed.some(mask & in_it)
        if claims is None:
            return index
        fold = fold_of(self._engine, claims, self._weights[index])
        values = fold.values([(i, i + 1) for i in range(len(claims))])
        missing: I64 = index[(values == fold.quotients(mine[None], theirs[None])).all(axis=1)]
        return missing


def _is_element(words: U64, curve: Curve) -> bool:
    """Whether words are twelve numbers below p, not all zero."""
    from coproc.params import bls12_381, bn254

    p = bls12_381.P if curve == Curve.BLS12_381 else bn254.P
    numbers = [int.from_bytes(part.astype("<u8").tobytes(), "little") for part in words.reshape(12, -1)]
    return any(numbers) and all(number < p for number in numbers)


def _about(what: str, text: str, index: I64) -> Difference:
    places = tuple(index.tolist())
    return Difference(what, text.format(named(places)), places)


def named(places: tuple[int, ...], most: int = 8) -> str:
    """ "request 3", "requests 3, 5 and 9", "requests 0, 1, … (26 of them)"."""
    if len(places) == 1:
        return f"request {places[0]}"
    if len(places) > most:
        return f"requests {', '.join(map(str, places[:most]))}, … ({len(places):,} of them)"
    return f"requests {', '.join(map(str, places[:-1]))} and {places[-1]}"


__all__ = ["Difference", "Refolded", "named", "question_of", "refold"]
