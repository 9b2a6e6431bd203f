"""One inversion for many elements: inverses are exact, zero stays zero, infinity stays infinity."""

from __future__ import annotations

import random

import numpy as np
import pytest

from coproc.engine.device import points
from coproc.engine.protocol import Group
from tests.device.curves import device
from tests.engine import kit

SIZES = {1: (1, 3), 2: (1, 2, 5), 4: (1, 3, 4, 5, 70), 16: (15, 16, 17, 300)}


@pytest.mark.parametrize("block", SIZES)
@pytest.mark.parametrize("group", [Group.BLS12_381_G1, Group.BN254_G1])
def test_inverses_are_exact_and_zero_stays_zero(group: Group, block: int) -> None:
    field = kit.field_of(group)
    p, draw = kit.MODULUS[field], random.Random(block)
    for n in SIZES[block]:
        values = [draw.choice((0, 1, p - 1, draw.randrange(p), draw.randrange(p))) for _ in range(n)]
        words = kit.montgomery(field, values).view(np.uint32)
        before = 3
        with device().stream() as stream:
            planes = stream.upload(np.concatenate((np.full(before, 7, np.uint32), np.ascontiguousarray(words.T).ravel())))
            points.invert(stream, group, planes, before, n, block)
            found = stream.download(planes, np.empty(before + words.size, np.uint32))
        assert (found[:before] == 7).all()
        inverses = np.ascontiguousarray(found[before:].reshape(-1, n).T).view(np.uint64)
        assert kit.plain(field, inverses) == [pow(v, -1, p) if v else 0 for v in values]
