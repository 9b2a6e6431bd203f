//! dusk-bls12_381: the arithmetic behind Dusk's own host functions.

use crate::timer::{Bench, DISTINCT};
use dusk_bls12_381::{multi_miller_loop, pairing, BlsScalar, G1Affine, G1Projective, G2Affine, G2Prepared, G2Projective};
use dusk_bytes::Serializable;
use std::hint::black_box;

const LIB: &str = "dusk-bls12_381";
const CURVE: &str = "bls12-381";

/// Odd multiples of a large constant, far from each other.
fn scalar(k: u64) -> BlsScalar {
    BlsScalar::from_raw([0x9e37_79b9_7f4a_7c15, k + 1, 0x2545_f491_4f6c_dd1d, 0x0123_4567_89ab_cdef]).square()
}

pub fn run(bench: &Bench) {
    let ps: Vec<G1Affine> = (0..256).map(|k| G1Affine::from(G1Affine::generator() * scalar(k))).collect();
    let qs: Vec<G2Affine> = (0..256).map(|k| G2Affine::from(G2Affine::generator() * scalar(1000 + k))).collect();
    let pairs: Vec<usize> = (0..DISTINCT).collect();
    bench.each(LIB, CURVE, "pairing", 1, &pairs, |&k| pairing(&ps[k], &qs[k]));
    for n in [2usize, 64, 256] {
        bench.pass(LIB, CURVE, "multi_pairing", n, n, || {
            let prepared: Vec<G2Prepared> = qs[..n].iter().map(|q| G2Prepared::from(*q)).collect();
            let terms: Vec<(&G1Affine, &G2Prepared)> = ps[..n].iter().zip(&prepared).collect();
            black_box(multi_miller_loop(&terms).final_exponentiation());
        });
    }
    let encoded: Vec<[u8; 48]> = ps[..DISTINCT].iter().map(|p| p.to_bytes()).collect();
    bench.each(LIB, CURVE, "g1_decompress_checked", 1, &encoded, |b| G1Affine::from_bytes(b).unwrap());
    let encoded: Vec<[u8; 96]> = qs[..DISTINCT].iter().map(|q| q.to_bytes()).collect();
    bench.each(LIB, CURVE, "g2_decompress_checked", 1, &encoded, |b| G2Affine::from_bytes(b).unwrap());
    bench.each(LIB, CURVE, "g1_subgroup", 1, &ps[..DISTINCT], |p| assert!(bool::from(p.is_torsion_free())));
    bench.each(LIB, CURVE, "g2_subgroup", 1, &qs[..DISTINCT], |q| assert!(bool::from(q.is_torsion_free())));
    let terms: Vec<(G1Projective, G2Projective, BlsScalar)> =
        (0..DISTINCT).map(|k| (ps[k].into(), qs[k].into(), scalar(7000 + k as u64))).collect();
    bench.each(LIB, CURVE, "g1_mul", 1, &terms, |(p, _, k)| *p * *k);
    bench.each(LIB, CURVE, "g2_mul", 1, &terms, |(_, q, k)| *q * *k);
}
