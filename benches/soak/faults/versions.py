"""Requests under the rules before Aegis: BLS signatures of the first version, H(msg) = hash(msg) G1, keys weighted by their plain hash."""

from __future__ import annotations

from random import Random

from coproc.engine.cpu import CpuEngine
from coproc.engine.protocol import Buffers, Encoding, Group, Layout
from coproc.measure.groups import limbs, multiples_of_generator, numbers, progression
from coproc.operation import Request
from coproc.params import bls12_381
from coproc.wire import rkyv

_G1, _G2, _R = Group.BLS12_381_G1, Group.BLS12_381_G2, bls12_381.R


def first_version(host: CpuEngine, op: str, n: int, members: int, seed: int = 1) -> list[Request]:
    """n true requests of verify_bls, or of verify_bls_multisig with so many members."""
    random = Random(f"{op} {n} {members} {seed}")
    keys = progression(host, _G2, n * members, random.randrange(_R), random.randrange(_R))
    archived = [row.tobytes() + bytes(8) for row in keys.points]
    weights = [1] * len(archived)
    if op == "verify_bls_multisig":
        weights = numbers(host.hash_to_fr(Buffers.of([row.tobytes() for row in host.encode(_G2, Encoding.ZCASH, keys.points)]), mont=False))
    messages = [random.randbytes(32) for _ in range(n)]
    hashed = multiples_of_generator(host, _G1, numbers(host.hash_to_fr(Buffers.of(messages), mont=False)))
    of = [range(i * members, (i + 1) * members) for i in range(n)]
    secrets = [sum(weights[k] * keys.logs[k] for k in some) % _R for some in of]
    signatures = [row.tobytes() + bytes(8) for row in host.scalar_mul(_G1, hashed, limbs(secrets))]
    layout = Layout.MULTISIG if op == "verify_bls_multisig" else Layout.BLS
    rows = zip(messages, of, signatures, strict=True)
    return [Request(op, rkyv.write(layout, [m, b"".join(archived[k] for k in some), s])) for m, some, s in rows]
