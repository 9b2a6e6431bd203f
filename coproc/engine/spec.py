"""The engine `spec`: the executable specification behind the interface of every other engine. Readable, exact and slow."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from coproc.engine import spec_keys
from coproc.engine.protocol import (
    ENCODED_BYTES,
    FIELD_WORDS,
    GT_WORDS,
    I64,
    MAX_FIELDS,
    PLONK_KEY_POINTS,
    PLONK_TERMS,
    POINT_WORDS,
    U8,
    U64,
    Addresses,
    Buffers,
    Check,
    Curve,
    Encoding,
    Field,
    FieldOp,
    Group,
    Layout,
    Parsed,
    Status,
)  # fmt: skip
from coproc.engine.spec_fields import check_operands, field_op
from coproc.engine.spec_words import (
    BASE,
    CODECS,
    CURVES,
    FIELDS,
    PAIRINGS,
    Point,
    Unreduced,
    array_of,
    coordinates,
    each_at,
    elements,
    gt_array,
    integers,
    line_integers,
    line_words,
    load_gt,
    load_lines,
    load_point,
    load_points,
    read_at,
    rows,
    spans,
    store_points,
)  # fmt: skip
from coproc.spec import bls, hash_to_curve, hashes, plonk, poseidon, recover, rkyv, schnorr
from coproc.spec.fields import BLS12_381_FR
from coproc.spec.operations import poseidon_of_limbs
from coproc.spec.pairing import Pairing
from coproc.spec.raw import bls as raw_bls
from coproc.spec.raw import poseidon as raw_poseidon
from coproc.spec.tower import Fp12
from coproc.spec.verdict import Invalid, Panic, require

LAYOUTS = {
    Layout.BYTES: rkyv.BYTES, Layout.SCALARS: rkyv.SCALARS, Layout.PLONK: rkyv.PLONK, Layout.GROTH16: rkyv.GROTH16,
    Layout.SCHNORR: rkyv.SCHNORR, Layout.BLS: rkyv.BLS, Layout.MULTISIG: rkyv.MULTISIG, Layout.KZG: rkyv.KZG, Layout.RECOVER: rkyv.RECOVER,
}  # fmt: skip
PLONK_TERM_NAMES = (*plonk.SELECTORS, "g", *plonk.COMMITMENTS)
G1 = Group.BLS12_381_G1
assert len(PLONK_TERM_NAMES) == PLONK_TERMS
assert PLONK_TERM_NAMES.index("g") == PLONK_KEY_POINTS - 1


class SpecEngine:
    """`coproc.spec`, one element after the other; see `coproc.engine.protocol.Engine` for what each method takes and gives."""

    name = "spec"

    # ---- wire ----
    def parse(self, layout: Layout, args: Buffers, aligns: U8) -> Parsed:
        n = len(args)
        parsed = Parsed(np.zeros((n, MAX_FIELDS), np.uint64), np.zeros((n, MAX_FIELDS), np.uint64), np.zeros(n, np.uint8))
        shape = LAYOUTS[layout]
        for i in range(n):
            places = rkyv.locate(shape, args[i], int(aligns[i]))
            if places is None:
                parsed.status[i] = Status.MALFORMED
                continue
            for k, (field, (start, size)) in enumerate(zip(shape.fields, places, strict=True)):
                parsed.fields[i, k] = int(args.addresses[i]) + start
                parsed.counts[i, k] = size // field.size if isinstance(field, rkyv.Vec) else size
        return parsed

    def match(self, data: Buffers, known: Buffers) -> I64:
        index = {known[j]: j for j in reversed(range(len(known)))}
        return np.array([index.get(data[i], -1) for i in range(len(data))], np.int64)

    def group(self, data: Buffers) -> U64:
        first: dict[bytes, int] = {}
        return np.array([first.setdefault(data[i], i) for i in range(len(data))], np.uint64)

    # ---- hashes ----
    def blake2b_512(self, data: Buffers) -> U8:
        return _digests(hashes.blake2b_512, data, 64)

    def sha256(self, data: Buffers) -> U8:
        return _digests(hashes.sha256, data, 32)

    def keccak256(self, data: Buffers) -> U8:
        return _digests(hashes.keccak256, data, 32)

    def hash_to_fr(self, data: Buffers, prefix: bytes = b"", *, mont: bool = True) -> U64:
        values = [hashes.hash_to_scalar(prefix + data[i]) for i in range(len(data))]
        return array_of([(BLS12_381_FR.to_mont(x) if mont else x,) for x in values], 4, 4)

    def poseidon_hash(self, scalars: Addresses, counts: U64) -> tuple[U64, U8]:
        out, status = [], np.zeros(len(scalars), np.uint8)
        for i, (address, count) in enumerate(zip(scalars.tolist(), counts.tolist(), strict=True)):
            try:
                out.append((BLS12_381_FR.to_mont(poseidon_of_limbs(tuple(integers(read_at(address, 32 * count), 4)))),))
            except Panic:
                status[i] = Status.PANIC
                out.append((0,))
        return array_of(out, 4, 4), status

    def hades_permute(self, states: U64) -> U64:
        out: list[list[int]] = []
        for row in rows(states, 20):
            limbs = integers(row, 4)
            if any(x >= BLS12_381_FR.p for x in limbs):
                out.append(raw_poseidon.permute(limbs))
            else:
                values = poseidon.permute(tuple(BLS12_381_FR.from_mont(x) for x in limbs))
                out.append([BLS12_381_FR.to_mont(x) for x in values])
        return array_of(out, 20, 4).reshape(-1, 5, 4)

    # ---- fields ----
    def field(self, field: Field, op: FieldOp, a: U64, b: U64 | None = None) -> U64:
        check_operands(op, b)
        f, limbs = FIELDS[field], FIELD_WORDS[field]
        x = [integers(row, limbs)[0] for row in rows(a, limbs)]
        y = [integers(row, limbs)[0] for row in rows(b, limbs)] if b is not None else [0] * len(x)
        return array_of([(field_op(f, op, s, t),) for s, t in zip(x, y, strict=True)], limbs, limbs)

    def fp12(self, curve: Curve, op: FieldOp, a: U64, b: U64 | None = None) -> U64:
        check_operands(op, b)
        tower = PAIRINGS[curve].tower
        x = [load_gt(curve, row) for row in rows(a, GT_WORDS[curve])]
        if b is not None:
            out = [tower.mul(s, load_gt(curve, row)) for s, row in zip(x, rows(b, GT_WORDS[curve]), strict=True)]
        elif op == FieldOp.SQR:
            out = [tower.sqr(s) for s in x]
        else:
            out = [s if s == tower.zero else tower.inv(s) for s in x]
        return gt_array(curve, out)

    # ---- groups ----
    def decode(self, group: Group, encoding: Encoding, checks: int, data: Addresses) -> tuple[U64, U8]:
        codec, size = CODECS[group, encoding], ENCODED_BYTES[group, encoding]
        points: list[Point] = []
        status = np.zeros(len(data), np.uint8)
        for i, encoded in enumerate(each_at(data, size)):
            try:
                point = codec.read(encoded, bool(checks & Check.IN_SUBGROUP), bool(checks & Check.ON_CURVE))
                require(point is None or any(coordinates(group, point)), "(0, 0) is on no curve and would be taken for infinity")
                points.append(point)
            except (Invalid, Unreduced) as error:
                points.append(None)
                status[i] = Status.INVALID if isinstance(error, Invalid) else Status.UNREDUCED
        return store_points(group, points), status

    def encode(self, group: Group, encoding: Encoding, points: U64) -> U8:
        write = CODECS[group, encoding].write
        data = b"".join(write(point) for point in load_points(group, points))
        return np.frombuffer(bytearray(data), np.uint8).reshape(len(points), ENCODED_BYTES[group, encoding])

    def check(self, group: Group, checks: int, points: U64) -> U8:
        curve = CURVES[group]
        subgroup = bool(checks & Check.IN_SUBGROUP)
        loaded = load_points(group, points)
        good = [(not checks or curve.contains(p)) and (not subgroup or curve.in_subgroup(p)) for p in loaded]
        return np.array([Status.OK if g else Status.INVALID for g in good], np.uint8)

    def add(self, group: Group, a: U64, b: U64) -> U64:
        pairs = zip(load_points(group, a), load_points(group, b), strict=True)
        return store_points(group, [CURVES[group].add(p, q) for p, q in pairs])

    def scalar_mul(self, group: Group, points: U64, scalars: U64) -> U64:
        terms = zip(load_points(group, points), rows(scalars, 4), strict=True)
        return store_points(group, [CURVES[group].mul(integers(s, 4)[0], p) for p, s in terms])

    def msm(self, group: Group, offsets: U64, points: Addresses, scalars: U64, tables: Addresses | None = None) -> U64:
        del tables
        loaded = [load_point(group, row) for row in each_at(points, 8 * POINT_WORDS[group])]
        factors = [integers(row, 4)[0] for row in rows(scalars, 4)]
        terms = list(zip(factors, loaded, strict=True))
        return store_points(group, [CURVES[group].msm(terms[start:end]) for start, end in spans(offsets, len(terms))])

    def msm_table_words(self, group: Group) -> int:
        return POINT_WORDS[group]

    def msm_table(self, group: Group, points: U64) -> U64:
        return np.array(points, np.uint64, order="C").reshape(-1, POINT_WORDS[group])

    def hash_to_g1(self, data: Buffers, dst: bytes) -> U64:
        return store_points(G1, [hash_to_curve.hash_to_g1(data[i], dst) for i in range(len(data))])

    def map_to_g1(self, u: U64) -> U64:
        return store_points(G1, [hash_to_curve.map_to_g1(elements(Field.BLS12_381_FP, row)[0]) for row in rows(u, 6)])

    # ---- pairings ----
    def lines_words(self, curve: Curve) -> int:
        return line_words(curve) * PAIRINGS[curve].line_count

    def lines(self, curve: Curve, points: U64) -> U64:
        out = []
        for point in load_points(_g2(curve), points):
            if point is None:
                raise ValueError("infinity has no lines")
            out.append(line_integers(curve, PAIRINGS[curve].lines(point)))
        return array_of(out, self.lines_words(curve), FIELD_WORDS[BASE[curve]])

    def pairing_check(self, curve: Curve, offsets: U64, g1: U64, lines: Addresses, targets: Addresses | None = None) -> U8:
        pairing = PAIRINGS[curve]
        products = self._products_of_lines(curve, offsets, g1, lines)
        wanted = [0] * len(products) if targets is None else targets.tolist()
        verdict = np.zeros(len(wanted), np.uint8)
        for i, (f, target) in enumerate(zip(products, wanted, strict=True)):
            goal = load_gt(curve, read_at(target, 8 * GT_WORDS[curve])) if target else pairing.tower.one
            verdict[i] = f != pairing.tower.zero and pairing.final_exponentiation(f) == goal
        return verdict

    def _products_of_lines(self, curve: Curve, offsets: U64, g1: U64, lines: Addresses) -> list[Fp12]:
        size = 8 * self.lines_words(curve)
        prepared = [load_lines(curve, read_at(address, size)) if address else None for address in lines.tolist()]
        pairs = list(zip(load_points(_g1(curve), g1), prepared, strict=True))
        return [PAIRINGS[curve].miller_loop(pairs[start:end]) for start, end in spans(offsets, len(pairs))]

    def _miller_loops(self, curve: Curve, offsets: U64, g1: U64, g2: U64) -> list[Fp12]:
        pairing = PAIRINGS[curve]
        prepared = [pairing.prepare(q) for q in load_points(_g2(curve), g2)]
        pairs = list(zip(load_points(_g1(curve), g1), prepared, strict=True))
        return [pairing.miller_loop(pairs[start:end]) for start, end in spans(offsets, len(pairs))]

    def pairing(self, curve: Curve, offsets: U64, g1: U64, g2: U64) -> U64:
        return gt_array(curve, [_final(PAIRINGS[curve], f) for f in self._miller_loops(curve, offsets, g1, g2)])

    def miller_loop(self, curve: Curve, offsets: U64, g1: U64, g2: U64) -> U64:
        return gt_array(curve, self._miller_loops(curve, offsets, g1, g2))

    def miller_loop_lines(self, curve: Curve, offsets: U64, g1: U64, lines: Addresses) -> U64:
        return gt_array(curve, self._products_of_lines(curve, offsets, g1, lines))

    def final_exponentiation(self, curve: Curve, f: U64) -> U64:
        return gt_array(curve, [_final(PAIRINGS[curve], load_gt(curve, row)) for row in rows(f, GT_WORDS[curve])])

    # ---- protocols ----
    def plonk_key(self, data: Buffers) -> tuple[list[U64], U8]:
        return _keys(spec_keys.plonk_key, data)

    def groth16_key(self, data: Buffers) -> tuple[list[U64], U8]:
        return _keys(spec_keys.groth16_key, data)

    def plonk_scalars(self, keys: Addresses, versions: U8, proofs: Buffers, inputs: Addresses, counts: U64) -> tuple[U64, U64, U8]:
        n = len(proofs)
        scalars, scalars_x = np.zeros((n, PLONK_TERMS, 4), np.uint64), np.zeros((n, 2, 4), np.uint64)
        status = np.zeros(n, np.uint8)
        for i in range(n):
            values = tuple(elements(Field.BLS12_381_FR, read_at(inputs[i], 32 * int(counts[i]))))
            try:
                proof = plonk.decode_proof(proofs[i])
                terms, terms_x = plonk.opening_terms(spec_keys.plonk_data_at(int(keys[i])), proof, values, int(versions[i]))
            except Invalid:
                status[i] = Status.INVALID
                continue
            scalars[i] = array_of([(terms.get(name, 0),) for name in PLONK_TERM_NAMES], 4, 4)
            scalars_x[i] = array_of([(terms_x["w_z"],), (terms_x["w_zw"],)], 4, 4)
        return scalars, scalars_x, status

    def schnorr(self, messages: Addresses, keys: Addresses, signatures: Addresses) -> tuple[U8, U8]:
        verdict, status = np.zeros(len(messages), np.uint8), np.zeros(len(messages), np.uint8)
        arguments = zip(each_at(messages, 32), each_at(keys, 160), each_at(signatures, 192), strict=True)
        for i, (message, key, signature) in enumerate(arguments):
            try:
                verdict[i] = schnorr.verify(message, key, signature)
            except Panic:
                status[i] = Status.PANIC
        return verdict, status

    def bls_exact(self, multisig: bool, versions: U8, messages: Buffers, key_offsets: U64, keys: Addresses, signatures: Addresses) -> U8:
        archived = list(each_at(keys, 200))
        verdict = np.zeros(len(messages), np.uint8)
        for i, ((start, end), signature) in enumerate(zip(spans(key_offsets, len(archived)), each_at(signatures, 104), strict=True)):
            version, some = int(versions[i]), tuple(archived[start:end])
            point = bls.hash_message(messages[i], version)
            if multisig:
                verdict[i] = raw_bls.verify_multisig(point, some, signature, partial(bls.coefficient, version=version))
            else:
                verdict[i] = raw_bls.verify(point, some[0], signature)
        return verdict

    def recover(self, hashes: Addresses, signatures: Addresses) -> tuple[U8, U8]:
        keys, status = np.zeros((len(hashes), 65), np.uint8), np.zeros(len(hashes), np.uint8)
        for i, (message_hash, signature) in enumerate(zip(each_at(hashes, 32), each_at(signatures, 65), strict=True)):
            key = recover.recover(message_hash, signature)
            if key is None:
                status[i] = Status.INVALID
            else:
                keys[i] = np.frombuffer(key, np.uint8)
        return keys, status


def _digests(digest: Callable[[bytes], bytes], data: Buffers, width: int) -> U8:
    joined = b"".join(digest(data[i]) for i in range(len(data)))
    return np.frombuffer(bytearray(joined), np.uint8).reshape(len(data), width)


def _final(pairing: Pairing, f: Fp12) -> Fp12:
    return f if f == pairing.tower.zero else pairing.final_exponentiation(f)


def _g1(curve: Curve) -> Group:
    return Group.BLS12_381_G1 if curve == Curve.BLS12_381 else Group.BN254_G1


def _g2(curve: Curve) -> Group:
    return Group.BLS12_381_G2 if curve == Curve.BLS12_381 else Group.BN254_G2


def _keys(prepare: Callable[[bytes], U64], data: Buffers) -> tuple[list[U64], U8]:
    keys: list[U64] = []
    status = np.zeros(len(data), np.uint8)
    for i in range(len(data)):
        try:
            keys.append(prepare(data[i]))
        except Invalid:
            keys.append(np.zeros(0, np.uint64))
            status[i] = Status.INVALID
    return keys, status
