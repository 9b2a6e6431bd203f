"""Montgomery arithmetic as carry chains: products, squares, reduction, sums, for a field of n words with 2p < 2^(n width).

Products of words go to two accumulators, one of pairs of words that begin at an even place and one of those that begin at an odd
place, so that each row is one carry chain of low and high halves: the form in which a GPU multiplies 32 x 32 + 64 bits at once.
"""

from __future__ import annotations

from collections.abc import Sequence

from coproc.codegen.device.ir import Chain, Value

Words = list[Value]
Factors = Sequence[tuple[Value, Value]]
Pairs = dict[int, tuple[Value, Value]]


class Modulus:
    """An odd modulus as n words, n even; n0 = -1/p modulo one word."""

    def __init__(self, p: int, n: int, width: int) -> None:
        assert p % 2 == 1
        assert n % 2 == 0
        assert 2 * p < 1 << n * width
        self.p, self.n, self.width = p, n, width
        self.base = 1 << width
        self.words = self.split(p, n)
        self.n0 = -pow(p, -1, self.base) % self.base

    def split(self, value: int, count: int) -> tuple[int, ...]:
        return tuple(value >> self.width * i & self.base - 1 for i in range(count))


def _easy(ch: Chain, b: Value) -> bool:
    """A factor that costs no multiplication: 0, 1, all ones."""
    return b in (0, 1, (1 << ch.width) - 1)


def _pair(ch: Chain, a: Value, b: Value) -> tuple[Value, Value]:
    """The words of a b for an easy b: a (2^w - 1) = a 2^w - a. Writes the flag."""
    if b in (0, 1):
        return (a if b else 0, 0)
    low = ch.sub(0, a, co=True)
    return low, ch.sub(a, 0, ci=True)


def _easy_pairs(ch: Chain, factors: Factors) -> Pairs:
    return {k: _pair(ch, a, b) for k, (a, b) in enumerate(factors) if _easy(ch, b)}


def chain(ch: Chain, into: Sequence[Value], factors: Factors, ci: bool = False, co: bool = False, easy: Pairs | None = None) -> Words:
    """into[2k], into[2k+1] + the product of factors[k], as one chain. ``ci``: from the flag; ``co``: into it, else it cannot overflow.

    ``easy``: products that are there already; with ``ci`` they must be, because their making writes the flag.
    """
    if easy is None:
        easy = _easy_pairs(ch, factors)
        assert not (ci and easy)
    out: Words = []
    for k, (a, b) in enumerate(factors):
        low, high = into[2 * k : 2 * k + 2]
        last = k + 1 == len(factors)
        if not ci and low == 0 and high == 0:
            out += easy[k] if k in easy else [ch.op("mul", a, b), ch.op("hi", a, b)]
            continue
        settled = high == 0 and (low == 0 or not ci)  # a b + low + carry < 2^(2 width)
        onward = co if last else not settled
        if k in easy:
            out += [ch.add(low, easy[k][0], ci=ci, co=True), ch.add(high, easy[k][1], ci=True, co=onward)]
        else:
            out += [ch.op("lo", a, b, low, ci, True), ch.op("hi", a, b, high, True, onward, not onward)]
        ci = onward
    return out


def _reduce_row(ch: Chain, m: Modulus, even: Words, odd: Words) -> tuple[Words, Words]:
    """even + k p (even words), odd + k p (odd words) so that even[0] vanishes; odd stands one word higher. Swapped for the next row."""
    k = _factor(ch, m, even[0])
    odd = chain(ch, odd, [(k, w) for w in m.words[1::2]])
    even = chain(ch, even, [(k, w) for w in m.words[0::2]], co=True)
    odd[-1] = ch.add(odd[-1], 0, ci=True)
    return odd, even


def _factor(ch: Chain, m: Modulus, low: Value) -> Value:
    """k with low + k p = 0 modulo one word."""
    if m.n0 == m.base - 1:
        return ch.sub(0, low, co=True)
    return ch.op("mul", low, m.n0)


def multiply(ch: Chain, m: Modulus, a: Sequence[Value], b: Sequence[Value]) -> Words:
    """b a / R below 2p: row by row, b may be any words."""
    n = m.n
    even, odd = [0] * n, [0] * n  # type: tuple[Words, Words]
    for i in range(n):
        if i == 0:
            odd = chain(ch, odd, [(w, b[i]) for w in a[1::2]])
            even = chain(ch, even, [(w, b[i]) for w in a[0::2]])
        else:
            even[0] = ch.add(even[0], odd[1], co=True)
            odd = chain(ch, [*odd[2:], 0, 0], [(w, b[i]) for w in a[1::2]], ci=True)
            even = chain(ch, even, [(w, b[i]) for w in a[0::2]], co=True)
            odd[-1] = ch.add(odd[-1], 0, ci=True)
        even, odd = _reduce_row(ch, m, even, odd)
    return add_words(ch, even, [*odd[1:], 0])


