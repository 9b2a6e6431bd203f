"""The executable specification: what a textbook would say, in plain Python integers and the standard library alone.

Every engine is measured against this package. A field element is an int below the modulus, an Fp2 element a pair, a point an affine
pair of coordinates or None for infinity. ``operations.answer`` is the whole of it: argument bytes in, Dusk's answer out. The modules
under ``raw`` follow upstream's limb arithmetic where a contract hands in limbs that are not below the modulus.
"""
