"""Claims: what a verification comes down to once everything is decoded and checked: "this product of pairings is one".

A claim is the same few pairs for every element of a block (one operation's part of a batch). In the first group a pair has a point, or a
sum of multiples of points; in the second the prepared lines of a point, or the point. All points are of prime order or infinity,
which whoever makes a claim has checked one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from coproc.engine.protocol import U64, Addresses, Curve, Field, Group

Mask = NDArray[np.bool_]

G1_OF: Final = {Curve.BLS12_381: Group.BLS12_381_G1, Curve.BN254: Group.BN254_G1}
SCALARS_OF: Final = {Curve.BLS12_381: Field.BLS12_381_FR, Curve.BN254: Field.BN254_FR}


@dataclass(slots=True)
class Sum:
    """Multiples that are added up: t of them for each of n claims.

    points uint64[n, t]: addresses; scalars uint64[n, t, 4], plain; tables uint64[n, t]: addresses of msm tables, or 0.
    common: the points of so many first columns depend on the lines of their slot only (the points of a key).
    """

    points: Addresses
    scalars: U64
    tables: Addresses | None = None
    common: int = 0

    def take(self, index: Any) -> Sum:
        tables = None if self.tables is None else self.tables[index]
        return Sum(self.points[index], self.scalars[index], tables, self.common)


@dataclass(slots=True)
class Slot:
    """One pair of each of n claims.

    g1: a `Sum`, or points uint64[n, words]. lines uint64[n]: addresses of prepared lines of the points of the second group, 0 where there
    are none: then g2 uint64[n, words] has the point, and without g2 it is infinity. Where g2 is given, g1 is points.
    """

    g1: Sum | U64
    lines: Addresses | None = None
    g2: U64 | None = None

    def take(self, index: Any) -> Slot:
        return Slot(
            self.g1.take(index) if isinstance(self.g1, Sum) else self.g1[index],
            None if self.lines is None else self.lines[index],
            None if self.g2 is None else self.g2[index],
        )


@dataclass(slots=True)
class Claims:
    """n claims of one operation over one curve: the product of the pairings of all slots is the target.

    targets uint64[n]: addresses of values of Gt, or None where all are one. closing: where targets are given, a pair whose pairing is
    the inverse of the target, for the claims in `foldable` bool[n] (None: all). The others are settled one by one.
    seal: a digest of everything that these claims were made of (called only where coefficients are drawn).
    hold: what addresses point into.
    """

    curve: Curve
    slots: list[Slot]
    seal: Callable[[], bytes]
    targets: Addresses | None = None
    closing: Slot | None = None
    foldable: Mask | None = None
    hold: list[object] = field(default_factory=list)

    def __len__(self) -> int:
        slot = self.slots[0]
        return len(slot.g1.points if isinstance(slot.g1, Sum) else slot.g1)

    def take(self, index: Any) -> Claims:
        """The claims of an index or a slice, in its order."""
        return replace(
            self,
            slots=[slot.take(index) for slot in self.slots],
            targets=None if self.targets is None else self.targets[index],
            closing=None if self.closing is None else self.closing.take(index),
            foldable=None if self.foldable is None else self.foldable[index],
        )


__all__ = ["G1_OF", "SCALARS_OF", "Claims", "Mask", "Slot", "Sum"]
