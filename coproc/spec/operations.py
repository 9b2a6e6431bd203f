"""The eleven host functions: argument bytes and rules in, Dusk's answer out.

``answer`` is the specification of the whole project: whatever an engine, a batch or a cache does, it says the same.
Source: [dusk-vm] src/host_queries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from coproc.spec import bls, groth16, hashes, kzg, plonk, poseidon, recover, rkyv, schnorr
from coproc.spec.fields import BLS12_381_FR
from coproc.spec.raw import poseidon as raw_poseidon
from coproc.spec.verdict import Invalid, Panic

Value = bool | bytes | None
Fields = tuple[bytes, ...]


class Rules(Protocol):
    """The rules in force: plonk is "V1", "V2" or "V3", fork "PreFork", "Aegis" or "Boreas"."""

    @property
    def plonk(self) -> str: ...
    @property
    def fork(self) -> str: ...


class DefaultRules(NamedTuple):
    plonk: str = "V2"
    fork: str = "PreFork"


class Answer(NamedTuple):
    """status "ok", "malformed" (the fallback) or "panic"; value: scalars are canonical little-endian; retbuf as Dusk writes it."""

    status: str
    value: Value
    retbuf: bytes | None


class Operation(NamedTuple):
    """``run`` takes the decoded fields; it may raise Invalid (false) or Panic. ``encode`` writes its value, ``fallback`` is the value of a
    buffer that does not decode. ``price`` takes the fields, or the buffer's length where it does not decode."""

    layout: rkyv.Layout
    run: Callable[[Fields, Rules], Value]
    encode: Callable[[Value], bytes]
    fallback: Value
    price: Callable[[Fields | int], int]


# ---- values -----------------------------------------------------------------------------------------------------------------
def encode_bool(value: Value) -> bytes:
    return bytes([value is True])


def encode_bytes(value: Value) -> bytes:
    assert isinstance(value, bytes)
    return value


def encode_scalar(value: Value) -> bytes:
    """Canonical bytes -> Montgomery limbs."""
    return BLS12_381_FR.to_mont(int.from_bytes(encode_bytes(value), "little")).to_bytes(32, "little")


def encode_option65(value: Value) -> bytes:
    return bytes(66) if value is None else b"\x01" + encode_bytes(value)


def _scalar(value: int) -> bytes:
    return value.to_bytes(32, "little")


def _limbs(data: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(word, "little") for word in rkyv.chunks(data, 32))


# ---- the functions ------------------------------------------------------------------------------------------------------------
def _hash(fields: Fields, _: Rules) -> Value:
    return _scalar(hashes.hash_to_scalar(fields[0]))


def _keccak256(fields: Fields, _: Rules) -> Value:
    return hashes.keccak256(fields[0])


def _sha256(fields: Fields, _: Rules) -> Value:
    return hashes.sha256(fields[0])


def poseidon_of_limbs(limbs: tuple[int, ...]) -> int:
    """The hash of scalars given by their Montgomery limbs, reduced or not; Panic for none."""
    if any(x >= BLS12_381_FR.p for x in limbs):
        return BLS12_381_FR.from_mont(raw_poseidon.poseidon_hash(limbs))
    return poseidon.poseidon_hash(tuple(BLS12_381_FR.from_mont(x) for x in limbs))


def _poseidon_hash(fields: Fields, _: Rules) -> Value:
    return _scalar(poseidon_of_limbs(_limbs(fields[0])))


def _verify_plonk(fields: Fields, rules: Rules) -> Value:
    inputs = tuple(BLS12_381_FR.from_mont(x) for x in _limbs(fields[2]))  # unreduced ones count as their value mod r
    return plonk.verify(fields[0], fields[1], inputs, int(rules.plonk[1:]))


def _verify_groth16_bn254(fields: Fields, _: Rules) -> Value:
    return groth16.verify(*fields)


def _verify_schnorr(fields: Fields, _: Rules) -> Value:
    return schnorr.verify(*fields)


def _bls_version(rules: Rules) -> int:
    return 1 if rules.fork == "PreFork" else 2


