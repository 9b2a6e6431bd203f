"""What is made small for the campaign, so that few items reach every stage: groups of work-items, and sums that count as large."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Final, NamedTuple

from coproc.codegen.device.families import FAMILIES
from coproc.engine.device import msm, msm_large, pairings, poseidon, schnorr

BLOCK: Final = 16
"""Work-items of a group: a few requests are several groups."""


class Way(NamedTuple):
    """How sums and products are made: terms from which on there are buckets, and sorted digits; ends of stretches that one bucket adds up
    at once; pairs of an accumulator."""

    few: int = msm.FEW
    many: int = msm.MANY
    ends: int = msm_large.MOST_ENDS
    fan: int = pairings.FAN


LADDER: Final = Way()
BUCKETS: Final = Way(few=4)
SORTED: Final = Way(few=4, many=4)
JOINED: Final = Way(few=4, many=4, ends=2)
PRODUCTS: Final = Way(fan=2)

_PARTIAL: Final = msm_large.partial


def small_groups() -> None:
    """Groups of `BLOCK` work-items everywhere in this process, for good."""
    for name, family in FAMILIES.items():
        FAMILIES[name] = replace(family, blocks=(BLOCK,))
    for module, names in ((poseidon, ("poseidon", "hades")), (schnorr, ("accepted",))):
        for name in names:
            if not isinstance(getattr(module, name), partial):
                setattr(module, name, partial(getattr(module, name), block=BLOCK))


@contextmanager
def made(way: Way) -> Iterator[None]:
    """Sums and products in this way."""
    places: tuple[tuple[Any, str, Any], ...] = (
        (msm, "FEW", way.few), (msm, "MANY", way.many), (pairings, "FAN", way.fan),
        (msm_large, "partial", partial(_PARTIAL, most=way.ends)),
    )  # fmt: skip
    before = [getattr(module, name) for module, name, _ in places]
    for module, name, value in places:
        setattr(module, name, value)
    try:
        yield
    finally:
        for (module, name, _), value in zip(places, before, strict=True):
            setattr(module, name, value)
