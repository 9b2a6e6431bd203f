"""What goes wrong with kept state. All are failures of the infrastructure or of its user: a contract never sees one.

::

    CoprocError
    └─ StateError
       ├─ UnknownCommit     no commit has this root
       ├─ InvalidChange     changes that no session can have made
       └─ StoreFailure      the disk, the file or its contents: nothing was changed
"""

from __future__ import annotations

from coproc.errors import CoprocError


class StateError(CoprocError):
    """Anything about the state of contracts."""


class UnknownCommit(StateError):
    """No commit has this root."""

    def __init__(self, root: bytes) -> None:
        super().__init__(f"no commit {root.hex()}")
        self.root = root


class InvalidChange(StateError, ValueError):
    """Changes that no session can have made: a contract deployed twice, a page that is not 64 KiB, an index out of range."""


class StoreFailure(StateError):
    """The store cannot be read or written; the transaction under way was not made."""
