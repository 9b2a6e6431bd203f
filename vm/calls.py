"""What is asked of a session: calls and deployments, and what they must be like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from coproc.errors import InvalidInput

from .receipt import Receipt


class Call(NamedTuple):
    """A call of a block. gas_limit: units, at least 0 and below 2^64."""

    contract: bytes
    function: str
    argument: bytes
    gas_limit: int


class Deployment(NamedTuple):
    """A contract's id and, where it exports `init`, the receipt of that call."""

    contract: bytes
    receipt: Receipt | None


def checked_id(contract: bytes) -> bytes:
    """Raises InvalidInput."""
    if len(contract) != 32:
        raise InvalidInput(f"a contract's id is 32 bytes, not {len(contract)}")
    return bytes(contract)


def checked_gas(limit: int) -> int:
    """Raises InvalidInput."""
    if not 0 <= limit < 1 << 64:
        raise InvalidInput(f"gas_limit: {limit} is no unsigned 64-bit number")
    return limit


def checked(calls: Sequence[Call]) -> list[Call]:
    """Raises InvalidInput."""
    return [Call(checked_id(call.contract), call.function, bytes(call.argument), checked_gas(call.gas_limit)) for call in calls]
