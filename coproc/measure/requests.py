"""Distinct true requests of every operation, made here: no prover, no file.

Who signs knows the secret key, who picks a key's trapdoor can open what he likes: signatures are made by the scheme's own rule, Groth16
and PLONK proofs under keys whose trapdoor is known, KZG openings as linear combinations of recorded ones (the trapdoor of that
ceremony is nobody's). A verifier does the same work for them as for any other true claim.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from random import Random
from typing import Final, NamedTuple

import numpy as np

from coproc.engine.protocol import U64, Buffers, Check, Encoding, Engine, Group, Layout, rows_of
from coproc.errors import InvalidInput
from coproc.measure.groups import GENERATOR, limbs, multiples_of_generator, numbers, progression
from coproc.measure.plonk import PlonkKey
from coproc.operation import Request, Rules
from coproc.params import bls12_381, bn254, jubjub
from coproc.wire import rkyv
from coproc.wire.groth16 import EncodedPoint, VerifyingKey, prepare_key

RULES: Final = Rules(fork="Boreas")
SIGNERS: Final = 64
MEMBERS: Final = 64
DST: Final = b"BLS_SIG_BLS12381G1_XMD:SHA-256_DUSK_V2"
COEFFICIENT_PREFIX: Final = b"BLS_SIG_BLS12381_SCALAR_SHA256_DUSK_H1_V2"
G1, G2, B1, B2 = Group.BLS12_381_G1, Group.BLS12_381_G2, Group.BN254_G1, Group.BN254_G2


class Made(NamedTuple):
    """Distinct requests of one operation whose answer is true or a value, and where they come from, in words."""

    op: str
    requests: list[Request]
    source: str


def make(engine: Engine, op: str, n: int, *, size: int | None = None, seed: int = 1, fresh: bool = False) -> Made:
    """n distinct requests.

    size: what the price depends on: bytes to hash (32), scalars (4), keys of a multisignature (64); None: the number in brackets.
    fresh: no BLS key occurs twice. Raises InvalidInput for an unknown operation.
    """
    if op not in _MAKERS:
        raise InvalidInput(f"unknown operation {op!r}: one of {', '.join(_MAKERS)}")
    maker, source = _MAKERS[op]
    if fresh and op in _FRESH:
        maker, source = _FRESH[op], "signed by fresh keys"
    buffers = maker(engine, Random(f"{op} {n} {size} {seed}"), n, size)
    return Made(op, [Request(op, buffer, RULES) for buffer in buffers], source)


def _bytes(engine: Engine, random: Random, n: int, size: int | None) -> list[bytes]:
    size = 32 if size is None else size
    return [rkyv.write(Layout.BYTES, [random.randbytes(size)]) for _ in range(n)]


def _scalars(engine: Engine, random: Random, n: int, size: int | None) -> list[bytes]:
    count = 4 if size is None else size
    return [rkyv.write(Layout.SCALARS, [b"".join(_element(random) for _ in range(count))]) for _ in range(n)]


def _element(random: Random) -> bytes:
    """A reduced element of Fr of BLS12-381 as archived."""
    return random.randrange(bls12_381.R).to_bytes(32, "little")


def _recover(engine: Engine, random: Random, n: int, size: int | None) -> list[bytes]:
    from coincurve import PrivateKey

    secret = PrivateKey(random.randbytes(32))
    hashes = [random.randbytes(32) for _ in range(n)]
    return [rkyv.write(Layout.RECOVER, [h, secret.sign_recoverable(h, hasher=None)]) for h in hashes]


def _plonk(engine: Engine, random: Random, n: int, size: int | None) -> list[bytes]:
    key = PlonkKey(engine, random, 4 if size is None else size)
    return [rkyv.write(Layout.PLONK, [key.data, proof, inputs]) for proof, inputs in key.prove(engine, random, n)]


def _groth16(engine: Engine, random: Random, n: int, size: int | None) -> list[bytes]:
    """A = a G1, B = b G2, sum = s G1, C = (a b - alpha beta - gamma s) / delta G1."""
    r = bn254.R
    alpha, beta, gamma, delta = (random.randrange(1, r) for _ in range(4))
    g1 = engine.encode(B1, Encoding.ARK_UNCOMPRESSED, multiples_of_generator(engine, B1, [alpha, *(random.randrange(r) for _ in range(5))]))
    g2 = engine.encode(B2, Encoding.ARK_UNCOMPRESSED, multiples_of_generator(engine, B2, [beta, gamma, delta]))
    points = [EncodedPoint(B1, Encoding.ARK_UNCOMPRESSED, row.tobytes()) for row in g1]
    others = [EncodedPoint(B2, Encoding.ARK_UNCOMPRESSED, row.tobytes()) for row in g2]
    key = prepare_key(engine, VerifyingKey(points[0], others[0], others[1], others[2], tuple(points[1:])))
    a, b, s = (progression(engine, group, n, random.randrange(r), random.randrange(r)) for group in (B1, B2, B1))
    inverse = pow(delta, -1, r)
    logs = [(x * y - alpha * beta - gamma * z) * inverse % r for x, y, z in zip(a.logs, b.logs, s.logs, strict=True)]
    c = multiples_of_generator(engine, B1, logs)
    parts = ((B1, a.points), (B2, b.points), (B1, c), (B1, s.points))
    encoded = [[row.tobytes() for row in engine.encode(group, Encoding.ARK_COMPRESSED, points)] for group, points in parts]
    return [rkyv.write(Layout.GROTH16, [key.data, x + y + z, inputs]) for x, y, z, inputs in zip(*encoded, strict=True)]


def _raw(points: U64) -> list[bytes]:
    """Archived points of BLS12-381: Montgomery limbs, a zero for "not infinity", padding."""
    return [row.tobytes() + bytes(8) for row in points]


def _signed(engine: Engine, random: Random, secrets: list[int]) -> tuple[list[bytes], list[bytes]]:
    """Messages of 32 bytes, and one archived signature under each secret."""
    messages = [random.randbytes(32) for _ in secrets]
    hashed = engine.hash_to_g1(Buffers.of(messages), DST)
    return messages, _raw(engine.scalar_mul(G1, hashed, limbs(secrets)))


def _bls(engine: Engine, random: Random, n: int, size: int | None, signers: int = SIGNERS) -> list[bytes]:
    keys = progression(engine, G2, signers, random.randrange(bls12_381.R), random.randrange(bls12_381.R))
    archived = _raw(keys.points)
    messages, signatures = _signed(engine, random, [keys.logs[i % signers] for i in range(n)])
    return [rkyv.write(Layout.BLS, [m, archived[i % signers], s]) for i, (m, s) in enumerate(zip(messages, signatures, strict=True))]


def _multisig(engine: Engine, random: Random, n: int, size: int | None, fresh: bool = False) -> list[bytes]:
    count = MEMBERS if size is None else size
    signers = n * count if fresh else 4 * count
    keys = progression(engine, G2, signers, random.randrange(bls12_381.R), random.randrange(bls12_381.R))
    encoded = [row.tobytes() for row in engine.encode(G2, Encoding.ZCASH, keys.points)]
    weights = numbers(engine.hash_to_fr(Buffers.of(encoded), COEFFICIENT_PREFIX, mont=False))
    archived = _raw(keys.points)
    chosen = [list(range(i * count, (i + 1) * count)) if fresh else random.sample(range(signers), count) for i in range(n)]
    messages, signatures = _signed(engine, random, [sum(weights[k] * keys.logs[k] for k in some) % bls12_381.R for some in chosen])
    return [
        rkyv.write(Layout.MULTISIG, [message, b"".join(archived[k] for k in some), signature])
        for message, some, signature in zip(messages, chosen, signatures, strict=True)
    ]


def _archived_jubjub(point: jubjub.Point) -> bytes:
    u, v = point
    return b"".join(((c << 256) % jubjub.Q).to_bytes(32, "little") for c in (u, v, 1, u, v))


def _schnorr(engine: Engine, random: Random, n: int, size: int | None) -> list[bytes]:
    """R = r G, u = r - H(R, pk, msg) sk; the R follow each other by one addition."""
    secrets, keys = _jubjub(random, SIGNERS)
    nonces, commitments = _jubjub(random, n)
    messages = [_element(random) for _ in range(n)]
    words = [
        b"".join(((c << 256) % jubjub.Q).to_bytes(32, "little") for c in (*commitments[i], *keys[i % SIGNERS])) + messages[i]
        for i in range(n)
    ]
    hashed, _ = engine.poseidon_hash(Buffers.of(words).addresses, np.full(n, 5, np.uint64))
    inverse = pow(1 << 256, -1, jubjub.Q)
    out = []
    for i, word in enumerate(numbers(hashed)):
        challenge = word * inverse % jubjub.Q & ((1 << 250) - 1)
        u = (nonces[i] - challenge * secrets[i % SIGNERS]) % jubjub.R
        scalar = ((u << 256) % jubjub.R).to_bytes(32, "little")
        key = _archived_jubjub(keys[i % SIGNERS])
        out.append(rkyv.write(Layout.SCHNORR, [messages[i], key, scalar + _archived_jubjub(commitments[i])]))
    return out


def _jubjub(random: Random, n: int) -> tuple[list[int], list[jubjub.Point]]:
    """n multiples of Dusk's generator that follow each other."""
    start, step = random.randrange(1, jubjub.R), random.randrange(1, jubjub.R)
    point, ahead = jubjub.mul(start, jubjub.GENERATOR), jubjub.mul(step, jubjub.GENERATOR)
    logs, points = [], []
    for k in range(n):
        logs.append((start + k * step) % jubjub.R)
        points.append(point)
        point = jubjub.add(point, ahead)
    return logs, points


