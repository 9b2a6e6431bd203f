"""Poseidon, Hades and images of map to G1 on a device, computed twice: what a number is, only another computation of it can tell.

The second time the items stand in another order, travel in another upload and get other pads. Where no single fault fell, both agree; what
is lost, zero, old or flipped differs from its twin by numbers that nobody knew. A fault that lasts (a wrong constant, a bad compiler) could
do the same twice: the first item and one in `SHARE` are computed by the host, too. It costs the device twice the work and twice the bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from coproc.engine.cpu import CpuEngine
from coproc.engine.device import families, poseidon, trust
from coproc.engine.device.chunks import Chunks
from coproc.engine.device.elements import are_elements
from coproc.engine.device.gather import words
from coproc.engine.device.protocol import Stream
from coproc.engine.device.trust import Mismatch
from coproc.engine.protocol import POINT_WORDS, U8, U64, Addresses, Field, Group

LONGEST: Final = 4096
"""Elements of a list that is hashed on a device."""
SHARE: Final = 256
_FR: Final = Field.BLS12_381_FR
_IMAGE_BYTES: Final = 1 << 12
"""What an image takes on a device, at most."""

Index = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
Compute = Callable[[Stream, Index, U64], U64]


def twice(host: CpuEngine, chunks: Chunks, n: int, elements: int, nbytes: int, f: Compute) -> U64:
    """uint64[n, elements, 4]: f(stream, items, pads) gives those items plus uint64[k, elements, 4] pads. nbytes of an item on the device.

    Raises Mismatch.
    """
    results = []
    for items in (np.arange(n, dtype=np.int64), order(n)):
        pads = trust.pads(host, n * elements).reshape(n, elements, 4)

        def run(stream: Stream, s: slice, items: Index = items, pads: U64 = pads) -> U64:
            return f(stream, items[s], pads[s])

        padded = np.concatenate(chunks.run(n, nbytes, run))
        if not are_elements(_FR, padded.reshape(-1, 4)).all():
            raise Mismatch("a number of the device's is not reduced")
        result = np.empty((n, elements, 4), np.uint64)
        result[items] = trust.without(host, padded.reshape(-1, 4), pads.reshape(-1, 4)).reshape(n, elements, 4)
        results.append(result)
    if not np.array_equal(results[0], results[1]):
        wrong = np.count_nonzero((results[0] != results[1]).any(axis=(1, 2)))
        raise Mismatch(f"two computations of the same numbers differ in {wrong} of {n}")
    return results[0]


def order(n: int) -> Index:
    """int64[n]: the items turned by half a batch, so that the second time none is computed where it was before."""
    return np.roll(np.arange(n, dtype=np.int64), n // 2 | 1)


def sample(n: int) -> Index:
    """int64: the items that the host computes, too: the first, and one in `SHARE` from a random one on."""
    start = int(trust.random_words((1,))[0] % np.uint64(SHARE))
    return np.unique(np.concatenate((np.zeros(min(n, 1), np.int64), np.arange(start, n, SHARE, dtype=np.int64))))


def _compare(found: U64, known: U64) -> None:
    if not np.array_equal(found, known):
        raise Mismatch("a number is not the one that the host computes")


def hades(host: CpuEngine, chunks: Chunks, states: U64) -> U64:
    """uint64[n, 5, 4]. Raises Mismatch."""
    states = np.ascontiguousarray(states)
    n = len(states)
    if not n or not are_elements(_FR, states.reshape(n, 20)).all():
        return host.hades_permute(states)
    out = twice(host, chunks, n, 5, poseidon.BYTES_OF_STATE, lambda stream, items, pads: poseidon.hades(stream, states[items], pads))
    some = sample(n)
    _compare(out[some], host.hades_permute(states[some]))
    return out


def hashes(host: CpuEngine, chunks: Chunks, scalars: Addresses, counts: U64) -> tuple[U64, U8]:
    """As `Engine.poseidon_hash`; lists of none, of more than `LONGEST` and with an unreduced element are the host's. Raises Mismatch."""
    n = len(counts)
    out, status = np.empty((n, 4), np.uint64), np.zeros(n, np.uint8)
    members: list[Index] = []
    elements: list[U64] = []
    for count in np.unique(counts[(counts > 0) & (counts <= LONGEST)]).tolist():
        index = np.flatnonzero(counts == count)
        lists = words(scalars[index], 4 * count).reshape(-1, count, 4)
        fits = are_elements(_FR, lists.reshape(-1, 4 * count))
        members.append(index[fits])
        elements.append(lists[fits].reshape(-1, 4))
    mine = np.concatenate(members) if members else np.zeros(0, np.int64)
    if len(mine):
        out[mine] = _hashed(host, chunks, np.concatenate(elements), counts[mine])
        some = mine[sample(len(mine))]
        _compare(out[some], host.poseidon_hash(scalars[some], counts[some])[0])
    rest = np.setdiff1d(np.arange(n), mine, assume_unique=True)
    if len(rest):
        out[rest], status[rest] = host.poseidon_hash(scalars[rest], counts[rest])
    return out, status


def _hashed(host: CpuEngine, chunks: Chunks, flat: U64, counts: U64) -> U64:
    """uint64[n, 4]: of lists that follow each other in flat uint64[k, 4], shorter ones first."""
    lengths = counts.astype(np.int64)
    starts = np.cumsum(lengths) - lengths

    alike = flat.reshape(len(counts), -1) if lengths[0] == lengths[-1] else None

    def taken(items: Index) -> U64:
        if alike is not None:
            return alike[items].reshape(-1, 4)
        sizes = lengths[items]
        ends = np.cumsum(sizes)
        rows: U64 = flat[np.arange(ends[-1]) + np.repeat(starts[items] - (ends - sizes), sizes)]
        return rows

    def compute(stream: Stream, items: Index, pads: U64) -> U64:
        return poseidon.poseidon(stream, taken(items), counts[items], pads[:, 0]).reshape(-1, 1, 4)

    return twice(host, chunks, len(counts), 1, poseidon.BYTES_OF_HASH + 32 * int(lengths.max()), compute)[:, 0]


def images(host: CpuEngine, chunks: Chunks, u: U64) -> U64:
    """As `Engine.map_to_g1`: another point of the curve could not be told from the image, and whoever asks builds on
    it. Raises Mismatch."""

    def mapped(some: U64) -> U64:
        parts = chunks.run(len(some), _IMAGE_BYTES, lambda stream, s: families.hash_to_g1().map_to_g1(stream, some[s]))
        return np.concatenate(parts)

    turned = order(len(u))
    points, again = mapped(u), np.empty((len(u), POINT_WORDS[Group.BLS12_381_G1]), np.uint64)
    again[turned] = mapped(u[turned])
    some = sample(len(u))
    if not (np.array_equal(points, again) and np.array_equal(points[some], host.map_to_g1(u[some]))):
        raise Mismatch("map_to_g1: two computations of the same images differ")
    return points
