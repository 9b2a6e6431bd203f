//! Transfers of notes that hide amounts and owners: a PLONK proof says that the sums agree and that the sender owned what is spent.
//!
//! Public inputs of the circuit: class of the security, nullifier of the note spent, commitments of the two notes made.
#![no_std]
extern crate alloc;

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use support::{
    Input, contract,
    query::{Scalar, poseidon_hash, verify_plonk},
    uplink::emit_raw,
};

const PROOF: usize = 1008;

/// The modulus of the scalar field of BLS12-381, least limb first.
const MODULUS: [u64; 4] = [0xffff_ffff_0000_0001, 0x53bd_a402_fffe_5bfe, 0x3339_d808_09a1_d805, 0x73ed_a753_299d_7d48];

/// The host accepts limbs that are not reduced: one nullifier would have many names, and one note would be spent more than once.
fn is_reduced(scalar: &Scalar) -> bool {
    let mut input = Input::new(scalar);
    let limbs: [u64; 4] = core::array::from_fn(|_| input.u64());
    limbs.iter().rev().lt(MODULUS.iter().rev())
}

struct Token {
    verifier_data: Vec<u8>,
    spent: BTreeSet<Scalar>,
    /// For each class a hash over all that happened.
    ledgers: BTreeMap<Scalar, Scalar>,
}

impl Token {
    const fn new() -> Self {
        Self { verifier_data: Vec::new(), spent: BTreeSet::new(), ledgers: BTreeMap::new() }
    }

    /// Verifier data, and the classes issued.
    fn init(&mut self, mut input: Input) -> Vec<u8> {
        self.verifier_data = input.bytes().to_vec();
        self.ledgers = input.arrays().into_iter().map(|class| (class, [0; 32])).collect();
        Vec::new()
    }

    /// Proof, and the four public inputs.
    fn transfer(&mut self, mut input: Input) -> Vec<u8> {
        let proof = input.take(PROOF);
        let inputs: [Scalar; 4] = core::array::from_fn(|_| input.array());
        input.end();
        let [class, nullifier, first, second] = inputs;
        assert!(inputs.iter().all(is_reduced), "a public input is not reduced");
        let ledger = *self.ledgers.get(&class).expect("no such class");
        assert!(!self.spent.contains(&nullifier), "the note is spent already");
        assert!(verify_plonk(&self.verifier_data, proof, &inputs), "the proof of the transfer is not valid");
        self.spent.insert(nullifier);
        let next = poseidon_hash(&[ledger, nullifier, first, second]);
        self.ledgers.insert(class, next);
        emit_raw("transferred", [nullifier, first, second].concat());
        next.into()
    }

    fn is_spent(&mut self, mut input: Input) -> Vec<u8> {
        [self.spent.contains(&input.array::<32>()) as u8].into()
    }

    fn ledger(&mut self, mut input: Input) -> Vec<u8> {
        self.ledgers.get(&input.array::<32>()).map(|hash| hash.to_vec()).unwrap_or_default()
    }
}

contract!(Token::new() => Token; init, transfer, is_spent, ledger);
