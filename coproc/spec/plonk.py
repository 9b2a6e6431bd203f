"""Dusk's PLONK verifier, versions V1, V2 and V3.

V1 and V2 put the commitment of s_sigma_1 in the transcript where s_sigma_4 belongs (kept: proofs depend on it), V3 the right one. V1
batches 7 evaluations at z, V2 and V3 11: V1 leaves the selector evaluations unbound (a known soundness bug; kept as well).
Sources: [dusk-plonk] src/proof_system/proof.rs, src/proof_system/widget.rs, src/transcript.rs, src/compiler/verifier.rs; [GWC19].
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from coproc.params.bls12_381 import ROOT_OF_UNITY, TWO_ADICITY, R
from coproc.spec.curve import BLS12_381_G1, G1Point, G2Point
from coproc.spec.decode import zcash_g1, zcash_g2
from coproc.spec.merlin import Transcript
from coproc.spec.pairing import BLS12_381
from coproc.spec.plonk_equation import Challenges, Evaluations, Terms, linearisation
from coproc.spec.verdict import require

G1_SIZE, G2_SIZE, SCALAR_SIZE = 48, 96, 32
PERMUTATIONS = ("s_sigma_1", "s_sigma_2", "s_sigma_3", "s_sigma_4")
KEY_ORDER = ("q_m", "q_l", "q_r", "q_o", "q_f", "q_c", "q_arith", "q_logic", "q_range", "q_fixed_group_add", "q_variable_group_add")
SEED_ORDER = ("q_m", "q_l", "q_r", "q_o", "q_c", "q_f", "q_arith", "q_range", "q_logic", "q_variable_group_add", "q_fixed_group_add")
SELECTORS = KEY_ORDER + PERMUTATIONS
COMMITMENTS = ("a", "b", "c", "d", "z", "t_low", "t_mid", "t_high", "t_fourth", "w_z", "w_zw")
EVALUATION_ORDER = ("a", "b", "c", "d", "s_sigma_1", "s_sigma_2", "s_sigma_3", "z", "a_w", "b_w", "d_w", "q_arith", "q_c", "q_l", "q_r")
KEY_SIZE = 968  # n, 15 commitments and 240 bytes of padding
OPENING_KEY_SIZE = G1_SIZE + 2 * G2_SIZE
PROOF_SIZE = len(COMMITMENTS) * G1_SIZE + len(Evaluations._fields) * SCALAR_SIZE
assert PROOF_SIZE == 1008
assert len(SELECTORS) == 15


class VerifierData(NamedTuple):
    """What a circuit's verifier knows: commitments by name (as bytes for the transcript, as points for the equation), opening key."""

    label: bytes
    constraints: int
    n: int
    encoded: dict[str, bytes]
    points: dict[str, G1Point]
    g: G1Point
    h: G2Point
    x_h: G2Point
    input_indexes: tuple[int, ...]


class Proof(NamedTuple):
    """The commitments by name, still as bytes, and the evaluations."""

    encoded: dict[str, bytes]
    evaluations: Evaluations


@lru_cache(maxsize=256)
def decode_verifier_data(data: bytes) -> VerifierData:
    """Six u64 BE: label, key and opening key lengths, number of inputs, size (unused), constraints; then these four blocks."""
    require(len(data) >= 48, "verifier data too short")
    label_len, key_len, opening_len, input_count, _, constraints = (int.from_bytes(data[i : i + 8], "big") for i in range(0, 48, 8))
    bounds = [48]
    for size in (label_len, key_len, opening_len, 8 * input_count):
        bounds.append(bounds[-1] + size)
    require(bounds[-1] - 48 < 1 << 64 and bounds[-1] <= len(data), "verifier data too short")
    label, key, opening, indexes = (data[i:j] for i, j in pairwise(bounds))
    require(len(key) >= KEY_SIZE and len(opening) >= OPENING_KEY_SIZE, "a key is too short")
    encoded = {name: key[8 + G1_SIZE * i : 8 + G1_SIZE * (i + 1)] for i, name in enumerate(SELECTORS)}
    return VerifierData(
        label,
        constraints,
        int.from_bytes(key[:8], "little"),
        encoded,
        {name: zcash_g1(block) for name, block in encoded.items()},
        zcash_g1(opening[:G1_SIZE]),
        zcash_g2(opening[G1_SIZE : G1_SIZE + G2_SIZE]),
        zcash_g2(opening[G1_SIZE + G2_SIZE : OPENING_KEY_SIZE]),
        tuple(int.from_bytes(indexes[i : i + 8], "big") for i in range(0, len(indexes), 8)),
    )


def decode_proof(data: bytes) -> Proof:
    """11 commitments and 15 canonical evaluations; trailing bytes are ignored."""
    require(len(data) >= PROOF_SIZE, "proof too short")
    encoded = {name: data[G1_SIZE * i : G1_SIZE * (i + 1)] for i, name in enumerate(COMMITMENTS)}
    first = G1_SIZE * len(COMMITMENTS)
    values = tuple(int.from_bytes(data[i : i + SCALAR_SIZE], "little") for i in range(first, PROOF_SIZE, SCALAR_SIZE))
    require(all(v < R for v in values), "an evaluation is not canonical")
    return Proof(encoded, Evaluations(*values))


