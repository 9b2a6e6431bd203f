//! blst: BLS12-381, through its C interface as its Rust package hands it on, and its own verification of a signature in G1.

use crate::timer::{Bench, DISTINCT};
use blst::min_sig::{PublicKey, SecretKey, Signature};
use blst::*;
use sha2::{Digest, Sha256};
use std::hint::black_box;
use std::ptr::null;

const LIB: &str = "blst";
const CURVE: &str = "bls12-381";
const DST: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_DUSK_V2";

/// 32 bytes of a counter's hash; below 2^254 as a little-endian number.
fn number(k: usize) -> [u8; 32] {
    let mut bytes: [u8; 32] = Sha256::digest(k.to_le_bytes()).into();
    bytes[31] &= 0x3f;
    bytes
}

fn g1(n: usize) -> Vec<blst_p1_affine> {
    unsafe {
        let (mut point, mut step) = (blst_p1::default(), blst_p1::default());
        blst_p1_mult(&mut point, blst_p1_generator(), number(1).as_ptr(), 254);
        blst_p1_mult(&mut step, blst_p1_generator(), number(2).as_ptr(), 254);
        let mut points = Vec::with_capacity(n);
        for _ in 0..n {
            points.push(point);
            let last = point;
            blst_p1_add_or_double(&mut point, &last, &step);
        }
        let mut affine = vec![blst_p1_affine::default(); n];
        blst_p1s_to_affine(affine.as_mut_ptr(), [points.as_ptr(), null()].as_ptr(), n);
        affine
    }
}

fn g2(n: usize) -> Vec<blst_p2_affine> {
    (0..n)
        .map(|k| unsafe {
            let (mut point, mut affine) = (blst_p2::default(), blst_p2_affine::default());
            blst_p2_mult(&mut point, blst_p2_generator(), number(1000 + k).as_ptr(), 254);
            blst_p2_to_affine(&mut affine, &point);
            affine
        })
        .collect()
}

fn product(ps: &[blst_p1_affine], qs: &[blst_p2_affine]) -> blst_fp12 {
    unsafe {
        let (mut loops, mut result) = (blst_fp12::default(), blst_fp12::default());
        let (p, q) = ([ps.as_ptr(), null()], [qs.as_ptr(), null()]);
        blst_miller_loop_n(&mut loops, q.as_ptr(), p.as_ptr(), ps.len());
        blst_final_exp(&mut result, &loops);
        result
    }
}

pub fn run(bench: &Bench) {
    let (ps, qs) = (g1(256), g2(256));
    fields(bench);
    groups(bench, &ps[..DISTINCT], &qs[..DISTINCT]);
    let pairs: Vec<usize> = (0..DISTINCT).collect();
    bench.each(LIB, CURVE, "pairing", 1, &pairs, |&k| product(&ps[k..=k], &qs[k..=k]));
    for n in [2usize, 64, 256] {
        bench.pass(LIB, CURVE, "multi_pairing", n, n, || {
            black_box(product(black_box(&ps[..n]), &qs[..n]));
        });
    }
    sums(bench);
    signatures(bench);
}

fn fields(bench: &Bench) {
    let bytes = |k| number(k);
    unsafe {
        let (mut a, mut b) = (blst_fp::default(), blst_fp::default());
        blst_fp_from_lendian(&mut a, [bytes(1), bytes(2)].concat()[..48].as_ptr());
        blst_fp_from_lendian(&mut b, [bytes(3), bytes(4)].concat()[..48].as_ptr());
        let at: *mut blst_fp = &mut a;
        bench.chain(LIB, CURVE, "fp_mul", || blst_fp_mul(at, at, &b));
        let (mut scalar, mut x, mut y) = (blst_scalar::default(), blst_fr::default(), blst_fr::default());
        blst_scalar_from_lendian(&mut scalar, bytes(5).as_ptr());
        blst_fr_from_scalar(&mut x, &scalar);
        blst_scalar_from_lendian(&mut scalar, bytes(6).as_ptr());
        blst_fr_from_scalar(&mut y, &scalar);
        let at: *mut blst_fr = &mut x;
        bench.chain(LIB, CURVE, "fr_mul", || blst_fr_mul(at, at, &y));
    }
}

