"""`Network`: hosts and the connections between them, in virtual time, with what befalls those.

A connection is two streams of bytes. Each is cut into pieces anywhere and arrives late, in order; those of other connections overtake it.
A connection may be lost in the middle of what is sent, at both ends or only at one, with or without a word; hosts may be apart for a while.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from math import inf
from random import Random
from typing import Final

from .world import World

WINDOW: Final = 1 << 15
"""Bytes that are on their way or unread, from which on a sender waits."""
_END, _RESET = b"end", b"reset"  # told by identity


@dataclass(frozen=True)
class NetworkFaults:
    """Chances, each time that something is sent, and two means.

    delay: mean seconds of a piece on its way, exponentially spread. apart: mean hours between two times at which a host is apart from all
    others, for 0.1 to 100 s; 0: never.
    """

    delay: float = 0.001
    torn: float = 0.0  # into some pieces, each with a delay of its own
    late: float = 0.0  # up to three seconds more
    cut: float = 0.0  # the connection is lost, with a part of it sent
    vanishes: float = 0.0  # neither end is told, and nothing arrives any more
    refused: float = 0.0  # a connection, when it is made
    apart: float = 0.0

    def scaled(self, factor: float) -> NetworkFaults:
        """The same faults, so many times as often."""
        rates = {name: factor * getattr(self, name) for name in ("torn", "late", "cut", "vanishes", "refused")}
        return NetworkFaults(self.delay, **rates, apart=self.apart / factor if factor else 0.0)


QUIET: Final = NetworkFaults()
UNRELIABLE: Final = NetworkFaults(delay=0.002, torn=0.2, late=0.01, cut=0.005, vanishes=0.0005, refused=0.005, apart=0.5)


class End:
    """One end of a connection; as a socket, one that blocks nobody. changed: called when there is something to read, or room to write."""

    __slots__ = ("broken", "changed", "closed", "coming", "ended", "host", "inbox", "last", "lost", "network", "number", "peer", "unread")

    def __init__(self, network: Network, host: str, number: int) -> None:
        self.network, self.host, self.number = network, host, number
        self.peer: End = self
        self.changed: Callable[[], None] = _nothing
        self.inbox = bytearray()
        self.coming: deque[bytes] = deque()
        self.unread = 0  # bytes that are on their way here, or in the inbox
        self.last = 0.0  # when the last of them arrives
        self.ended = self.broken = self.closed = self.lost = False

    # ---- as a socket ----
    def fileno(self) -> int:
        return self.number

    def setblocking(self, blocks: bool) -> None:
        assert not blocks

    @property
    def readable(self) -> bool:
        return bool(self.inbox or self.ended or self.broken)

    @property
    def writable(self) -> bool:
        return self.broken or self.peer.unread < WINDOW

    def recv(self, size: int) -> bytes:
        """Some bytes, none at the end of the stream. Raises BlockingIOError where nothing is there yet, and ConnectionResetError."""
        if self.inbox:
            data = bytes(self.inbox[:size])
            del self.inbox[: len(data)]
            full = self.unread >= WINDOW
            self.unread -= len(data)
            if full and self.unread < WINDOW:
                self.peer.changed()
            return data
        if self.broken:
            raise ConnectionResetError("the connection is lost")
        if self.ended:
            return b""
        raise BlockingIOError

    def recv_into(self, buffer: memoryview, size: int = 0) -> int:
        data = self.recv(size or len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def send(self, data: bytes | memoryview) -> int:
        """How much of it is taken. Raises BlockingIOError where it is nothing now, and OSError."""
        if not self.writable:
            raise BlockingIOError
        some = bytes(data[: max(1, WINDOW - self.peer.unread)])
        self.push(some)
        return len(some)

    def push(self, data: bytes) -> None:
        """Send all of it. Raises OSError."""
        if self.broken or self.closed:
            raise ConnectionResetError("the connection is lost")
        self.network.send(self, data)

    def close(self) -> None:
        """The other end reads what was sent, then the end of the stream."""
        if not self.closed:
            self.closed = True
            self.changed = _nothing
            self.inbox.clear()
            self.network.carry(self.peer, _END)
            self.network.forget(self)

    def abort(self, silently: bool = False) -> None:
        """As the end of a process, or, silently, of a machine: the other end hears of it when it sends something."""
        if not self.closed:
            self.closed = True
            self.changed = _nothing
            self.inbox.clear()
            if not silently:
                self.network.carry(self.peer, _RESET)
            self.network.forget(self)

    # ---- what arrives ----
    def arrive(self) -> None:
        """The next of what is on its way."""
        apart = self.network.apart_until(self, self.peer)
        if apart < inf:
            self.network.world.after(apart - self.network.world.clock.now() + 0.001, self.arrive)
            return
        item = self.coming.popleft()
        if self.lost:
            return
        if self.closed:
            if item is not _RESET and item is not _END:
                self.network.carry(self.peer, _RESET)
            return
        if item is _RESET:
            self.broken = True
            self.inbox.clear()
        elif item is _END:
            self.ended = True
        else:
            self.inbox += item
        self.changed()


class Network:
    """happened: by what befell. over: whether nothing befalls any more."""

    def __init__(self, world: World, rng: Random, faults: NetworkFaults, over: Callable[[], bool]) -> None:
        self.world, self.rng, self.faults, self._over = world, rng, faults, over
        self.happened: Counter[str] = Counter()
        self._numbers = count(100)
        self._accepts: dict[str, Callable[[End], None]] = {}
        self._ends: dict[str, dict[int, End]] = {}
        self._apart: dict[str, float] = {}  # host -> until when
        if faults.apart:
            world.after(rng.expovariate(1 / 3600 / faults.apart), self._part)

    # ---- connections ----
    def listen(self, host: str, accept: Callable[[End], None]) -> None:
        """Who takes the connections to a host."""
        self._accepts[host] = accept

    def connect(self, host: str, to: str) -> End:
        """A connection, of which the other host hears a little later. Raises ConnectionRefusedError."""
        if self._befalls(self.faults.refused, "refused"):
            raise ConnectionRefusedError("nobody listens")
        ours, theirs = End(self, host, next(self._numbers)), End(self, to, next(self._numbers))
        ours.peer, theirs.peer = theirs, ours
        for end in (ours, theirs):
            self._ends.setdefault(end.host, {})[end.number] = end
        delay = self._delay()
        theirs.last = self.world.clock.now() + delay
        self.world.after(delay, lambda: self._accept(theirs))
        return ours

    def _accept(self, end: End) -> None:
        apart = self.apart_until(end, end.peer)
        if apart < inf:
            delay = apart - self.world.clock.now() + 0.0005
            self.world.after(delay, lambda: self._accept(end))
        elif not end.closed:
            self._accepts[end.host](end)

    def forget(self, end: End) -> None:
        self._ends[end.host].pop(end.number, None)

    def crash(self, host: str) -> None:
        """Its process is gone; sometimes its machine, and nobody is told."""
        silently = self._befalls(0.2 if self.faults.cut else 0.0, "silent")
        for end in list(self._ends.get(host, {}).values()):
            end.abort(silently)

    # ---- what is on its way ----
    def send(self, end: End, data: bytes) -> None:
        """Some bytes to the other end, with whatever befalls them."""
        faults, rng, peer = self.faults, self.rng, end.peer
        if self._befalls(faults.vanishes, "vanished"):
            end.lost = peer.lost = True
        if self._befalls(faults.cut, "cut"):
            self.carry(peer, data[: rng.randrange(len(data))])
            self.carry(peer, _RESET if rng.random() < 0.5 else _END)
            if rng.random() < 0.7:
                self.carry(end, _RESET)
            else:
                end.lost = True
            return
        if self._befalls(faults.late, "late"):
            peer.last = max(peer.last, self.world.clock.now()) + rng.uniform(0.0, 3.0)
        if len(data) > 1 and self._befalls(faults.torn, "torn"):
            cuts = sorted(rng.randrange(1, len(data)) for _ in range(rng.randint(1, 3)))
            for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True):
                self.carry(peer, data[start:stop])
        else:
            self.carry(peer, data)

    def carry(self, to: End, item: bytes) -> None:
        """One piece, behind those that are on their way."""
        if not item:
            return
        now = self.world.clock.now()
        to.last = max(to.last, now + self._delay())
        to.coming.append(item)
        if item is not _END and item is not _RESET:
            to.unread += len(item)
        self.world.after(to.last - now, to.arrive)

    def _delay(self) -> float:
        return self.rng.expovariate(1 / self.faults.delay)

    def _befalls(self, chance: float, what: str) -> bool:
        if not chance or self._over() or self.rng.random() >= chance:
            return False
        self.happened[what] += 1
        return True

    # ---- hosts that are apart ----
    def apart_until(self, one: End, other: End) -> float:
        """When two ends can reach each other again; infinity where they can."""
        if not self._apart:
            return inf
        until = max(self._apart.get(one.host, -inf), self._apart.get(other.host, -inf))
        return until if until > self.world.clock.now() else inf

    def _part(self) -> None:
        """A host is alone for a while."""
        if self._over():
            return
        now, rng = self.world.clock.now(), self.rng
        self._apart = {host: until for host, until in self._apart.items() if until > now}
        if self._ends:
            self._apart[rng.choice(sorted(self._ends))] = now + 0.1 * 1000 ** rng.random()
            self.happened["apart"] += 1
        self.world.after(rng.expovariate(1 / 3600 / self.faults.apart), self._part)


def _nothing() -> None:
    pass
