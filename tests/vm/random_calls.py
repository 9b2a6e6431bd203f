"""Random call trees over four contracts: what they do, in which order, with how much gas, and what fails where, is drawn from a seed."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from random import Random

from tests.vm.scripts import NOBODY, A, B, C, D, Line, assemble, call, deploy, nested, pointer, relay

IDS = (A, B, C, D)
PLACES = (0, 8, 64, 65530, 70000, 131072, 200000, 1 << 20, 5 << 20, (1 << 32) - 8)


def _leaf(random: Random, contract: bytes) -> tuple[str, bytes]:
    """A function that calls nobody, and its argument."""
    place = pointer(random.choice(PLACES), is_64=contract == B)
    pages = pointer(random.randrange(3), is_64=contract == B)
    choices: list[tuple[str, bytes]] = [
        ("inc", b""), ("read", b""), ("times", b""), ("inc_trap", b""), ("trap", b""), ("loop", b""), ("callstack", b""), ("limit", b""),
        ("emit", bytes(random.randrange(40))), ("emit_trap", b"zz"), ("panic", b"p" * random.randrange(20)), ("peek", place),
        ("poke", place + bytes([random.randrange(256)] * 8)), ("poke_trap", place + b"12345678"), ("grow", pages), ("grow_trap", pages),
    ]  # fmt: skip
    return random.choice(choices)


def _tree(random: Random, depth: int) -> tuple[bytes, str, bytes]:
    """A contract, a function and its argument, calls at most `depth` deep."""
    contract = random.choice(IDS)
    if depth == 0 or random.random() < 0.25:
        return contract, *_leaf(random, contract)
    function = random.choice(("call", "call_emit", "call_panic", "call_trap", "call_spent", "call_then_inc"))
    callee, name, argument = _tree(random, depth - 1)
    if random.random() < 0.03:
        name = random.choice(("missing", "init"))
    if random.random() < 0.03:
        callee = NOBODY
    gas = random.choice((0, 0, 0, 0, random.randrange(1, 3000), random.randrange(1, 1_000_000)))
    return contract, function, nested(callee, name, argument, gas)


def random_calls(seed: int, count: int) -> Iterator[Line]:
    """`count` calls, with a commit or a new session now and then."""
    random = Random(seed)
    narrow, wide = assemble(relay(is_64=False)), assemble(relay(is_64=True))
    for contract in IDS:
        yield deploy(contract, wide if contract == B else narrow, init=struct.pack("<I", 14 if contract == D else 0))
    yield {"do": "commit"}
    for _ in range(count):
        contract, function, argument = _tree(random, random.randrange(7))
        yield call(contract, function, argument, random.choice((1_000_000, 100_000, random.randrange(1, 4000), random.randrange(1, 800))))
        if (chance := random.random()) < 0.02:
            yield {"do": "commit"}
        elif chance > 0.995:
            yield {"do": "new_session"}
