//! `Retbuf`: the bytes that the host writes back. `Request`: a call of a host function.

use rkyv::AlignedVec;

use crate::price::price;
use crate::{Function, Rules};

/// At most 66 bytes, in place.
#[derive(Clone, Copy)]
pub struct Retbuf {
    bytes: [u8; 66],
    len: u8,
}

impl Retbuf {
    /// Panics beyond 66 bytes.
    pub fn new(from: &[u8]) -> Self {
        let mut bytes = [0; 66];
        bytes[..from.len()].copy_from_slice(from);
        Self { bytes, len: from.len() as u8 }
    }

    /// What an argument buffer that does not decode gets, whatever the function: false, zero, or no key.
    pub fn fallback(function: Function) -> Self {
        Self { bytes: [0; 66], len: function.width() as u8 }
    }

    /// What a verification says; None for the answers of other functions.
    pub fn verdict(&self) -> Option<bool> {
        (self.len == 1).then_some(self.bytes[0] == 1)
    }

    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len as usize]
    }
}

impl PartialEq for Retbuf {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl std::fmt::Debug for Retbuf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_slice().fmt(f)
    }
}

/// The alignment of an address as far as it matters: 1, 2, 4 or 8.
pub fn alignment(of: *const u8) -> u8 {
    1 << (of as usize).trailing_zeros().min(3)
}

/// A call, as it is sent.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub function: Function,
    pub rules: Rules,
    /// of the argument buffer's base address: 1, 2, 4 or 8
    pub align: u8,
    /// the price that the answer must name
    pub gas: u64,
    pub args: &'a [u8],
}

impl Call<'_> {
    /// BLAKE3 of all that the answer depends on.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut state = blake3::Hasher::new();
        state.update(&[self.function as u8, self.rules.code(), self.align]).update(self.args);
        *state.finalize().as_bytes()
    }
}

/// A call that owns its argument buffer, for batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub function: Function,
    pub rules: Rules,
    pub align: u8,
    pub gas: u64,
    pub args: Vec<u8>,
}

impl Request {
    /// A call with an argument buffer at an address divisible by 8, as contracts on piecrust-uplink have it.
    pub fn new(function: Function, rules: Rules, args: &[u8]) -> Self {
        let mut aligned = AlignedVec::with_capacity(args.len());
        aligned.extend_from_slice(args);
        let gas = price(function, rules.hard_fork(), &aligned);
        Self { function, rules, align: 8, gas, args: args.to_vec() }
    }

    pub fn as_call(&self) -> Call<'_> {
        Call { function: self.function, rules: self.rules, align: self.align, gas: self.gas, args: &self.args }
    }
}

impl From<Call<'_>> for Request {
    fn from(call: Call<'_>) -> Self {
        Self { function: call.function, rules: call.rules, align: call.align, gas: call.gas, args: call.args.to_vec() }
    }
}
