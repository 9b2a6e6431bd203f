"""What a worker that is not believed is asked, and what it may say: `Question` and `Partial`.

A question is a batch into which whoever checks has mixed false requests of its own, and a seed that was drawn afterwards. The worker
folds the claims of all of it with the seed's coefficients and returns the value in Gt, the sum of the tags of the claims that went in,
and which those are: no verdict. The value must be the product of the weighted values of the false claims, which only the one who
checks knows: so 1 is wrong, and so are yesterday's value, another batch's, and any value with one bit changed. Tags tell when a claim was
left out of the sum, which a fold of true claims cannot show.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b, shake_256
from typing import Final, NamedTuple

import numpy as np

from coproc.engine.protocol import GT_WORDS, I64, U8, U64, Curve, Parsed
from coproc.fold.coefficients import halves

from .pools.protocol import PackedBatch

NUMBER_BYTES: Final = 16
SEED_BYTES: Final = 32
CURVE_OF: Final = {
    "verify_plonk": Curve.BLS12_381,
    "verify_groth16_bn254": Curve.BN254,
    "verify_bls": Curve.BLS12_381,
    "verify_bls_multisig": Curve.BLS12_381,
    "verify_kzg_proof": Curve.BLS12_381,
}
"""The operations whose answers are claims: what can be asked of a worker that is not believed."""


@dataclass(slots=True)
class Question:
    """number: 16 random bytes. seed: 32 secret bytes, drawn last.

    op, rules uint8[n] and the fields of n requests whose argument buffers decode; hold: what these point into.
    """

    number: bytes
    op: str
    rules: U8
    parsed: Parsed
    seed: bytes
    hold: list[object]

    def __len__(self) -> int:
        return len(self.rules)


class Partial(NamedTuple):
    """What a worker returns for a question of n requests.

    number   of the question
    folded   uint8[n], 1 where the claim of a request went into the value
    gt       uint64[words of Gt], the value: one where nothing went in
    tags     sum of the tags of what went in, mod 2^64
    engine   who computed; seconds of work
    """

    number: bytes
    folded: U8
    gt: U64
    tags: int
    engine: str
    seconds: float = 0.0

    def fits(self, question: Question) -> str | None:
        """Why this cannot be what was asked for; None where it can. What a worker sends is not believed."""
        n, words = len(question), GT_WORDS[CURVE_OF[question.op]]
        if self.number != question.number:
            return "it answers another question"
        if not isinstance(self.folded, np.ndarray) or self.folded.dtype != np.uint8 or self.folded.shape != (n,) or np.any(self.folded > 1):
            return "it does not say which claims it folded"
        if not isinstance(self.gt, np.ndarray) or self.gt.dtype != np.uint64 or self.gt.shape != (words,):
            return "it has no value"
        return None


def joined(parts: list[PackedBatch]) -> PackedBatch:
    """Batches of one operation, one after another; tenants are left out."""
    if len(parts) == 1:
        return parts[0]
    offsets = np.zeros(sum(map(len, parts)) + 1, np.int64)
    np.cumsum(np.concatenate([np.diff(part.offsets) for part in parts]), out=offsets[1:])
    data = np.concatenate([part.data[part.offsets[0] : part.offsets[-1]] for part in parts])
    rules, aligns = np.concatenate([part.rules for part in parts]), np.concatenate([part.aligns for part in parts])
    return PackedBatch(parts[0].op, rules, aligns, data, offsets)


def weights(seed: bytes, n: int) -> U64:
    """uint64[n, 2]: the halves of the coefficient of each request."""
    return halves(blake2b(b"coproc remote fold 1", key=seed, digest_size=64).digest(), n)


def tags(seed: bytes, n: int) -> U64:
    """uint64[n]: the tag of each request."""
    words = shake_256(b"coproc remote tags 1" + seed).digest(8 * n)
    return np.frombuffer(words, "<u8").astype(np.uint64)


def tag_sum(all_tags: U64, index: I64) -> int:
    """The sum of some tags, mod 2^64."""
    return int(all_tags[index].sum(dtype=np.uint64))
