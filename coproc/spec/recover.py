"""Public key recovery over secp256k1, with recovery ids 0 and 1 only. [SEC1] 4.1.6, [dusk-vm] host_queries"""

from __future__ import annotations

from coproc.spec.curve import SECP256K1 as E


def recover(message_hash: bytes, signature: bytes) -> bytes | None:
    """r, s, v in 65 bytes -> 0x04 || X || Y, or None. v is 0, 1, 27 or 28; a high s is accepted, the hash is taken mod n."""
    r, s, v = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big"), signature[64]
    n = E.order
    if v not in (0, 1, 27, 28) or not 0 < r < n or not 0 < s < n:
        return None
    y = E.field.sqrt(E.y_squared(r))
    if y is None:
        return None
    point = (r, y if y & 1 == v % 27 else E.field.neg(y))
    e, inverse = int.from_bytes(message_hash, "big"), pow(r, -1, n)
    key = E.msm([(s * inverse % n, point), (-e * inverse % n, E.generator)])
    return None if key is None else b"\x04" + key[0].to_bytes(32, "big") + key[1].to_bytes(32, "big")
