"""Pinned memory in two pieces, through which arrays of any size travel: while one piece is on its way, the other is filled or emptied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from coproc.engine.device.protocol import Array

PIECE: Final = 1 << 20
"""Bytes of a piece."""
Wait = Callable[[], object]
Start = Callable[["Piece", int, int], Wait]
"""Starts the copy of so many bytes of a piece to or from an offset; what waits for its end."""


class Piece:
    """Pinned memory uint8[PIECE]. owner: keeps it, and is what the device's driver calls it."""

    def __init__(self, host: Array, owner: object) -> None:
        self.host, self.owner = host, owner
        self._wait: Wait | None = None

    def started(self, wait: Wait) -> None:
        self._wait = wait

    def wait(self) -> None:
        if self._wait is not None:
            wait, self._wait = self._wait, None
            wait()


class Ring:
    """Two pieces, made by `make` when first needed."""

    def __init__(self, make: Callable[[], Piece]) -> None:
        self._make = make
        self._pieces: list[Piece] = []
        self._turn = 0

    def _next(self) -> Piece:
        if len(self._pieces) < 2:
            self._pieces.append(self._make())
            return self._pieces[-1]
        self._turn ^= 1
        piece = self._pieces[self._turn]
        piece.wait()
        return piece

    def send(self, data: Array, start: Start) -> None:
        """data uint8[any]; it may be changed when this returns, the last copies may still be on their way."""
        for at in range(0, data.nbytes, PIECE):
            part = data[at : at + PIECE]
            piece = self._next()
            piece.host[: len(part)] = part
            piece.started(start(piece, len(part), at))

    def receive(self, data: Array, start: Start) -> None:
        """Fills data uint8[any]."""
        before: tuple[Piece, Array] | None = None
        for at in range(0, data.nbytes, PIECE):
            part = data[at : at + PIECE]
            piece = self._next()
            piece.started(start(piece, len(part), at))
            if before is not None:
                _take(*before)
            before = piece, part
        if before is not None:
            _take(*before)


def _take(piece: Piece, part: Array) -> None:
    piece.wait()
    part[:] = piece.host[: len(part)]


def flat(array: Array) -> Array:
    """uint8[nbytes]: the bytes of an array, not copied where it is contiguous."""
    bytes_of: Array = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return bytes_of
