//! Counts, and says so.
#![no_std]
extern crate alloc;

use alloc::vec::Vec;
use support::{Input, contract, uplink::emit_raw};

struct Counter(u64);

impl Counter {
    fn init(&mut self, mut input: Input) -> Vec<u8> {
        self.0 = input.u64();
        Vec::new()
    }

    fn add(&mut self, mut input: Input) -> Vec<u8> {
        self.0 += input.u64();
        emit_raw("counted", self.0.to_le_bytes());
        Vec::new()
    }

    fn read(&mut self, _: Input) -> Vec<u8> {
        self.0.to_le_bytes().to_vec()
    }
}

contract!(Counter(0) => Counter; init, add, read);
