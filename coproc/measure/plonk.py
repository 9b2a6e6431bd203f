"""PLONK proofs without a prover: under a key whose trapdoor x is known, any commitments and evaluations have openings that verify.

The verifier asks that S + x X = 0 in logarithms, S = z w_z + u z w w_zw + L0 + u L1 and X = -(w_z + u w_zw), where L0 + u L1 sums what
the transcript and the evaluations make of all other points and u alone depends on the openings. Hence w_z = L0 / (x - z) and
w_zw = L1 / (x - z w). The verifier does the same work as for a prover's proof; the proofs prove nothing, since x is known.

Source: [GWC19] section 8, [dusk-plonk] src/proof_system/proof.rs.
"""

from __future__ import annotations

from random import Random
from typing import Final

import numpy as np

from coproc.engine.protocol import PLONK_KEY_POINTS, PLONK_PROOF_POINTS, PLONK_TERMS, U8, U64, Buffers, Encoding, Engine, Group, rows_of
from coproc.errors import EngineBug
from coproc.measure.groups import GENERATOR, multiples_of_generator, numbers, progression
from coproc.params.bls12_381 import R

G1, G2 = Group.BLS12_381_G1, Group.BLS12_381_G2
LABEL: Final = b"measured"
CONSTRAINTS: Final = 417
KEY_COMMITMENTS: Final = PLONK_KEY_POINTS - 1  # the last of the key's points is g
EVALUATIONS: Final = 15
OPENINGS: Final = 2
V3: Final = 3


class PlonkKey:
    """A key of a circuit that does not exist: `data` as verify_plonk takes it, and the logarithms of its points."""

    def __init__(self, engine: Engine, random: Random, public_inputs: int = 4, label: bytes = LABEL) -> None:
        self.public_inputs = public_inputs
        self.trapdoor = random.randrange(2, R)
        made = progression(engine, G1, KEY_COMMITMENTS, random.randrange(R), random.randrange(R))
        self.logs = [*made.logs, 1]
        generator = GENERATOR[G2].reshape(1, -1)
        powers = np.concatenate((generator, multiples_of_generator(engine, G2, [self.trapdoor])))
        opening = (
            engine.encode(G1, Encoding.ZCASH, GENERATOR[G1].reshape(1, -1)).tobytes() + engine.encode(G2, Encoding.ZCASH, powers).tobytes()
        )
        key = CONSTRAINTS.to_bytes(8, "little") + engine.encode(G1, Encoding.ZCASH, made.points).tobytes() + bytes(240)
        indexes = b"".join(i.to_bytes(8, "big") for i in range(public_inputs))
        head = (len(label), len(key), len(opening), public_inputs, 512, CONSTRAINTS)
        self.data = b"".join(v.to_bytes(8, "big") for v in head) + label + key + opening + indexes
        native, status = engine.plonk_key(Buffers.one(self.data))
        if status[0]:
            raise EngineBug(f"{engine.name} refuses a verification key that is valid")
        self.native = native[0]

    def prove(self, engine: Engine, random: Random, n: int) -> list[tuple[bytes, bytes]]:
        """n distinct pairs of a proof (1,008 bytes) and public inputs (archived scalars)."""
        free = PLONK_PROOF_POINTS - OPENINGS
        commitments = progression(engine, G1, n * free, random.randrange(R), random.randrange(R))
        encoded = engine.encode(G1, Encoding.ZCASH, commitments.points).reshape(n, free * 48)
        values = np.frombuffer(b"".join(random.randrange(R).to_bytes(32, "little") for _ in range(n * EVALUATIONS)), np.uint8)
        values = values.reshape(n, EVALUATIONS * 32)
        count = self.public_inputs
        inputs = np.frombuffer(
            b"".join((random.randrange(R) * (1 << 256) % R).to_bytes(32, "little") for _ in range(n * count)), np.uint8
        ).reshape(n, count * 32)
        guesses = [
            np.tile(engine.encode(G1, Encoding.ZCASH, multiples_of_generator(engine, G1, [k, k + 1])).reshape(1, 96), (n, 1))
            for k in (1, 3)
        ]
        logs = [commitments.logs[free * i : free * (i + 1)] for i in range(n)]
        sums = [self._sums(engine, np.concatenate((encoded, guess, values), axis=1), inputs, logs) for guess in guesses]
        openings: list[int] = []
        for (u, total, z, z_next), (other_u, other_total, _, _) in zip(*sums, strict=True):
            slope = (other_total - total) * pow(other_u - u, -1, R) % R
            openings.append((total - u * slope) * pow(self.trapdoor - z, -1, R) % R)
            openings.append(slope * pow(self.trapdoor - z_next, -1, R) % R)
        opened = engine.encode(G1, Encoding.ZCASH, multiples_of_generator(engine, G1, openings)).reshape(n, OPENINGS * 48)
        proofs = np.concatenate((encoded, opened, values), axis=1)
        return [(proof.tobytes(), x.tobytes()) for proof, x in zip(proofs, inputs, strict=True)]

    def _sums(self, engine: Engine, proofs: U8, inputs: U8, logs: list[list[int]]) -> list[tuple[int, int, int, int]]:
        """u, L0 + u L1, z and z w of each proof, whatever its openings are."""
        n, size = proofs.shape
        keys: U64 = np.repeat(rows_of(self.native.reshape(1, -1)), n)
        proofs, inputs = np.ascontiguousarray(proofs), np.ascontiguousarray(inputs)
        data = Buffers(rows_of(proofs), np.full(n, size, np.uint64), proofs)
        counts = np.full(n, self.public_inputs, np.uint64)
        scalars, scalars_x, status = engine.plonk_scalars(keys, np.full(n, V3, np.uint8), data, rows_of(inputs), counts)
        if status.any():
            raise EngineBug(f"{engine.name} refuses evaluations that are canonical")
        terms, minus_u = numbers(scalars), numbers(scalars_x)[1::2]
        found = []
        for i in range(n):
            row = terms[PLONK_TERMS * i : PLONK_TERMS * (i + 1)]
            total = sum(s * log for s, log in zip(row[:-OPENINGS], [*self.logs, *logs[i]], strict=True)) % R
            u = -minus_u[i] % R
            found.append((u, total, row[-2], row[-1] * pow(u, -1, R) % R))
        return found
