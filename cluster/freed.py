"""`keep_freed`: memory that was freed stays with the process, up to a bound, for what is allocated next.

Frames and what native code works on are megabytes that live for milliseconds. The C library gives such pieces back to the system and asks
for them again; the pages then come in one by one, each zeroed at its first touch: for a frame of 2 MB that can take longer than the frame.
"""

from __future__ import annotations

import ctypes
from typing import Final

KEPT: Final = 32 << 20
"""Bytes at the end of a heap that stay, and from which on a piece is mapped by itself: the largest threshold of the GNU C library."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def keep_freed(nbytes: int = KEPT) -> bool:
    """False where the C library has no such setting, and nothing changes. Source: mallopt(3)."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return all(mallopt(name, min(nbytes, KEPT)) == 1 for name in (_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD))
