"""verify_bls_multisig: a BLS signature under several keys: verify_bls under sum t_i key_i, t_i a hash of the key's compressed bytes.

Every key must be valid and so must their sum; no keys answer false.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from coproc.engine.protocol import (
    I64,
    U8,
    U64,
    Addresses,
    Buffers,
    Check,
    Encoding,
    Engine,
    Group,
    Layout,
    Parsed,
    Status,
)
from coproc.key_rows import MEMBER_COEFFICIENT, MEMBER_POINT, MEMBER_STATUS, MEMBER_WEIGHTED
from coproc.keys import KeyRegistry
from coproc.operation import Batch, Gas, Pending, bls_versions
from coproc.ops.bls import message_points, signature_claims
from coproc.ops.shape import Mask, column, constant, is_all, vec
from coproc.ops.verification import Verification, nothing, sealed

KEY_BYTES: Final = 200
SIGNATURE_BYTES: Final = 104
_CHECKS = Check.ON_CURVE | Check.IN_SUBGROUP
_G1, _G2 = Group.BLS12_381_G1, Group.BLS12_381_G2


class VerifyBlsMultisig(Verification):
    name = "verify_bls_multisig"
    layout = Layout.MULTISIG
    flat = 2_500_000
    per_key: Gas = 200_000

    def price(self, length: int, counts: Sequence[int] | None) -> Gas:
        return self.flat + self.per_key * max(1, counts[1] if counts else 1)

    def prices(self, lengths: U64, parsed: Parsed) -> I64:
        # the counts of a malformed buffer are zero, which costs as much as one key
        return self.flat + self.per_key * np.maximum(parsed.counts[:, 1], np.uint64(1)).astype(np.int64)

    def pending(self, engine: Engine, keys: KeyRegistry, batch: Batch, parsed: Parsed) -> Pending:
        n = len(batch)
        versions, messages = bls_versions(batch), vec(parsed, 0)
        counts, signatures_at = column(parsed.counts, 1), column(parsed.fields, 2)
        offsets = np.zeros(n + 1, np.uint64)
        np.cumsum(counts, out=offsets[1:])
        signatures, bad_signature = engine.decode(_G1, Encoding.DUSK_RAW, _CHECKS, signatures_at)
        keys_at = _keys_at(parsed.fields[:, 1], counts, offsets)
        rows, hold = keys.members.rows(Buffers(keys_at, constant(len(keys_at), KEY_BYTES)))
        bad_key = rows[:, MEMBER_STATUS]
        invalid = (bad_signature == Status.INVALID) | (counts == 0)
        unreduced = bad_signature == Status.UNREDUCED
        if np.count_nonzero(bad_key):
            invalid |= _any(bad_key == Status.INVALID, offsets)
            unreduced |= _any(bad_key == Status.UNREDUCED, offsets)
        result = nothing(n)
        index = np.flatnonzero(~(invalid | unreduced))
        if len(index):
            members, offsets_of = _members(offsets, index)
            sums = _aggregate(engine, versions[index], rows[members], offsets_of)
            finite = np.logical_or.reduce(sums, axis=1)
            if not is_all(finite):
                index, sums = index[finite], sums[finite]
        if len(index):
            hashed = message_points(engine, keys, versions[index], messages.take(index))
            read = [
                messages,
                Buffers(column(parsed.fields, 1), counts * np.uint64(KEY_BYTES)),
                Buffers(signatures_at, constant(n, SIGNATURE_BYTES)),
            ]
            result.claims = signature_claims(keys, signatures[index], hashed, sealed(engine, self.name, batch, read), points=sums)
            result.index = index
        raw = np.flatnonzero(unreduced & ~invalid)
        if len(raw):
            members, offsets_of = _members(offsets, raw)
            result.retbuf[raw, 0] = engine.bls_exact(
                True, versions[raw], messages.take(raw), offsets_of, keys_at[members], signatures_at[raw]
            )
        del hold
        return result


def _keys_at(first: Addresses, counts: U64, offsets: U64) -> Addresses:
    """The address of every key of a batch, one element after the other."""
    position = np.arange(offsets.item(-1), dtype=np.uint64)
    # key j of the batch is key j - offsets[i] of its element i
    start: Addresses = first - np.uint64(KEY_BYTES) * offsets[:-1]
    at: Addresses = np.repeat(start, counts.astype(np.int64)) + np.uint64(KEY_BYTES) * position
    return at


def _any(flags: Mask, offsets: U64) -> Mask:
    """bool[n]: is any flag of an element's keys set?"""
    if np.count_nonzero(flags) == 0:
        return np.zeros(len(offsets) - 1, np.bool_)
    before = np.zeros(len(flags) + 1, np.int64)
    np.cumsum(flags, out=before[1:])
    return np.diff(before[offsets.astype(np.int64)]) > 0


def _members(offsets: U64, index: np.ndarray[Any, np.dtype[np.intp]]) -> tuple[Any, U64]:
    """The keys of some elements: where they are among all keys, and their own offsets."""
    if len(index) == len(offsets) - 1:
        return slice(None), offsets
    sizes = np.diff(offsets)[index]
    own = np.zeros(len(index) + 1, np.uint64)
    np.cumsum(sizes, out=own[1:])
    start = np.repeat(offsets[:-1][index] - own[:-1], sizes.astype(np.int64))
    return (start + np.arange(own.item(-1), dtype=np.uint64)).astype(np.int64), own


def _aggregate(engine: Engine, versions: U8, rows: U64, offsets: U64) -> U64:
    """sum t_i key_i of each element, uint64[n, 24]; rows of the keys of all elements. Where t_i key_i is known in V2, it is only added."""
    first = np.repeat(versions == 1, np.diff(offsets).astype(np.int64))
    known = (rows[:, MEMBER_WEIGHTED] != 0) & ~first
    points = np.where(known, rows[:, MEMBER_WEIGHTED], rows[:, MEMBER_POINT])
    scalars = np.zeros((len(rows), 4), np.uint64)
    scalars[:, 0] = 1
    for version, chosen in ((1, first), (2, ~(first | known))):
        index = np.flatnonzero(chosen)
        if len(index):
            scalars[index] = rows[index, MEMBER_COEFFICIENT[version]]
    return engine.msm(_G2, offsets, points, scalars)
