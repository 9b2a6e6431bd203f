"""Slow clients and garbage (R12): memory stays, honest clients hardly notice, and the slow ones are gone in time.

    python -m benches.soak.slow_clients [--slow N] [--garbage MB] [--seconds S] [--seed S] [--growth MIB] [--p99 RATIO]

N connections begin a frame and send a byte of it now and then, for ever; others send garbage: random bytes, plausible lengths with nonsense
behind them, frames that are cut off, frames of another version. An honest client asks for an answer that the memo knows, alone, meanwhile,
and alone again. The hostile threads run at the lowest priority: what they make the server do counts, not what they take from a small
machine.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from random import Random
from statistics import median
from time import monotonic, perf_counter, sleep
from typing import Any

from coproc.cluster import frames
from coproc.cluster.client import Client
from coproc.cluster.server.serve import raise_files
from coproc.engine.protocol import Layout
from coproc.operation import Request
from coproc.wire import rkyv
from tests.cluster.processes import Served

from . import result

KNOWN = Request("sha256", rkyv.write(Layout.BYTES, [b"known"]))
_PIECE = 1 << 16
_ROW = 20


def garbage(random: Random) -> bytes:
    """One connection's worth of it, up to some hundred kilobytes."""
    size = random.choice((10, 1000, 100_000, 400_000))
    body = random.randbytes(size)
    good = frames.reply(frames.EXECUTE, 1, 7, frames.write_execute([KNOWN], "block", "hostile"))
    kind = random.randrange(6)
    if kind == 0:
        return body
    if kind == 1:  # a plausible length, nonsense in it
        return frames.LENGTH.pack(size) + body
    if kind == 2:  # a plausible header too
        return frames.reply(frames.EXECUTE, random.choice((1, 1000, 0xFFFFFFFF)), 9, body)
    if kind == 3:
        return good[: random.randrange(1, len(good))]
    if kind == 4:  # a frame that never ends
        return frames.LENGTH.pack(8 << 20) + good[4:] + body
    changed = bytearray(good * (1 + size // len(good)))
    changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def honest(path: Path, seconds: float, pause: float) -> list[float]:
    """Seconds of each round trip of an answer that is known."""
    times = []
    with Client(path, 30) as client:
        (wanted,) = client.run([KNOWN])
        end = monotonic() + seconds
        while monotonic() < end:
            start = perf_counter()
            (answer,) = client.run([KNOWN])
            times.append(perf_counter() - start)
            if answer != wanted:
                raise SystemExit("an honest client got another answer")
            sleep(pause)
    return times


def p99(times: list[float]) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * 0.99))]


