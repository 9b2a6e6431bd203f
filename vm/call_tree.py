"""The calls of a root call: a tree of frames, of which the current one and those above it run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_DEPTH = 48


@dataclass(slots=True, eq=False)
class Frame:
    """One call. limit, spent: gas units. length: bytes of the contract's memory before the call."""

    contract: bytes
    limit: int
    length: int
    parent: Frame | None
    depth: int
    spent: int = 0
    children: list[Frame] = field(default_factory=list)

    def within(self) -> Iterator[Frame]:
        """This frame and all below it, last calls first, callees before callers: the order in which they are undone."""
        for child in reversed(self.children):
            yield from child.within()
        yield self

    def callers(self) -> Iterator[Frame]:
        """The frames above, nearest first."""
        frame = self.parent
        while frame is not None:
            yield frame
            frame = frame.parent

    def prune(self) -> None:
        """Drop this frame, the last that its caller made."""
        if self.parent is not None:
            self.parent.children.pop()
