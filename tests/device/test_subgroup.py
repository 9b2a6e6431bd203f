"""What a device multiplies tells the host which points are of prime order, exactly."""

from __future__ import annotations

import numpy as np
import pytest

from coproc.engine.device import points, trust
from coproc.engine.protocol import POINT_WORDS, U64, Check, Group, Status
from tests.device.curves import BLOCK, cpu, device, name, randoms, strangers
from tests.engine import kit
from tests.fuzz import points as fuzz_points

GROUPS = sorted(points.SERVES["subgroup"])


def images(group: Group, given: U64, block: int = BLOCK) -> U64:
    with device().stream() as stream:
        return points.subgroup(stream, group, given, block)


def expected(group: Group, given: U64) -> U64:
    """What the image of a point of the group is."""
    return trust.negative(cpu(), group, trust.endomorphism(cpu(), group, given))


@pytest.mark.parametrize("group", GROUPS, ids=name)
def test_the_image_of_a_point_is_the_endomorphisms_exactly_in_the_group(group: Group) -> None:
    inside = randoms(group, 5)
    given = np.concatenate((inside, strangers(group), kit.points(group, fuzz_points.strangers(group))))
    same = (images(group, given) == expected(group, given)).all(axis=1)
    statuses = cpu().check(group, Check.ON_CURVE | Check.IN_SUBGROUP, given)
    assert (cpu().check(group, Check.ON_CURVE, given) == Status.OK).all()
    assert same.tolist() == (statuses == Status.OK).tolist() == [True] * 5 + [False] * (len(given) - 5)


@pytest.mark.parametrize("group", GROUPS, ids=name)
def test_the_image_of_infinity_is_infinity(group: Group) -> None:
    zeros = np.zeros((BLOCK + 1, POINT_WORDS[group]), np.uint64)
    assert not images(group, zeros).any()
    assert images(group, zeros[:0]).shape == (0, POINT_WORDS[group])


def test_the_size_of_a_group_changes_nothing() -> None:
    given = np.concatenate((randoms(Group.BLS12_381_G1, 6), strangers(Group.BLS12_381_G1)))
    for block in (64,):
        assert np.array_equal(images(Group.BLS12_381_G1, given, block), images(Group.BLS12_381_G1, given))


def test_a_group_without_cofactor_has_no_image() -> None:
    with device().stream() as stream, pytest.raises(ValueError, match="every point"):
        points.subgroup(stream, Group.BN254_G1, randoms(Group.BN254_G1, 1))
