"""Prints the leaf of a field as portable C: 64-bit accumulators, words as literals."""

from __future__ import annotations

from coproc.codegen.device.tables import BITS, limbs
from coproc.codegen.sections import words
from coproc.params.constant import Field


def _reduce_once(field: Field) -> list[str]:
    """d = t or t - p, whichever is reduced, for t[0..n-1] < 2p."""
    p = words(field.modulus, limbs(field), BITS)
    out = [f"  u32 s[{len(p)}];", "  u64 borrow = 0;"]
    for w, word in enumerate(p):
        out.append(f"  borrow = (u64)t[{w}] - {word:#x}u - borrow; s[{w}] = (u32)borrow; borrow >>= 63;")
    out.append("  const u32 keep = (u32)0 - (u32)borrow;")
    out += [f"  d[{w}] = (t[{w}] & keep) | (s[{w}] & ~keep);" for w in range(len(p))]
    return out


def mul(field: Field) -> str:
    """Montgomery product, one row of a at a time (p < 2^(32 n - 1), so that a row never carries out of n + 1 words)."""
    n = limbs(field)
    p = words(field.modulus, n, BITS)
    out = ["DEVICE void fpr_mul(u32 *d, const u32 *a, const u32 *b) {", f"  u32 t[{n}] = {{0}};", "  u64 c, r;", "  u32 m;"]
    for i in range(n):
        out.append(f"  c = (u64)a[{i}] * b[0] + t[0]; m = (u32)c * FP_N0; r = (u64)m * {p[0]:#x}u + (u32)c; c >>= 32; r >>= 32;")
        for j in range(1, n):
            out.append(f"  c += (u64)a[{i}] * b[{j}] + t[{j}]; r += (u64)m * {p[j]:#x}u + (u32)c; t[{j - 1}] = (u32)r; c >>= 32; r >>= 32;")
        out.append(f"  t[{n - 1}] = (u32)(c + r);")
    return "\n".join([*out, *_reduce_once(field), "}", ""])


def add(field: Field) -> str:
    n = limbs(field)
    out = ["DEVICE void fpr_add(u32 *d, const u32 *a, const u32 *b) {", f"  u32 t[{n}];", "  u64 c = 0;"]
    out += [f"  c += (u64)a[{w}] + b[{w}]; t[{w}] = (u32)c; c >>= 32;" for w in range(n)]
    return "\n".join([*out, *_reduce_once(field), "}", ""])


def sub(field: Field) -> str:
    n = limbs(field)
    p = words(field.modulus, n, BITS)
    out = ["DEVICE void fpr_sub(u32 *d, const u32 *a, const u32 *b) {", f"  u32 t[{n}];", "  u64 c = 0;"]
    out += [f"  c = (u64)a[{w}] - b[{w}] - c; t[{w}] = (u32)c; c >>= 63;" for w in range(n)]
    out += ["  const u32 negative = (u32)0 - (u32)c;", "  c = 0;"]
    out += [f"  c += (u64)t[{w}] + ({word:#x}u & negative); d[{w}] = (u32)c; c >>= 32;" for w, word in enumerate(p)]
    return "\n".join([*out, "}", ""])


def leaf(field: Field) -> str:
    """fpr_mul, fpr_sqr, fpr_add, fpr_sub."""
    sqr = "DEVICE void fpr_sqr(u32 *d, const u32 *a) { fpr_mul(d, a, a); }\n"
    return mul(field) + sqr + add(field) + sub(field)
