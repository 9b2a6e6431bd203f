"""Prepared keys of the engine `spec`, in the layout that operations read.

Behind the parts that the header names, a PLONK key holds its own verifier data (offset and length in the two reserved words), from which
the transcript is computed.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from coproc.engine.protocol import FIELD_WORDS, PLONK_KEY_POINTS, POINT_WORDS, U64, Curve, Groth16KeyHeader, Group, PlonkKeyHeader
from coproc.engine.spec_words import BASE, PAIRINGS, array_of, gt_integers, line_integers, line_words, read_at, store_points
from coproc.spec import groth16, plonk
from coproc.spec.pairing import Lines

HEADER_WORDS = 8
G1 = Group.BLS12_381_G1


def _lines(curve: Curve, lines: Lines) -> U64:
    """The lines of one point, zeros where there are too few of them."""
    integers = line_integers(curve, lines[: PAIRINGS[curve].line_count])
    integers += [0] * (6 * PAIRINGS[curve].line_count - len(integers))
    return array_of([integers], line_words(curve) * PAIRINGS[curve].line_count, FIELD_WORDS[BASE[curve]]).ravel()


def _join(header: PlonkKeyHeader | Groth16KeyHeader, *parts: U64) -> U64:
    return np.concatenate([np.array(header, np.uint64), *parts])


def plonk_key(data: bytes) -> U64:
    """Verifier data -> a key; raises Invalid. A table of a point is the point."""
    key = plonk.decode_verifier_data(data)
    names = (*plonk.SELECTORS, "g")
    points = store_points(G1, [key.g if name == "g" else key.points[name] for name in names]).ravel()
    tables = HEADER_WORDS + PLONK_KEY_POINTS * POINT_WORDS[G1]
    prepared = [PAIRINGS[Curve.BLS12_381].prepare(q) for q in (key.h, key.x_h)]
    lines = [np.zeros(0, np.uint64) if each is None else _lines(Curve.BLS12_381, each) for each in prepared]
    at_h = tables + len(points)
    at_x_h = at_h + len(lines[0])
    at_data = at_x_h + len(lines[1])
    words = np.frombuffer(data + bytes(-len(data) % 8), np.uint64)
    header = PlonkKeyHeader(
        at_data + len(words), len(key.input_indexes), HEADER_WORDS, tables, at_h if len(lines[0]) else 0, at_x_h if len(lines[1]) else 0,
        at_data, len(data),
    )  # fmt: skip
    return _join(header, points, points, *lines, words)


def plonk_data_at(address: int) -> plonk.VerifierData:
    """What a prepared PLONK key was made of."""
    header = PlonkKeyHeader(*np.frombuffer(read_at(address, 8 * HEADER_WORDS), np.uint64).tolist())
    return plonk.decode_verifier_data(read_at(address + 8 * header.reserved_0, header.reserved_1))


def groth16_key_words() -> int:
    curve = Curve.BN254
    return HEADER_WORDS + 12 * FIELD_WORDS[BASE[curve]] + 2 * line_words(curve) * PAIRINGS[curve].line_count


@lru_cache(maxsize=64)
def _groth16_parts(data: bytes) -> tuple[groth16.PreparedKey, U64, U64, U64]:
    key, curve = groth16.decode_key(data), Curve.BN254
    target = array_of([gt_integers(curve, key.target)], 12 * FIELD_WORDS[BASE[curve]], FIELD_WORDS[BASE[curve]]).ravel()
    return key, target, _lines(curve, key.gamma.lines), _lines(curve, key.delta.lines)


def groth16_key(data: bytes) -> U64:
    """ark PreparedVerifyingKey<Bn254> -> a key; raises Invalid."""
    key, target, gamma, delta = _groth16_parts(data)
    at = HEADER_WORDS + len(target)
    header = Groth16KeyHeader(
        at + len(gamma) + len(delta), HEADER_WORDS,
        at, len(key.gamma.lines), int(key.gamma.infinity),
        at + len(gamma), len(key.delta.lines), int(key.delta.infinity),
    )  # fmt: skip
    return _join(header, target, gamma, delta)
