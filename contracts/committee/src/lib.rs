//! Blocks of another chain, each attested by more than two thirds of a committee in one BLS multi-signature.
#![no_std]
extern crate alloc;

use alloc::{collections::BTreeMap, vec::Vec};
use support::{
    Input, contract,
    query::{Key, verify_bls_multisig},
    uplink::{emit_raw, self_id},
};

struct Committee {
    keys: Vec<Key>,
    blocks: BTreeMap<u64, [u8; 32]>,
}

impl Committee {
    const fn new() -> Self {
        Self { keys: Vec::new(), blocks: BTreeMap::new() }
    }

    /// The keys of the members.
    fn init(&mut self, mut input: Input) -> Vec<u8> {
        self.keys = input.arrays();
        Vec::new()
    }

    /// Height, hash, signature, and a bit a member: who voted. Answers the count of votes.
    fn attest(&mut self, mut input: Input) -> Vec<u8> {
        let (height, hash, signature) = (input.u64(), input.array::<32>(), input.array());
        let bits = input.take(self.keys.len().div_ceil(8));
        input.end();
        if let Some((last, _)) = self.blocks.last_key_value() {
            assert!(height > *last, "a block at this height or above is attested");
        }
        let voters: Vec<Key> = (0..self.keys.len()).filter(|i| bits[i / 8] >> (i % 8) & 1 == 1).map(|i| self.keys[i]).collect();
        assert!(3 * voters.len() > 2 * self.keys.len(), "{} of {} members are no quorum", voters.len(), self.keys.len());
        let message = [&b"attest"[..], &self_id().to_bytes(), &height.to_le_bytes(), &hash].concat();
        assert!(verify_bls_multisig(&message, &voters, &signature), "the signature of the votes is not valid");
        self.blocks.insert(height, hash);
        emit_raw("attested", [&height.to_le_bytes()[..], &hash].concat());
        (voters.len() as u32).to_le_bytes().into()
    }

    /// The attested block at a height, or nothing.
    fn block(&mut self, mut input: Input) -> Vec<u8> {
        self.blocks.get(&input.u64()).map(|hash| hash.to_vec()).unwrap_or_default()
    }
}

contract!(Committee::new() => Committee; init, attest, block);
