//! Sorts a list of numbers, stably and unstably, and keeps the last one.
#![no_std]
extern crate alloc;

use alloc::vec::Vec;
use support::{Input, contract};

struct Sorting(Vec<u64>);

impl Sorting {
    fn fill(&mut self, mut input: Input) -> Vec<u8> {
        let (count, mut seed) = (input.u32(), input.u64());
        self.0 = (0..count)
            .map(|_| {
                // Marsaglia's xorshift64.
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                seed
            })
            .collect();
        Vec::new()
    }

    fn sort(&mut self, _: Input) -> Vec<u8> {
        self.0.sort();
        self.digest()
    }

    fn sort_unstable(&mut self, _: Input) -> Vec<u8> {
        self.0.sort_unstable_by(|a, b| b.cmp(a));
        self.digest()
    }

    fn digest(&self) -> Vec<u8> {
        let sum = self.0.iter().fold(0u64, |sum, x| sum.rotate_left(5) ^ x);
        sum.to_le_bytes().to_vec()
    }
}

contract!(Sorting(Vec::new()) => Sorting; fill, sort, sort_unstable);
