//! The vectors of Dusk's host functions, as `python -m tests.node.cases` writes them.

use std::sync::LazyLock;
use std::{env, fs};

use coproc_piecrust::{Function, Request, Rules};
use dusk_core::plonk::PlonkVersion;
use dusk_vm::host_queries::{HardFork, HostQueryPolicy};

pub struct Case {
    pub function: Function,
    pub policy: HostQueryPolicy,
    pub args: Vec<u8>,
    /// None: Dusk's own function panics
    pub retbuf: Option<Vec<u8>>,
}

impl Case {
    pub fn request(&self) -> Request {
        Request::new(self.function, Rules::of(self.policy).expect("known rules"), &self.args)
    }
}

static ALL: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let path = env::var("COPROC_NODE_CASES").expect("COPROC_NODE_CASES: the file of `python -m tests.node.cases` (make test-node)");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    text.lines().map(|line| read(line).unwrap_or_else(|| panic!("no case: {line:.80}"))).collect()
});

/// Every case on which Dusk's own function answers.
pub fn answered() -> impl Iterator<Item = &'static Case> {
    ALL.iter().filter(|c| c.retbuf.is_some())
}

pub fn panicking() -> impl Iterator<Item = &'static Case> {
    ALL.iter().filter(|c| c.retbuf.is_none())
}

/// `each` cases a function, evenly spaced over its vectors, one answer "yes" among them where there is one; functions in turn.
pub fn block(each: usize) -> Vec<&'static Case> {
    let picked = Function::ALL.map(|function| {
        let cases: Vec<_> = answered().filter(|c| c.function == function).collect();
        let mut picked: Vec<_> = (0..each).map(|k| cases[k * cases.len() / each]).collect();
        picked[0] = cases.iter().find(|c| c.retbuf.as_deref().is_some_and(|r| r == [1])).unwrap_or(&picked[0]);
        picked
    });
    (0..each).flat_map(|k| picked.iter().map(move |p| p[k]).collect::<Vec<_>>()).collect()
}

fn read(line: &str) -> Option<Case> {
    let mut words = line.split(' ');
    let function = Function::from_name(words.next()?)?;
    let plonk = match words.next()? {
        "V1" => PlonkVersion::V1,
        "V2" => PlonkVersion::V2,
        "V3" => PlonkVersion::V3,
        _ => return None,
    };
    let fork = match words.next()? {
        "PreFork" => HardFork::PreFork,
        "Aegis" => HardFork::Aegis,
        "Boreas" => HardFork::Boreas,
        _ => return None,
    };
    let args = hex(words.next()?)?;
    let retbuf = match words.next()? {
        "panic" => None,
        answer => Some(hex(answer)?),
    };
    Some(Case { function, policy: HostQueryPolicy::from_versions(plonk, fork), args, retbuf })
}

/// Bytes of hexadecimal digits; `-` for none.
fn hex(text: &str) -> Option<Vec<u8>> {
    if text == "-" {
        return Some(Vec::new());
    }
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(text.get(i..i + 2)?, 16).ok()).collect()
}
