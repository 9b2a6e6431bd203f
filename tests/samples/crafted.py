"""Requests that a verifier with one check missing would accept, and Dusk refuses: the equation holds, a point is not what it must be.

A point T of order prime to r pairs to one with everything, so that P + T satisfies every equation that P does; where both points of an
opening key are infinity, every equation holds; where A is infinity and the key says so, B is never used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from coproc.engine.protocol import Group
from coproc.operation import Request
from coproc.wire import rkyv
from tests.engine import torsion
from tests.fuzz import mutate, points
from tests.fuzz.parts import LAYOUT, Part, parts_of
from tests.samples import requests
from tests.vectors.load import DuskCase

G1, G2, B1, B2 = Group.BLS12_381_G1, Group.BLS12_381_G2, Group.BN254_G1, Group.BN254_G2


class Crafted(NamedTuple):
    """`base` is accepted; `request` differs from it in one point. in_key: a point of the key, else of the proof or signature."""

    name: str
    base: Request
    request: Request
    in_key: bool = False


def _with(case: DuskCase, part: Part, value: bytes) -> Request:
    fields = mutate.fields_of(case)
    mutate._put(fields, part, value)
    return requests.request_of(case)._replace(args=rkyv.write(LAYOUT[case.op], fields))


def _bytes(case: DuskCase, part: Part) -> bytes:
    return mutate.fields_of(case)[part.field][part.offset : part.offset + part.size]


def _named(op: str, *names: str) -> DuskCase:
    found = [c for c in requests.cases(op, accepted=True) if c.case in names]
    assert found, names
    return found[0]


def _plus_small(case: DuskCase, part: Part, what: str) -> Iterator[Crafted]:
    """P + T for T of each small order, in zcash's encoding."""
    point = points.decompressed(G1, _bytes(case, part), lambda p: points.zcash(G1, p))
    for order in torsion.SMALL_ORDERS[G1]:
        total = torsion.add(G1, point, torsion.point_of_order(G1, order))
        request = _with(case, part, points.zcash(G1, total))
        yield Crafted(f"{what} plus a point of order {order}", requests.request_of(case), request, what == "g")


def kzg() -> Iterator[Crafted]:
    case = _named("verify_kzg_proof", "valid-0")
    for k, what in ((2, "commitment"), (3, "proof")):
        yield from _plus_small(case, Part(k, 0, 48, "zcash_g1"), what)


def bls() -> Iterator[Crafted]:
    """Signatures only: a key outside its group does not pair as one inside."""
    for op in ("verify_bls", "verify_bls_multisig"):
        for case in [c for c in requests.cases(op, accepted=True) if c.case.startswith("valid")][:6:2]:
            part = Part(2, 0, 104, "raw_g1")
            point = points.raw_point(G1, _bytes(case, part))
            for order in torsion.SMALL_ORDERS[G1]:
                total = torsion.add(G1, point, torsion.point_of_order(G1, order))
                yield Crafted(f"{op} signature plus order {order}", requests.request_of(case), _with(case, part, points.raw(G1, total)))


def plonk() -> Iterator[Crafted]:
    """The opening proofs enter the transcript before the last challenge alone, and their equations hold for any; g enters no transcript."""
    case = next(c for c in requests.cases("verify_plonk", accepted=True) if "made-for-V3" in c.case)
    parts = parts_of("verify_plonk", mutate.fields_of(case))
    proof = [p for p in parts if p.field == 1 and p.kind == "zcash_g1"]
    yield from _plus_small(case, proof[9], "w_z")
    yield from _plus_small(case, proof[10], "w_zw")
    yield from _plus_small(case, [p for p in parts if p.field == 0 and p.kind == "zcash_g1"][15], "g")
    free = _named("verify_plonk", "vd-h-and-xh-infinity")
    for i, part in enumerate(p for p in parts_of("verify_plonk", mutate.fields_of(free)) if p.kind == "zcash_g1"):
        for stranger in points.strangers(G1)[-1:]:
            what = f"point {i} of {'key' if part.field == 0 else 'proof'}"
            request = _with(free, part, points.zcash(G1, stranger))
            yield Crafted(f"{what} outside", requests.request_of(free), request, part.field == 0)


def groth16() -> Iterator[Crafted]:
    """B unused beside an A of infinity; beta, gamma, delta of the key unused always: all must be of their group."""
    case = _named("verify_groth16_bn254", "pvk-accepts-anything-infinity-a")
    for i, stranger in enumerate(points.strangers(B2)):
        yield Crafted(f"B outside {i}", requests.request_of(case), _with(case, Part(1, 32, 64, "ark_g2"), points.ark(B2, stranger)))
    good = _named("verify_groth16_bn254", "valid-1-publics")
    for k, what in enumerate(("beta", "gamma", "delta")):
        for i, stranger in enumerate(points.strangers(B2)):
            part = Part(0, 64 + 128 * k, 128, "ark_g2_full")
            request = _with(good, part, points.ark(B2, stranger, full=True))
            yield Crafted(f"{what} outside {i}", requests.request_of(good), request, True)


CRAFTED = {
    "verify_kzg_proof": kzg, "verify_bls": bls, "verify_plonk": plonk, "verify_groth16_bn254": groth16,
}  # fmt: skip
