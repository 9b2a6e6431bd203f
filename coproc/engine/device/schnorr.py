"""verify_schnorr on a stream: each signature by itself, exactly, and nothing of it believed that the host did not see.

The device computes D = [u + s] G + [c] key - R for secrets s that are drawn for each launch, and adds to its v an element that is 0 only
where key and R are what they must be (kernels_cuda/kernels/schnorr.inc). A signature is accepted if D = [s] G and the row was read as
it was sent, which a sum of its words with secret weights shows: so an old row, one of other bits, an old result and zeros are refused,
and a result that belongs elsewhere has another s, mostly. What is refused, the host verifies.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from coproc.codegen.device.jubjub import ENTRIES, OUT_WORDS, ROW_WORDS, SLOTS
from coproc.engine.cpu import CpuEngine
from coproc.engine.device.elements import are_elements, below
from coproc.engine.device.gather import words
from coproc.engine.device.jubjub import Secrets, generator_buffer
from coproc.engine.device.points import fitting
from coproc.engine.device.protocol import Stream
from coproc.engine.device.trust import Mismatch, random_words
from coproc.engine.protocol import U64, Addresses, Field, FieldOp
from coproc.params.jubjub import Q, R

FAMILY: Final = "schnorr"
ELEMENTS: Final = 12
"""Of a row: message, key, u, R, as the arguments of the host function lie; points are (u, v, z, t1, t2)."""
BYTES_OF_ITEM: Final = 4 * ROW_WORDS + 4 * OUT_WORDS + 32 * ENTRIES
"""Of the device's memory."""
_U: Final = 6
_Z: Final = (3, 9)
_MODULI: Final = tuple(R if k == _U else Q for k in range(ELEMENTS))
_TOP: Final = np.array([modulus >> 192 for modulus in _MODULI], np.uint64)
_KEY_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 192


def requests(messages: Addresses, keys: Addresses, signatures: Addresses) -> tuple[U64, Any]:
    """uint64[n, 12, 4] rows of archived 32, 160 and 192 bytes; bool[n]: all limbs are reduced and no z is 0, the device's part."""
    if np.array_equal(keys, messages + np.uint64(_KEY_BYTES)) and np.array_equal(signatures, messages + np.uint64(_SIGNATURE_BYTES)):
        rows = words(messages, 4 * ELEMENTS)
    else:
        rows = np.concatenate((words(messages, 4), words(keys, 20), words(signatures, 24)), axis=1)
    rows = rows.reshape(-1, ELEMENTS, 4)
    fit: Any = (rows[:, :, 3] < _TOP).all(axis=1)
    rest = np.flatnonzero(~fit)  # equal to the modulus in the highest limb, or not below it
    if len(rest):
        fit[rest] = np.all([below(rows[rest, k], modulus) for k, modulus in enumerate(_MODULI)], axis=0)
    for z in _Z:
        fit &= (rows[:, z, 0] | rows[:, z, 1] | rows[:, z, 2] | rows[:, z, 3]) != 0
    return rows, fit


def launch(stream: Stream, rows: U64, secrets: U64, block: int | None = None) -> U64:
    """uint64[n, 13]: u, v, z of four words each, and the row's sum. rows uint64[n, 12, 4]; secrets uint64[52]: 48 weights, kappa."""
    n = len(rows)
    if not n:
        return np.zeros((0, OUT_WORDS // 2), np.uint64)
    out = stream.allocate(4 * OUT_WORDS * n)
    stream.fill(out, 0xFF)
    entries = stream.allocate(32 * ENTRIES * n)
    parts = (stream.upload(rows), stream.upload(secrets), generator_buffer(stream))
    block = fitting(stream, FAMILY, "bls12_381", block)
    stream.launch(stream.module(FAMILY, "bls12_381", block), "schnorr", -(-n // block), *parts, entries, out, np.uint32(n), slots=SLOTS)
    return stream.download(out, np.empty((n, OUT_WORDS // 2), np.uint64))


def accepted(stream: Stream, cpu: CpuEngine, blinds: Secrets, rows: U64, block: int | None = None) -> Any:
    """bool[n]: the signature is valid, beyond doubt. rows as `requests` calls them fit. Raises Mismatch where a row was misread."""
    n = len(rows)
    if not n:
        return np.zeros(0, np.bool_)
    scalars, us, vs = blinds.take()
    which = (random_words((n,)) % np.uint64(Secrets.SIZE)).astype(np.int64)
    blinded = rows.copy()
    blinded[:, _U] = cpu.field(Field.JUBJUB_FR, FieldOp.ADD, np.ascontiguousarray(rows[:, _U]), scalars[which])
    secrets = random_words((ROW_WORDS // 2 + 4,))
    secrets[: ROW_WORDS // 2] |= np.uint64(1)  # odd: each bit of a word moves the sum
    secrets[-1] >>= np.uint64(2)  # kappa is reduced

    out = launch(stream, blinded, secrets, block)
    sums = blinded.reshape(n, -1) @ secrets[: ROW_WORDS // 2]
    if wrong := np.count_nonzero(sums != out[:, -1]):
        raise Mismatch(f"schnorr: {wrong} of {n} requests were read wrongly or not at all")
    out = np.where(are_elements(Field.BLS12_381_FR, out[:, :12])[:, None], out, np.uint64(0))  # v = 0 is refused
    u, v, z = (np.ascontiguousarray(out[:, k : k + 4]) for k in (0, 4, 8))
    fq = Field.BLS12_381_FR
    # D = [s] G: u = z u_s, v = z v_s; and z is not 0, for v is not, which it is of no multiple of G
    products = [cpu.field(fq, FieldOp.MUL, z, known[which]) for known in (us, vs)]
    return (products[0] == u).all(axis=1) & (products[1] == v).all(axis=1) & v.any(axis=1)
