"""Typed arguments, as the vector files and job lines write them, to the argument buffer of an operation.

Bytes are hexadecimal. A scalar is 32 canonical little-endian bytes, or {"mont_raw": the stored Montgomery limbs} for one that is not
reduced. A BLS point is {"raw": its archived bytes}: Montgomery limbs, infinity byte, padding; a JubJub point its five coordinates
u, v, z, t1, t2.
"""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Callable, Mapping
from typing import Any, Final

from coproc.engine.protocol import Layout
from coproc.errors import InvalidInput
from coproc.wire import rkyv

FR: Final = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
"""The scalar field of BLS12-381, JubJub's base field."""
JUBJUB_FR: Final = 0x0E7DB4EA6533AFA906673B0101343B00A6682093CCC81082D0970E5ED6F72CB7
"""The order of JubJub's prime subgroup."""

Arguments = Mapping[str, Any]


def _get(args: Any, name: str, path: str) -> Any:
    if not isinstance(args, Mapping):
        raise InvalidInput(f"{path or 'args'}: must be an object")
    if name not in args:
        raise InvalidInput(f"{path + '.' if path else ''}{name}: missing")
    return args[name]


def _hex(value: Any, path: str, size: int | None = None) -> bytes:
    if not isinstance(value, str):
        raise InvalidInput(f"{path}: must be a string of hex digits")
    try:
        data = unhexlify(value)
    except ValueError:
        raise InvalidInput(f"{path}: not hexadecimal") from None
    if size is not None and len(data) != size:
        raise InvalidInput(f"{path}: {size} bytes are wanted, not {len(data)}")
    return data


def scalar(value: Any, path: str, modulus: int = FR) -> bytes:
    """The 32 bytes of a scalar in an archive: its Montgomery limbs."""
    if isinstance(value, Mapping):
        return _hex(_get(value, "mont_raw", path), f"{path}.mont_raw", 32)
    number = int.from_bytes(_hex(value, path, 32), "little")
    if number >= modulus:
        raise InvalidInput(f"{path}: not below the modulus (unreduced limbs are written as mont_raw)")
    return ((number << 256) % modulus).to_bytes(32, "little")


def _list(args: Arguments, name: str) -> list[Any]:
    value = _get(args, name, "")
    if not isinstance(value, list):
        raise InvalidInput(f"{name}: must be a list")
    return value


def _scalars(args: Arguments, name: str) -> bytes:
    return b"".join([scalar(s, f"{name}[{i}]") for i, s in enumerate(_list(args, name))])


def _raw_point(value: Any, path: str, size: int) -> bytes:
    """An archived affine point; the padding behind the infinity byte may be left out."""
    raw = _hex(_get(value, "raw", path), f"{path}.raw")
    if len(raw) not in (size - 7, size):
        raise InvalidInput(f"{path}.raw: {size - 7} bytes are wanted (limbs and infinity byte), not {len(raw)}")
    return raw.ljust(size, b"\0")


def _jubjub_point(value: Any, path: str) -> bytes:
    return b"".join([scalar(_get(value, c, path), f"{path}.{c}") for c in ("u", "v", "z", "t1", "t2")])


def _bytes(args: Arguments) -> list[bytes]:
    return [_hex(_get(args, "bytes", ""), "bytes")]


def _poseidon(args: Arguments) -> list[bytes]:
    return [_scalars(args, "scalars")]


def _plonk(args: Arguments) -> list[bytes]:
    names = ("verifier_data", "proof")
    return [*(_hex(_get(args, n, ""), n) for n in names), _scalars(args, "public_inputs")]


def _groth16(args: Arguments) -> list[bytes]:
    return [_hex(_get(args, n, ""), n) for n in ("pvk", "proof", "inputs")]


def _schnorr(args: Arguments) -> list[bytes]:
    sig = _get(args, "sig", "")
    signature = scalar(_get(sig, "u", "sig"), "sig.u", JUBJUB_FR) + _jubjub_point(_get(sig, "R", "sig"), "sig.R")
    return [scalar(_get(args, "msg", ""), "msg"), _jubjub_point(_get(args, "pk", ""), "pk"), signature]


