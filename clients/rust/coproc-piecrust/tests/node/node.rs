//! Dusk's VM with and without the co-processor, and what a block does in it.

use std::fs;

use coproc_piecrust::Client;
use dusk_core::abi::ContractId;
use dusk_vm::host_queries::set_host_query_policy;
use dusk_vm::{Session, VM};

use crate::cases::Case;
use crate::contract;

const GAS: u64 = 10_000_000_000;
const CHAIN: u8 = 1;

/// A VM with the contract deployed and committed.
pub struct Node {
    pub vm: VM,
    base: [u8; 32],
    contract: ContractId,
}

/// What a call leaves for everybody to see: the gas it spent, the bytes it returned, its events.
#[derive(Debug, PartialEq)]
pub struct Receipt {
    pub gas: u64,
    pub data: Vec<u8>,
    events: String,
}

impl Node {
    /// As dusk-vm makes it, with Dusk's own host queries.
    pub fn unattached(shift: usize) -> Self {
        Self::deployed(VM::ephemeral().expect("a VM"), shift)
    }

    /// With those of the client.
    pub fn attached(client: &Client, shift: usize) -> Self {
        let mut vm = piecrust::VM::ephemeral().expect("a VM");
        client.register(&mut vm);
        Self::deployed(VM::from(vm), shift)
    }

    fn deployed(vm: VM, shift: usize) -> Self {
        let mut session = vm.genesis_session(CHAIN);
        let code = contract::bytecode(shift);
        let (contract, _) = session.deploy_raw(None, &code, None, vec![0; 32], GAS).expect("deployed");
        let base = session.commit().expect("committed");
        Self { vm, base, contract }
    }

    /// A session of the block behind the deployment.
    pub fn session(&self) -> Session {
        self.vm.session(self.base, CHAIN, 1).expect("a session")
    }

    /// What a call does in a session of this node.
    pub fn call(&self, session: &mut Session, case: &Case) -> Receipt {
        let _guard = set_host_query_policy(case.policy);
        let receipt = session.call_raw(self.contract, case.function.name(), case.args.clone(), GAS).expect("a receipt");
        let events = receipt.events.iter().map(|e| format!("{:?} {} {:?} {:?}\n", e.source, e.topic, e.data, e.reverted)).collect();
        Receipt { gas: receipt.gas_spent, data: receipt.data, events }
    }

    /// Receipts and root of a block of these calls. before: called with the number of each.
    pub fn block<'a>(&self, cases: impl IntoIterator<Item = &'a Case>, mut before: impl FnMut(usize)) -> (Vec<Receipt>, [u8; 32]) {
        let mut session = self.session();
        let receipts = cases
            .into_iter()
            .enumerate()
            .map(|(number, case)| {
                before(number);
                self.call(&mut session, case)
            })
            .collect();
        (receipts, session.root())
    }
}

/// An ephemeral VM leaves its folder behind.
impl Drop for Node {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.vm.root_dir());
    }
}
