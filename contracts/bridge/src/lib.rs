//! A bridge: a Groth16 proof over BN254 that a withdrawal was locked on the other side mints one unit here, once.
#![no_std]
extern crate alloc;

mod bn254;

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use support::{Input, contract, query::verify_groth16_bn254, uplink::emit_raw};

/// Where arkworks' prepared key holds the points of the public inputs: after alpha, beta, gamma, delta.
const POINTS: usize = 64 + 3 * 128;
const PROOF: usize = 128;

struct Bridge {
    unit: u64,
    key: Vec<u8>,
    withdrawn: BTreeSet<Vec<u8>>,
    balances: BTreeMap<[u8; 32], u64>,
}

impl Bridge {
    const fn new() -> Self {
        Self { unit: 0, key: Vec::new(), withdrawn: BTreeSet::new(), balances: BTreeMap::new() }
    }

    /// The amount of a withdrawal, and the prepared key.
    fn init(&mut self, mut input: Input) -> Vec<u8> {
        self.unit = input.u64();
        self.key = input.rest().to_vec();
        Vec::new()
    }

    /// Proof, then the public inputs (32 bytes each, little-endian), of which the first is the account.
    ///
    /// The host verifies against the sum of the inputs' points. It is computed here: a sum that came with the proof could belong to
    /// any inputs.
    fn withdraw(&mut self, mut input: Input) -> Vec<u8> {
        let proof = input.take(PROOF);
        let withdrawal = input.rest();
        let inputs = Input::new(withdrawal).arrays::<32>();
        assert!(inputs.iter().all(bn254::is_scalar), "a public input is not below the group's order");
        assert!(!self.withdrawn.contains(withdrawal), "withdrawn already");
        let sum = self.sum(&inputs);
        assert!(verify_groth16_bn254(&self.key, proof, &sum), "the proof of the withdrawal is not valid");
        self.withdrawn.insert(withdrawal.to_vec());
        let account = *inputs.first().expect("a key without public inputs");
        *self.balances.entry(account).or_insert(0) += self.unit;
        emit_raw("minted", [&account[..], &self.unit.to_le_bytes()].concat());
        Vec::new()
    }

    fn balance(&mut self, mut input: Input) -> Vec<u8> {
        self.balances.get(&input.array::<32>()).copied().unwrap_or(0).to_le_bytes().into()
    }

    /// points[0] + sum of inputs[i] points[i + 1], compressed.
    fn sum(&self, inputs: &[[u8; 32]]) -> [u8; 32] {
        let mut key = Input::new(&self.key[POINTS..]);
        assert!(key.u64() == inputs.len() as u64 + 1, "another number of public inputs");
        let mut sum = bn254::Point::read(&key.array());
        for scalar in inputs {
            sum = sum.add(&bn254::Point::read(&key.array()).mul(scalar));
        }
        sum.compressed()
    }
}

contract!(Bridge::new() => Bridge; init, withdraw, balance);