class Hostile:
    """Slow connections and senders of garbage, in threads."""

    def __init__(self, path: Path, slow: int, total: int, seed: int, rate: float) -> None:
        self.path, self.slow, self.total, self.seed = path, slow, total, seed
        self.rate = rate  # bytes of garbage a second
        self.stop = threading.Event()
        self.sent = 0
        self.gone = 0
        self.oldest = 0.0  # how long the longest-lived slow connection lived
        self._threads = [threading.Thread(target=target, daemon=True) for target in (self._dribble, self._garbage)]

    def __enter__(self) -> Hostile:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self._threads:
            thread.join()

    def _connect(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(5)
        sock.connect(str(self.path))
        return sock

    def _dribble(self) -> None:
        _yield()
        frame = frames.reply(frames.EXECUTE, 1, 7, frames.write_execute([Request("hash", bytes(100_000))]))
        open_: list[tuple[socket.socket, int, float]] = []
        while not self.stop.is_set():
            while len(open_) < self.slow and not self.stop.is_set():
                try:
                    sock = self._connect()
                    sock.sendall(frame[:3])
                except OSError:  # the queue of connections is full
                    self.stop.wait(0.01)
                else:
                    open_.append((sock, 3, monotonic()))
            left = []
            if not open_:
                self.stop.wait(0.1)
            for k, (sock, at, since) in enumerate(open_):
                if k % _ROW == 0:  # each sends twice a second, not all of them at once
                    self.stop.wait(0.5 * _ROW / self.slow)
                try:
                    sock.sendall(frame[at : at + 1])
                except OSError:
                    self.gone += 1
                    self.oldest = max(self.oldest, monotonic() - since)
                    sock.close()
                else:
                    left.append((sock, at + 1, since))
            open_ = left
        for sock, _, _ in open_:
            sock.close()

    def _garbage(self) -> None:
        _yield()
        random, start = Random(self.seed), monotonic()
        while not self.stop.is_set() and self.sent < self.total:
            data = garbage(random)
            try:
                sock = self._connect()
            except OSError:
                self.stop.wait(0.01)
                continue
            with suppress(OSError), sock:
                for at in range(0, len(data), _PIECE):
                    sock.sendall(data[at : at + _PIECE])  # fails once the server has closed the connection
                    self.sent += len(data[at : at + _PIECE])
                    self.stop.wait(max(0.0, start + self.sent / self.rate - monotonic()))


def run(
    served: Served, slow: int, total: int, seconds: float, seed: int, pause: float, rate: float, log: Callable[[str], None]
) -> dict[str, Any]:
    """Figures: growth of memory in bytes, p99 of an honest client alone and meanwhile, how long slow connections lived."""
    raise_files(2 * slow + 256)
    most = [0]
    with ProcessPoolExecutor(1, get_context("spawn")) as other:  # the hostile threads must not delay the honest client by themselves

        def times(length: float) -> list[float]:
            return other.submit(honest, served.uds, length, pause).result()

        times(min(2.0, seconds))
        before, alone = served.resident(), times(seconds)
        with Hostile(served.uds, slow, total, seed, rate) as hostile:
            watch = threading.Thread(target=_watch, args=(served, hostile.stop, most), daemon=True)
            watch.start()
            meanwhile = times(seconds)
            while hostile.sent < total:
                log(f"{hostile.sent >> 20} MiB of garbage sent, {hostile.gone} slow connections gone")
                meanwhile += times(seconds)
        alone += times(seconds)
    watch.join()
    return {
        "slow": slow, "gone": hostile.gone, "oldest_s": round(hostile.oldest, 2), "garbage_bytes": hostile.sent,
        "growth_bytes": max(most[0], served.resident()) - before, "requests": len(meanwhile),
        "p50_alone_us": round(median(alone) * 1e6, 1), "p50_meanwhile_us": round(median(meanwhile) * 1e6, 1),
        "p99_alone_us": round(p99(alone) * 1e6, 1), "p99_meanwhile_us": round(p99(meanwhile) * 1e6, 1),
    }  # fmt: skip


def _yield() -> None:
    """The lowest priority, for this thread."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)


def _watch(served: Served, stop: threading.Event, most: list[int]) -> None:
    while not stop.wait(0.05):
        most[0] = max(most[0], served.resident())


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0, 1 where a figure that was given is missed or an honest client got no or another answer."""
    parser = argparse.ArgumentParser(prog="python -m benches.soak.slow_clients", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--slow", type=int, default=2000, metavar="N", help="slow connections (2,000)")
    parser.add_argument("--garbage", type=int, default=1000, metavar="MB", help="megabytes of garbage (1,000)")
    parser.add_argument("--seconds", type=float, default=30.0, metavar="S", help="of the honest client alone, and at least meanwhile (30)")
    parser.add_argument("--pause", type=float, default=0.002, metavar="S", help="between honest requests (0.002)")
    parser.add_argument("--rate", type=float, default=10.0, metavar="MB", help="megabytes of garbage a second, at most (10)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="of the garbage (1)")
    parser.add_argument("--growth", type=float, metavar="MIB", help="exit with 1 where memory grows by more")
    parser.add_argument("--p99", type=float, metavar="RATIO", help="exit with 1 where the honest p99 grows by more")
    parser.add_argument("--out", type=Path, metavar="FILE", help="result file (benches/results/soak-slow-clients-<cpu>.json)")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="coproc-") as folder, Served(Path(folder), "--workers", "1", journal=False) as served:
        found = run(
            served,
            args.slow,
            args.garbage * 1_000_000,
            args.seconds,
            args.seed,
            args.pause,
            args.rate * 1e6,
            lambda s: print(s, file=sys.stderr),
        )
        if served.stop() != 0:
            raise SystemExit("the server did not drain")
    found["memory_of_this_script"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    print(json.dumps(found))
    missed = [
        args.growth is not None and found["growth_bytes"] > args.growth * (1 << 20),
        args.p99 is not None and found["p99_meanwhile_us"] > args.p99 * found["p99_alone_us"],
    ]
    asked = {"seed": args.seed, "seconds": args.seconds, "pause": args.pause, "rate": args.rate}
    result.write("slow-clients", asked | found | {"met": not any(missed)}, args.out)
    return 1 if any(missed) else 0


if __name__ == "__main__":
    sys.exit(main())
