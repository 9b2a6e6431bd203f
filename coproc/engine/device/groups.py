"""Items of many stretches in groups of nearly the same size, one group a work-item, so that neighbours in memory are read by neighbours."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

U32 = NDArray[np.uint32]


class Groups(NamedTuple):
    """Items of m stretches in groups, position after position; see kernels_cuda/kernels/miller.inc.

    which uint32[k]: the item at each place. rows uint32[most + 1]: where each position begins. group[g]: the number of the g-th largest
    group. firsts int64[m + 1]: the groups of each stretch.
    """

    which: U32
    rows: U32
    group: NDArray[np.int64]
    firsts: NDArray[np.int64]

    @property
    def most(self) -> np.uint32:
        return np.uint32(len(self.rows) - 1)

    @property
    def total(self) -> int:
        return len(self.group)

    def places(self) -> U32:
        """Where the groups lie, in the order of the stretches, if each lies where it stands in `group`."""
        place = np.empty(self.total, np.uint32)
        place[self.group] = np.arange(self.total, dtype=np.uint32)
        return place

    def neighbours(self) -> tuple[U32, U32]:
        """Places of the items 2u and 2u + 1 of each group that has both."""
        pairs = [(self.rows[t], self.rows[t + 1], self.rows[t + 2] - self.rows[t + 1]) for t in range(0, len(self.rows) - 2, 2)]
        none = np.empty(0, np.uint32)
        first = [np.arange(a, a + n, dtype=np.uint32) for a, _, n in pairs]
        return np.concatenate([none, *first]), np.concatenate([none, *(np.arange(b, b + n, dtype=np.uint32) for _, b, n in pairs)])


def grouped(offsets: NDArray[Any], fan: int) -> Groups:
    """Groups of at most `fan` items of one stretch, every fan-th one, of nearly the same size; a stretch without items has an empty group.

    offsets[m + 1]: the stretches.
    """
    starts, sizes = offsets[:-1].astype(np.int64), np.diff(offsets.astype(np.int64))
    groups = np.maximum(1, -(-sizes // fan))
    firsts = np.concatenate(([0], np.cumsum(groups)))
    stretch = np.repeat(np.arange(len(sizes)), groups)
    index = np.arange(firsts[-1]) - firsts[:-1][stretch]
    each = -(-(sizes[stretch] - index) // groups[stretch])
    order = np.argsort(-each, kind="stable")
    each, first, step = each[order], (starts[stretch] + index)[order], groups[stretch][order]
    most = int(each[0]) if len(each) else 0
    live = [int(np.searchsorted(-each, -t, side="left")) for t in range(most)]  # groups with more than t items
    which = [first[:c] + t * step[:c] for t, c in enumerate(live)]
    rows = np.concatenate(([0], np.cumsum(live))).astype(np.uint32)
    return Groups(np.concatenate([*which, np.empty(0, np.int64)]).astype(np.uint32), rows, order, firsts)
