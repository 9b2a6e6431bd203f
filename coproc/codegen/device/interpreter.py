"""Runs a carry-chain program on Python integers in the order of its operations; a lost carry raises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from coproc.codegen.device.ir import Chain, Op, Value, Word


class LostCarry(ArithmeticError):
    """An operation that must not overflow did."""


def run(chain: Chain, inputs: Mapping[str, Sequence[int]]) -> dict[str, tuple[int, ...]]:
    """The outputs, words below 2^width. Raises LostCarry."""
    base = 1 << chain.width
    words: list[int] = [0] * chain.words
    for name, given in inputs.items():
        for word, value in zip(chain.inputs[name], given, strict=True):
            assert 0 <= value < base
            words[word.index] = value
    flag = 0

    def of(value: Value) -> int:
        return words[value.index] if isinstance(value, Word) else value

    for op in chain.ops:
        total = _exact(op, of(op.a), of(op.b), of(op.c), flag, chain.width)
        if op.carry_out:
            flag = total // base & 1 if total >= 0 else 1
        elif op.exact and not 0 <= total < base:
            raise LostCarry(f"{op} gave {total:#x}")
        words[op.out.index] = total % base
    return {name: tuple(of(value) for value in values) for name, values in chain.outputs.items()}


def _exact(op: Op, a: int, b: int, c: int, flag: int, width: int) -> int:
    carry = flag if op.carry_in else 0
    ones = (1 << width) - 1
    match op.kind:
        case "lo":
            return (a * b & ones) + c + carry
        case "hi":
            return (a * b >> width) + c + carry
        case "mul":
            return a * b & ones
        case "add" | "wrap":
            return a + b + carry
        case "sub":
            return a - b - carry
        case "mask":
            return ones * flag
        case "select":
            return a if c else b
        case "and":
            return a & b
        case "xor":
            return a ^ b
        case _:
            raise ValueError(op.kind)
