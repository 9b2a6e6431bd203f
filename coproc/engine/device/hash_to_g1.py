"""Hashing to G1 of BLS12-381 on a device: map_to_curve and clear_cofactor; messages are expanded by the host.

Arrays are those of `Engine`.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

import numpy as np

from coproc.codegen.device.families import FAMILIES
from coproc.engine.cpu import CpuEngine
from coproc.engine.device.points import affine, download_points, fitting, groups_of, jacobian_words
from coproc.engine.device.protocol import Stream
from coproc.engine.protocol import FIELD_WORDS, U8, U64, Buffers, Field, FieldOp, Group, rows_of

GROUP: Final = Group.BLS12_381_G1
SERVES: Final = frozenset((GROUP,))
_FAMILY: Final = "hash_to_g1"
_FP: Final = Field.BLS12_381_FP


def _digests(cpu: CpuEngine, rows: U8) -> U8:
    """SHA-256 of each row."""
    rows = np.ascontiguousarray(rows)
    return cpu.sha256(Buffers(rows_of(rows), np.full(len(rows), rows.shape[1], np.uint64), rows))


def expand_message(cpu: CpuEngine, data: Buffers, dst: bytes) -> U8:
    """expand_message_xmd with SHA-256 ([RFC9380] 5.3.1, and 5.3.3 for a tag of more than 255 bytes): uint8[n, 128]."""
    if len(dst) > 255:
        dst = sha256(b"H2C-OVERSIZE-DST-" + dst).digest()
    suffix = dst + bytes([len(dst)])
    n = len(data)
    ends = b"\0\x80\0" + suffix
    first = cpu.sha256(Buffers.of([bytes(64) + data[i] + ends for i in range(n)]))
    out = np.empty((n, 4, 32), np.uint8)
    rows = np.empty((n, 33 + len(suffix)), np.uint8)
    rows[:, 33:] = np.frombuffer(suffix, np.uint8)
    for i in range(4):
        rows[:, :32] = first ^ out[:, i - 1] if i else first
        rows[:, 32] = i + 1
        out[:, i] = _digests(cpu, rows)
    return out.reshape(n, 128)


def hash_to_field(cpu: CpuEngine, data: Buffers, dst: bytes) -> U64:
    """uint64[n, 2, 6], Montgomery: the elements of Fp of each message, 64 big-endian bytes mod p, which are high 2^384 + low."""
    words = expand_message(cpu, data, dst).view(">u8").astype(np.uint64).reshape(-1, 8)[:, ::-1]
    low, high = np.ascontiguousarray(words[:, :6]), np.zeros((len(words), 6), np.uint64)
    high[:, :2] = words[:, 6:]
    for _ in range(2):  # 2^384 is the R of the field
        high = cpu.field(_FP, FieldOp.TO_MONT, high)
    return cpu.field(_FP, FieldOp.ADD, cpu.field(_FP, FieldOp.TO_MONT, low), high).reshape(-1, 2, 6)


def _mapped(stream: Stream, u: U64, count: int, block: int | None) -> U64:
    n = len(u) // count
    planes = stream.allocate(4 * jacobian_words(GROUP) * n)
    stream.fill(planes, 0xFF)
    block = fitting(stream, _FAMILY, "bls12_381", block)
    module = stream.module(_FAMILY, "bls12_381", block)
    sizes = np.uint32(n), np.uint32(count)
    stream.launch(module, "map_to_g1", groups_of(n, block), stream.upload(u), planes, *sizes, slots=FAMILIES[_FAMILY].slots)
    return download_points(stream, GROUP, affine(stream, GROUP, planes, n, block), n)


def map_to_g1(stream: Stream, u: U64, block: int | None = None) -> U64:
    """uint64[n, 6] -> uint64[n, 12], as `Engine.map_to_g1`."""
    return _mapped(stream, u, 1, block)


def hash_to_g1(stream: Stream, u: U64, block: int | None = None) -> U64:
    """uint64[n, 2, 6], the two elements of `hash_to_field` of each message -> uint64[n, 12]: the sum of their images in G1."""
    return _mapped(stream, u.reshape(-1, FIELD_WORDS[_FP]), 2, block)
