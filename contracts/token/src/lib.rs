//! Balances of accounts; the caller of a transfer is the contract that calls, or the account named if none does.
#![no_std]
extern crate alloc;

use alloc::{collections::BTreeMap, vec::Vec};
use support::{Input, contract, uplink};

type Account = [u8; 32];

struct Token(BTreeMap<Account, u64>);

impl Token {
    /// Account and amount, as often as there are accounts.
    fn init(&mut self, mut input: Input) -> Vec<u8> {
        for entry in input.arrays::<40>() {
            let mut entry = Input::new(&entry);
            let account = entry.array();
            *self.0.entry(account).or_insert(0) += entry.u64();
        }
        Vec::new()
    }

    /// From, to, amount.
    fn transfer(&mut self, mut input: Input) -> Vec<u8> {
        let (from, to, amount): (Account, Account, u64) = (input.array(), input.array(), input.u64());
        input.end();
        if let Some(caller) = uplink::caller() {
            assert!(caller.to_bytes() == from, "a contract spends its own balance");
        }
        let balance = self.0.get_mut(&from).expect("no such account");
        *balance = balance.checked_sub(amount).expect("the balance is too small");
        let target = self.0.entry(to).or_insert(0);
        *target = target.checked_add(amount).expect("the balance is too large");
        let event: Vec<u8> = [&from[..], &to, &amount.to_le_bytes()].concat();
        uplink::emit_raw("transferred", event);
        Vec::new()
    }

    fn balance(&mut self, mut input: Input) -> Vec<u8> {
        self.0.get(&input.array::<32>()).copied().unwrap_or(0).to_le_bytes().to_vec()
    }
}

contract!(Token(BTreeMap::new()) => Token; init, transfer, balance);
