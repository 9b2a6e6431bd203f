"""Typed arguments, as the vector files and job lines write them, to the argument buffer of an operation.

Bytes are hexadecimal. A scalar is 32 canonical little-endian bytes, or {"mont_raw": the stored Montgomery limbs} for one that is not
reduced. A BLS point is {"raw": its archived bytes}: Montgomery limbs, infinity byte, padding; a JubJub point its five coordinates
u, v, z, t1, t2.
"""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeGuard

from coproc.engine.protocol import Layout
from coproc.errors import InvalidInput
from coproc.wire import rkyv
from coproc.wire.key_digest import KEY_ARGUMENT, KIND_OF

FR: Final = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
"""The scalar field of BLS12-381, JubJub's base field."""
JUBJUB_FR: Final = 0x0E7DB4EA6533AFA906673B0101343B00A6682093CCC81082D0970E5ED6F72CB7
"""The order of JubJub's prime subgroup."""

Arguments = Mapping[str, Any]


class KeySource(Protocol):
    """Where {"key": HASH} looks."""

    def find(self, kind: str, digest: str) -> bytes:
        """The archived bytes of a key. Raises InvalidInput where there is none of that hash, or it is of another kind."""
        ...


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


def encode(op: str, args: Arguments, blobs: Mapping[str, bytes] | None = None, keys: KeySource | None = None) -> bytes:
    """The argument buffer of typed arguments.

    blobs: the bytes behind "@name". keys: finds those behind {"key": HASH}. Raises InvalidInput, which names the argument.
    """
    try:
        layout, fields = _ENCODERS[op]
    except KeyError:
        raise InvalidInput(f"unknown operation {op!r}") from None
    if not isinstance(args, Mapping):
        raise InvalidInput("args: must be an object")
    return rkyv.write(layout, fields({name: _typed(op, name, value, blobs, keys) for name, value in args.items()}))


def _typed(op: str, name: str, value: Any, blobs: Mapping[str, bytes] | None, keys: KeySource | None) -> Any:
    """A typed argument with named blobs and keys put in."""
    if isinstance(value, str) and value.startswith("@"):
        return _blob(blobs, value[1:], name).hex()
    if isinstance(value, list) and name == KEY_ARGUMENT.get(op):
        return [_typed(op, name, item, blobs, keys) for item in value]
    if not _is_key(value):
        return value
    data = _key(op, name, value, keys)
    kind = KIND_OF[op]
    if kind == "bls":
        return {"raw": data.hex()}
    if kind == "schnorr":
        return {c: {"mont_raw": data[32 * k : 32 * k + 32].hex()} for k, c in enumerate(("u", "v", "z", "t1", "t2"))}
    return data.hex()


def _blob(table: Mapping[str, bytes] | None, name: str, place: str) -> bytes:
    if table is None or name not in table:
        raise InvalidInput(f"{place}: unknown blob {name[:80]!r}")
    return table[name]


def _is_key(value: Any) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping) and value.keys() == {"key"}


def _key(op: str, place: str, value: Mapping[str, Any], keys: KeySource | None) -> bytes:
    """The archived bytes of {"key": HASH}."""
    digest = value["key"]
    if op not in KIND_OF or place not in ("argbuf", KEY_ARGUMENT[op]):
        raise InvalidInput(f"{place}: {op} has no verification key here")
    if keys is None or not isinstance(digest, str):
        raise InvalidInput(f"{place}: unknown key {str(digest)[:80]!r}")
    try:
        return keys.find(KIND_OF[op], digest)
    except InvalidInput as error:
        raise InvalidInput(f"{place}: {error}") from None


def join(
    parts: str | list[Any],
    args: Arguments | None = None,
    blobs: Mapping[str, bytes] | None = None,
    op: str = "",
    keys: KeySource | None = None,
) -> bytes:
    """An argument buffer written as hex, or as a list to concatenate: hex, "@name" for a blob, "$name" for the bytes of an argument,
    {"key": HASH} for a stored key of the operation `op`.

    Raises InvalidInput.
    """
    if isinstance(parts, str):
        return _hex(parts, "argbuf")
    if not isinstance(parts, list):
        raise InvalidInput("argbuf: must be hex or a list")
    pieces: list[bytes] = []
    for part in parts:
        if _is_key(part):
            pieces.append(_key(op, "argbuf", part, keys))
        elif isinstance(part, str) and part.startswith("@"):
            pieces.append(_blob(blobs, part[1:], "argbuf"))
        elif isinstance(part, str) and part.startswith("$"):
            value: Any = (args or {}).get(part[1:])
            if _is_key(value):
                pieces.append(_key(op, part[1:], value, keys))
            elif isinstance(value, str) and value.startswith("@"):
                pieces.append(_blob(blobs, value[1:], part[1:]))
            else:
                pieces.append(_hex(value, f"argbuf: {part}"))
        else:
            pieces.append(_hex(part, "argbuf"))
    return b"".join(pieces)
