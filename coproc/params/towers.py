"""Tables that both pairing curves need: Frobenius constants of Fp12 = Fp2[w]/(w^6 - xi), and of psi on the twist."""

from __future__ import annotations

from coproc.params.arithmetic import Pair, fp2_inv, fp2_mul, fp2_pow


def frobenius_table(xi: Pair, p: int, power: int) -> tuple[Pair, ...]:
    """gamma_{power,i} = xi^(i (p^power - 1)/6) for i = 0..5.

    The p^power-Frobenius maps sum c_i w^i to sum conj^power(c_i) gamma_{power,i} w^i, since w^(p^power) = w xi^((p^power - 1)/6).
    """
    assert (p**power - 1) % 6 == 0
    base = fp2_pow(xi, (p**power - 1) // 6 % (p * p - 1), p)
    table: list[Pair] = [(1, 0)]
    for _ in range(5):
        table.append(fp2_mul(table[-1], base, p))
    # (w^(p^power))^6 = xi^(p^power): conj(xi) for odd powers, xi for even ones.
    image = (xi[0], -xi[1] % p) if power % 2 else xi
    assert fp2_mul(fp2_mul(table[5], base, p), xi, p) == image
    if power % 2 == 0:
        assert all(c1 == 0 for _, c1 in table)
    return tuple(table)


def twist_frobenius(xi: Pair, p: int, m_type: bool) -> tuple[Pair, Pair]:
    """(PSI_X, PSI_Y) with psi(x, y) = (conj(x) PSI_X, conj(y) PSI_Y) = untwist, Frobenius, twist.

    D-type twist (x, y) -> (x w^2, y w^3): xi^((p-1)/3), xi^((p-1)/2). M-type (x, y) -> (x/w^2, y/w^3): their inverses.
    """
    x, y = fp2_pow(xi, (p - 1) // 3, p), fp2_pow(xi, (p - 1) // 2, p)
    return (fp2_inv(x, p), fp2_inv(y, p)) if m_type else (x, y)


def is_sextic_nonresidue(xi: Pair, p: int) -> bool:
    """w^6 - xi is irreducible over Fp2: xi is neither a square nor a cube there."""
    order = p * p - 1
    return order % 6 == 0 and fp2_pow(xi, order // 2, p) != (1, 0) and fp2_pow(xi, order // 3, p) != (1, 0)