def reduce(ch: Chain, m: Modulus, t: Sequence[Value]) -> Words:
    """t / R below 2p for t < p R of 2 n words: the low half is reduced to at most p, and the high half is added."""
    n = m.n
    even, odd = list(t[:n]), [0] * n  # type: tuple[Words, Words]
    for i in range(n):
        if i == 0:
            even, odd = _reduce_row(ch, m, even, odd)
            continue
        even[0] = ch.add(even[0], odd[1], co=True)
        odd = [*odd[2:], 0, 0]
        low = even[0]
        if m.n0 == m.base - 1 or any(_easy(ch, w) for w in m.words[1::2]):
            held = ch.add(0, 0, ci=True)
            k = _factor(ch, m, low)
            factors = [(k, w) for w in m.words[1::2]]
            easy = _easy_pairs(ch, factors)
            ch.add(held, m.base - 1, co=True)  # the flag again
        else:
            k = _factor(ch, m, low)
            factors, easy = [(k, w) for w in m.words[1::2]], {}
        odd = chain(ch, odd, factors, ci=True, easy=easy)
        even = chain(ch, even, [(k, w) for w in m.words[0::2]], co=True)
        odd[-1] = ch.add(odd[-1], 0, ci=True)
        even, odd = odd, even
    reduced = add_words(ch, even, [*odd[1:], 0])
    return add_words(ch, reduced, t[n:])


def add_words(ch: Chain, a: Sequence[Value], b: Sequence[Value], co: bool = False) -> Words:
    """a + b, one chain; ``co`` leaves the flag, else it must fit. Low words that need no addition are passed on."""
    out: Words = []
    ci = False
    for w, (x, y) in enumerate(zip(a, b, strict=True)):
        if not ci and (x == 0 or y == 0) and not (co and w == len(a) - 1):
            out.append(x if y == 0 else y)
            continue
        out.append(ch.add(x, y, ci=ci, co=co or w < len(a) - 1))
        ci = True
    return out


def sub_words(ch: Chain, a: Sequence[Value], b: Sequence[Value], co: bool = False) -> Words:
    """a - b, one chain; ``co`` leaves the borrow, else there must be none."""
    return [ch.sub(x, y, ci=w > 0, co=co or w < len(a) - 1) for w, (x, y) in enumerate(zip(a, b, strict=True))]


def correct(ch: Chain, m: Modulus, t: Sequence[Value]) -> Words:
    """t or t - p, whichever is below p, for t < 2p."""
    less = sub_words(ch, t, m.words, co=True)
    borrow = ch.op("mask")
    return [ch.select(borrow, x, y) for x, y in zip(t, less, strict=True)]


def add(ch: Chain, m: Modulus, a: Sequence[Value], b: Sequence[Value]) -> Words:
    return correct(ch, m, add_words(ch, a, b))


def sub(ch: Chain, m: Modulus, a: Sequence[Value], b: Sequence[Value]) -> Words:
    """a - b, plus p where that is negative."""
    t = sub_words(ch, a, b, co=True)
    borrow = ch.op("mask")
    p = [ch.op("and", borrow, w) for w in m.words]
    return [ch.op("wrap", x, y, 0, w > 0, w < m.n - 1) for w, (x, y) in enumerate(zip(t, p, strict=True))]


def product(ch: Chain, a: Sequence[Value], b: Sequence[Value]) -> Words:
    """All words of a b, schoolbook."""
    size = len(a) + len(b)
    rows: list[list[Value]] = [[0] * (size + 1), [0] * (size + 1)]
    for i, y in enumerate(b):
        for start in (1, 0):
            factors = [(x, y) for x in a[start::2]]
            _into(ch, rows[(i + start) % 2], i + start, factors)
    return add_words(ch, rows[0][:size], rows[1][:size])


def _into(ch: Chain, row: Words, at: int, factors: Factors) -> None:
    """row[at:] += the chain; a carry goes to the next word, which nothing was added to but such carries."""
    if not factors:
        return
    end = at + 2 * len(factors)
    fresh = row[end - 1] == 0
    row[at:end] = chain(ch, row[at:end], factors, co=not fresh)
    if not fresh:
        row[end] = ch.add(row[end], 0, ci=True)


def square(ch: Chain, a: Sequence[Value]) -> Words:
    """All words of a^2: 2 sum_{i<j} a_i a_j + sum a_i^2."""
    n = len(a)
    size = 2 * n
    rows: list[list[Value]] = [[0] * (size + 1), [0] * (size + 1)]
    for i in range(n - 1):
        for start in (i + 2, i + 1):
            _into(ch, rows[(i + start) % 2], i + start, [(x, a[i]) for x in a[start::2]])
    once = add_words(ch, rows[0][:size], rows[1][:size])
    twice: Words = [0, *(ch.add(w, w, ci=k > 0, co=True) for k, w in enumerate(once[1:-1]))]
    twice.append(ch.add(once[-1], once[-1], ci=True))
    return chain(ch, twice, [(x, x) for x in a])