fn groups(bench: &Bench, ps: &[blst_p1_affine], qs: &[blst_p2_affine]) {
    let encoded: Vec<[u8; 48]> = ps
        .iter()
        .map(|p| {
            let mut bytes = [0; 48];
            unsafe { blst_p1_affine_compress(bytes.as_mut_ptr(), p) };
            bytes
        })
        .collect();
    bench.each(LIB, CURVE, "g1_decompress", 1, &encoded, |bytes| unsafe {
        let mut p = blst_p1_affine::default();
        assert_eq!(blst_p1_uncompress(&mut p, bytes.as_ptr()), BLST_ERROR::BLST_SUCCESS);
        p
    });
    let encoded: Vec<[u8; 96]> = qs
        .iter()
        .map(|q| {
            let mut bytes = [0; 96];
            unsafe { blst_p2_affine_compress(bytes.as_mut_ptr(), q) };
            bytes
        })
        .collect();
    bench.each(LIB, CURVE, "g2_decompress", 1, &encoded, |bytes| unsafe {
        let mut q = blst_p2_affine::default();
        assert_eq!(blst_p2_uncompress(&mut q, bytes.as_ptr()), BLST_ERROR::BLST_SUCCESS);
        q
    });
    bench.each(LIB, CURVE, "g1_subgroup", 1, ps, |p| unsafe { assert!(blst_p1_affine_in_g1(p)) });
    bench.each(LIB, CURVE, "g2_subgroup", 1, qs, |q| unsafe { assert!(blst_p2_affine_in_g2(q)) });
    let terms: Vec<(blst_p1, blst_p2, [u8; 32])> = (0..DISTINCT)
        .map(|k| unsafe {
            let (mut p, mut q) = (blst_p1::default(), blst_p2::default());
            blst_p1_from_affine(&mut p, &ps[k]);
            blst_p2_from_affine(&mut q, &qs[k]);
            (p, q, number(700 + k))
        })
        .collect();
    bench.each(LIB, CURVE, "g1_mul", 1, &terms, |(p, _, k)| unsafe {
        let mut out = blst_p1::default();
        blst_p1_mult(&mut out, p, k.as_ptr(), 255);
        out
    });
    bench.each(LIB, CURVE, "g2_mul", 1, &terms, |(_, q, k)| unsafe {
        let mut out = blst_p2::default();
        blst_p2_mult(&mut out, q, k.as_ptr(), 255);
        out
    });
    let pairs: Vec<usize> = (0..DISTINCT).collect();
    let looped = |k: usize| unsafe {
        let mut f = blst_fp12::default();
        blst_miller_loop(&mut f, &qs[k], &ps[k]);
        f
    };
    bench.each(LIB, CURVE, "miller_loop", 1, &pairs, |&k| looped(k));
    let loops: Vec<blst_fp12> = pairs.iter().map(|&k| looped(k)).collect();
    bench.each(LIB, CURVE, "final_exp", 1, &loops, |f| unsafe {
        let mut out = blst_fp12::default();
        blst_final_exp(&mut out, f);
        out
    });
    let messages: Vec<[u8; 32]> = (0..DISTINCT).map(number).collect();
    bench.each(LIB, CURVE, "hash_g1", 32, &messages, |message| unsafe {
        let mut p = blst_p1::default();
        blst_hash_to_g1(&mut p, message.as_ptr(), 32, DST.as_ptr(), DST.len(), null(), 0);
        p
    });
}

fn sums(bench: &Bench) {
    let largest = bench.sums().last().unwrap_or(64);
    let points = g1(largest);
    let scalars: Vec<u8> = (0..largest).flat_map(number).collect();
    let short: Vec<u8> = (0..largest).flat_map(|k| number(k)[..16].to_vec()).collect();
    for n in bench.sums() {
        let mut scratch = vec![0u64; unsafe { blst_p1s_mult_pippenger_scratch_sizeof(n) } / 8 + 1];
        let ps = [points.as_ptr(), null()];
        for (op, data, bits) in [("msm_g1", &scalars, 255), ("msm_g1_128bit", &short, 128)] {
            let ks = [data.as_ptr(), null()];
            bench.pass(LIB, CURVE, op, n, n, || unsafe {
                let mut sum = blst_p1::default();
                blst_p1s_mult_pippenger(&mut sum, ps.as_ptr(), n, ks.as_ptr(), bits, scratch.as_mut_ptr());
                black_box(sum);
            });
        }
    }
}

/// A verification from bytes: both points are decoded and checked, as for a key that was never seen.
fn signatures(bench: &Bench) {
    let claims: Vec<([u8; 96], [u8; 48], [u8; 32])> = (0..DISTINCT)
        .map(|k| {
            let secret = SecretKey::key_gen(&number(5000 + k), &[]).unwrap();
            let message = number(9000 + k);
            (secret.sk_to_pk().compress(), secret.sign(&message, DST, &[]).compress(), message)
        })
        .collect();
    bench.each(LIB, CURVE, "bls_verify_from_bytes", 1, &claims, |(key, signature, message)| {
        let key = PublicKey::uncompress(key).unwrap();
        let signature = Signature::uncompress(signature).unwrap();
        assert_eq!(signature.verify(true, message, DST, &[], &key, true), BLST_ERROR::BLST_SUCCESS);
    });
}