@lru_cache(maxsize=1)
def _openings() -> list[bytes]:
    """z, y, commitment and proof of the bundled true openings, 160 bytes each, no infinity among them."""
    from coproc.demo import load

    found = [
        data[-160:]
        for batch in load()
        if batch.group.op == "verify_kzg_proof"
        for data, value in zip(batch.group.data, batch.value, strict=True)
        if value is True
    ]
    return [data for data in found if not data[64] & 0x40 and not data[112] & 0x40]


def _kzg(engine: Engine, random: Random, n: int, size: int | None) -> list[bytes]:
    """(C, y, W) at z makes (a C + k G1, a y + k, a W) at z."""
    openings = _openings()
    encoded = np.frombuffer(b"".join(data[64:] for data in openings), np.uint8).reshape(-1, 48)
    points, _ = engine.decode(G1, Encoding.ZCASH, Check.IN_SUBGROUP, rows_of(encoded))
    points = points.reshape(-1, 2, 12)
    index = np.arange(n) % len(openings)
    scale, shift = ([random.randrange(1, bls12_381.R) for _ in range(n)] for _ in range(2))
    commitments = engine.scalar_mul(G1, np.ascontiguousarray(points[index, 0]), limbs(scale))
    commitments = engine.add(G1, commitments, engine.scalar_mul(G1, np.tile(GENERATOR[G1], (n, 1)), limbs(shift)))
    proofs = engine.scalar_mul(G1, np.ascontiguousarray(points[index, 1]), limbs(scale))
    both = [engine.encode(G1, Encoding.ZCASH, p) for p in (commitments, proofs)]
    out = []
    for i, k in enumerate(index.tolist()):
        y = (scale[i] * int.from_bytes(openings[k][32:64], "big") + shift[i]) % bls12_381.R
        out.append(rkyv.write(Layout.KZG, [openings[k][:32], y.to_bytes(32, "big"), both[0][i].tobytes(), both[1][i].tobytes()]))
    return out


