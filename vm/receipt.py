"""What a call leaves: `Receipt`, `Event`."""

from __future__ import annotations

from dataclasses import dataclass

from .call_tree import Frame
from .errors import ContractTrap, HostPanic, describe


@dataclass(slots=True)
class Event:
    """`source`: 32 bytes, the contract that emitted it. `reverted`: the call that emitted it failed, or one around it did."""

    source: bytes
    topic: str
    data: bytes
    reverted: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """The outcome of a call.

    data        what the function returned, b"" where it failed
    gas_spent   in gas units; of a failed call its whole limit, as Dusk charges it
    events      in order. A failed call has none: its events come out, reverted, with the session's next receipt that is ok, as upstream
    error       "Variant: text" with the variant of `piecrust::Error` (or HostPanic), None where the call succeeded
    trap        the error itself
    call_tree   the calls that it made; None where it failed
    feed        what a feeder call fed
    """

    data: bytes
    gas_spent: int
    gas_limit: int
    events: tuple[Event, ...] = ()
    trap: ContractTrap | HostPanic | None = None
    call_tree: Frame | None = None
    feed: tuple[bytes, ...] = ()

    @property
    def ok(self) -> bool:
        return self.trap is None

    @property
    def error(self) -> str | None:
        return None if self.trap is None else describe(self.trap)
