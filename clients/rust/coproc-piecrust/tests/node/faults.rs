//! A failure of the co-processor is never an answer: whatever it does, receipts and root are those of an unattached VM.

use std::fs;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use coproc_piecrust::{price, Client, Config, Functions, Stats};
use dusk_vm::host_queries::{set_host_query_policy, HardFork, HostQueryPolicy};

use crate::cases::{answered, block, panicking, Case};
use crate::impostor::{answers, error, honest, payload, reply, Answer, Frame, Impostor, Reaction};
use crate::node::{Node, Receipt};

const PATIENT: Duration = Duration::from_secs(60);
const HASTY: Duration = Duration::from_millis(20);

static CALLS: LazyLock<Vec<&Case>> = LazyLock::new(|| block(1));
static EXPECTED: LazyLock<(Vec<Receipt>, [u8; 32])> = LazyLock::new(|| Node::unattached(0).block(CALLS.iter().copied(), |_| ()));

/// Asks at every call, however often it failed.
fn stubborn(impostor: &Impostor, deadline: Duration) -> Client {
    let pause = Duration::ZERO;
    Client::new(Config {
        deadline,
        first_pause: pause,
        longest_pause: pause,
        remote: Functions::ALL,
        memo: 0,
        audit: 0,
        ..Config::new(&impostor.socket)
    })
}

/// Runs the block with this server; all of it must be answered in process, for the reason that `count` picks.
fn answered_in_process(
    what: &str,
    deadline: Duration,
    count: fn(&Stats) -> u64,
    react: impl Fn(&Frame) -> Reaction + Send + Sync + 'static,
) {
    let impostor = Impostor::new(react);
    let client = stubborn(&impostor, deadline);
    let got = Node::attached(&client, 0).block(CALLS.iter().copied(), |_| ());
    assert!(got == *EXPECTED, "{what}");
    let (stats, calls) = (client.stats(), CALLS.len() as u64);
    assert_eq!((stats.served, stats.own, count(&stats)), (0, calls, calls), "{what}: {stats:?}");
}

/// The true answers, made false by `change`.
fn altered(what: &str, count: fn(&Stats) -> u64, change: impl Fn(&mut Answer) + Send + Sync + 'static) {
    let answers = answers();
    answered_in_process(what, PATIENT, count, move |frame| {
        let mut all = honest(&answers, frame);
        all.iter_mut().for_each(&change);
        (reply(frame, &all), false)
    });
}