def _bls(args: Arguments) -> list[bytes]:
    key, signature = _raw_point(_get(args, "pk", ""), "pk", 200), _raw_point(_get(args, "sig", ""), "sig", 104)
    return [_hex(_get(args, "msg", ""), "msg"), key, signature]


def _multisig(args: Arguments) -> list[bytes]:
    keys = b"".join([_raw_point(k, f"keys[{i}]", 200) for i, k in enumerate(_list(args, "keys"))])
    return [_hex(_get(args, "msg", ""), "msg"), keys, _raw_point(_get(args, "sig", ""), "sig", 104)]


def _kzg(args: Arguments) -> list[bytes]:
    return [_hex(_get(args, n, ""), n, size) for n, size in (("z", 32), ("y", 32), ("commitment", 48), ("proof", 48))]


def _recover(args: Arguments) -> list[bytes]:
    return [_hex(_get(args, n, ""), n, size) for n, size in (("msg_hash", 32), ("sig", 65))]


_ENCODERS: Final[dict[str, tuple[Layout, Callable[[Arguments], list[bytes]]]]] = {
    "hash": (Layout.BYTES, _bytes),
    "keccak256": (Layout.BYTES, _bytes),
    "sha256": (Layout.BYTES, _bytes),
    "poseidon_hash": (Layout.SCALARS, _poseidon),
    "verify_plonk": (Layout.PLONK, _plonk),
    "verify_groth16_bn254": (Layout.GROTH16, _groth16),
    "verify_schnorr": (Layout.SCHNORR, _schnorr),
    "verify_bls": (Layout.BLS, _bls),
    "verify_bls_multisig": (Layout.MULTISIG, _multisig),
    "verify_kzg_proof": (Layout.KZG, _kzg),
    "secp256k1_recover": (Layout.RECOVER, _recover),
}


def encode(op: str, args: Arguments, blobs: Mapping[str, bytes] | None = None, keys: Mapping[str, bytes] | None = None) -> bytes:
    """The argument buffer of typed arguments.

    blobs: the bytes behind "@name". keys: the bytes behind {"key": HASH}, by hash. Raises InvalidInput, which names the argument.
    """
    try:
        layout, fields = _ENCODERS[op]
    except KeyError:
        raise InvalidInput(f"unknown operation {op!r}") from None
    if not isinstance(args, Mapping):
        raise InvalidInput("args: must be an object")
    return rkyv.write(layout, fields({name: _resolve(value, name, blobs, keys) for name, value in args.items()}))


def _resolve(value: Any, name: str, blobs: Mapping[str, bytes] | None, keys: Mapping[str, bytes] | None) -> Any:
    """A named blob or key as hexadecimal; anything else as it is."""
    if isinstance(value, str) and value.startswith("@"):
        return _named(blobs, value[1:], f"{name}: unknown blob").hex()
    if isinstance(value, Mapping) and value.keys() == {"key"}:
        return _named(keys, value["key"], f"{name}: unknown key").hex()
    return value


def _named(table: Mapping[str, bytes] | None, name: Any, problem: str) -> bytes:
    if table is None or not isinstance(name, str) or name not in table:
        raise InvalidInput(f"{problem} {str(name)[:80]!r}")
    return table[name]


def join(parts: str | list[str], args: Arguments | None = None, blobs: Mapping[str, bytes] | None = None) -> bytes:
    """An argument buffer written as hex, or as a list to concatenate: hex, "@name" for a blob, "$name" for the bytes of an argument.

    Raises InvalidInput.
    """
    if isinstance(parts, str):
        return _hex(parts, "argbuf")
    if not isinstance(parts, list):
        raise InvalidInput("argbuf: must be hex or a list")
    pieces: list[bytes] = []
    for part in parts:
        if isinstance(part, str) and part.startswith("@"):
            pieces.append(_named(blobs, part[1:], "argbuf: unknown blob"))
        elif isinstance(part, str) and part.startswith("$"):
            value = _resolve((args or {}).get(part[1:]), part[1:], blobs, None)
            pieces.append(_hex(value, f"argbuf: {part}"))
        else:
            pieces.append(_hex(part, "argbuf"))
    return b"".join(pieces)
