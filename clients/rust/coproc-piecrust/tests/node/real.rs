//! With the real server.

use std::env;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use coproc_piecrust::{Client, Config, Functions};

use crate::cases::{answered, block, Case};
use crate::node::Node;
use crate::server::Server;

/// Fifty, or as many as COPROC_NODE_LIVES says.
fn lives() -> usize {
    env::var("COPROC_NODE_LIVES").map_or(50, |n| n.parse().expect("COPROC_NODE_LIVES: a number"))
}

#[test]
fn receipts_gas_and_root_are_those_of_an_unattached_vm() {
    let server = Server::start("vectors");
    let client = Client::new(server.patient());
    server.wait_for(&client);
    let (mine, theirs) = (Node::attached(&client, 0), Node::unattached(0));
    let (receipts, root) = mine.block(answered(), |_| ());
    let (expected, expected_root) = theirs.block(answered(), |_| ());
    let mut calls = 0;
    for ((receipt, wanted), case) in receipts.iter().zip(&expected).zip(answered()) {
        assert_eq!(receipt, wanted, "{}", case.function.name());
        assert_eq!(Some(&receipt.data), case.retbuf.as_ref(), "{}", case.function.name());
        calls += 1;
    }
    assert_eq!(root, expected_root);
    let stats = client.stats();
    assert_eq!((stats.served, stats.own), (calls, 0), "every call was answered by the server: {stats:?}");
}

#[test]
fn the_alignment_of_the_argument_buffer_reaches_the_server() {
    let server = Server::start("alignment");
    let client = Client::new(server.patient());
    server.wait_for(&client);
    let calls = block(4);
    for shift in [1, 2, 4] {
        let got = Node::attached(&client, shift).block(calls.iter().copied(), |_| ());
        assert_eq!(got, Node::unattached(shift).block(calls.iter().copied(), |_| ()), "shifted by {shift}");
    }
    assert_eq!((client.stats().served, client.stats().own), (3 * calls.len() as u64, 0));
}

/// In even lives the server is killed between two calls, so that it answered some of the block and not the rest; in odd ones
/// at any time. It is started again at once; every fifth block does not wait until it is back.
#[test]
fn a_server_killed_in_fifty_blocks_changes_no_receipt_and_no_root() {
    let server = Mutex::new(Server::start("killed"));
    let config = server.lock().expect("mine").patient();
    let client = Client::new(Config { remote: Functions::ALL, ..config });
    let (mine, theirs) = (Node::attached(&client, 0), Node::unattached(0));
    let calls = block(3);
    let mut roots = Vec::new();
    for life in 0..lives() {
        let waits = life % 5 != 4;
        if waits {
            server.lock().expect("mine").wait_for(&client);
        }
        let order: Vec<&Case> = (0..calls.len()).map(|k| calls[(k + 7 * life) % calls.len()]).collect();
        let at = 1 + (5 * life) % (calls.len() - 2);
        let kill = || server.lock().expect("mine").restart();
        let before = client.stats();
        let got = thread::scope(|scope| {
            if life % 2 == 1 {
                scope.spawn(|| {
                    thread::sleep(Duration::from_micros(1_700 * (life as u64 * 37 % 50)));
                    kill();
                });
            }
            mine.block(order.iter().copied(), |number| {
                if life % 2 == 0 && number == at {
                    kill();
                }
            })
        });
        assert_eq!(got, theirs.block(order.iter().copied(), |_| ()), "life {life}");
        let after = client.stats();
        let (served, own) = (after.served - before.served, after.own - before.own);
        assert_eq!(served + own, calls.len() as u64, "life {life}: {after:?}");
        if life % 2 == 0 && waits {
            assert!(served >= at as u64, "life {life}: {after:?}");
        }
        roots.push(got.1);
    }
    let stats = client.stats();
    assert!(stats.served > 0 && stats.own > 0 && stats.gone > 0, "{stats:?}");
    assert_eq!(stats.nonsense + stats.refused + stats.late, 0, "{stats:?}");
    roots.sort_unstable();
    roots.dedup();
    assert!(roots.len() > 1, "the root tells blocks apart");
    eprintln!("{} lives: {stats:?}", lives());
}