#[test]
fn nonsense_is_no_answer() {
    let nonsense = |s: &Stats| s.nonsense;
    altered("another price", nonsense, |a| a.gas += 1);
    altered("a negative price", nonsense, |a| a.gas = u64::MAX);
    altered("a longer answer", nonsense, |a| a.retbuf.push(0));
    altered("no answer", nonsense, |a| a.retbuf.clear());
    altered("an unknown status", nonsense, |a| a.status = 4);
    altered("rejected, and yet an answer", nonsense, |a| (a.status, a.retbuf[0]) = (1, 1));
    type Write = fn(&Frame) -> Vec<u8>;
    let frames: [(&str, Write); 8] = [
        ("no reply's kind", |f| payload(1, f.kind, 1, f.id, &[0; 24])),
        ("another version", |f| payload(2, f.kind | 0x80, 1, f.id, &[0; 24])),
        ("another frame's reply", |f| payload(1, f.kind | 0x80, 1, f.id + 1, &[0; 24])),
        ("another number of answers", |f| payload(1, f.kind | 0x80, 2, f.id, &[0; 48])),
        ("half an answer", |f| payload(1, f.kind | 0x80, 1, f.id, &[0; 15])),
        ("a frame of nothing", |_| vec![0; 4]),
        ("a frame of 4 GiB", |_| vec![0xff; 64]),
        ("text", |_| b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
    ];
    for (what, write) in frames {
        answered_in_process(what, PATIENT, nonsense, move |frame| (write(frame), false));
    }
}

#[test]
fn a_reply_to_an_earlier_question_is_not_taken_for_the_next() {
    let answers = answers();
    let impostor = Impostor::new(move |frame| {
        let all = honest(&answers, frame);
        let twice = [reply(frame, &all), reply(frame, &all)].concat();
        (twice, false)
    });
    let client = stubborn(&impostor, PATIENT);
    assert!(Node::attached(&client, 0).block(CALLS.iter().copied(), |_| ()) == *EXPECTED);
}

#[test]
fn what_cannot_be_served_is_answered_in_process() {
    altered("unserved", |s| s.unserved, |a| (a.status, a.value, a.retbuf) = (3, 0, Vec::new()));
    altered("said to panic", |s| s.panics, |a| (a.status, a.value, a.retbuf) = (2, 0, Vec::new()));
    answered_in_process("busy", PATIENT, |s| s.busy, |f| (error(f, 4, Duration::ZERO), false));
    answered_in_process("draining", PATIENT, |s| s.busy, |f| (error(f, 5, Duration::ZERO), false));
    answered_in_process("refused", PATIENT, |s| s.refused, |f| (error(f, 2, Duration::ZERO), false));
}

#[test]
fn a_server_that_is_gone_is_done_without() {
    answered_in_process("it hangs up", PATIENT, |s| s.gone, |_| (Vec::new(), true));
    answered_in_process("it hangs up within a reply", PATIENT, |s| s.gone, |f| (payload(1, 0x81, 1, f.id, &[0; 24])[..30].to_vec(), true));
    let nowhere = Client::new(Config { remote: Functions::ALL, memo: 0, ..Config::new("/nonexistent/socket") });
    assert!(Node::attached(&nowhere, 0).block(CALLS.iter().copied(), |_| ()) == *EXPECTED);
    assert_eq!((nowhere.stats().served, nowhere.stats().own), (0, CALLS.len() as u64));
}

#[test]
fn a_late_answer_is_no_answer() {
    answered_in_process("silence", HASTY, |s| s.late, |_| (Vec::new(), false));
    answered_in_process(
        "after the deadline",
        HASTY,
        |s| s.late,
        |frame| {
            thread::sleep(20 * HASTY);
            (reply(frame, &[]), false)
        },
    );
    answered_in_process("the beginning of a reply", HASTY, |s| s.late, |frame| (reply(frame, &[])[..10].to_vec(), false));
}

#[test]
fn a_server_that_hangs_costs_one_deadline_a_pause() {
    let impostor = Impostor::new(|_| (Vec::new(), false));
    let pause = Duration::from_secs(3600);
    let config = Config {
        deadline: HASTY,
        first_pause: pause,
        longest_pause: pause,
        remote: Functions::ALL,
        memo: 0,
        ..Config::new(&impostor.socket)
    };
    let client = Client::new(config);
    assert!(Node::attached(&client, 0).block(CALLS.iter().copied(), |_| ()) == *EXPECTED);
    let stats = client.stats();
    assert_eq!((stats.late, stats.not_asked), (1, CALLS.len() as u64 - 1), "{stats:?}");
}

#[test]
fn a_kept_connection_that_died_is_replaced() {
    let answers = answers();
    let impostor = Impostor::new(move |frame| (reply(frame, &honest(&answers, frame)), true));
    let client = stubborn(&impostor, PATIENT);
    assert!(Node::attached(&client, 0).block(CALLS.iter().copied(), |_| ()) == *EXPECTED);
    assert_eq!((client.stats().served, client.stats().own), (CALLS.len() as u64, 0));
}

#[test]
fn a_co_processor_unplugged_in_mid_block_changes_nothing() {
    let impostor = Impostor::honest();
    let client = stubborn(&impostor, PATIENT);
    let node = Node::attached(&client, 0);
    for out in 0..CALLS.len() {
        client.plug();
        let got = node.block(CALLS.iter().copied(), |number| {
            if number == out {
                client.unplug();
            }
        });
        assert!(got == *EXPECTED, "unplugged before call {out}");
    }
    let (n, stats) = (CALLS.len() as u64, client.stats());
    assert_eq!((stats.served, stats.not_asked), (n * (n - 1) / 2, n * (n + 1) / 2));
}

#[test]
fn threads_share_a_client_and_its_few_connections() {
    let impostor = Impostor::honest();
    let config = Config { deadline: PATIENT, connections: 2, remote: Functions::ALL, memo: 0, audit: 0, ..Config::new(&impostor.socket) };
    let client = Client::new(config);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let node = Node::attached(&client, 0);
                for _ in 0..5 {
                    assert!(node.block(CALLS.iter().copied(), |_| ()) == *EXPECTED);
                }
            });
        }
    });
    let stats = client.stats();
    assert_eq!((stats.served + stats.own, stats.own), (30 * CALLS.len() as u64, stats.not_asked), "{stats:?}");
}

