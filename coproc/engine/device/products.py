"""Products of Miller loops on a device: one blinding pair each, tagged, in a random order with random signs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from coproc.engine.device import families, trust
from coproc.engine.device.families import Sums
from coproc.engine.device.gather import words
from coproc.engine.device.stretches import packed
from coproc.engine.device.trust import GROUP_1, GROUP_2
from coproc.engine.memory import rows_of
from coproc.engine.protocol import GT_WORDS, POINT_WORDS, U64, Addresses, Curve, FieldOp

if TYPE_CHECKING:
    from coproc.engine.device.engine import DeviceEngine

_PAIR_BYTES: Final = 3 << 14
"""What a pair takes on a device, at most."""


def miller_loop(engine: DeviceEngine, curve: Curve, offsets: U64, g1: U64, g2: U64 | None, lines: Addresses | None) -> U64:
    """Products with one blinding pair each; pairs with infinity are left out here."""
    blinds = engine.pair_blinds(curve)
    keep = g1.any(axis=1) & (g2.any(axis=1) if g2 is not None else lines != 0)
    if not keep.all():
        offsets = np.concatenate((np.zeros(1, np.uint64), np.cumsum(keep).astype(np.uint64)))[offsets.astype(np.int64)]
        g1 = g1[keep]
        g2 = None if g2 is None else g2[keep]
        lines = None if lines is None else lines[keep]
    m = len(offsets) - 1
    points, inverse = blinds.take(m)
    wider, old, last = trust.with_last(offsets)
    k = len(old) + m
    all_g1 = np.empty((k, POINT_WORDS[GROUP_1[curve]]), np.uint64)
    all_g1[old], all_g1[last] = g1, points
    order = trust.shuffled(wider)
    all_g1 = all_g1[order]
    if g2 is not None:
        all_g2 = np.empty((k, POINT_WORDS[GROUP_2[curve]]), np.uint64)
        all_g2[old], all_g2[last] = g2, blinds.g2
        minus = trust.signs(k)
        all_g1 = trust.with_signs(engine.host, GROUP_1[curve], all_g1, minus)
        all_g2 = trust.with_signs(engine.host, GROUP_2[curve], all_g2[order], minus)
    elif lines is not None:
        at = np.empty(k, np.uint64)
        at[old], at[last] = lines, rows_of(blinds.lines)
        at = at[order]
    tags = trust.random_words((k,))

    def run(stream: Any, s: slice) -> Sums:
        first, end = int(wider[s.start]), int(wider[s.stop])
        mine, own = wider[s.start : s.stop + 1] - wider[s.start], tags[first:end]
        if g2 is not None:
            sums: Sums = families.pairings().miller(stream, curve, mine, all_g1[first:end], all_g2[first:end], own)
        else:
            rows, which = np.unique(at[first:end], return_inverse=True)
            prepared = words(rows, engine.lines_words(curve))
            sums = families.pairings().miller_lines(stream, curve, mine, all_g1[first:end], prepared, which.astype(np.uint32), own)
        trust.compare_tags("miller_loop", sums, own, mine)
        return sums

    most = engine.chunks.most(_PAIR_BYTES)
    parts = engine.chunks.each(packed(wider, most), run)
    values = np.concatenate([part.values for part in parts]) if parts else np.empty((0, GT_WORDS[curve]), np.uint64)
    trust.expect_elements("miller_loop", curve, values)
    products = engine.host.fp12(curve, FieldOp.MUL, values, inverse)
    products[offsets[1:] == offsets[:-1]] = trust.one(curve)
    return products
