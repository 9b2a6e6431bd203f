"""`Turns`: when those who are no clients (yet) have their turn: strangers, new connections, and who is to be closed.

While clients ask, the server rests after a turn and does not begin one right after an answer: the client that it has just woken may
wait for this very processor. However busily they ask, nobody waits for a turn longer than `LONGEST`. Where no client has asked for
`QUIET`, one turn follows another.
"""

from __future__ import annotations

from math import inf
from typing import Final

TURN: Final = 0.000_25
"""Seconds of a turn."""
REST: Final = 2.0
"""Seconds of rest after it, for each second that it took."""
AFTER: Final = 0.000_3
"""Seconds between an answer and a turn."""
LONGEST: Final = 0.005
"""Seconds that a turn is put off."""
QUIET: Final = 0.02


class Turns:
    """For one thread, in seconds of one clock."""

    def __init__(self) -> None:
        self._answered = -inf
        self._rests = -inf
        self._since = inf  # somebody waits for a turn

    def answered(self, now: float) -> None:
        """A client was answered."""
        self._answered = now

    def wanted(self, now: float) -> None:
        """Somebody wants a turn."""
        self._since = min(self._since, now)

    def pause(self, now: float) -> float:
        """Seconds until the turn that is wanted."""
        if now - self._answered >= QUIET:
            return 0.0
        begin = min(max(self._rests, self._answered + AFTER), self._since + LONGEST)
        return max(0.0, begin - now)

    def whole(self, now: float) -> bool:
        """Whether the turn is one that was put off for long, and not cut short by clients that ask."""
        return now - self._since >= LONGEST

    def ended(self, begin: float, now: float) -> None:
        """A turn is over."""
        self._rests = now + REST * (now - begin)
        self._since = inf
