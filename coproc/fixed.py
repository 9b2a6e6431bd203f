"""Points of BLS12-381 that belong to no key, prepared once an engine."""

from __future__ import annotations

import numpy as np

from coproc.engine.protocol import U64, Curve, Engine, Group, address_of


class FixedPoints:
    """Points of BLS12-381 that belong to no key: the generators and the KZG ceremony's [tau]G2, with addresses of what is prepared."""

    def __init__(self, engine: Engine) -> None:
        from coproc.params import bls12_381 as params

        def words(*values: int) -> list[int]:
            """Montgomery limbs."""
            return [(v << 384) % params.P >> 64 * k & 0xFFFFFFFFFFFFFFFF for v in values for k in range(6)]

        (x, y), ((a, b), (c, d)), ((e, f), (g, h)) = params.G1, params.G2, params.KZG_TAU_G2
        self._g1: U64 = np.array([words(x, y), words(x, -y)], np.uint64)
        self._tables = engine.msm_table(Group.BLS12_381_G1, self._g1)
        self._lines = engine.lines(Curve.BLS12_381, np.array([words(a, b, c, d), words(a, b, -c, -d), words(e, f, -g, -h)], np.uint64))
        step = self._lines.strides[0]
        self.g1 = address_of(self._g1)
        self.minus_g1 = self.g1 + 96
        self.g1_table = address_of(self._tables)
        self.minus_g1_table = self.g1_table + self._tables.strides[0] if self.g1_table else 0
        self.g2_lines = address_of(self._lines)
        self.minus_g2_lines = self.g2_lines + step
        self.minus_tau_lines = self.g2_lines + 2 * step
