"""The engine `spec`: arithmetic of one field on Montgomery limbs, for tests, benches and whoever builds on top."""

from __future__ import annotations

from collections.abc import Callable

from coproc.engine.protocol import U64, FieldOp
from coproc.spec.fields import PrimeField


def check_operands(op: FieldOp, b: U64 | None) -> None:
    binary = op in (FieldOp.ADD, FieldOp.SUB, FieldOp.MUL)
    if binary != (b is not None):
        raise ValueError(f"{op.name} takes {'two operands' if binary else 'one operand'}")


def field_op(f: PrimeField, op: FieldOp, x: int, y: int) -> int:
    """On Montgomery limbs; TO_MONT and FROM_MONT read and write plain integers."""
    if op == FieldOp.TO_MONT:
        return f.to_mont(x)
    if op == FieldOp.FROM_MONT:
        return f.from_mont(x)
    a, b = f.from_mont(x), f.from_mont(y)
    results: dict[FieldOp, Callable[[], int]] = {
        FieldOp.ADD: lambda: f.add(a, b),
        FieldOp.SUB: lambda: f.sub(a, b),
        FieldOp.MUL: lambda: f.mul(a, b),
        FieldOp.NEG: lambda: f.neg(a),
        FieldOp.SQR: lambda: f.sqr(a),
        FieldOp.INV: lambda: f.inv(a) if a else 0,
        FieldOp.SQRT: lambda: f.sqrt(a) or 0,
    }
    return f.to_mont(results[op]())
