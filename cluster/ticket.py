"""`Ticket`: a request with what decides when it runs. `Busy`: there is no room for it now."""

from __future__ import annotations

import math
from typing import Final, Literal, NamedTuple, get_args

from coproc.errors import CoprocError
from coproc.operation import Request

Kind = Literal["block", "mempool", "bulk"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
"""From the most urgent to the least; the index is the class of the wire."""

NO_DEADLINE: Final = math.inf


class Ticket(NamedTuple):
    """A request, its class, and for whom it runs.

    deadline: seconds of the batcher's clock, absolute; a request that still waits then is answered "unserved", so that its node can
    turn to its own code. tenant: whose share of the machine and of the kept keys it uses.
    """

    request: Request
    kind: Kind = "block"
    deadline: float = NO_DEADLINE
    tenant: str = ""


class Busy(CoprocError):
    """What waits already is as much as may wait; nothing of the submission was taken.

    retry_after: seconds after which there is likely room.
    """

    def __init__(self, reason: str, retry_after: float) -> None:
        super().__init__(f"busy: {reason}; retry after {retry_after:.3f} s")
        self.reason = reason
        self.retry_after = retry_after
