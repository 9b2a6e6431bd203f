"""Batches that faults fall into: of the operations, in every way that their sums and products are made, and of the engine's methods.

Each comes twice: true, and with some of its items tampered with.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np

from benches.soak.faults.methods import METHODS
from benches.soak.faults.small import BUCKETS, JOINED, LADDER, PRODUCTS, SORTED, Way
from benches.soak.faults.versions import first_version
from coproc.batch import answer_batch
from coproc.engine.cpu import CpuEngine
from coproc.engine.memory import Buffers
from coproc.engine.protocol import Engine
from coproc.fold.settle import Combiner
from coproc.keys import KeyRegistry
from coproc.measure.requests import make
from coproc.operation import Batch, Request, Rules
from coproc.ops import OPERATIONS

Answers = tuple[Any, ...]
"""Arrays: equal or wrong."""


class Scene(NamedTuple):
    """ask(engine, keys): the answers, and whether the engine gave them itself. right: the CPU's."""

    name: str
    op: str
    tampered: bool
    way: Way
    ask: Callable[[Engine, KeyRegistry], tuple[Answers, bool]]
    right: Answers


class Play(NamedTuple):
    """An operation, requests of a batch, the way of its sums, members of a multisignature, the rules where they are not the latest."""

    op: str
    size: int
    way: Way = LADDER
    members: int | None = None
    fork: str = "Boreas"


_PLONK, _GROTH16, _KZG = "verify_plonk", "verify_groth16_bn254", "verify_kzg_proof"
_BLS, _MULTISIG = "verify_bls", "verify_bls_multisig"
PLAYS: Final = (
    Play(_GROTH16, 4), Play(_GROTH16, 4, BUCKETS), Play(_GROTH16, 4, SORTED), Play(_GROTH16, 4, JOINED), Play(_GROTH16, 5, PRODUCTS),
    Play(_PLONK, 4), Play(_PLONK, 4, BUCKETS), Play(_PLONK, 4, SORTED), Play(_PLONK, 4, JOINED),
    Play(_BLS, 4), Play(_BLS, 4, fork="PreFork"), Play(_BLS, 5, PRODUCTS, fork="mixed"),
    Play(_MULTISIG, 4, members=3), Play(_MULTISIG, 4, members=3, fork="PreFork"), Play(_MULTISIG, 5, PRODUCTS, members=2, fork="mixed"),
    Play(_KZG, 4), Play(_KZG, 4, BUCKETS),
    Play("verify_schnorr", 4), Play("verify_schnorr", 40), Play("poseidon_hash", 4), Play("poseidon_hash", 40),
)  # fmt: skip
"""`LADDER` sums and `PRODUCTS` of pairs are what small batches take; the other ways are those of large ones."""
_FORKS: Final = ("PreFork", "Boreas")


def tampered(rng: random.Random, requests: Sequence[Request]) -> list[Request]:
    """About a quarter of the requests, at least one, with a bit flipped or a stretch of another request put in, the others as they are."""
    changed = list(requests)
    for i in rng.sample(range(len(requests)), -(-len(requests) // 4)):
        data, other = bytearray(requests[i].args), rng.choice(requests).args
        start = rng.randrange(len(data)) & ~7
        if rng.random() < 0.5 and len(other) == len(data):
            stop = start + rng.choice((8, 32, 48, 96, 192))
            data[start:stop] = other[start:stop]
        else:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        changed[i] = requests[i]._replace(args=bytes(data))
    return changed


def _requests(host: CpuEngine, play: Play) -> list[Request]:
    forks = [_FORKS[i % 2] if play.fork == "mixed" else play.fork for i in range(play.size)]
    made = make(host, play.op, play.size, size=play.members).requests
    if play.op in (_BLS, _MULTISIG) and "PreFork" in forks:
        first = first_version(host, play.op, play.size, play.members or 1)
        made = [f if fork == "PreFork" else m for f, m, fork in zip(first, made, forks, strict=True)]
    return [request._replace(rules=Rules(fork=fork)) for request, fork in zip(made, forks, strict=True)]


def _ask(op: str, batch: Batch, engine: Engine, keys: KeyRegistry) -> tuple[Answers, bool]:
    columns = answer_batch(OPERATIONS[op], engine, keys, Combiner(), batch)
    return (columns.retbuf, columns.status), columns.engine == engine.name


def _scene(host: CpuEngine, play: Play, requests: Sequence[Request], name: str, bad: bool) -> Scene:
    n = len(requests)
    rules = np.array([request.rules.code for request in requests], np.uint8)
    batch = Batch(Buffers.of([request.args for request in requests]), np.full(n, 8, np.uint8), rules)
    ask = partial(_ask, play.op, batch)
    right, _ = ask(host, KeyRegistry(host))
    return Scene(name, play.op, bad, play.way, ask, right)


def _pair(host: CpuEngine, play: Play, seed: int, number: int) -> tuple[Scene, Scene]:
    rng = random.Random(f"{play} {seed}")
    requests = _requests(host, play)
    true = _scene(host, play, requests, f"{play.op} {number}", False)
    if not true.right[0].any() or (OPERATIONS[play.op].kind == "bool" and not true.right[0].all()):
        raise AssertionError(f"{play}: not all requests are true")
    while True:
        bad = _scene(host, play, tampered(rng, requests), f"{play.op} {number} tampered", True)
        if np.any(bad.right[1]) or (OPERATIONS[play.op].kind == "bool" and not np.array_equal(bad.right[0], true.right[0])):
            return true, bad


def pairs(host: CpuEngine, seed: int, ops: Sequence[str] | None = None) -> list[tuple[Scene, Scene]]:
    """True ones and the same tampered with, of some operations and, under "methods", of the engine's methods; None: of all."""
    found = [_pair(host, play, seed, i) for i, play in enumerate(PLAYS) if ops is None or play.op in ops]
    for method in METHODS if ops is None or "methods" in ops else ():
        both = []
        for bad in (False, True):
            ask = method.made(host, random.Random(f"{method.name} {seed}"), bad)
            right, _ = ask(host, KeyRegistry(host))
            both.append(Scene(f"{method.name}{' tampered' * bad}", "methods", bad and method.invalid, method.way, ask, right))
        found.append((both[0], both[1]))
    return found
