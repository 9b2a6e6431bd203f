"""Powers by sliding windows over odd powers, as steps for a loop: (squarings, which odd power)."""

from __future__ import annotations

from collections import Counter

from coproc.codegen.device.tables import table


def odd_windows(exponent: int, bits: int) -> tuple[list[tuple[int, int]], int]:
    """Steps e = e 2^squarings + (2 i + 1), i < 2^(bits - 1), from e = 0, the first without squarings; and the squarings after the last."""
    steps: list[tuple[int, int]] = []
    pending, position = 0, exponent.bit_length() - 1
    while position >= 0:
        if not exponent >> position & 1:
            pending, position = pending + 1, position - 1
            continue
        low = max(position - bits + 1, 0)
        while not exponent >> low & 1:
            low += 1
        digit = exponent >> low & ((1 << position - low + 1) - 1)
        steps.append((pending + position - low + 1 if steps else 0, digit // 2))
        pending, position = 0, low - 1
    e = 0
    for squarings, i in steps:
        e = (e << squarings) + 2 * i + 1
    assert e << pending == exponent
    return steps, pending


def chain(name: str, exponent: int, bits: int) -> str:
    """name_STEPS, flat; name_STEPS_COUNT of them; name_TAIL squarings at the end."""
    steps, tail = odd_windows(exponent, bits)
    head = f"#define {name}_STEPS_COUNT {len(steps)}\n#define {name}_TAIL {tail}\n"
    return head + table(f"{name}_STEPS", (v for step in steps for v in step))


def operations(exponent: int, bits: int) -> Counter[str]:
    """Calls of a power: those of the odd powers included."""
    steps, tail = odd_windows(exponent, bits)
    return Counter({"fp_sqr": 1 + sum(squarings for squarings, _ in steps) + tail, "fp_mul": len(steps) - 1 + (1 << (bits - 1)) - 1})
