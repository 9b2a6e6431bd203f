"""The figures that are wanted, as ratios to peers timed in the same run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from benches.peers.cpu import RIVALS, Key

CURVES: Final = ("bls12-381", "bn254")
ASSEMBLERS: Final = ("blst", "gnark-crypto")


@dataclass(frozen=True)
class Wanted:
    """At most `ratio` times the best of `against`."""

    ratio: float
    against: tuple[str, ...] = RIVALS


def _primitives() -> dict[tuple[str, Key], Wanted]:
    """Engine and figure -> what is wanted.

    g1_mul and hash_g1 are held against the peers by the batch: an answer of the ABI is affine, and the inversion that makes it so,
    which the peers' loops do not pay, is shared there. The single calls are measured and shown all the same.
    """
    out: dict[tuple[str, Key], Wanted] = {}
    for curve in CURVES:
        for op in ("fp_mul", "fr_mul"):
            out["cpu:adx", (curve, op, 1)] = Wanted(1.05, ASSEMBLERS)
            out["cpu:portable", (curve, op, 1)] = Wanted(1.6, ASSEMBLERS)
        single = ["pairing", "final_exp", "g1_decompress", "g2_decompress", "g2_subgroup"]
        for op in single + (["g1_subgroup"] if curve == "bls12-381" else []):  # every point of BN254's curve is in G1
            out["cpu:adx", (curve, op, 1)] = Wanted(1.03)
        for n in (2, 64):
            out["cpu:adx", (curve, "multi_pairing", n)] = Wanted(1.03)
        out["cpu:adx", (curve, "g1_mul_batch", 64)] = Wanted(1.03)
    out["cpu:adx", ("bls12-381", "hash_g1_batch", 64)] = Wanted(1.03)
    return out


PRIMITIVES: Final = _primitives()

FASTER: Final = {
    "verify_plonk": 5.8,
    "verify_groth16_bn254": 3.9,
    "verify_bls": 2.3,
    "verify_schnorr": 2.4,
    "verify_kzg_proof": 1.3,
    "poseidon_hash": 2.4,
}
"""How many times faster one call, its key known, is wanted to be than Dusk's own, with `cpu:adx`."""

PYTHON_US: Final = 2.0
"""At most this many microseconds of a request in a batch of 1,024 are Python's."""

IMPORT_S: Final = 0.3
DEMO_S: Final = 60.0
