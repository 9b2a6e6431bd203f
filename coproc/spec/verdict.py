"""How a verification ends early: ``Invalid`` (the answer is false) or ``Panic`` (Dusk's own host function panics)."""

from __future__ import annotations


class Invalid(Exception):
    """The arguments are well-formed as a buffer and are no proof: the answer is false."""


class Panic(Exception):
    """Upstream panics on these bytes: no answer exists."""


def require(condition: bool, why: str) -> None:
    """Raises Invalid unless the condition holds."""
    if not condition:
        raise Invalid(why)
