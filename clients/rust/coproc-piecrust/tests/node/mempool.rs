//! Verified ahead, a block asks nothing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Duration;

use coproc_piecrust::{Client, Config};
use dusk_vm::Session;

use crate::cases::{block, Case};
use crate::impostor::{answers, honest, reply, Impostor};
use crate::node::Node;

const PATIENT: Duration = Duration::from_secs(60);

#[test]
fn verifications_foreseen_and_verified_ahead_leave_a_block_nothing_to_ask() {
    let (frames, answers) = (Arc::new(AtomicU64::new(0)), answers());
    let counted = Arc::clone(&frames);
    let impostor = Impostor::new(move |frame| {
        counted.fetch_add(1, Ordering::Relaxed);
        assert_eq!((frame.kind, frame.class), (1, 1), "EXECUTE of the class mempool");
        (reply(frame, &honest(&answers, frame)), false)
    });
    let client = Client::new(Config { deadline: PATIENT, batch_deadline: PATIENT, ..Config::new(&impostor.socket) });
    let node = Node::attached(&client, 0);
    let calls = block(6);
    let run = |session: &mut Session| calls.iter().for_each(|case| drop(node.call(session, case)));
    let foreseen = client.foresee(node.session(), run).expect("no panic");
    assert!(client.preverify(&foreseen).iter().all(Result::is_ok));
    assert_eq!(frames.load(Ordering::Relaxed), 1);
    assert!(client.foresee(node.session(), run).expect("no panic").is_empty(), "all of it is known now");

    let before = client.stats();
    let got = node.block(calls.iter().copied(), |_| ());
    let after = client.stats();
    assert!(got == Node::unattached(0).block(calls.iter().copied(), |_| ()));
    let verifications = calls.iter().filter(|c| c.function.verifies()).count() as u64;
    assert_eq!(after.memo - before.memo, verifications);
    assert_eq!((after.served, after.own, frames.load(Ordering::Relaxed)), (0, 0, 1));
}

#[test]
fn what_was_foreseen_is_forgotten_where_the_vm_panics() {
    let client = Client::new(Config::new("/nonexistent/socket"));
    let node = Node::attached(&client, 0);
    assert!(client.foresee(node.session(), |_| panic!("in a transaction")).is_none());
    let proof: Vec<&Case> = block(1);
    let got = node.block(proof.iter().copied(), |_| ());
    assert!(got == Node::unattached(0).block(proof.iter().copied(), |_| ()), "no verification is taken to succeed any more");
}
