"""Writes the argument buffers of the test vectors as one file for the fuzz target.

Usage: corpus.py OUT, with the repository root on the Python path. The file: 8 bytes "coprocfz", then for each buffer layout (u8),
version (u8, as in target.hpp), two zero bytes, length (u32 LE), bytes. Equal buffers are written once.
"""

import struct
import sys
from pathlib import Path

from tests.vectors.load import DUSK_COUNTS, dusk

LAYOUTS = {
    "hash": 0,
    "keccak256": 0,
    "sha256": 0,
    "poseidon_hash": 1,
    "verify_plonk": 2,
    "verify_groth16_bn254": 3,
    "verify_schnorr": 4,
    "verify_bls": 5,
    "verify_bls_multisig": 6,
    "verify_kzg_proof": 7,
    "secp256k1_recover": 8,
}
VERSIONS = {"V1": 0, "V2": 1, "V3": 2, "PreFork": 0, "Aegis": 4, "Boreas": 4}


def main() -> int:
    seen: set[tuple[int, int, bytes]] = set()
    out = [b"coprocfz"]
    for op in DUSK_COUNTS["dusk"]:
        for case in dusk(op):
            entry = (LAYOUTS[op], VERSIONS.get(case.version or "", 0), case.argbuf)
            if entry not in seen:
                seen.add(entry)
                out.append(struct.pack("<BBHI", entry[0], entry[1], 0, len(case.argbuf)) + case.argbuf)
    Path(sys.argv[1]).write_bytes(b"".join(out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
