//! `cargo run --release --example mempool -- SOCKET [TRANSACTIONS]`
//!
//! A mempool that verifies ahead. Transactions come in one after the other; every 32 of them are run in a session that is thrown
//! away, to see which verifications they will ask for, and these go to the co-processor as one frame. The block then finds
//! its answers in the memo. One signature in 16 is of another message: its transaction is refused in the block, as it should be.

use std::time::{Duration, Instant};
use std::{env, fs};

use coproc_piecrust::{Client, Config};
use dusk_core::abi::ContractId;
use dusk_core::plonk::PlonkVersion;
use dusk_core::signatures::bls::{PublicKey, SecretKey};
use dusk_core::BlsScalar;
use dusk_vm::host_queries::{set_host_query_policy, HardFork, HostQueryPolicy};
use dusk_vm::{Session, VM};

const GAS: u64 = 1_000_000_000;
const CHUNK: usize = 32;
const SIGNERS: u64 = 8;

/// Counts the votes whose signatures hold.
const BALLOT: &str = r#"(module
    (import "env" "hq" (func $hq (param i32 i32 i32) (result i32)))
    (memory (export "memory") 3)
    (global (export "A") i32 (i32.const 65536))
    (data (i32.const 16) "verify_bls")
    (func (export "vote") (param $len i32) (result i32)
        (drop (call $hq (i32.const 16) (i32.const 10) (local.get $len)))
        (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.load8_u (i32.const 65536))))
        (i32.store (i32.const 65536) (i32.load (i32.const 8)))
        (i32.const 4)))"#;

/// Gas spent, and the votes counted so far.
type Receipt = (u64, Vec<u8>);

struct Node {
    vm: VM,
    base: [u8; 32],
    ballot: ContractId,
}

impl Node {
    fn new(vm: VM) -> Self {
        let mut session = vm.genesis_session(1);
        let code = wat::parse_str(BALLOT).expect("a module");
        let (ballot, _) = session.deploy_raw(None, &code, None, vec![0; 32], GAS).expect("deployed");
        Self { base: session.commit().expect("committed"), vm, ballot }
    }

    fn session(&self) -> Session {
        self.vm.session(self.base, 1, 1).expect("a session")
    }

    fn vote(&self, session: &mut Session, transaction: &[u8]) -> Receipt {
        let receipt = session.call_raw(self.ballot, "vote", transaction, GAS).expect("a receipt");
        (receipt.gas_spent, receipt.data)
    }

    /// Receipts and root of a block, and how long it took.
    fn block(&self, transactions: &[Vec<u8>]) -> (Vec<Receipt>, [u8; 32], Duration) {
        let start = Instant::now();
        let mut session = self.session();
        let receipts = transactions.iter().map(|t| self.vote(&mut session, t)).collect();
        (receipts, session.root(), start.elapsed())
    }
}

/// An ephemeral VM leaves its folder behind.
impl Drop for Node {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.vm.root_dir());
    }
}

fn transactions(count: u64) -> Vec<Vec<u8>> {
    let keys: Vec<_> = (1..=SIGNERS).map(|n| SecretKey::from(BlsScalar::from(n * 1_000_003))).collect();
    let vote = |n: u64| {
        let key = &keys[(n % SIGNERS) as usize];
        let signed = if n % 16 == 15 { n + 1 } else { n };
        let signature = key.sign(format!("vote {signed}").as_bytes());
        let argument = (format!("vote {n}").into_bytes(), PublicKey::from(key), signature);
        rkyv::to_bytes::<_, 512>(&argument).expect("an archive").to_vec()
    };
    (0..count).map(vote).collect()
}

fn main() {
    let mut args = env::args().skip(1);
    let socket = args.next().expect("mempool SOCKET [TRANSACTIONS]");
    let count = args.next().map_or(256, |n| n.parse().expect("a number of transactions"));
    let policy = HostQueryPolicy::from_versions(PlonkVersion::V3, HardFork::Boreas);
    let _guard = set_host_query_policy(policy);

    let client = Client::new(Config::new(socket));
    let mut vm = piecrust::VM::ephemeral().expect("a VM");
    client.register(&mut vm);
    let attached = Node::new(VM::from(vm));
    let unattached = Node::new(VM::ephemeral().expect("a VM"));
    let stream = transactions(count);

    let start = Instant::now();
    let (mut foreseen, mut known) = (0, 0);
    for chunk in stream.chunks(CHUNK) {
        let run = |session: &mut Session| chunk.iter().for_each(|t| drop(attached.vote(session, t)));
        let requests = client.foresee(attached.session(), run).unwrap_or_default();
        foreseen += requests.len();
        for answer in client.preverify(&requests) {
            match answer {
                Ok(_) => known += 1,
                Err(e) => eprintln!("mempool: {e}; the block verifies this itself"),
            }
        }
    }
    println!("ahead of the block: {foreseen} verifications foreseen, {known} verified in {:.1?}", start.elapsed());

    let (receipts, root, time) = attached.block(&stream);
    println!("block of {count}, attached:   {time:.1?}");
    let (expected, expected_root, time) = unattached.block(&stream);
    println!("block of {count}, unattached: {time:.1?}");
    assert!(receipts == expected && root == expected_root, "receipts and root are those of an unattached VM");
    println!("same receipts, gas and root; {:?}", client.stats());
}
