"""The registry of operations: one line a host function."""

from __future__ import annotations

from typing import Final

from coproc.operation import Operation
from coproc.ops.hash import Hash
from coproc.ops.keccak256 import Keccak256
from coproc.ops.poseidon_hash import PoseidonHash
from coproc.ops.secp256k1_recover import Secp256k1Recover
from coproc.ops.sha256 import Sha256
from coproc.ops.verify_bls import VerifyBls
from coproc.ops.verify_bls_multisig import VerifyBlsMultisig
from coproc.ops.verify_groth16_bn254 import VerifyGroth16Bn254
from coproc.ops.verify_kzg_proof import VerifyKzgProof
from coproc.ops.verify_plonk import VerifyPlonk
from coproc.ops.verify_schnorr import VerifySchnorr

REGISTRY: Final[tuple[Operation, ...]] = (
    Hash(),
    PoseidonHash(),
    VerifyPlonk(),
    VerifyGroth16Bn254(),
    VerifySchnorr(),
    VerifyBls(),
    VerifyBlsMultisig(),
    Keccak256(),
    Sha256(),
    VerifyKzgProof(),
    Secp256k1Recover(),
)

OPERATIONS: Final[dict[str, Operation]] = {operation.name: operation for operation in REGISTRY}
"""Name, as contracts import it, to operation."""
