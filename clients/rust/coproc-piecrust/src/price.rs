//! What a host query costs: the schedule of dusk-vm 1.7.0, which keeps it to itself (`host_queries/pricing.rs`).
//!
//! Charged under Boreas only, before the work. A length is that of the decoded argument; where that does not decode, a hash
//! pays for the whole buffer, the others for one element. `tests/prices.rs` measures the schedule in dusk-vm itself.

use dusk_core::signatures::bls::{MultisigSignature, PublicKey};
use dusk_core::BlsScalar;
use dusk_vm::host_queries::HardFork;
use rkyv::check_archived_root;

use crate::Function;

/// Gas for one call with the argument buffer `args`, whose address counts as rkyv's check depends on it.
pub fn price(function: Function, fork: HardFork, args: &[u8]) -> u64 {
    if fork != HardFork::Boreas {
        return 0;
    }
    match function {
        Function::Hash => 3_000 + 10 * bytes(args),
        Function::PoseidonHash => 30_000 + 10_000 * scalars(args),
        Function::VerifyPlonk => 10_000_000,
        Function::VerifyGroth16Bn254 => 4_500_000,
        Function::VerifySchnorr => 1_000_000,
        Function::VerifyBls => 1_750_000,
        Function::VerifyBlsMultisig => 2_500_000 + 200_000 * keys(args),
        Function::Keccak256 => 3_000 + 16 * bytes(args),
        Function::Sha256 => 3_000 + 8 * bytes(args),
        Function::VerifyKzgProof => 2_000_000,
        Function::Secp256k1Recover => 200_000,
    }
}

fn bytes(args: &[u8]) -> u64 {
    check_archived_root::<Vec<u8>>(args).map_or(args.len(), |v| v.len()) as u64
}

fn scalars(args: &[u8]) -> u64 {
    check_archived_root::<Vec<BlsScalar>>(args).map_or(1, |v| v.len().max(1)) as u64
}

fn keys(args: &[u8]) -> u64 {
    check_archived_root::<(Vec<u8>, Vec<PublicKey>, MultisigSignature)>(args).map_or(1, |t| t.1.len().max(1)) as u64
}
