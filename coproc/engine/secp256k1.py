"""Public key recovery on secp256k1, by libsecp256k1 (coincurve)."""

from __future__ import annotations

from ctypes import string_at

import coincurve
import numpy as np

from coproc.engine.protocol import U8, Addresses, Status

_RECOVERY_IDS = {0: 0, 1: 1, 27: 0, 28: 1}


def recover(hashes: Addresses, signatures: Addresses) -> tuple[U8, U8]:
    """uint64[n] addresses of 32-byte hashes and of 65-byte signatures r, s, v -> uint8[n, 65] (0x04, X, Y) and status uint8[n].

    INVALID: v none of 0, 1, 27, 28; r or s zero or not below n; r no x-coordinate; the recovered point is infinity. A hash is reduced
    mod n; a large s is as good as a small one.
    """
    keys = np.zeros((len(hashes), 65), np.uint8)
    status = np.full(len(hashes), Status.INVALID, np.uint8)
    for i, (hash_at, signature_at) in enumerate(zip(hashes.tolist(), signatures.tolist(), strict=True)):
        signature = string_at(signature_at, 65)
        recovery_id = _RECOVERY_IDS.get(signature[64])
        if recovery_id is None:
            continue
        try:
            key = coincurve.PublicKey.from_signature_and_message(signature[:64] + bytes([recovery_id]), string_at(hash_at, 32), hasher=None)
        except ValueError:
            continue
        keys[i] = np.frombuffer(key.format(compressed=False), np.uint8)
        status[i] = Status.OK
    return keys, status
