//! A server that answers from the vectors, or in some way that no server should.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs, process, thread};

use coproc_piecrust::{Function, Request, Rules};

use crate::cases::answered;

/// What it sends back for a request frame, and whether it closes the connection behind it.
pub type Reaction = (Vec<u8>, bool);
type React = dyn Fn(&Frame) -> Reaction + Send + Sync;

/// A request frame, taken apart.
pub struct Frame {
    pub kind: u8,
    pub id: u64,
    pub class: u8,
    pub requests: Vec<Request>,
}

pub struct Impostor {
    pub socket: PathBuf,
}

impl Impostor {
    /// Listens until the tests end.
    pub fn new(react: impl Fn(&Frame) -> Reaction + Send + Sync + 'static) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("coproc-node-{}-{}.socket", process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let socket = env::temp_dir().join(name);
        let _ = fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket).expect("a socket");
        let react: Arc<React> = Arc::new(react);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let react = Arc::clone(&react);
                thread::spawn(move || serve(stream, &*react));
            }
        });
        Self { socket }
    }

    /// Answers as the vectors say.
    pub fn honest() -> Self {
        let answers = answers();
        Self::new(move |frame| (reply(frame, &honest(&answers, frame)), false))
    }
}

impl Drop for Impostor {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.socket);
    }
}

/// One answer on the wire.
#[derive(Clone)]
pub struct Answer {
    pub status: u8,
    pub value: u8,
    pub retbuf: Vec<u8>,
    pub gas: u64,
}

pub type Answers = HashMap<(Function, u8, Vec<u8>), Vec<u8>>;

/// The vectors' answers by function, rules' code and argument buffer.
pub fn answers() -> Answers {
    let entry = |r: Request, retbuf: &[u8]| ((r.function, r.rules.code(), r.args), retbuf.to_vec());
    answered().map(|case| entry(case.request(), case.retbuf.as_deref().unwrap_or_default())).collect()
}

pub fn honest(answers: &Answers, frame: &Frame) -> Vec<Answer> {
    let answer = |r: &Request| {
        let retbuf = answers.get(&(r.function, r.rules.code(), r.args.clone())).expect("a case of the vectors").clone();
        let value = if r.function.verifies() { retbuf[0] } else { 0 };
        Answer { status: 0, value, retbuf, gas: r.gas }
    };
    frame.requests.iter().map(answer).collect()
}

/// A reply frame of these answers.
pub fn reply(frame: &Frame, answers: &[Answer]) -> Vec<u8> {
    let mut body = Vec::new();
    for a in answers {
        body.extend_from_slice(&[a.status, a.value]);
        body.extend_from_slice(&(a.retbuf.len() as u16).to_le_bytes());
        body.extend_from_slice(&[0; 4]);
        body.extend_from_slice(&a.gas.to_le_bytes());
        body.extend_from_slice(&a.retbuf);
        body.resize(body.len().next_multiple_of(8), 0);
    }
    payload(1, frame.kind | 0x80, answers.len() as u32, frame.id, &body)
}

/// An ERROR frame.
pub fn error(frame: &Frame, code: u16, retry_after: Duration) -> Vec<u8> {
    let mut body = code.to_le_bytes().to_vec();
    body.extend_from_slice(&(retry_after.as_millis() as u32).to_le_bytes());
    body.extend_from_slice(&[2, 0, b'n', b'o']);
    payload(1, 0xff, 0, frame.id, &body)
}

pub fn payload(version: u8, kind: u8, count: u32, id: u64, body: &[u8]) -> Vec<u8> {
    let mut out = (16 + body.len() as u32).to_le_bytes().to_vec();
    out.extend_from_slice(&[version, kind, 0, 0]);
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&id.to_le_bytes());
    out.extend_from_slice(body);
    out
}

fn serve(mut stream: UnixStream, react: &React) {
    while let Some(frame) = read(&mut stream) {
        let (bytes, close) = react(&frame);
        if stream.write_all(&bytes).is_err() || close {
            return;
        }
    }
}

fn read(stream: &mut UnixStream) -> Option<Frame> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
    stream.read_exact(&mut bytes).ok()?;
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize;
    let (kind, count) = (bytes[1], word(4));
    let id = u64::from_le_bytes(bytes[8..16].try_into().expect("eight bytes"));
    let (mut requests, mut class) = (Vec::new(), 0);
    if count > 0 {
        class = bytes[16];
        let mut at = 24 + bytes[17] as usize;
        for _ in 0..count {
            let function = Function::ALL[bytes[at] as usize];
            let rules = Rules::from_code(bytes[at + 1]).expect("known rules");
            let len = word(at + 4);
            requests.push(Request::new(function, rules, &bytes[at + 8..at + 8 + len]));
            at += 8 + len.next_multiple_of(8);
        }
        assert_eq!(at, bytes.len());
    }
    Some(Frame { kind, id, class, requests })
}