_TRAPDOOR: Final = "simulated under one key whose trapdoor is known: distinct points, evaluations and inputs"
_MAKERS: Final[dict[str, tuple[Callable[[Engine, Random, int, int | None], list[bytes]], str]]] = {
    "hash": (_bytes, "random bytes"),
    "poseidon_hash": (_scalars, "random scalars"),
    "verify_plonk": (_plonk, f"PLONK V3, {_TRAPDOOR}"),
    "verify_groth16_bn254": (_groth16, _TRAPDOOR),
    "verify_schnorr": (_schnorr, f"signed by {SIGNERS} keys"),
    "verify_bls": (_bls, f"signed by {SIGNERS} keys"),
    "verify_bls_multisig": (_multisig, "signed by keys drawn from four times as many"),
    "keccak256": (_bytes, "random bytes"),
    "sha256": (_bytes, "random bytes"),
    "verify_kzg_proof": (_kzg, "linear combinations of recorded openings"),
    "secp256k1_recover": (_recover, "signed by one key"),
}
_FRESH: Final[dict[str, Callable[[Engine, Random, int, int | None], list[bytes]]]] = {
    "verify_bls": lambda engine, random, n, size: _bls(engine, random, n, size, signers=max(n, 1)),
    "verify_bls_multisig": lambda engine, random, n, size: _multisig(engine, random, n, size, fresh=True),
}
