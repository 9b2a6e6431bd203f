"""The waist of the project: `Engine`, the batched primitives that every device offers.

The methods mirror the C ABI (`kernels_cpu/include/coproc.h`), whose conventions hold here too: field elements are little-endian
64-bit limbs in Montgomery form (R = 2^(64 limbs)), scalars are four plain limbs, points are affine with infinity all zeros.

Shapes. n and m are numbers of elements, 0 is legal. `Addresses` are uint64 addresses of memory that the caller keeps alive
until the method returns; engines read there and never write. Results are fresh, C-contiguous arrays. An element whose status is
not `Status.OK` has a zeroed result.

=============  ==============================  =====================
curve          words of G1, of G2              words of Gt
=============  ==============================  =====================
BLS12-381      12, 24                          72
BN254          8, 16                           48
=============  ==============================  =====================

An engine is safe from any number of threads at once.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final, NamedTuple, Protocol, TypeGuard

from coproc.engine.memory import I64, U8, U64, Addresses, Buffers, address_of, multiples, rows_of

__all__ = [
    "ENCODED_BYTES", "FIELD_WORDS", "GT_WORDS", "I64", "MAX_FIELDS", "PLONK_KEY_POINTS", "PLONK_PROOF_POINTS", "PLONK_TERMS",
    "POINT_WORDS", "U8", "U64", "Accelerated", "Addresses", "Buffers", "Check", "Curve", "Encoding", "Engine", "Field", "FieldOp",
    "Groth16KeyHeader", "Group", "Layout", "Parsed", "PlonkKeyHeader", "Status", "address_of", "host_of",
    "is_accelerated", "multiples", "rows_of",
]  # fmt: skip


class Status(IntEnum):
    """What became of an element. The first four are also the statuses of answers."""

    OK = 0
    MALFORMED = 1  # the rkyv check rejects the buffer
    PANIC = 2  # Dusk's own host function panics on these bytes
    UNSERVED = 3  # never an answer
    INVALID = 4  # not an encoding, not on the curve, not in the subgroup, infinity where none may be
    UNREDUCED = 5  # limbs not below the modulus: take the limb-exact path


class Curve(IntEnum):
    BLS12_381 = 0
    BN254 = 1


class Group(IntEnum):
    BLS12_381_G1 = 0
    BLS12_381_G2 = 1
    BN254_G1 = 2
    BN254_G2 = 3


class Field(IntEnum):
    BLS12_381_FP = 0
    BLS12_381_FR = 1
    BN254_FP = 2
    BN254_FR = 3
    JUBJUB_FR = 4


class FieldOp(IntEnum):
    ADD = 0
    SUB = 1
    MUL = 2
    NEG = 3
    SQR = 4
    INV = 5  # of 0: 0
    SQRT = 6  # of a non-square: 0
    TO_MONT = 7  # of any value below 2^(64 limbs)
    FROM_MONT = 8


class Encoding(IntEnum):
    """Encodings of points; the bytes of one are in `ENCODED_BYTES`."""

    ZCASH = 0  # BLS12-381 compressed, big-endian, flags in byte 0
    ZCASH_UNCOMPRESSED = 1
    ARK_COMPRESSED = 2  # BN254, little-endian, flags in the last byte
    ARK_UNCOMPRESSED = 3
    DUSK_RAW = 4  # archived affine point: Montgomery limbs, infinity byte (INVALID if set), padding; limbs >= p are UNREDUCED
    EVM = 5  # big-endian coordinates of EIP-196/197 (c1 first) and EIP-2537 (padded to 64 bytes, c0 first); zeros = infinity


class Check(IntEnum):
    """Bits of `checks`; being on the curve is part of every compressed encoding."""

    ON_CURVE = 1
    IN_SUBGROUP = 2


class Layout(IntEnum):
    """Argument tuples of the host functions and the order of their fields in `Parsed`."""

    BYTES = 0  # Vec<u8>
    SCALARS = 1  # Vec<Fr>
    PLONK = 2  # verifier data, proof, public inputs (Vec<Fr>)
    GROTH16 = 3  # prepared key, proof, inputs
    SCHNORR = 4  # message 32, key 160, signature 192
    BLS = 5  # message (Vec<u8>), key 200, signature 104
    MULTISIG = 6  # message (Vec<u8>), keys (Vec<G2>, 200 each), signature 104
    KZG = 7  # z 32, y 32, commitment 48, proof 48
    RECOVER = 8  # message hash 32, signature 65


MAX_FIELDS: Final = 4
POINT_WORDS: Final = {Group.BLS12_381_G1: 12, Group.BLS12_381_G2: 24, Group.BN254_G1: 8, Group.BN254_G2: 16}
GT_WORDS: Final = {Curve.BLS12_381: 72, Curve.BN254: 48}
FIELD_WORDS: Final = {
    Field.BLS12_381_FP: 6, Field.BLS12_381_FR: 4, Field.BN254_FP: 4, Field.BN254_FR: 4, Field.JUBJUB_FR: 4,
}  # fmt: skip
ENCODED_BYTES: Final = {
    (Group.BLS12_381_G1, Encoding.ZCASH): 48,
    (Group.BLS12_381_G2, Encoding.ZCASH): 96,
    (Group.BLS12_381_G1, Encoding.ZCASH_UNCOMPRESSED): 96,
    (Group.BLS12_381_G2, Encoding.ZCASH_UNCOMPRESSED): 192,
    (Group.BN254_G1, Encoding.ARK_COMPRESSED): 32,
    (Group.BN254_G2, Encoding.ARK_COMPRESSED): 64,
    (Group.BN254_G1, Encoding.ARK_UNCOMPRESSED): 64,
    (Group.BN254_G2, Encoding.ARK_UNCOMPRESSED): 128,
    (Group.BLS12_381_G1, Encoding.DUSK_RAW): 104,
    (Group.BLS12_381_G2, Encoding.DUSK_RAW): 200,
    (Group.BLS12_381_G1, Encoding.EVM): 128,
    (Group.BLS12_381_G2, Encoding.EVM): 256,
    (Group.BN254_G1, Encoding.EVM): 64,
    (Group.BN254_G2, Encoding.EVM): 128,
}


# A prepared PLONK key: 64-bit words, these first (offsets count words from the start of the key).
PLONK_KEY_POINTS: Final = 16  # q_m q_l q_r q_o q_f q_c q_arith q_logic q_range q_fixed q_variable s_sigma_1..4, then g
PLONK_PROOF_POINTS: Final = 11  # a b c d z t_low t_mid t_high t_fourth w_z w_zw
PLONK_TERMS: Final = PLONK_KEY_POINTS + PLONK_PROOF_POINTS


class PlonkKeyHeader(NamedTuple):
    """The first eight words of a prepared PLONK key."""

    words: int  # length of the whole key
    public_inputs: int  # how many a proof must bring
    points: int  # offset: PLONK_KEY_POINTS affine points of G1
    tables: int  # offset: their msm tables, one after the other
    lines_h: int  # offset: prepared lines of h, 0 where h is infinity
    lines_x_h: int  # offset: prepared lines of x_h, 0 where x_h is infinity
    reserved_0: int
    reserved_1: int


class Groth16KeyHeader(NamedTuple):
    """The first eight words of a prepared Groth16 key."""

    words: int
    target: int  # offset: alpha_g1_beta_g2, a value of Gt as given
    lines_gamma: int  # offset: the first 91 coefficients
    gamma_count: int  # how many were given
    gamma_infinity: int  # the flag byte
    lines_delta: int
    delta_count: int
    delta_infinity: int


class Parsed(NamedTuple):
    """The fields of n argument buffers, in the order of `Layout`.

    fields uint64[n, 4]: address of field k (of a Vec: its first element). counts uint64[n, 4]: elements of a Vec (bytes of a
    Vec<u8>), or the size in bytes of an inline field. status uint8[n]: OK or MALFORMED, in which case the row is zeroed.
    """

    fields: U64
    counts: U64
    status: U8

    def take(self, index: Any) -> Parsed:
        """The rows of an index or a slice, in its order."""
        return Parsed(self.fields[index], self.counts[index], self.status[index])


class Engine(Protocol):
    """A device. `name` as in an answer's `engine`: "spec", "cpu:portable", "cpu:adx", ..."""

    name: str

    # ---- wire ----
    def parse(self, layout: Layout, args: Buffers, aligns: U8) -> Parsed:
        """The acceptance rule of rkyv's check_archived_root; aligns uint8[n]: 1, 2, 4 or 8, of each buffer's base."""
        ...

    def match(self, data: Buffers, known: Buffers) -> I64:
        """int64[n]: the j whose `known` bytes equal element i's, or -1."""
        ...

    def group(self, data: Buffers) -> U64:
        """uint64[n]: the least j <= i whose bytes equal element i's."""
        ...

    # ---- hashes ----
    def blake2b_512(self, data: Buffers) -> U8:
        """uint8[n, 64]."""
        ...

    def sha256(self, data: Buffers) -> U8:
        """uint8[n, 32]."""
        ...

    def keccak256(self, data: Buffers) -> U8:
        """uint8[n, 32]; the original padding."""
        ...

    def hash_to_fr(self, data: Buffers, prefix: bytes = b"", *, mont: bool = True) -> U64:
        """blake2b-512 of prefix and data as a little-endian integer mod r of BLS12-381: uint64[n, 4], Montgomery or plain."""
        ...

    def poseidon_hash(self, scalars: Addresses, counts: U64) -> tuple[U64, U8]:
        """counts[i] Montgomery elements (unreduced ones too) at scalars[i] -> uint64[n, 4] Montgomery, status OK or PANIC."""
        ...

    def hades_permute(self, states: U64) -> U64:
        """uint64[n, 5, 4] -> the same shape, permuted."""
        ...

    # ---- fields ----
    def field(self, field: Field, op: FieldOp, a: U64, b: U64 | None = None) -> U64:
        """uint64[n, limbs]; b for ADD, SUB and MUL."""
        ...

    def fp12(self, curve: Curve, op: FieldOp, a: U64, b: U64 | None = None) -> U64:
        """uint64[n, words of Gt]; op is MUL, SQR or INV."""
        ...

    # ---- groups ----
    def decode(self, group: Group, encoding: Encoding, checks: int, data: Addresses) -> tuple[U64, U8]:
        """ENCODED_BYTES at each address -> points uint64[n, words], status OK, INVALID or UNREDUCED."""
        ...

    def encode(self, group: Group, encoding: Encoding, points: U64) -> U8:
        """uint8[n, ENCODED_BYTES]."""
        ...

    def check(self, group: Group, checks: int, points: U64) -> U8:
        """Status OK or INVALID, uint8[n]."""
        ...

    def add(self, group: Group, a: U64, b: U64) -> U64:
        """uint64[n, words]: a + b for any points of the curve."""
        ...

    def scalar_mul(self, group: Group, points: U64, scalars: U64) -> U64:
        """points uint64[n, words], scalars uint64[n, 4] -> uint64[n, words]; points in the group of prime order."""
        ...

    def msm(self, group: Group, offsets: U64, points: Addresses, scalars: U64, tables: Addresses | None = None) -> U64:
        """uint64[m, words]: sum of scalars[j] * (the point at points[j]) over offsets[i] <= j < offsets[i + 1].

        offsets uint64[m + 1]; scalars uint64[k, 4]; tables[j]: address of that point's table, or 0.
        """
        ...

    def msm_table_words(self, group: Group) -> int:
        """Words of one table."""
        ...

    def msm_table(self, group: Group, points: U64) -> U64:
        """uint64[n, words of one table]."""
        ...

    def hash_to_g1(self, data: Buffers, dst: bytes) -> U64:
        """RFC 9380 hash_to_curve, BLS12381G1_XMD:SHA-256_SSWU_RO_: uint64[n, 12]."""
        ...

    def map_to_g1(self, u: U64) -> U64:
        """map_to_curve and clear_cofactor of elements of Fp of BLS12-381, uint64[n, 6] -> uint64[n, 12]."""
        ...

    # ---- pairings ----
    def lines_words(self, curve: Curve) -> int:
        """Words of the prepared lines of one point of G2."""
        ...

    def lines(self, curve: Curve, points: U64) -> U64:
        """Prepared lines of points of G2 (not infinity): uint64[n, words]; for BN254 arkworks' 91 coefficients."""
        ...

    def pairing_check(self, curve: Curve, offsets: U64, g1: U64, lines: Addresses, targets: Addresses | None = None) -> U8:
        """verdict uint8[m]: is the product of e(g1[j], lines[j]), offsets[i] <= j < offsets[i + 1], equal to target i?

        g1 uint64[k, words]; a pair whose g1 is infinity or whose lines[j] is 0 is left out; no target (0) is one.
        """
        ...

    def pairing(self, curve: Curve, offsets: U64, g1: U64, g2: U64) -> U64:
        """uint64[m, words of Gt]: final_exponentiation(miller_loop(...)) of each element's pairs."""
        ...

    def miller_loop(self, curve: Curve, offsets: U64, g1: U64, g2: U64) -> U64:
        """uint64[m, words of Gt]; defined up to factors that the final exponentiation removes."""
        ...

    def miller_loop_lines(self, curve: Curve, offsets: U64, g1: U64, lines: Addresses) -> U64:
        """The same on prepared lines, with pairs left out as by `pairing_check`; 0 is possible for supplied lines alone."""
        ...

    def final_exponentiation(self, curve: Curve, f: U64) -> U64:
        """uint64[n, words of Gt]."""
        ...

    # ---- protocols ----
    def plonk_key(self, data: Buffers) -> tuple[list[U64], U8]:
        """Verifier data -> prepared keys (`PlonkKeyHeader` first; empty where invalid), status OK or INVALID."""
        ...

    def plonk_scalars(self, keys: Addresses, versions: U8, proofs: Buffers, inputs: Addresses, counts: U64) -> tuple[U64, U64, U8]:
        """Transcript and linearisation.

        keys: prepared keys; versions uint8[n]: 1, 2 or 3; proofs of at least 1,008 bytes; counts[i] Montgomery scalars at inputs[i].
        Returns scalars uint64[n, PLONK_TERMS, 4], the terms of z[W_z] + u z w[W_zw] + F - E g (pairs with h); scalars_x
        uint64[n, 2, 4], those of -([W_z] + u[W_zw]) over (w_z, w_zw) (pairs with x_h); status OK or INVALID.
        """
        ...

    def groth16_key(self, data: Buffers) -> tuple[list[U64], U8]:
        """ark PreparedVerifyingKey<Bn254> -> prepared keys (`Groth16KeyHeader` first; empty where invalid), status OK or INVALID."""
        ...

    def schnorr(self, messages: Addresses, keys: Addresses, signatures: Addresses) -> tuple[U8, U8]:
        """Archived 32, 160 and 192 bytes, unreduced limbs too -> verdict uint8[n], status OK or PANIC."""
        ...

    def bls_exact(self, multisig: bool, versions: U8, messages: Buffers, key_offsets: U64, keys: Addresses, signatures: Addresses) -> U8:
        """verify_bls (one key an element) or verify_bls_multisig on limbs as given, reduced or not: verdict uint8[n].

        versions uint8[n]: 1 or 2; keys[key_offsets[i] : key_offsets[i + 1]]: 200 bytes each; signatures: 104 bytes.
        """
        ...

    def recover(self, hashes: Addresses, signatures: Addresses) -> tuple[U8, U8]:
        """secp256k1: 32-byte hashes and signatures r, s, v of 65 bytes -> uint8[n, 65] (0x04, X, Y), status OK or INVALID (none)."""
        ...


class Accelerated(Engine, Protocol):
    """What an engine on an accelerator has besides: the engine of the host, which confirms every "no" and answers when the device dies."""

    host: Engine

    def suspect(self, why: str) -> None:
        """The host found a result of the device wrong. Raises EngineLost when that is too much."""
        ...


def is_accelerated(engine: Engine) -> TypeGuard[Accelerated]:
    return hasattr(engine, "host")


def host_of(engine: Engine) -> Engine:
    """The engine whose "no" counts: of an accelerator the host's, else the engine itself."""
    return engine.host if is_accelerated(engine) else engine
