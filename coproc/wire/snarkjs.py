"""snarkjs' JSON: `verification_key.json`, `proof.json`, `public.json`, and what `snarkjs generatecall` prints.

Coordinates are decimal strings, projective with z = 1 (z = 0: infinity); Fp2 as [c0, c1]. Solidity's call has c1 first.
Source: docs/references.md [snarkjs].
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from coproc.errors import InvalidInput
from coproc.wire.groth16 import EncodedPoint, Proof, VerifyingKey, g1_point, g2_point

CURVES: Final = frozenset({"bn128", "bn254", "altbn128", "alt_bn128"})
_MAX_DIGITS: Final = 100


def refuse_others(value: Mapping[str, Any]) -> None:
    """Raises InvalidInput that names the proof system or the curve, where it is not Groth16 over BN254."""
    protocol = value.get("protocol", "groth16")
    curve = str(value.get("curve", "bn128")).lower()
    if protocol == "groth16" and ({"A", "Z", "T1", "Wxi"} <= value.keys() or {"Qm", "Ql", "S1"} <= value.keys()):
        protocol = "plonk"
    if "polynomials" in value and "evaluations" in value:
        protocol = "fflonk"
    if protocol != "groth16":
        raise InvalidInput(f"snarkjs {str(protocol)[:32]} over {curve[:32]}: none of the eleven host functions verifies it")
    if curve not in CURVES:
        raise InvalidInput(f"Groth16 over {curve[:32]}: none of the eleven host functions verifies it, only Groth16 over BN254")


def number(value: object, what: str) -> int:
    """A decimal or 0x-hexadecimal string, or an integer of JSON. Raises InvalidInput."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and 0 < len(value) <= _MAX_DIGITS and value.isascii():
        if value.isdigit():
            return int(value)
        if value[:2] in ("0x", "0X") and all(c in "0123456789abcdefABCDEF" for c in value[2:]) and len(value) > 2:
            return int(value, 16)
    raise InvalidInput(f"{what}: not a number: {str(value)[:40]!r}")


def _array(value: object, length: int, what: str) -> Sequence[Any]:
    if not isinstance(value, list) or len(value) != length:
        raise InvalidInput(f"{what}: must be an array of {length}")
    return value


def _g1(value: object, what: str) -> EncodedPoint:
    x, y, z = (number(v, what) for v in _array(value, 3, what))
    if z == 0:
        return g1_point(0, 0, what)
    if z != 1:
        raise InvalidInput(f"{what}: not affine (z = {z})")
    if x == y == 0:
        raise InvalidInput(f"{what}: not on its curve")
    return g1_point(x, y, what)


def _g2(value: object, what: str) -> EncodedPoint:
    x, y, z = (tuple(number(v, what) for v in _array(pair, 2, what)) for pair in _array(value, 3, what))
    if z == (0, 0):
        return g2_point((0, 0), (0, 0), what)
    if z != (1, 0):
        raise InvalidInput(f"{what}: not affine (z = {z})")
    if x == y == (0, 0):
        raise InvalidInput(f"{what}: not on its curve")
    return g2_point((x[0], x[1]), (y[0], y[1]), what)


def _field(value: Mapping[str, Any], name: str) -> object:
    if name not in value:
        raise InvalidInput(f"{name} is missing")
    return value[name]


def verifying_key(value: Mapping[str, Any]) -> VerifyingKey:
    """`verification_key.json`. Raises InvalidInput."""
    refuse_others(value)
    points = _field(value, "IC")
    if not isinstance(points, list) or not points:
        raise InvalidInput("IC: must be an array of points")
    if "nPublic" in value and value["nPublic"] != len(points) - 1:
        raise InvalidInput(f"nPublic is {str(value['nPublic'])[:32]} but IC has {len(points)} points")
    return VerifyingKey(
        _g1(_field(value, "vk_alpha_1"), "vk_alpha_1"),
        _g2(_field(value, "vk_beta_2"), "vk_beta_2"),
        _g2(_field(value, "vk_gamma_2"), "vk_gamma_2"),
        _g2(_field(value, "vk_delta_2"), "vk_delta_2"),
        tuple(_g1(point, f"IC[{i}]") for i, point in enumerate(points)),
    )


def proof(value: Mapping[str, Any]) -> Proof:
    """`proof.json`. Raises InvalidInput."""
    refuse_others(value)
    return Proof(_g1(_field(value, "pi_a"), "pi_a"), _g2(_field(value, "pi_b"), "pi_b"), _g1(_field(value, "pi_c"), "pi_c"))


def public_inputs(value: object) -> list[int]:
    """`public.json`. Raises InvalidInput."""
    if not isinstance(value, list):
        raise InvalidInput("public inputs: must be an array")
    return [number(v, f"public input {i}") for i, v in enumerate(value)]


def solidity_call(text: str) -> tuple[Proof, list[int]]:
    """`["0x..", "0x.."],[["0x..", "0x.."],["0x..", "0x.."]],["0x..", "0x.."],["0x..", ...]`. Raises InvalidInput."""
    try:
        values = json.loads(f"[{text}]")
    except (ValueError, RecursionError):
        raise InvalidInput("not what snarkjs generatecall prints") from None
    if len(values) != 4:
        raise InvalidInput(f"not what snarkjs generatecall prints: {len(values)} arrays, not 4")
    ax, ay = (number(v, "a") for v in _array(values[0], 2, "a"))
    (x1, x0), (y1, y0) = ((number(v, "b") for v in _array(pair, 2, "b")) for pair in _array(values[1], 2, "b"))
    cx, cy = (number(v, "c") for v in _array(values[2], 2, "c"))
    made = Proof(g1_point(ax, ay, "a"), g2_point((x0, x1), (y0, y1), "b"), g1_point(cx, cy, "c"))
    return made, public_inputs(values[3])
