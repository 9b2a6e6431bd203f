//! Dusk's own code in this process: the public functions of `dusk_vm::host_queries`, between rkyv's check and rkyv's writer.

use bytecheck::CheckBytes;
use dusk_vm::host_queries as dusk;
use rkyv::ser::serializers::AllocSerializer;
use rkyv::validation::validators::DefaultValidator;
use rkyv::{Archive, Deserialize, Infallible, Serialize};

use crate::{Function, Retbuf};

/// The answer to `args` under the rules in force on this thread.
///
/// Panics on the arguments on which Dusk's host functions panic (no scalars for `poseidon_hash`; some keys and signatures
/// whose third coordinate is zero for `verify_schnorr`; a prepared Groth16 key with too few coefficients).
pub fn answer(function: Function, args: &[u8]) -> Retbuf {
    match function {
        Function::Hash => run(function, args, dusk::hash),
        Function::PoseidonHash => run(function, args, dusk::poseidon_hash),
        Function::VerifyPlonk => {
            run(function, args, |(data, proof, inputs)| dusk::verify_plonk_with_version(dusk::plonk_version(), data, proof, inputs))
        }
        Function::VerifyGroth16Bn254 => run(function, args, |(key, proof, inputs)| dusk::verify_groth16_bn254(key, proof, inputs)),
        Function::VerifySchnorr => run(function, args, |(message, key, signature)| dusk::verify_schnorr(message, key, signature)),
        Function::VerifyBls => run(function, args, |(message, key, signature)| dusk::verify_bls(message, key, signature)),
        Function::VerifyBlsMultisig => {
            run(function, args, |(message, keys, signature)| dusk::verify_bls_multisig(message, keys, signature))
        }
        Function::Keccak256 => run(function, args, dusk::keccak256),
        Function::Sha256 => run(function, args, dusk::sha256),
        Function::VerifyKzgProof => run(function, args, |(c, z, y, proof)| dusk::verify_kzg_proof(c, z, y, proof)),
        Function::Secp256k1Recover => run(function, args, |(hash, signature)| dusk::secp256k1_recover(hash, signature)),
    }
}

fn run<A, R>(function: Function, args: &[u8], answer: impl FnOnce(A) -> R) -> Retbuf
where
    A: Archive,
    A::Archived: for<'a> CheckBytes<DefaultValidator<'a>> + Deserialize<A, Infallible>,
    R: Serialize<AllocSerializer<128>>,
{
    let Ok(root) = rkyv::check_archived_root::<A>(args) else {
        return Retbuf::fallback(function);
    };
    let decoded: A = root.deserialize(&mut Infallible).expect("infallible");
    Retbuf::new(&rkyv::to_bytes::<R, 128>(&answer(decoded)).expect("memory"))
}