#[test]
fn a_lie_found_by_an_audit_is_not_told_and_ends_the_asking() {
    let answers = answers();
    let impostor = Impostor::new(move |frame| {
        let mut all = honest(&answers, frame);
        all.iter_mut().for_each(|a| a.retbuf[0] ^= 1);
        all.iter_mut().for_each(|a| a.value ^= u8::from(a.retbuf.len() == 1));
        (reply(frame, &all), false)
    });
    let config = Config { deadline: PATIENT, remote: Functions::ALL, memo: 0, audit: 1, ..Config::new(&impostor.socket) };
    let believing = Client::new(Config { audit: 0, ..config.clone() });
    let (receipts, root) = Node::attached(&believing, 0).block(CALLS.iter().copied(), |_| ());
    assert!(receipts != EXPECTED.0 && root != EXPECTED.1, "receipts and root tell a lie");
    let client = Client::new(config);
    assert!(Node::attached(&client, 0).block(CALLS.iter().copied(), |_| ()) == *EXPECTED);
    let stats = client.stats();
    assert_eq!((stats.mismatches, stats.served, stats.not_asked), (1, 1, CALLS.len() as u64 - 1), "{stats:?}");
    assert!(!client.is_plugged());
}

#[test]
fn prices_are_those_of_dusk_vm() {
    let node = Node::unattached(0);
    let mut session = node.session();
    for case in answered() {
        let mut spent = |fork| {
            let policy = HostQueryPolicy::from_versions(case.policy.plonk_version, fork);
            let case = Case { function: case.function, policy, args: case.args.clone(), retbuf: None };
            let request = case.request();
            assert!(fork == HardFork::Boreas || request.gas == 0);
            assert_eq!(request.gas, price(case.function, fork, &aligned(&case.args)));
            (node.call(&mut session, &case).gas, request.gas)
        };
        let ((free, _), (dear, gas)) = (spent(HardFork::Aegis), spent(HardFork::Boreas));
        // verdicts differ between the forks for BLS alone, and the contract spends the same on either
        assert_eq!(dear - free, gas, "{}", case.function.name());
    }
}

#[test]
fn where_dusks_own_function_panics_the_attached_one_does() {
    let impostor = Impostor::new(|frame| {
        let panics = |r: &coproc_piecrust::Request| Answer { status: 2, value: 0, retbuf: Vec::new(), gas: r.gas };
        (reply(frame, &frame.requests.iter().map(panics).collect::<Vec<_>>()), false)
    });
    let client = stubborn(&impostor, PATIENT);
    let mut vm = piecrust::VM::ephemeral().expect("a VM");
    client.register(&mut vm);
    let mut cases = 0;
    for case in panicking() {
        let _guard = set_host_query_policy(case.policy);
        let query = vm.host_queries().get(case.function.name()).expect("registered");
        let mut buffer = aligned(&case.args);
        buffer.resize(1 << 16, 0);
        let mut argument: Box<dyn std::any::Any> = Box::new(());
        query.deserialize_and_price(&buffer[..case.args.len()], &mut argument);
        let outcome = catch_unwind(AssertUnwindSafe(|| query.execute(&argument, &mut buffer)));
        assert!(outcome.is_err(), "{}", case.function.name());
        cases += 1;
    }
    let _ = fs::remove_dir_all(vm.root_dir());
    assert_eq!((client.stats().panics, client.stats().own), (cases, cases));
    assert!(cases > 0);
}

fn aligned(bytes: &[u8]) -> rkyv::AlignedVec {
    let mut aligned = rkyv::AlignedVec::with_capacity(bytes.len());
    aligned.extend_from_slice(bytes);
    aligned
}
