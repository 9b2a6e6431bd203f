//! Host queries. Their arguments are rkyv 0.7 archives: the blocks of the lists first, the last list's before the others',
//! each aligned for its elements; then the root, where a list is its distance (i32, from the field itself) and its length (u32).

use piecrust_uplink::arg_buf::with_arg_buf;

unsafe extern "C" {
    fn hq(name: *const u8, name_len: u32, arg_len: u32) -> u32;
}

/// A key in G2 as Dusk archives it: 24 limbs of x and y, the infinity byte, padding.
pub type Key = [u8; 200];
/// A signature in G1: 12 limbs, the infinity byte, padding.
pub type Signature = [u8; 104];
/// An element of the scalar field of BLS12-381: four Montgomery limbs.
pub type Scalar = [u8; 32];

struct Archive<'a> {
    buffer: &'a mut [u8],
    end: usize,
}

struct List {
    start: usize,
    length: usize,
}

impl Archive<'_> {
    fn align(&mut self, to: usize) {
        let next = self.end.next_multiple_of(to);
        self.buffer[self.end..next].fill(0);
        self.end = next;
    }

    fn put(&mut self, bytes: &[u8]) {
        self.buffer[self.end..self.end + bytes.len()].copy_from_slice(bytes);
        self.end += bytes.len();
    }

    fn bytes(&mut self, bytes: &[u8]) -> List {
        let start = self.end;
        self.put(bytes);
        List { start, length: bytes.len() }
    }

    fn items<const N: usize>(&mut self, items: &[[u8; N]]) -> List {
        self.align(8);
        let start = self.end;
        items.iter().for_each(|item| self.put(item));
        List { start, length: items.len() }
    }

    fn point(&mut self, list: List) {
        let distance = list.start as i32 - self.end as i32;
        self.put(&distance.to_le_bytes());
        self.put(&(list.length as u32).to_le_bytes());
    }
}

fn ask<const N: usize>(name: &str, write: impl FnOnce(&mut Archive)) -> [u8; N] {
    let length = with_arg_buf(|buffer| {
        let mut archive = Archive { buffer, end: 0 };
        write(&mut archive);
        archive.end
    });
    let answered = unsafe { hq(name.as_ptr(), name.len() as u32, length as u32) };
    assert!(answered as usize == N, "{name} answered {answered} bytes");
    with_arg_buf(|buffer| {
        let mut out = [0; N];
        out.copy_from_slice(&buffer[..N]);
        out
    })
}

pub fn keccak256(data: &[u8]) -> [u8; 32] {
    ask("keccak256", |archive| {
        let list = archive.bytes(data);
        archive.align(4);
        archive.point(list);
    })
}

pub fn poseidon_hash(scalars: &[Scalar]) -> Scalar {
    ask("poseidon_hash", |archive| {
        let list = archive.items(scalars);
        archive.point(list);
    })
}

pub fn verify_plonk(verifier_data: &[u8], proof: &[u8], public_inputs: &[Scalar]) -> bool {
    ask::<1>("verify_plonk", |archive| {
        let inputs = archive.items(public_inputs);
        let proof = archive.bytes(proof);
        let data = archive.bytes(verifier_data);
        archive.align(4);
        archive.point(data);
        archive.point(proof);
        archive.point(inputs);
    }) == [1]
}

pub fn verify_groth16_bn254(key: &[u8], proof: &[u8], inputs: &[u8]) -> bool {
    ask::<1>("verify_groth16_bn254", |archive| {
        let inputs = archive.bytes(inputs);
        let proof = archive.bytes(proof);
        let key = archive.bytes(key);
        archive.align(4);
        archive.point(key);
        archive.point(proof);
        archive.point(inputs);
    }) == [1]
}

pub fn verify_bls(message: &[u8], key: &Key, signature: &Signature) -> bool {
    ask::<1>("verify_bls", |archive| {
        let message = archive.bytes(message);
        archive.align(8);
        archive.point(message);
        archive.put(key);
        archive.put(signature);
    }) == [1]
}

pub fn verify_bls_multisig(message: &[u8], keys: &[Key], signature: &Signature) -> bool {
    ask::<1>("verify_bls_multisig", |archive| {
        let keys = archive.items(keys);
        let message = archive.bytes(message);
        archive.align(8);
        archive.point(message);
        archive.point(keys);
        archive.put(signature);
    }) == [1]
}

pub fn verify_kzg_proof(commitment: &[u8; 48], z: &[u8; 32], y: &[u8; 32], proof: &[u8; 48]) -> bool {
    ask::<1>("verify_kzg_proof", |archive| {
        archive.put(z);
        archive.put(y);
        archive.put(commitment);
        archive.put(proof);
    }) == [1]
}
