//! Values of another chain, each accepted by one KZG opening of a commitment that was given at deployment.
#![no_std]
extern crate alloc;

use alloc::{collections::BTreeMap, vec::Vec};
use support::{Input, contract, query::verify_kzg_proof, uplink::emit_raw};

struct LightClient {
    commitment: [u8; 48],
    values: BTreeMap<[u8; 32], [u8; 32]>,
}

impl LightClient {
    const fn new() -> Self {
        Self { commitment: [0; 48], values: BTreeMap::new() }
    }

    fn init(&mut self, mut input: Input) -> Vec<u8> {
        self.commitment = input.array();
        input.end();
        Vec::new()
    }

    /// Place z, value y, proof: 1 where the polynomial committed to has the value y at z; then the value is kept.
    fn prove(&mut self, mut input: Input) -> Vec<u8> {
        let (z, y, proof) = (input.array(), input.array(), input.array());
        input.end();
        if !verify_kzg_proof(&self.commitment, &z, &y, &proof) {
            return [0].into();
        }
        self.values.insert(z, y);
        emit_raw("proven", [z, y].concat());
        [1].into()
    }

    /// The value at a place, or nothing.
    fn value(&mut self, mut input: Input) -> Vec<u8> {
        self.values.get(&input.array::<32>()).map(|y| y.to_vec()).unwrap_or_default()
    }
}

contract!(LightClient::new() => LightClient; init, prove, value);
