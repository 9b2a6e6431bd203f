"""Upstream's limb arithmetic on values that are not below the modulus.

The archive check is structural, so a contract may hand in any limbs, and upstream computes with them. Here an element is the integer of
its Montgomery limbs, anything below 2^256 or 2^384, and every function does what upstream's limbs do, lost carries included, in
upstream's order. For limbs below the modulus all of this agrees with the textbook modules next door.
Sources: [bls12_381] src/scalar.rs, fp.rs, fp2.rs, fp6.rs, fp12.rs, g1.rs, g2.rs, pairings.rs; [jubjub] src/lib.rs.
"""