def challenges(data: VerifierData, proof: Proof, public_inputs: tuple[int, ...], version: int) -> Challenges:
    """The transcript, from the circuit to the last challenge."""
    t, e = Transcript(data.label), proof.evaluations

    def append(label: str, block: bytes) -> None:
        t.append(label.encode(), block)

    append("dom-sep", b"circuit_size")
    t.append_u64(b"n", data.constraints)
    for name in SEED_ORDER + PERMUTATIONS:
        append(name, data.encoded["s_sigma_1" if name == "s_sigma_4" and version < 3 else name])
    append("dom-sep", b"circuit_size")
    t.append_u64(b"n", data.n)
    for x in public_inputs:
        t.append_scalar(b"pi", x)
    for name in ("a", "b", "c", "d"):
        append(name + "_comm", proof.encoded[name])
    beta = t.challenge(b"beta")
    t.append_scalar(b"beta", beta)
    gamma = t.challenge(b"gamma")
    append("z_comm", proof.encoded["z"])
    alpha = t.challenge(b"alpha")
    range_, logic, fixed, variable = (
        t.challenge(name + b" separation challenge") for name in (b"range", b"logic", b"fixed base", b"variable base")
    )
    for name in ("t_low", "t_mid", "t_high", "t_fourth"):
        append(name + "_comm", proof.encoded[name])
    z = t.challenge(b"z_challenge")
    for name in EVALUATION_ORDER:
        t.append_scalar(f"{name}_eval".encode(), getattr(e, name))
    v, v_w = t.challenge(b"v_challenge"), t.challenge(b"v_w_challenge")
    append("w_z_chall_comm", proof.encoded["w_z"])
    append("w_z_chall_w_comm", proof.encoded["w_zw"])
    return Challenges(beta, gamma, alpha, range_, logic, fixed, variable, z, v, v_w, t.challenge(b"u_challenge"))


class Domain(NamedTuple):
    """The N-th roots of unity, N the power of two that is not below n."""

    size: int
    omega: int

    @classmethod
    def of(cls, n: int) -> Domain:
        """Invalid where 2^32 does not hold N (n above 2^63 wraps to 0 upstream, which fails as well)."""
        size = 1 if n == 0 else 1 << (n - 1).bit_length()
        require(size < 1 << TWO_ADICITY, "domain too large")
        return cls(size, pow(ROOT_OF_UNITY, (1 << TWO_ADICITY) // size, R))

    def vanishing_at(self, z: int) -> int:
        """Z_H(z) = z^N - 1."""
        return (pow(z, self.size, R) - 1) % R

    def first_lagrange_at(self, z: int) -> int:
        """L_1(z) = Z_H(z) / (N (z - 1))."""
        return self.vanishing_at(z) * pow(self.size * (z - 1), -1, R) % R

    def interpolate_at(self, z: int, indexes: tuple[int, ...], values: tuple[int, ...]) -> int:
        """sum x_i L_(idx_i + 1)(z) = Z_H(z)/N sum x_i / (z omega^-idx_i - 1); a zero denominator contributes nothing."""
        total = 0
        for index, x in zip(indexes, values, strict=True):
            denominator = (z * pow(self.omega, -(index % self.size), R) - 1) % R
            if denominator:
                total += x * pow(denominator, -1, R)
        return total * self.vanishing_at(z) * pow(self.size, -1, R) % R


def opening_terms(data: VerifierData, proof: Proof, public_inputs: tuple[int, ...], version: int) -> tuple[Terms, Terms]:
    """Scalars by commitment: of z [W_z] + u z omega [W_zw] + F - E g, to be paired with h, and of -([W_z] + u [W_zw]), paired with x_h.

    The keys are the names of ``SELECTORS``, of ``COMMITMENTS`` and "g".
    """
    require(len(public_inputs) == len(data.input_indexes), "wrong number of public inputs")
    domain, e, c = Domain.of(data.n), proof.evaluations, challenges(data, proof, public_inputs, version)
    public = domain.interpolate_at(c.z, data.input_indexes, public_inputs)
    vanishing, lagrange = domain.vanishing_at(c.z), domain.first_lagrange_at(c.z)
    terms, constant = linearisation(e, c, lagrange)
    for i, name in enumerate(("t_low", "t_mid", "t_high", "t_fourth")):
        terms[name] = -vanishing * pow(c.z, domain.size * i, R) % R
    value = -(public + constant)  # -r0
    batch = ["a", "b", "c", "d", "s_sigma_1", "s_sigma_2", "s_sigma_3"]
    if version > 1:
        batch += ["q_arith", "q_c", "q_l", "q_r"]
    for i, name in enumerate(batch, 1):
        power = pow(c.v, i, R)
        terms[name] = (terms.get(name, 0) + power) % R
        value += power * getattr(e, name)
    for i, name in enumerate(("a", "b", "d"), 1):
        power = c.u * pow(c.v_w, i, R)
        terms[name] = (terms[name] + power) % R
        value += power * getattr(e, name + "_w")
    value += c.u * e.z
    terms |= {"w_z": c.z, "w_zw": c.u * c.z * domain.omega % R, "g": -value % R}
    return terms, {"w_z": R - 1, "w_zw": -c.u % R}


def verify(verifier_data: bytes, proof_data: bytes, public_inputs: tuple[int, ...], version: int) -> bool:
    """Public inputs are reduced scalars; version 1, 2 or 3. Raises Invalid where something does not decode."""
    data, proof = decode_verifier_data(verifier_data), decode_proof(proof_data)
    terms, x_terms = opening_terms(data, proof, public_inputs, version)
    points = {**data.points, "g": data.g, **{name: zcash_g1(block) for name, block in proof.encoded.items()}}
    right = BLS12_381_G1.msm((scalar, points[name]) for name, scalar in terms.items())
    left = BLS12_381_G1.msm((scalar, points[name]) for name, scalar in x_terms.items())
    return BLS12_381.is_one([(left, data.x_h), (right, data.h)])
