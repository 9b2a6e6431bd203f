//! Writes down what the host says: height, chain, owner, itself, gas; feeds its entries; needs a signature of its owner for some.
#![no_std]
extern crate alloc;

use alloc::vec::Vec;
use support::{Input, contract, uplink};

struct Diary(Vec<Vec<u8>>);

impl Diary {
    fn write(&mut self, mut input: Input) -> Vec<u8> {
        let height: u64 = uplink::meta_data("block_height").unwrap_or(u64::MAX);
        let chain: u8 = uplink::meta_data("chain_id").unwrap_or(u8::MAX);
        let mut entry = Vec::new();
        entry.extend_from_slice(&height.to_le_bytes());
        entry.push(chain);
        entry.extend_from_slice(&uplink::self_owner::<32>());
        entry.extend_from_slice(&uplink::self_id().to_bytes());
        entry.extend_from_slice(input.rest());
        uplink::emit_raw("written", &entry);
        self.0.push(entry);
        uplink::limit().to_le_bytes().iter().chain(&uplink::spent().to_le_bytes()).copied().collect()
    }

    fn read(&mut self, mut input: Input) -> Vec<u8> {
        self.0[input.u32() as usize].clone()
    }

    fn recite(&mut self, _: Input) -> Vec<u8> {
        self.0.iter().for_each(uplink::feed_raw);
        Vec::new()
    }

    /// Forgets all: memory shrinks in the allocator, not in the contract.
    fn burn(&mut self, _: Input) -> Vec<u8> {
        self.0 = Vec::new();
        Vec::new()
    }
}

contract!(Diary(Vec::new()) => Diary; write, read, recite, burn);
