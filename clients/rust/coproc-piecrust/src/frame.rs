//! The frames of `docs/wire.md`: calls to bytes, bytes to answers. Pure functions; nothing that comes back is believed unchecked.
//!
//! A frame is `u32 length` and so many bytes, little-endian: `u8 version = 1, u8 kind, u16 flags, u32 count, u64 id`, then a body.

use std::time::Duration;

use crate::{Call, Failure, Function, Retbuf};

pub const LENGTH: usize = 4;
pub const HEADER: usize = 16;
const VERSION: u8 = 1;
const REPLY: u8 = 0x80;
const ERROR: u8 = 0xff;
const ANSWER: usize = 16;

/// No reply is longer; the server's own limit on what it takes is configurable and of this order.
pub const MAX_REPLY: usize = 16 << 20;

/// Kinds of a request frame that this client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Execute = 1,
    Ping = 3,
    Warm = 6,
}

/// How urgent a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Class {
    Block = 0,
    Mempool = 1,
}

/// Errors that the server tells; see the table in `docs/wire.md`.
mod code {
    pub const BUSY: u16 = 4;
    pub const DRAINING: u16 = 5;
}

/// Begins a frame in `out`, which is cleared.
fn open(out: &mut Vec<u8>, kind: Kind, count: usize, id: u64) {
    out.clear();
    out.extend_from_slice(&[0; LENGTH]);
    out.extend_from_slice(&[VERSION, kind as u8, 0, 0]);
    out.extend_from_slice(&(count as u32).to_le_bytes());
    out.extend_from_slice(&id.to_le_bytes());
}

fn close(out: &mut [u8]) {
    let length = (out.len() - LENGTH) as u32;
    out[..LENGTH].copy_from_slice(&length.to_le_bytes());
}

/// A PING in place of what `out` held.
pub fn write_ping(out: &mut Vec<u8>, id: u64) {
    open(out, Kind::Ping, 0, id);
    close(out);
}

/// An EXECUTE or WARM of these calls in place of what `out` held. tenant: at most 255 bytes. deadline: from now.
pub fn write_calls<'a>(
    out: &mut Vec<u8>,
    kind: Kind,
    id: u64,
    class: Class,
    tenant: &str,
    deadline: Duration,
    calls: impl ExactSizeIterator<Item = Call<'a>>,
) {
    open(out, kind, calls.len(), id);
    let milliseconds = deadline.as_millis().clamp(1, u32::MAX as u128) as u32;
    out.extend_from_slice(&[class as u8, tenant.len() as u8, 0, 0]);
    out.extend_from_slice(&milliseconds.to_le_bytes());
    out.extend_from_slice(tenant.as_bytes());
    for call in calls {
        out.extend_from_slice(&[call.function as u8, call.rules.code(), call.align, 0]);
        out.extend_from_slice(&(call.args.len() as u32).to_le_bytes());
        out.extend_from_slice(call.args);
        out.resize(out.len() + padding(call.args.len()), 0);
    }
    close(out);
}

/// Bytes that a call takes in a body.
pub fn size_of(call: &Call<'_>) -> usize {
    8 + call.args.len() + padding(call.args.len())
}

const fn padding(len: usize) -> usize {
    len.wrapping_neg() & 7
}

/// The body of the reply to frame `id`: number of answers, and their bytes.
pub fn read_reply(payload: &[u8], kind: Kind, id: u64) -> Result<(usize, &[u8]), Failure> {
    if payload.len() < HEADER {
        return Err(Failure::Nonsense("a payload without a header"));
    }
    let (header, body) = payload.split_at(HEADER);
    if header[0] != VERSION {
        return Err(Failure::Nonsense("another version"));
    }
    if header[1] == ERROR {
        return Err(read_error(body));
    }
    if u64_at(header, 8) != id {
        return Err(Failure::Nonsense("another frame's reply"));
    }
    if header[1] != kind as u8 | REPLY {
        return Err(Failure::Nonsense("another kind of reply"));
    }
    Ok((u32_at(header, 4) as usize, body))
}

fn read_error(body: &[u8]) -> Failure {
    if body.len() < 8 {
        return Failure::Nonsense("an error without a code");
    }
    let retry_after = Duration::from_millis(u32_at(body, 2).into());
    match u16_at(body, 0) {
        code::BUSY | code::DRAINING => Failure::Busy(retry_after),
        other => Failure::Refused(other),
    }
}

/// The answers to these calls, in order, from a body that holds `count`; an answer that cannot be one fails alone.
pub fn read_answers<'a>(
    count: usize,
    mut body: &[u8],
    calls: impl ExactSizeIterator<Item = Call<'a>>,
) -> Result<Vec<Result<Retbuf, Failure>>, Failure> {
    if count != calls.len() {
        return Err(Failure::Nonsense("another number of answers"));
    }
    let answers = calls.map(|call| read_answer(&mut body, &call)).collect::<Result<_, _>>()?;
    end(body)?;
    Ok(answers)
}

