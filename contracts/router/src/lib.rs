//! Calls other contracts, also itself, and goes on when they fail.
#![no_std]
extern crate alloc;

use alloc::{string::String, vec::Vec};
use support::{Input, contract, uplink};

struct Router {
    calls: u64,
}

impl Router {
    /// Gas (u64, 0 for the usual share), contract, name, argument: the answer after a 1; or a 0 and the error's name.
    fn route(&mut self, mut input: Input) -> Vec<u8> {
        self.calls += 1;
        let (gas, contract) = (input.u64(), uplink::ContractId::from_bytes(input.array()));
        let name = String::from_utf8(input.bytes().to_vec()).expect("a name");
        match uplink::call_raw_with_limit(contract, &name, input.rest(), gas) {
            Ok(answer) => [&[1], &answer[..]].concat(),
            Err(error) => {
                uplink::emit_raw("failed", name.as_bytes());
                let text = alloc::format!("{error:?}");
                [&[0], text.as_bytes()].concat()
            }
        }
    }

    /// Depth (u32): calls itself so often, and answers the identities on the stack.
    fn descend(&mut self, mut input: Input) -> Vec<u8> {
        self.calls += 1;
        let depth = input.u32();
        if depth == 0 {
            return uplink::callstack().iter().flat_map(|id| id.to_bytes()).collect();
        }
        uplink::call_raw(uplink::self_id(), "descend", &(depth - 1).to_le_bytes()).expect("a deeper call")
    }

    fn count(&mut self, _: Input) -> Vec<u8> {
        self.calls.to_le_bytes().to_vec()
    }

    /// Spends what it was given.
    fn burn(&mut self, _: Input) -> Vec<u8> {
        loop {
            self.calls = core::hint::black_box(self.calls + 1);
        }
    }

    fn fail(&mut self, input: Input) -> Vec<u8> {
        self.calls += 1000;
        uplink::emit_raw("failing", "before");
        let mut input = input;
        panic!("{}", core::str::from_utf8(input.rest()).unwrap_or("not a text"));
    }
}

contract!(Router { calls: 0 } => Router; route, descend, count, burn, fail);