def _verify_bls(fields: Fields, rules: Rules) -> Value:
    return bls.verify(fields[0], fields[1], fields[2], _bls_version(rules))


def _verify_bls_multisig(fields: Fields, rules: Rules) -> Value:
    return bls.verify_multisig(fields[0], rkyv.chunks(fields[1], 200), fields[2], _bls_version(rules))


def _verify_kzg_proof(fields: Fields, _: Rules) -> Value:
    return kzg.verify(*fields)


def _secp256k1_recover(fields: Fields, _: Rules) -> Value:
    return recover.recover(*fields)


# ---- prices, in force under Boreas --------------------------------------------------------------------------------------------
def _fixed(gas: int) -> Callable[[Fields | int], int]:
    return lambda _: gas


def _per_byte(base: int, gas: int) -> Callable[[Fields | int], int]:
    """Per byte of the Vec; of the whole buffer where it does not decode."""
    return lambda fields: base + gas * (fields if isinstance(fields, int) else len(fields[0]))


def _per_element(base: int, gas: int, field: int, size: int) -> Callable[[Fields | int], int]:
    """Per element of a Vec, at least one; one where the buffer does not decode."""
    return lambda fields: base + gas * (1 if isinstance(fields, int) else max(1, len(fields[field]) // size))


_NO_SCALAR: Final = bytes(32)
OPERATIONS: Final[dict[str, Operation]] = {
    "hash": Operation(rkyv.BYTES, _hash, encode_scalar, _NO_SCALAR, _per_byte(3000, 10)),
    "poseidon_hash": Operation(rkyv.SCALARS, _poseidon_hash, encode_scalar, _NO_SCALAR, _per_element(30_000, 10_000, 0, 32)),
    "verify_plonk": Operation(rkyv.PLONK, _verify_plonk, encode_bool, False, _fixed(10_000_000)),
    "verify_groth16_bn254": Operation(rkyv.GROTH16, _verify_groth16_bn254, encode_bool, False, _fixed(4_500_000)),
    "verify_schnorr": Operation(rkyv.SCHNORR, _verify_schnorr, encode_bool, False, _fixed(1_000_000)),
    "verify_bls": Operation(rkyv.BLS, _verify_bls, encode_bool, False, _fixed(1_750_000)),
    "verify_bls_multisig": Operation(rkyv.MULTISIG, _verify_bls_multisig, encode_bool, False, _per_element(2_500_000, 200_000, 1, 200)),
    "keccak256": Operation(rkyv.BYTES, _keccak256, encode_bytes, bytes(32), _per_byte(3000, 16)),
    "sha256": Operation(rkyv.BYTES, _sha256, encode_bytes, bytes(32), _per_byte(3000, 8)),
    "verify_kzg_proof": Operation(rkyv.KZG, _verify_kzg_proof, encode_bool, False, _fixed(2_000_000)),
    "secp256k1_recover": Operation(rkyv.RECOVER, _secp256k1_recover, encode_option65, None, _fixed(200_000)),
}


def answer(op: str, argbuf: bytes, rules: Rules | None = None, align: int = 8) -> Answer:
    """What Dusk's host function answers; ``align``: alignment of the buffer's base address. KeyError for an unknown name."""
    operation = OPERATIONS[op]
    fields = rkyv.parse(operation.layout, argbuf, align)
    if fields is None:
        return Answer("malformed", operation.fallback, operation.encode(operation.fallback))
    try:
        value = operation.run(fields, rules or DefaultRules())
    except Invalid:
        value = False
    except Panic:
        return Answer("panic", None, None)
    return Answer("ok", value, operation.encode(value))


def price(op: str, argbuf: bytes, rules: Rules | None = None, align: int = 8) -> int:
    """Gas of a call: zero before Boreas, and a function of the argument bytes alone."""
    if (rules or DefaultRules()).fork != "Boreas":
        return 0
    fields = rkyv.parse(OPERATIONS[op].layout, argbuf, align)
    return OPERATIONS[op].price(len(argbuf) if fields is None else fields)