/// The answer to the one call of a frame.
pub fn read_only_answer(count: usize, mut body: &[u8], call: &Call<'_>) -> Result<Retbuf, Failure> {
    if count != 1 {
        return Err(Failure::Nonsense("another number of answers"));
    }
    let answer = read_answer(&mut body, call)?;
    end(body)?;
    answer
}

fn end(rest: &[u8]) -> Result<(), Failure> {
    rest.is_empty().then_some(()).ok_or(Failure::Nonsense("bytes behind the last answer"))
}

/// Takes an answer from the front of `body`. The outer error: where the next one begins is unknown.
fn read_answer(body: &mut &[u8], call: &Call<'_>) -> Result<Result<Retbuf, Failure>, Failure> {
    let short = Failure::Nonsense("a body that ends within an answer");
    let Some((head, rest)) = body.split_at_checked(ANSWER) else { return Err(short) };
    let size = u16_at(head, 2) as usize;
    let Some((bytes, rest)) = rest.split_at_checked(size + padding(size)) else { return Err(short) };
    *body = rest;
    Ok(check(head[0], head[1], &bytes[..size], u64_at(head, 8), call))
}

/// An answer, if it is one that this function can give to this call.
fn check(status: u8, value: u8, retbuf: &[u8], gas: u64, call: &Call<'_>) -> Result<Retbuf, Failure> {
    let function = call.function;
    match status {
        0 | 1 => (),
        2 => return Err(Failure::Panics),
        3 => return Err(Failure::Unserved),
        _ => return Err(Failure::Nonsense("an unknown status")),
    }
    if gas != call.gas {
        return Err(Failure::Nonsense("another price"));
    }
    if retbuf.len() != function.width() {
        return Err(Failure::Nonsense("an answer of another length"));
    }
    let answer = Retbuf::new(retbuf);
    let possible = match function {
        _ if status == 1 => answer == Retbuf::fallback(function),
        Function::Secp256k1Recover => {
            (retbuf[0] == 1 && retbuf[1] == 4) || answer == Retbuf::fallback(function)
            // a key in full, or none
        }
        _ if function.verifies() => retbuf[0] <= 1 && value == retbuf[0],
        _ => true,
    };
    possible.then_some(answer).ok_or(Failure::Nonsense("an answer that this function never gives"))
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Request, Rules};
    use dusk_core::plonk::PlonkVersion;
    use dusk_vm::host_queries::{HardFork, HostQueryPolicy};

    fn request(function: Function, args: &[u8]) -> Request {
        let policy = HostQueryPolicy::from_versions(PlonkVersion::V3, HardFork::Boreas);
        Request::new(function, Rules::of(policy).expect("known"), args)
    }

    fn answer(status: u8, value: u8, retbuf: &[u8], gas: u64) -> Vec<u8> {
        let mut out = vec![status, value];
        out.extend_from_slice(&(retbuf.len() as u16).to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&gas.to_le_bytes());
        out.extend_from_slice(retbuf);
        out.resize(out.len() + padding(retbuf.len()), 0);
        out
    }

    #[test]
    fn a_call_is_written_as_documented() {
        let r = request(Function::Sha256, b"\x01\x02\x03");
        let mut out = vec![9; 5];
        write_calls(&mut out, Kind::Execute, 7, Class::Mempool, "ab", Duration::from_millis(258), [r.as_call()].into_iter());
        let wanted: &[&[u8]] = &[
            &[42, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0],
            &[1, 2, 0, 0, 2, 1, 0, 0, b'a', b'b'],
            &[8, 0x23, 8, 0, 3, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0, 0],
        ];
        assert_eq!(out, wanted.concat());
        assert_eq!(size_of(&r.as_call()), 16);
    }

    /// A test frame of `docs/wire.md`.
    fn documented(name: &str) -> Vec<u8> {
        let page = include_str!("../../../../docs/wire.md");
        let line = page.lines().find(|line| line.split_whitespace().next() == Some(name)).expect("a test frame");
        let digits = line.split_whitespace().nth(1).expect("its bytes");
        (0..digits.len()).step_by(2).map(|i| u8::from_str_radix(&digits[i..i + 2], 16).expect("hexadecimal")).collect()
    }

    #[test]
    fn the_test_frames_of_the_documentation_are_written_and_read() {
        let abc = b"abc\0\xfc\xff\xff\xff\x03\0\0\0";
        let before = HostQueryPolicy::from_versions(PlonkVersion::V2, HardFork::PreFork);
        let sha = Request::new(Function::Sha256, Rules::of(before).expect("known"), abc);
        let keccak = Request { align: 4, ..request(Function::Keccak256, abc) };
        let calls = || [sha.as_call(), keccak.as_call()].into_iter();
        let mut out = Vec::new();
        write_calls(&mut out, Kind::Execute, 7, Class::Block, "node", Duration::from_millis(250), calls());
        assert_eq!(out, documented("execute"));
        let reply = documented("execute-reply");
        let (count, body) = read_reply(&reply[LENGTH..], Kind::Execute, 7).expect("a reply");
        let answers = read_answers(count, body, calls()).expect("two answers");
        assert_eq!(answers[0].expect("a digest").as_slice()[..4], [0xba, 0x78, 0x16, 0xbf]);
        assert_eq!(answers[1].expect("a digest").as_slice()[..4], [0x4e, 0x03, 0x65, 0x7a]);

        write_ping(&mut out, 1);
        assert_eq!(out, documented("ping"));
        assert_eq!(read_reply(&documented("ping-reply")[LENGTH..], Kind::Ping, 1), Ok((0, &[][..])));
        assert_eq!(read_reply(&documented("busy")[LENGTH..], Kind::Execute, 7), Err(Failure::Busy(Duration::from_millis(50))));
        assert_eq!(read_reply(&documented("other-version")[LENGTH..], Kind::Execute, 7), Err(Failure::Refused(7)));
    }

    #[test]
    fn only_an_answer_that_the_function_can_give_is_taken() {
        let plonk = request(Function::VerifyPlonk, &[0; 24]);
        let read = |body: &[u8], r: &Request| read_only_answer(1, body, &r.as_call());
        let gas = 10_000_000;
        assert_eq!(read(&answer(0, 1, &[1], gas), &plonk), Ok(Retbuf::new(&[1])));
        assert_eq!(read(&answer(1, 0, &[0], gas), &plonk), Ok(Retbuf::new(&[0])));
        assert_eq!(read(&answer(2, 0, &[], gas), &plonk), Err(Failure::Panics));
        assert_eq!(read(&answer(3, 0, &[], gas), &plonk), Err(Failure::Unserved));
        let lies = [
            answer(0, 1, &[1], gas + 1),
            answer(0, 0, &[1], gas),
            answer(0, 2, &[2], gas),
            answer(1, 1, &[1], gas),
            answer(4, 0, &[0], gas),
            answer(0, 1, &[1, 0], gas),
            answer(0, 1, &[], gas),
            [answer(0, 1, &[1], gas), vec![0]].concat(),
        ];
        for lie in lies {
            assert!(matches!(read(&lie, &plonk), Err(Failure::Nonsense(_))), "{lie:?}");
        }
        let recover = request(Function::Secp256k1Recover, &[0; 97]);
        let mut key = [0; 66];
        assert!(read(&answer(0, 0, &key, 200_000), &recover).is_ok());
        key[65] = 1;
        assert!(read(&answer(0, 0, &key, 200_000), &recover).is_err());
        (key[0], key[1]) = (1, 4);
        assert!(read(&answer(0, 0, &key, 200_000), &recover).is_ok());
    }

    #[test]
    fn a_reply_cut_anywhere_is_no_answer() {
        let r = request(Function::Keccak256, &[0; 8]);
        let whole = answer(0, 0, &[7; 32], r.gas);
        assert!(read_only_answer(1, &whole, &r.as_call()).is_ok());
        for end in 0..whole.len() {
            assert!(read_only_answer(1, &whole[..end], &r.as_call()).is_err());
        }
        assert!(read_only_answer(2, &whole, &r.as_call()).is_err());
    }

    #[test]
    fn damaged_replies_give_an_error_or_an_answer_of_the_right_width() {
        let requests = [Function::VerifyBls, Function::Hash, Function::Secp256k1Recover].map(|f| request(f, &[0; 344]));
        let gas = |k: usize| requests[k].gas;
        let answers = [answer(0, 1, &[1], gas(0)), answer(0, 0, &[5; 32], gas(1)), answer(1, 0, &[0; 66], gas(2))].concat();
        let whole = [&[1, 0x81, 0, 0, 3, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0][..], &answers].concat();
        let calls = || requests.iter().map(Request::as_call);
        let mut state = 1u64;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        for _ in 0..50_000 {
            let mut bytes = whole.clone();
            for _ in 0..=random(3) {
                let at = random(bytes.len());
                bytes[at] = random(256) as u8;
            }
            bytes.truncate(whole.len() - random(2) * random(whole.len()));
            let Ok((count, body)) = read_reply(&bytes, Kind::Execute, 9) else { continue };
            let Ok(read) = read_answers(count, body, calls()) else { continue };
            for (answer, call) in read.iter().zip(calls()) {
                assert!(answer.is_err() || answer.unwrap().as_slice().len() == call.function.width());
            }
        }
    }

    #[test]
    fn headers_of_other_frames_are_refused() {
        let header = |version, kind, id: u64| [&[version, kind, 0, 0, 1, 0, 0, 0][..], &id.to_le_bytes()].concat();
        assert_eq!(read_reply(&header(1, 0x81, 5), Kind::Execute, 5), Ok((1, &[][..])));
        for (version, kind, id) in [(2, 0x81, 5), (1, 0x82, 5), (1, 1, 5), (1, 0x81, 6)] {
            assert!(matches!(read_reply(&header(version, kind, id), Kind::Execute, 5), Err(Failure::Nonsense(_))));
        }
        let busy = [header(1, 0xff, 5), vec![4, 0, 250, 0, 0, 0, 0, 0]].concat();
        assert_eq!(read_reply(&busy, Kind::Execute, 5), Err(Failure::Busy(Duration::from_millis(250))));
    }
}
