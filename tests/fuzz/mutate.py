"""Structure-aware mutations of real requests: half of them near enough to be accepted, all of them a function of a seed.

A mutation takes a recorded request, decodes it, changes parts of it in ways that have broken verifiers before (unreduced limbs, points
of small order, flags, infinity, lengths, swapped fields), encodes it again, and may then damage the buffer itself (bits, ends, the
root's pointers) or claim another alignment of its base.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import cache

from coproc.engine.protocol import Group
from coproc.operation import Request, Rules
from coproc.params import jubjub
from coproc.spec import rkyv as layouts
from coproc.wire import rkyv
from tests.engine import kit, torsion
from tests.fuzz import points
from tests.fuzz.parts import GROWING, LAYOUT, Part, parts_of
from tests.samples import requests
from tests.vectors import load

Random = random.Random
Mutation = Callable[[Random, bytes], bytes]

MAX_ARGUMENTS = 65536
SPEC_LAYOUT = {
    "hash": layouts.BYTES, "keccak256": layouts.BYTES, "sha256": layouts.BYTES, "poseidon_hash": layouts.SCALARS,
    "verify_plonk": layouts.PLONK, "verify_groth16_bn254": layouts.GROTH16, "verify_schnorr": layouts.SCHNORR, "verify_bls": layouts.BLS,
    "verify_bls_multisig": layouts.MULTISIG, "verify_kzg_proof": layouts.KZG, "secp256k1_recover": layouts.RECOVER,
}  # fmt: skip
SECP_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def flip(rng: Random, data: bytes) -> bytes:
    """One to three bits."""
    if not data:
        return data
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3))):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def number(order: str, modulus: int | None) -> Mutation:
    """A number of fixed size: edges, plus multiples of its modulus, neighbours, anything."""

    def mutation(rng: Random, data: bytes) -> bytes:
        limit, old = 1 << 8 * len(data), int.from_bytes(data, order)  # type: ignore[arg-type]
        p = modulus or limit
        choices = [
            0,
            1,
            p - 1,
            limit - 1,
            (old + 1) % limit,
            (old - 1) % limit,
            rng.randrange(limit),
            rng.randrange(p),
            1 << rng.randrange(8 * len(data)),
        ]
        if modulus:
            choices += [min(old % p + k * p, limit - 1) for k in (1, 1, 1, 2, 2, 3, 4, 5, 8)] + [p, -old % p, old % p]
        return (rng.choice(choices) % limit).to_bytes(len(data), order)  # type: ignore[arg-type]

    return mutation


def octets(rng: Random, data: bytes) -> bytes:
    """Bytes of any length."""
    kind = rng.randrange(6)
    if kind == 0:
        return data[: rng.randrange(len(data) + 1)]
    if kind == 1:
        return data + rng.randbytes(rng.choice((1, 2, 7, 8, 64, 136)))
    if kind == 2:
        return bytes(len(data))
    if kind == 3:
        return rng.randbytes(rng.choice((0, 1, 8, 31, 32, 63, 64, 65, 127, 128, 129, 135, 136, 137, 1000)))
    return flip(rng, data)


def encoded(group: Group, write: Callable[[kit.Point], bytes], flag_at: int, flags: tuple[int, ...]) -> Mutation:
    """A point in an encoding with flags in one byte: other flags, its x plus p, infinity, strangers, small x, bits."""
    p = kit.MODULUS[kit.field_of(group)]
    big = write(kit.GENERATOR[group])[0] >= 0x80 and flag_at == 0
    order = "big" if big else "little"

    def mutation(rng: Random, data: bytes) -> bytes:
        out = bytearray(data)
        kind = rng.randrange(10)
        if kind <= 1:
            out[flag_at] ^= rng.choice(flags)
        elif kind == 2:
            out[flag_at] |= rng.choice(flags)
        elif kind == 3:
            return write(None)
        elif kind <= 5:
            return write(rng.choice(points.strangers(group)))
        elif kind == 6:
            return write(torsion.multiply(group, rng.randrange(1, 64), kit.GENERATOR[group]))
        elif kind == 7:
            size = 48 if big else 32
            at = rng.randrange(len(out) // size) * size
            mask = (1 << 8 * size - 3) - 1
            value = int.from_bytes(out[at : at + size], order)  # type: ignore[arg-type]
            kept, low = value & ~mask, value & mask
            low = rng.choice((low + p, p, p - 1, 0, mask)) & mask
            out[at : at + size] = (kept | low).to_bytes(size, order)  # type: ignore[arg-type]
        elif kind == 8:
            point = points.decompressed(group, data, write)
            return data if point is None else write(torsion.add(group, point, rng.choice(points.strangers(group))))
        else:
            return flip(rng, data)
        return bytes(out)

    return mutation


def raw_point(group: Group) -> Mutation:
    """An archived affine point: unreduced limbs, infinity byte, padding, opposite, a stranger instead or on top, limbs at random."""
    width = 2 if group == Group.BLS12_381_G1 else 4
    p = kit.BLS_P

    def mutation(rng: Random, data: bytes) -> bytes:
        out = bytearray(data)
        kind = rng.randrange(10)
        at = 48 * rng.randrange(width)
        if kind <= 2:
            places = [at] if kind else [48 * i for i in range(width) if rng.random() < 0.6]
            for i in places:
                value = int.from_bytes(out[i : i + 48], "little") % p + rng.choice((1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9)) * p
                out[i : i + 48] = (value % (1 << 384)).to_bytes(48, "little")
        elif kind == 3:
            out[48 * width] = rng.choice((1, 2, 128, 255))
        elif kind == 4:
            out[48 * width + 1 :] = rng.randbytes(7)
        elif kind == 5:
            return points.raw(group, kit.negated(group, points.raw_point(group, data)))
        elif kind == 6:
            return points.raw(group, rng.choice(points.strangers(group)))
        elif kind == 7:
            point = points.raw_point(group, data)
            return (
                data
                if point is None or not on_curve(group, point)
                else points.raw(group, torsion.add(group, point, rng.choice(points.strangers(group))))
            )
        elif kind == 8:
            out[at : at + 48] = number("little", p)(rng, bytes(out[at : at + 48]))
        else:
            return flip(rng, data)
        return bytes(out)

    return mutation


def on_curve(group: Group, point: tuple[int, ...]) -> bool:
    half = len(point) // 2
    return point in torsion.curve_points(group, [point[:half]]) or kit.negated(group, point) in torsion.curve_points(group, [point[:half]])


def jubjub_point(rng: Random, data: bytes) -> bytes:
    """An extended point: another scale, another split of t, plus or replaced by a point of small order, z zero."""
    point = points.jubjub_affine(data)
    if point is None:
        return data
    kind = rng.randrange(6)
    scale, split = rng.randrange(1, kit.BLS_R), rng.randrange(1, kit.BLS_R)
    if kind == 0:
        return points.jubjub_raw(point, scale)
    if kind == 1:
        return points.jubjub_raw(point, scale, split)
    if kind == 2:
        return points.jubjub_raw(rng.choice(points.small_jubjub()), rng.choice((1, scale)))
    if kind == 3 and jubjub.contains(point):
        return points.jubjub_raw(jubjub.add(point, rng.choice(points.small_jubjub())), rng.choice((1, scale)))
    if kind == 4:
        return data[:64] + bytes(32) + data[96:]
    return points.jubjub_raw((-point[0] % kit.BLS_R, point[1]))


def coefficients(rng: Random, data: bytes) -> bytes:
    return rng.choice((0, 1, 3, 64, 90, 91, 92, 1 << 63, (1 << 64) - 1)).to_bytes(8, "little")


G1, G2, B1, B2 = Group.BLS12_381_G1, Group.BLS12_381_G2, Group.BN254_G1, Group.BN254_G2
MUTATIONS: dict[str, Mutation] = {
    "octets": octets,
    "octets_fixed": number("big", SECP_N),
    "fr": number("little", kit.BLS_R),
    "fr_canonical": number("little", kit.BLS_R),
    "fr_be": number("big", kit.BLS_R),
    "fq": number("little", kit.BN_P),
    "jubjub_scalar": number("little", kit.JUBJUB_R),
    "secp_n": number("big", SECP_N),
    "u64_be": number("big", None),
    "u64_le": number("little", None),
    "coefficients": coefficients,
    "flag": lambda rng, data: bytes([rng.choice((0, 1, 1, 2, 255))]),
    "recovery_id": lambda rng, data: bytes([rng.choice((0, 1, 2, 3, 4, 26, 27, 28, 29, 255, data[0] ^ 1))]),
    "zcash_g1": encoded(G1, lambda p: points.zcash(G1, p), 0, (0x20, 0x40, 0x80, 0xC0)),
    "zcash_g2": encoded(G2, lambda p: points.zcash(G2, p), 0, (0x20, 0x40, 0x80, 0xC0)),
    "ark_g1": encoded(B1, lambda p: points.ark(B1, p), 31, (0x40, 0x80, 0xC0)),
    "ark_g2": encoded(B2, lambda p: points.ark(B2, p), 63, (0x40, 0x80, 0xC0)),
    "ark_g1_full": encoded(B1, lambda p: points.ark(B1, p, full=True), 63, (0x40, 0x80, 0xC0)),
    "ark_g2_full": encoded(B2, lambda p: points.ark(B2, p, full=True), 127, (0x40, 0x80, 0xC0)),
    "raw_g1": raw_point(G1),
    "raw_g2": raw_point(G2),
    "jubjub": jubjub_point,
}


@cache
def _corpus(op: str) -> tuple[tuple[load.DuskCase, ...], tuple[load.DuskCase, ...]]:
    """Accepted cases, and all that decode."""
    decodable = tuple(c for c in load.dusk(op) if c.args is not None)
    return tuple(requests.cases(op, accepted=True)), decodable


def fields_of(case: load.DuskCase) -> list[bytes]:
    found = layouts.parse(SPEC_LAYOUT[case.op], case.argbuf)
    assert found is not None
    return list(found)


def _change(rng: Random, op: str, fields: list[bytes]) -> None:
    """One change of the tuple, in place."""
    parts: list[Part] = parts_of(op, fields)
    kind = rng.randrange(10)
    growing = GROWING.get(op, {})
    if kind == 0 and growing:
        k, size = rng.choice(sorted(growing.items()))
        fields[k] = rng.choice(
            (fields[k][: -size * rng.randrange(1, 3)], fields[k] + rng.randbytes(size), fields[k] + fields[k][:size], b"")
        )
    elif kind == 1:
        other = fields_of(rng.choice(_corpus(op)[1]))
        k = rng.randrange(len(fields))
        if k in growing or len(other[k]) == len(fields[k]):
            fields[k] = other[k]
    elif kind == 2 and len(parts) > 1:
        a, b = rng.sample(parts, 2)
        if a.size == b.size:
            left, right = (fields[x.field][x.offset : x.offset + x.size] for x in (a, b))
            _put(fields, a, right)
            _put(fields, b, left)
    elif parts:
        part = rng.choice(parts)
        _put(fields, part, MUTATIONS[part.kind](rng, fields[part.field][part.offset : part.offset + part.size]))


def _put(fields: list[bytes], part: Part, value: bytes) -> None:
    data = fields[part.field]
    fields[part.field] = data[: part.offset] + value + data[part.offset + part.size :]


def _damage(rng: Random, op: str, buffer: bytes) -> bytes:
    """Of the buffer itself: bits, ends, the root's pointers and counts."""
    kind = rng.randrange(8)
    if kind == 0:
        return flip(rng, buffer)
    if kind == 1:
        return buffer[: -rng.choice((1, 2, 4, 8, 16, 32))]
    if kind == 2:
        return buffer[rng.choice((1, 2, 4, 8, 16)) :]
    if kind == 3:
        return rng.randbytes(rng.choice((1, 2, 4, 8, 8, 16, 32))) + buffer
    if kind == 4:
        return buffer + rng.choice((bytes(1), bytes(4), bytes(8), bytes(16), rng.randbytes(8)))
    if kind == 5:
        return rng.choice((b"", bytes(len(buffer)), b"\xff" * len(buffer), rng.randbytes(len(buffer))))
    root = rkyv.ROOTS[LAYOUT[op]]
    vectors = [f for f in root.fields if isinstance(f, rkyv.Vec)]
    if not vectors or len(buffer) < root.size:
        return flip(rng, buffer)
    at = len(buffer) - root.size + rng.choice(vectors).at + rng.choice((0, 4))
    old = int.from_bytes(buffer[at : at + 4], "little")
    delta = rng.choice((1, -1, 4, -4, 8, -8, 16, -32, 32, 200, -200, 1 << 31, rng.randrange(1 << 32)))
    return buffer[:at] + ((old + delta) % (1 << 32)).to_bytes(4, "little") + buffer[at + 4 :]


def rules(rng: Random) -> Rules:
    return Rules(plonk=rng.choice(("V1", "V2", "V3")), fork=rng.choice(("PreFork", "Aegis", "Boreas")))


def request(op: str, seed: int | str, index: int) -> Request:
    """The index-th mutated request of an operation under a seed: always the same."""
    rng = Random(f"{seed}:{op}:{index}")
    accepted, decodable = _corpus(op)
    case = rng.choice(accepted if rng.random() < 0.7 else decodable)
    fields = fields_of(case)
    for _ in range(rng.choice((0, 1, 1, 1, 1, 2, 3))):
        _change(rng, op, fields)
    buffer = rkyv.write(LAYOUT[op], fields)
    if rng.random() < 0.2:
        buffer = _damage(rng, op, buffer)
    chosen = requests.rules_of(case.version) if rng.random() < 0.5 else rules(rng)
    align = rng.choice((1, 2, 4)) if rng.random() < 0.06 else 8
    return Request(op, buffer[-MAX_ARGUMENTS:], chosen, align)


def stream(op: str, seed: int | str, count: int, start: int = 0) -> Iterator[Request]:
    return (request(op, seed, i) for i in range(start, start + count))
