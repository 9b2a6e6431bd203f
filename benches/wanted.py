"""The figures that are wanted, as ratios to peers timed in the same run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

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
    which the peers' loops do not pay, is shared there. The single calls are measured and shown all the same. In lanes everything is
    held by the batch.
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


def _lanes() -> dict[tuple[str, Key], Wanted]:
    """Eight lanes: times faster than the best peer, as the largest ratio of the times."""
    out: dict[tuple[str, Key], Wanted] = {}
    for curve, pairing, msm in (("bls12-381", 3.6, 3.0), ("bn254", 4.8, 3.5)):
        out["cpu:ifma", (curve, "multi_pairing", 256)] = Wanted(round(1 / pairing, 4))
        for n in (1024, 16384):
            out["cpu:ifma", (curve, "msm_g1", n)] = out["cpu:ifma", (curve, "msm_g1_128bit", n)] = Wanted(round(1 / msm, 4))
        for op in ("g1_decompress_batch", "g2_decompress_batch", "g2_subgroup_batch"):
            out["cpu:ifma", (curve, op, 64)] = Wanted(round(1 / 3.3, 4))
    out["cpu:ifma", ("bls12-381", "g1_subgroup_batch", 64)] = Wanted(round(1 / 3.3, 4))
    out["cpu:ifma", ("bls12-381", "hash_g1_batch", 64)] = Wanted(round(1 / 3.0, 4))
    return out


PRIMITIVES: Final = _primitives() | _lanes()

FASTER: Final = {
    "verify_plonk": 5.8,
    "verify_groth16_bn254": 3.9,
    "verify_bls": 2.3,
    "verify_schnorr": 2.4,
    "verify_kzg_proof": 1.3,
    "poseidon_hash": 2.4,
}
"""How many times faster one call, its key known, is wanted to be than Dusk's own, with `cpu:adx`."""

BATCH: Final[dict[str, dict[str, float]]] = {
    "verify_plonk": {"cpu:ifma": 37, "cpu:adx": 11},
    "verify_groth16_bn254": {"cpu:ifma": 50, "cpu:adx": 10},
    "verify_bls, fresh keys": {"cpu:ifma": 16, "cpu:adx": 4.3},
    "verify_bls": {"cpu:ifma": 24},
    "verify_bls_multisig, fresh keys": {"cpu:ifma": 40, "cpu:adx": 10},
    "verify_bls_multisig": {"cpu:ifma": 300},
    "verify_schnorr": {"cpu:ifma": 9, "cpu:adx": 2.4},
    "verify_kzg_proof": {"cpu:ifma": 20, "cpu:adx": 6},
    "poseidon_hash": {"cpu:ifma": 14, "cpu:adx": 3.4},
}
"""How many times faster a request of a batch is wanted to be than Dusk's own single call; poseidon_hash at the C ABI."""

BLST_MS: Final = 1.04
"""blst's verification of a signature from bytes on the machine of the two tables below; milliseconds scale with it."""

ONE_CALL_MS: Final = {"verify_plonk": 1.2, "verify_groth16_bn254": 0.65, "verify_bls": 0.85, "verify_schnorr": 0.18}
"""One call alone, the key known, with `cpu:ifma`."""

BLOCK_MS: Final = {"verify_plonk": 100.0, "verify_groth16_bn254": 45.0, "verify_bls": 240.0, "verify_schnorr": 210.0}
"""A block of Dusk's at its gas limit, on one core, with `cpu:ifma`."""

GROWTH: Final = 1.03
"""At most so much of the time an item at 64 may an item take in larger batches."""
MEMORY_BYTES: Final = 4096
"""At most so many bytes an item beyond the input."""

PYTHON_US: Final = 2.0
"""At most this many microseconds of a request in a batch of 1,024 are Python's."""

IMPORT_S: Final = 0.3
DEMO_S: Final = 60.0


def at_least(wanted: float, measured: float) -> dict[str, Any]:
    """wanted, measured, met, and what it is short of: measured / wanted where it is missed."""
    return {"wanted": wanted, "measured": measured, "met": measured >= wanted, "by": round(measured / wanted, 3)}


def at_most(wanted: float, measured: float) -> dict[str, Any]:
    """The same for what must not be more: wanted / measured."""
    return {"wanted": wanted, "measured": measured, "met": measured <= wanted, "by": round(wanted / measured, 3) if measured else 1.0}


def verdict(check: dict[str, Any]) -> str:
    """ "met", or by how much it is missed."""
    return "met" if check["met"] else f"MISSED by {1 - check['by']:.0%}"
