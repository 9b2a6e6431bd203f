//! The n-th Fibonacci number, modulo 2^64, twice: by recursion and by iteration.
#![no_std]
extern crate alloc;

use alloc::vec::Vec;
use support::{Input, contract};

struct Fibonacci;

fn recursive(n: u32) -> u64 {
    if n < 2 { n as u64 } else { recursive(n - 1).wrapping_add(recursive(n - 2)) }
}

impl Fibonacci {
    fn by_recursion(&mut self, mut input: Input) -> Vec<u8> {
        recursive(input.u32()).to_le_bytes().to_vec()
    }

    fn by_iteration(&mut self, mut input: Input) -> Vec<u8> {
        let (mut a, mut b) = (0u64, 1u64);
        for _ in 0..input.u32() {
            (a, b) = (b, a.wrapping_add(b));
        }
        a.to_le_bytes().to_vec()
    }
}

contract!(Fibonacci => Fibonacci; by_recursion, by_iteration);
