"""`Counters`: what servers count. Increments under the interpreter lock may race and lose one; nothing is decided by them."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from typing import Final

BUCKETS: Final = (25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Seconds, upper ends."""


class Histogram:
    """Counts of durations by bucket, the last one without an end."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.total += seconds


class Counters:
    """Since the start.

    frames     by kind: taken
    answers    by status
    errors     by code of ERROR
    closed     by reason: connections that the server closed
    latency    by class: from the last byte of a frame to its reply
    """

    def __init__(self) -> None:
        self.frames: Counter[int] = Counter()
        self.answers: Counter[str] = Counter()
        self.errors: Counter[int] = Counter()
        self.closed: Counter[str] = Counter()
        self.latency: defaultdict[str, Histogram] = defaultdict(Histogram)
        self.accepted = 0
        self.bytes_in = 0
        self.bytes_out = 0
