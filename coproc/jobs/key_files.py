"""Verification keys in files: which kind they are, and whether they are keys at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from coproc.engine.protocol import Buffers, Check, Encoding, Engine, Group, Status, address_of
from coproc.errors import InvalidInput
from coproc.jobs.claims import read_key, unhex, whole_file
from coproc.jobs.errors import JobError
from coproc.params import jubjub
from coproc.wire import canonical
from coproc.wire.groth16 import prepare_key


class FoundKey(NamedTuple):
    kind: str
    data: bytes


def read_keys(engine: Engine, names: list[str], kind: str | None) -> list[tuple[str, FoundKey]]:
    """The key of each file. kind: what they must be, None: any. Raises JobError for the first that is none."""
    return [(name, _read(engine, name, kind)) for name in names]


def _read(engine: Engine, name: str, kind: str | None) -> FoundKey:
    data = unhex(whole_file(name))
    reasons = []
    for some in (kind,) if kind else tuple(_VALID):
        try:
            key = canonical(some, data)
            if _VALID[some](engine, key):
                return FoundKey(some, key)
            reasons.append(f"no valid key of kind {some}")
        except InvalidInput as error:
            reasons.append(str(error))
    if kind in (None, "groth16"):
        try:
            return FoundKey("groth16", prepare_key(engine, read_key(name)).data)
        except InvalidInput as error:
            reasons.append(str(error).removeprefix(f"{name}: "))
    raise JobError(f"{name}: no verification key: " + "; ".join(reasons))


def _plonk(engine: Engine, data: bytes) -> bool:
    return bool(engine.plonk_key(Buffers.one(data))[1][0] == Status.OK)


def _groth16(engine: Engine, data: bytes) -> bool:
    return bool(engine.groth16_key(Buffers.one(data))[1][0] == Status.OK)


def _bls(engine: Engine, data: bytes) -> bool:
    held = np.frombuffer(data, np.uint8)
    checks = Check.ON_CURVE | Check.IN_SUBGROUP
    return bool(engine.decode(Group.BLS12_381_G2, Encoding.DUSK_RAW, checks, np.array([address_of(held)], np.uint64))[1][0] == Status.OK)


def _schnorr(engine: Engine, data: bytes) -> bool:
    """On the curve, of prime order, not the identity; coordinates reduced."""
    inverse = pow(1 << 256, -1, jubjub.Q)
    words = [int.from_bytes(data[i : i + 32], "little") for i in range(0, len(data), 32)]
    if any(word >= jubjub.Q for word in words):
        return False
    u, v, z, t1, t2 = (word * inverse % jubjub.Q for word in words)
    if z == 0 or u * v % jubjub.Q != t1 * t2 * z % jubjub.Q:
        return False
    point = u * pow(z, -1, jubjub.Q) % jubjub.Q, v * pow(z, -1, jubjub.Q) % jubjub.Q
    return point != jubjub.IDENTITY and jubjub.contains(point) and jubjub.mul(jubjub.R, point) == jubjub.IDENTITY


_VALID: Final[dict[str, Callable[[Engine, bytes], bool]]] = {"plonk": _plonk, "groth16": _groth16, "bls": _bls, "schnorr": _schnorr}
