"""The gateway to a Ray cluster: `python -m coproc.cluster.gateway --fd N --address A`, started by `coproc.cluster.pools.gateway.Gateway`.

It alone is connected to Ray, which ends every process that is when its raylet or object store dies; whoever asks then loses this process
and nothing else. What workers send is unpickled here and goes on as bytes and numbers. It ends when the other end hangs up.
"""

from __future__ import annotations

import argparse
import logging
import os
import resource
import signal
import sys
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from importlib import import_module
from socket import socket
from typing import Any, Final

import numpy as np

from coproc.errors import CoprocError

from .pools import gateway_pipe as pipe
from .pools.gateway_pipe import Answer, Ask, Blame, Blamed, Log, Node, Refused, State, Worker
from .pools.parcel import Parcel
from .pools.pipe import PipeError
from .pools.ray import RayPool
from .remote import Asked

HEARTBEAT: Final = 1.0
KEPT_BYTES: Final = 256 << 20
"""Of keys; several times what `slim.Names` knows on the other side."""
_END_SECONDS: Final = 10.0
_WORD: Final = 1 << 64


class Gate:
    """What is said to the other end, and the keys that it gave."""

    def __init__(self, sock: socket) -> None:
        self._socket = sock
        self._lock = threading.Lock()
        self._keys: OrderedDict[int, bytes] = OrderedDict()
        self._bytes = 0

    def say(self, message: Any) -> None:
        """Where the other end is gone nobody listens, and the reader ends this process."""
        with self._lock, suppress(OSError):
            pipe.send(self._socket, message)

    def serve(self, pool: RayPool) -> None:
        """Until the other end hangs up."""
        threading.Thread(target=self._tell, args=(pool,), name="coproc-state", daemon=True).start()
        with suppress(PipeError, OSError):
            while True:
                message = pipe.receive_to(self._socket)
                if isinstance(message, Ask):
                    self._ask(pool, message)
                elif isinstance(message, Blame):
                    threading.Thread(target=self._blame, args=(pool, message), name="coproc-blame", daemon=True).start()
                else:
                    pool.quarantine(message.worker, message.reason)

    def _ask(self, pool: RayPool, message: Ask) -> None:
        for name, data in message.given.items():
            if name not in self._keys:
                self._keys[name] = data
                self._bytes += len(data)
        try:
            table = {name: self._keys[name] for name in message.names}
        except KeyError:
            self.say(pipe.failed(message.id, pipe.KeysForgotten("the gateway has forgotten a key")))
            return
        for name in message.names:
            self._keys.move_to_end(name)
        while self._bytes > KEPT_BYTES:
            self._bytes -= len(self._keys.popitem(last=False)[1])
        parcel = Parcel(message.number, message.op, message.n, message.seed, np.frombuffer(message.array, np.uint8), table)
        pool.ask(parcel).add_done_callback(lambda future: self._answered(message.id, future))

    def _answered(self, id: int, future: Future[Asked]) -> None:
        error = future.exception()
        try:
            self.say(pipe.failed(id, error) if error is not None else _answer(id, future.result()))
        except Exception as wrong:  # what a worker sends may be anything
            self.say(pipe.failed(id, wrong))

    def _blame(self, pool: RayPool, message: Blame) -> None:
        try:
            said = pool.blame(message.worker, message.number)
            good = isinstance(said, np.ndarray) and said.dtype == np.int64 and said.ndim == 1
            self.say(Blamed(message.id, said.tobytes() if good else None))
        except Exception as error:
            self.say(pipe.failed(message.id, error))

    def _tell(self, pool: RayPool) -> None:
        seen: State | None = None
        with pool.state:
            pool.state.wait_for(pool.nodes)
        while True:
            with pool.state:
                pool.state.wait_for(lambda seen=seen: _state(pool) != seen, HEARTBEAT)  # type: ignore[misc]
                seen = _state(pool)
            self.say(seen)


def _answer(id: int, asked: Asked) -> Answer:
    """Arrays of another kind are sent as nothing: whoever checks finds that they are not what was asked for."""
    number, folded, gt, tags, engine, seconds = asked.partial
    return Answer(
        id, asked.worker, number[:64] if isinstance(number, bytes) else b"", _bytes(folded, np.uint8), _bytes(gt, np.uint64),
        int(tags) % _WORD, str(engine)[:64], float(seconds),
    )  # fmt: skip


def _bytes(array: Any, kind: Any) -> bytes:
    """Of an array of a kind, which anything may claim to be."""
    return array.tobytes() if isinstance(array, np.ndarray) and array.dtype == kind else b""


def _state(pool: RayPool) -> State:
    """With its state held."""
    nodes = [
        Node(
            str(node["NodeManagerAddress"]),
            str(node["NodeID"])[:8],
            bool(node["Alive"]),
            int(node["Resources"].get("CPU", 0)),
            int(node["Resources"].get("GPU", 0)),
        )
        for node in pool.nodes()
    ]
    workers = [Worker(slot.name, slot.engine, slot.pid) for slot in pool.up()]
    return State(workers, nodes, pool.open_slots(), pool.making.starts, pool.making.deaths)


class _Forward(logging.Handler):
    """What is logged here is logged there."""

    def __init__(self, gate: Gate) -> None:
        super().__init__(logging.INFO)
        self._gate = gate

    def emit(self, record: logging.LogRecord) -> None:
        self._gate.say(Log(record.levelno, record.getMessage()[:4096]))


def _named(name: str) -> Any:
    """MODULE:CLASS."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0 when the other end hung up, 2 where there is no cluster."""
    parser = argparse.ArgumentParser(prog="python -m coproc.cluster.gateway", description="A gateway to a Ray cluster.")
    parser.add_argument("--fd", type=int, required=True, metavar="N", help="descriptor of the socket to whoever asks")
    parser.add_argument("--address", required=True, metavar="A", help="HOST:PORT or auto")
    parser.add_argument("--engine", metavar="E", help="of the workers (the default: what each node has)")
    parser.add_argument("--actor", default="coproc.cluster.pools.ray_actor:FoldActor", metavar="MODULE:CLASS", help="the workers")
    parser.add_argument("--most", type=int, metavar="N", help="workers at most (the default: all)")
    for name in ("start", "answer", "survey"):
        parser.add_argument(f"--{name}-seconds", type=float, required=True, metavar="S")
    args = parser.parse_args(argv)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who started it decides when it ends
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    gate = Gate(socket(fileno=args.fd))
    log = logging.getLogger("coproc")
    log.addHandler(_Forward(gate))
    log.propagate = False
    try:
        pool = RayPool(
            args.address, args.engine, args.start_seconds, args.answer_seconds, args.survey_seconds, _named(args.actor), args.most
        )
    except CoprocError as error:
        gate.say(Refused(str(error)))
        return 2
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # Ray has one of its own
    gate.serve(pool)
    late = threading.Timer(_END_SECONDS, os._exit, (0,))
    late.daemon = True
    late.start()
    pool.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
