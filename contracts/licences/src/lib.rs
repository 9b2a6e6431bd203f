//! A register of licences: issued and revoked by enough of its registrars, who sign together.
#![no_std]
extern crate alloc;

use alloc::{collections::BTreeMap, vec::Vec};
use support::{
    Input, contract,
    query::{Key, verify_bls_multisig},
    uplink::{emit_raw, self_id},
};

type Licence = [u8; 32];

struct Entry {
    holder: [u8; 32],
    expires: u64,
    revoked: bool,
}

struct Licences {
    threshold: usize,
    registrars: Vec<Key>,
    entries: BTreeMap<Licence, Entry>,
}

impl Licences {
    const fn new() -> Self {
        Self { threshold: 0, registrars: Vec::new(), entries: BTreeMap::new() }
    }

    /// How many must sign, and the keys.
    fn init(&mut self, mut input: Input) -> Vec<u8> {
        self.threshold = input.u8() as usize;
        self.registrars = input.arrays();
        assert!((1..=self.registrars.len()).contains(&self.threshold), "the threshold does not fit the registrars");
        Vec::new()
    }

    /// Signature, a bit a registrar (u64), then licence, holder, height of expiry. 1 if the licence is issued, 0 if not enough sign it.
    fn issue(&mut self, input: Input) -> Vec<u8> {
        let Some(mut text) = self.signed(b"issue", input) else { return [0].into() };
        let (licence, holder, expires) = (text.array(), text.array(), text.u64());
        text.end();
        assert!(!self.entries.contains_key(&licence), "the licence is issued already");
        self.entries.insert(licence, Entry { holder, expires, revoked: false });
        emit_raw("issued", [licence, holder].concat());
        [1].into()
    }

    /// Signature, bits, licence.
    fn revoke(&mut self, input: Input) -> Vec<u8> {
        let Some(mut text) = self.signed(b"revoke", input) else { return [0].into() };
        let licence = text.array();
        text.end();
        self.entries.get_mut(&licence).expect("no such licence").revoked = true;
        emit_raw("revoked", licence);
        [1].into()
    }

    /// Licence, holder, height: 1 if the holder has the licence at that height.
    fn holds(&mut self, mut input: Input) -> Vec<u8> {
        let (licence, holder, height) = (input.array::<32>(), input.array::<32>(), input.u64());
        let holds = self.entries.get(&licence).is_some_and(|e| e.holder == holder && !e.revoked && height < e.expires);
        [holds as u8].into()
    }

    /// What was signed; the signed message also names the action and this register, so that it is of use nowhere else.
    fn signed<'a>(&self, action: &[u8], mut input: Input<'a>) -> Option<Input<'a>> {
        let (signature, bits) = (input.array(), input.u64());
        let text = input.rest();
        let signers: Vec<Key> = self.registrars.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1).map(|(_, key)| *key).collect();
        if signers.len() < self.threshold {
            return None;
        }
        let message = [action, &self_id().to_bytes(), text].concat();
        verify_bls_multisig(&message, &signers, &signature).then(|| Input::new(text))
    }
}

contract!(Licences::new() => Licences; init, issue, revoke, holds);
