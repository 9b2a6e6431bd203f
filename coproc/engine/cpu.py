"""The CPU engine: the kernels of `kernels_cpu`, one instruction set an instance, called on whole batches.

A call costs about a microsecond of Python: results are allocated, addresses are taken, the kernel runs without the interpreter
lock. Sizes of array arguments are compared with what the kernel will read, so a wrong shape is a ValueError here and never a
wild read there; addresses inside `Buffers` and `Addresses` are the caller's word.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from coproc.engine.library import Kernels, kernels
from coproc.engine.protocol import (
    ENCODED_BYTES,
    FIELD_WORDS,
    GT_WORDS,
    I64,
    MAX_FIELDS,
    PLONK_TERMS,
    POINT_WORDS,
    U8,
    U64,
    Addresses,
    Buffers,
    Curve,
    Encoding,
    Field,
    FieldOp,
    Group,
    Layout,
    Parsed,
    Status,
    address_of,
)

_U8: Final = np.dtype(np.uint8)
_U64: Final = np.dtype(np.uint64)
_I64: Final = np.dtype(np.int64)
_empty: Final = np.empty


def _in(array: np.ndarray[Any, Any], count: int) -> int:
    """The address of an argument of 64-bit words, after its size was compared."""
    if array.nbytes != 8 * count:
        raise ValueError(f"an array argument has {array.nbytes} bytes, {8 * count} are read")
    return address_of(array)


def _bytes_in(array: U8, count: int) -> int:
    if array.nbytes != count:
        raise ValueError(f"an array argument has {array.nbytes} bytes, {count} are read")
    return address_of(array)


class CpuEngine:
    """The kernels of one instruction set; see `coproc.engine.protocol.Engine` for what each method takes and gives."""

    def __init__(self, isa: str | None = None) -> None:
        """isa: "portable", "adx" or "ifma"; None for the best here. Raises EngineUnavailable."""
        self._k: Kernels = kernels(isa)
        self.isa = self._k.isa
        self.name = f"cpu:{self._k.isa}"
        self._table_words = {g: int(self._k.msm_table_words(g)) for g in Group}
        self._lines_words = {c: int(self._k.lines_words(c)) for c in Curve}
        self._groth16_words = int(self._k.groth16_key_words())

    # ---- wire ----
    def parse(self, layout: Layout, args: Buffers, aligns: U8) -> Parsed:
        n = len(args.addresses)
        fields = _empty((n, MAX_FIELDS), _U64)
        counts = _empty((n, MAX_FIELDS), _U64)
        status = _empty(n, _U8)
        self._k.parse(
            layout, n, address_of(args.addresses), address_of(args.lengths), _bytes_in(aligns, n), address_of(fields),
            address_of(counts), address_of(status),
        )  # fmt: skip
        return Parsed(fields, counts, status)

    def match(self, data: Buffers, known: Buffers) -> I64:
        n = len(data.addresses)
        index = _empty(n, _I64)
        self._k.match(
            n, address_of(data.addresses), address_of(data.lengths), len(known.addresses), address_of(known.addresses),
            address_of(known.lengths), address_of(index),
        )  # fmt: skip
        return index

    def group(self, data: Buffers) -> U64:
        n = len(data.addresses)
        index = _empty(n, _U64)
        self._k.group(n, address_of(data.addresses), address_of(data.lengths), address_of(index))
        return index

    # ---- hashes ----
    def _digests(self, kernel: Any, data: Buffers, width: int) -> U8:
        n = len(data.addresses)
        out = _empty((n, width), _U8)
        kernel(n, address_of(data.addresses), address_of(data.lengths), address_of(out))
        return out

    def blake2b_512(self, data: Buffers) -> U8:
        return self._digests(self._k.blake2b_512, data, 64)

    def sha256(self, data: Buffers) -> U8:
        return self._digests(self._k.sha256, data, 32)

    def keccak256(self, data: Buffers) -> U8:
        return self._digests(self._k.keccak256, data, 32)

    def hash_to_fr(self, data: Buffers, prefix: bytes = b"", *, mont: bool = True) -> U64:
        n = len(data.addresses)
        out = _empty((n, 4), _U64)
        where = address_of(out)
        before = np.frombuffer(prefix, _U8)
        self._k.hash_to_fr(
            n, address_of(before), len(prefix), address_of(data.addresses), address_of(data.lengths), where if mont else 0,
            0 if mont else where,
        )  # fmt: skip
        return out

    def poseidon_hash(self, scalars: Addresses, counts: U64) -> tuple[U64, U8]:
        n = len(scalars)
        out = _empty((n, 4), _U64)
        status = _empty(n, _U8)
        self._k.poseidon_hash(n, address_of(scalars), _in(counts, n), address_of(out), address_of(status))
        return out, status

    def hades_permute(self, states: U64) -> U64:
        out = np.array(states, _U64, order="C")
        self._k.hades_permute(len(out), _in(out, 20 * len(out)))
        return out

    # ---- fields ----
    def _binary(self, kernel: Any, what: int, op: FieldOp, words: int, a: U64, b: U64 | None) -> U64:
        n = len(a)
        out = _empty((n, words), _U64)
        if (b is None) != (op not in (FieldOp.ADD, FieldOp.SUB, FieldOp.MUL)):
            raise ValueError(f"{op.name} takes {'one operand' if b is not None else 'two operands'}")
        kernel(what, op, n, _in(a, n * words), 0 if b is None else _in(b, n * words), address_of(out))
        return out

    def field(self, field: Field, op: FieldOp, a: U64, b: U64 | None = None) -> U64:
        return self._binary(self._k.field, field, op, FIELD_WORDS[field], a, b)

    def fp12(self, curve: Curve, op: FieldOp, a: U64, b: U64 | None = None) -> U64:
        return self._binary(self._k.fp12, curve, op, GT_WORDS[curve], a, b)

    # ---- groups ----
    def decode(self, group: Group, encoding: Encoding, checks: int, data: Addresses) -> tuple[U64, U8]:
        n = len(data)
        points = _empty((n, POINT_WORDS[group]), _U64)
        status = _empty(n, _U8)
        self._k.decode(group, encoding, checks, n, address_of(data), address_of(points), address_of(status))
        return points, status

    def encode(self, group: Group, encoding: Encoding, points: U64) -> U8:
        n = len(points)
        out = _empty((n, ENCODED_BYTES[group, encoding]), _U8)
        self._k.encode(group, encoding, n, _in(points, n * POINT_WORDS[group]), address_of(out))
        return out

    def check(self, group: Group, checks: int, points: U64) -> U8:
        n = len(points)
        status = _empty(n, _U8)
        self._k.check(group, checks, n, _in(points, n * POINT_WORDS[group]), address_of(status))
        return status

    def add(self, group: Group, a: U64, b: U64) -> U64:
        n, words = len(a), POINT_WORDS[group]
        out = _empty((n, words), _U64)
        self._k.add(group, n, _in(a, n * words), _in(b, n * words), address_of(out))
        return out

    def scalar_mul(self, group: Group, points: U64, scalars: U64) -> U64:
        n, words = len(points), POINT_WORDS[group]
        out = _empty((n, words), _U64)
        self._k.scalar_mul(group, n, _in(points, n * words), _in(scalars, 4 * n), address_of(out))
        return out

    def msm(self, group: Group, offsets: U64, points: Addresses, scalars: U64, tables: Addresses | None = None) -> U64:
        m, k = len(offsets) - 1, len(points)
        out = _empty((m, POINT_WORDS[group]), _U64)
        self._k.msm(
            group, m, _offsets(offsets, k), address_of(points), 0 if tables is None else _in(tables, k), _in(scalars, 4 * k),
            address_of(out),
        )  # fmt: skip
        return out

    def msm_table_words(self, group: Group) -> int:
        return self._table_words[group]

    def msm_table(self, group: Group, points: U64) -> U64:
        n = len(points)
        out = _empty((n, self._table_words[group]), _U64)
        self._k.msm_table(group, n, _in(points, n * POINT_WORDS[group]), address_of(out))
        return out

    def hash_to_g1(self, data: Buffers, dst: bytes) -> U64:
        n = len(data.addresses)
        out = _empty((n, 12), _U64)
        tag = np.frombuffer(dst, _U8)
        self._k.hash_to_g1(n, address_of(data.addresses), address_of(data.lengths), address_of(tag), len(dst), address_of(out))
        return out

    def map_to_g1(self, u: U64) -> U64:
        n = len(u)
        out = _empty((n, 12), _U64)
        self._k.map_to_g1(n, _in(u, 6 * n), address_of(out))
        return out

    # ---- pairings ----
    def lines_words(self, curve: Curve) -> int:
        return self._lines_words[curve]

    def lines(self, curve: Curve, points: U64) -> U64:
        n = len(points)
        out = _empty((n, self._lines_words[curve]), _U64)
        self._k.lines(curve, n, _in(points, n * GT_WORDS[curve] // 3), address_of(out))
        return out

    def pairing_check(self, curve: Curve, offsets: U64, g1: U64, lines: Addresses, targets: Addresses | None = None) -> U8:
        m, k = len(offsets) - 1, len(lines)
        verdict = _empty(m, _U8)
        self._k.pairing_check(
            curve, m, _offsets(offsets, k), _in(g1, k * GT_WORDS[curve] // 6), address_of(lines),
            0 if targets is None else _in(targets, m), address_of(verdict),
        )  # fmt: skip
        return verdict

    def _pairs(self, kernel: Any, curve: Curve, offsets: U64, g1: U64, g2: U64) -> U64:
        m, k, words = len(offsets) - 1, len(g1), GT_WORDS[curve]
        out = _empty((m, words), _U64)
        kernel(curve, m, _offsets(offsets, k), _in(g1, k * words // 6), _in(g2, k * words // 3), address_of(out))
        return out

    def pairing(self, curve: Curve, offsets: U64, g1: U64, g2: U64) -> U64:
        return self._pairs(self._k.pairing, curve, offsets, g1, g2)

    def miller_loop(self, curve: Curve, offsets: U64, g1: U64, g2: U64) -> U64:
        return self._pairs(self._k.miller_loop, curve, offsets, g1, g2)

    def miller_loop_lines(self, curve: Curve, offsets: U64, g1: U64, lines: Addresses) -> U64:
        m, k, words = len(offsets) - 1, len(lines), GT_WORDS[curve]
        out = _empty((m, words), _U64)
        self._k.miller_loop_lines(curve, m, _offsets(offsets, k), _in(g1, k * words // 6), address_of(lines), address_of(out))
        return out

    def final_exponentiation(self, curve: Curve, f: U64) -> U64:
        n = len(f)
        out = _empty((n, GT_WORDS[curve]), _U64)
        self._k.final_exponentiation(curve, n, _in(f, n * GT_WORDS[curve]), address_of(out))
        return out

    # ---- protocols ----
    def _prepare(self, kernel: Any, data: Buffers, words: list[int]) -> tuple[list[U64], U8]:
        n = len(data.addresses)
        keys = [_empty(w, _U64) for w in words]
        places = np.array([address_of(k) for k in keys], _U64)
        status = _empty(n, _U8)
        kernel(n, address_of(data.addresses), address_of(data.lengths), address_of(places), address_of(status))
        return [k if s == Status.OK else _empty(0, _U64) for k, s in zip(keys, status.tolist(), strict=True)], status

    def plonk_key(self, data: Buffers) -> tuple[list[U64], U8]:
        return self._prepare(self._k.plonk_key, data, [int(self._k.plonk_key_words(length)) for length in data.lengths.tolist()])

    def groth16_key(self, data: Buffers) -> tuple[list[U64], U8]:
        return self._prepare(self._k.groth16_key, data, [self._groth16_words] * len(data))

    def plonk_scalars(self, keys: Addresses, versions: U8, proofs: Buffers, inputs: Addresses, counts: U64) -> tuple[U64, U64, U8]:
        n = len(keys)
        scalars = _empty((n, PLONK_TERMS, 4), _U64)
        scalars_x = _empty((n, 2, 4), _U64)
        status = _empty(n, _U8)
        self._k.plonk_scalars(
            n, address_of(keys), _bytes_in(versions, n), _in(proofs.addresses, n), _in(proofs.lengths, n), _in(inputs, n),
            _in(counts, n), address_of(scalars), address_of(scalars_x), address_of(status),
        )  # fmt: skip
        return scalars, scalars_x, status

    def schnorr(self, messages: Addresses, keys: Addresses, signatures: Addresses) -> tuple[U8, U8]:
        n = len(messages)
        verdict = _empty(n, _U8)
        status = _empty(n, _U8)
        self._k.schnorr(n, address_of(messages), _in(keys, n), _in(signatures, n), address_of(verdict), address_of(status))
        return verdict, status

    def bls_exact(self, multisig: bool, versions: U8, messages: Buffers, key_offsets: U64, keys: Addresses, signatures: Addresses) -> U8:
        n = len(signatures)
        verdict = _empty(n, _U8)
        self._k.bls_exact(
            n, int(multisig), _bytes_in(versions, n), _in(messages.addresses, n), _in(messages.lengths, n),
            _offsets(key_offsets, len(keys), n), address_of(keys), address_of(signatures), address_of(verdict),
        )  # fmt: skip
        return verdict

    def recover(self, hashes: Addresses, signatures: Addresses) -> tuple[U8, U8]:
        from coproc.engine.secp256k1 import recover

        return recover(hashes, signatures)


def _offsets(offsets: U64, k: int, m: int | None = None) -> int:
    """The address of ascending offsets 0 ... k; the last one is compared, so that no kernel reads behind the k elements."""
    if offsets.nbytes < 8 or (m is not None and offsets.nbytes != 8 * (m + 1)):
        raise ValueError("offsets are one more than elements")
    if offsets.item(-1) != k:
        raise ValueError(f"the last offset is {offsets.item(-1)}, there are {k} elements")
    return address_of(offsets)
