"""Tables of Hades for devices: the scaled form of ``coproc/params/hades_scaled.py`` with a matrix of SMALL_MDS / 2^32.

A row's sum of small products is brought below 2p by one step of Montgomery's reduction, which divides it by 2^32; the schedule of
constants for MDS / (SMALL_MDS / 2^32) makes up for that. The constant that a row begins the next round with is added before the step,
hence 2^32 times.
"""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b

from coproc.codegen.device.tables import BITS, element_table, table
from coproc.params.bls12_381 import FR
from coproc.params.hades import PARTIAL, ROUND_CONSTANTS, ROUNDS, WIDTH, P, permute_dense
from coproc.params.hades_scaled import DENOMINATOR, SMALL_MDS, STEP, permute_scaled, schedule

SCHEDULE = schedule(STEP << BITS)
_UNIT = pow(1 << BITS, -1, P)
assert permute_scaled(ROUND_CONSTANTS[:WIDTH], SCHEDULE, _UNIT) == permute_dense(ROUND_CONSTANTS[:WIDTH])

SMALL = tuple(DENOMINATOR // (k + WIDTH) for k in range(2 * WIDTH - 1))
"""SMALL_MDS[i][j] = SMALL[i + j]."""
assert all(SMALL_MDS[i][j] == SMALL[i + j] for i in range(WIDTH) for j in range(WIDTH))
# What the kernel's mix takes for granted: a column of five products, a word of a constant and a carry fits 64 bits, a row's sum nine words;
# after the step it is below p + 2^-12 p; and -1/p mod 2^32 = -1, p's two lowest words being 1 and 2^32 - 1.
assert all(sum(row) < 1 << 19 for row in SMALL_MDS)
assert (P * (1 + sum(SMALL_MDS[0]))) >> (9 * BITS) == 0
assert ((P * (1 + sum(SMALL_MDS[0]))) >> BITS) + P < 2 * P
assert P % (1 << 64) == ((1 << 64) - (1 << 32)) + 1

MIX_PRODUCTS = WIDTH * (8 * WIDTH + 6)
"""32 x 32 bit products of one multiplication by the small matrix: of words of the state, and of the reduction."""
SLOTS = WIDTH + 2


def hades_tables(curve: str) -> str:
    """HADES_SMALL; HADES_CONSTANTS in the order of use (five a full round, one a partial) and a zero; HADES_FACTORS; HADES_OUTPUT."""
    assert curve == "bls12_381"
    first, *more = SCHEDULE.first
    mixed = [c for row in more for c in row] + list(SCHEDULE.partial) + [c for row in SCHEDULE.last for c in row]
    return "".join(
        (
            table("HADES_SMALL", SMALL),
            element_table("HADES_FIRST", FR, first),
            element_table("HADES_CONSTANTS", FR, (*((c << BITS) % P for c in mixed), 0)),
            element_table("HADES_FACTORS", FR, SCHEDULE.factors),
            element_table("HADES_OUTPUT", FR, SCHEDULE.output),
        )
    )


def tag(count: int) -> int:
    """The sponge's first word for `count` elements and one result: the hash of that pattern."""
    pattern = (0x80000000 + count & 0xFFFFFFFF).to_bytes(4, "big") + (1).to_bytes(4, "big") + bytes(8)
    return int.from_bytes(blake2b(pattern).digest(), "little") % P


def operations(outputs: int = WIDTH) -> Counter[str]:
    """How often a permutation of which `outputs` words are wanted calls each primitive; "hades_mix" has MIX_PRODUCTS products."""
    boxes = WIDTH * (ROUNDS - PARTIAL) + PARTIAL
    return Counter({"fp_sqr": 2 * boxes, "fp_mul": boxes + PARTIAL + outputs, "fp_add": WIDTH, "hades_mix": ROUNDS})


def poseidon_operations(count: int) -> Counter[str]:
    """Of a hash of `count` > 0 elements, its pad included."""
    total = Counter({"fp_add": count + 1}) + operations(1)
    for _ in range((count - 1) // (WIDTH - 1)):
        total += operations()
    return total
