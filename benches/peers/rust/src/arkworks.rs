//! arkworks: both curves through its generic traits, and its Groth16 verifier.

use crate::timer::{Bench, DISTINCT};
use ark_ec::hashing::curve_maps::wb::WBMap;
use ark_ec::hashing::map_to_curve_hasher::MapToCurveBasedHasher;
use ark_ec::hashing::HashToCurve;
use ark_ec::pairing::Pairing;
use ark_ec::{CurveGroup, PrimeGroup, VariableBaseMSM};
use ark_ff::field_hashers::DefaultFieldHasher;
use ark_ff::{Field, UniformRand};
use ark_groth16::{prepare_verifying_key, Groth16, Proof, VerifyingKey};
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use ark_std::rand::rngs::StdRng;
use ark_std::rand::SeedableRng;
use std::hint::black_box;

const LIB: &str = "arkworks";

pub fn run(bench: &Bench) {
    use ark_bls12_381::{g1, Bls12_381, G1Affine, G1Projective, G2Affine};
    let rng = &mut StdRng::seed_from_u64(1);
    let (ps, qs) = both::<Bls12_381>(bench, "bls12-381", rng);
    bench.each(LIB, "bls12-381", "g1_subgroup", 1, &ps[..DISTINCT], |p: &G1Affine| assert!(p.is_in_correct_subgroup_assuming_on_curve()));
    bench.each(LIB, "bls12-381", "g2_subgroup", 1, &qs[..DISTINCT], |q: &G2Affine| assert!(q.is_in_correct_subgroup_assuming_on_curve()));
    type Hasher = MapToCurveBasedHasher<G1Projective, DefaultFieldHasher<sha2::Sha256, 128>, WBMap<g1::Config>>;
    let hasher = Hasher::new(b"BLS_SIG_BLS12381G1_XMD:SHA-256_DUSK_V2").unwrap();
    let messages: Vec<[u8; 32]> = (0..DISTINCT).map(|k| [k as u8; 32]).collect();
    bench.each(LIB, "bls12-381", "hash_g1", 32, &messages, |message| hasher.hash(message).unwrap());

    use ark_bn254::Bn254;
    let (_, qs) = both::<Bn254>(bench, "bn254", rng);
    bench.each(LIB, "bn254", "g2_subgroup", 1, &qs[..DISTINCT], |q: &ark_bn254::G2Affine| {
        assert!(q.is_in_correct_subgroup_assuming_on_curve())
    });
    groth16(bench, rng);
}

fn sequence<G: CurveGroup>(rng: &mut StdRng, n: usize) -> Vec<G::Affine> {
    let (start, step) = (G::rand(rng), G::rand(rng));
    let points: Vec<G> = std::iter::successors(Some(start), |p| Some(*p + step)).take(n).collect();
    G::normalize_batch(&points)
}

fn both<E: Pairing>(bench: &Bench, curve: &str, rng: &mut StdRng) -> (Vec<E::G1Affine>, Vec<E::G2Affine>)
where
    E::G1: VariableBaseMSM<MulBase = E::G1Affine>,
{
    let (ps, qs) = (sequence::<E::G1>(rng, 256), sequence::<E::G2>(rng, 256));
    type Base<E> = <<E as Pairing>::G1 as CurveGroup>::BaseField;
    let (mut a, b) = (Base::<E>::rand(rng), Base::<E>::rand(rng));
    bench.chain(LIB, curve, "fp_mul", || a *= black_box(&b));
    let (mut x, y) = (E::ScalarField::rand(rng), E::ScalarField::rand(rng));
    bench.chain(LIB, curve, "fr_mul", || x *= black_box(&y));
    let terms: Vec<(E::G1, E::G2, E::ScalarField)> =
        (0..DISTINCT).map(|k| (ps[k].into(), qs[k].into(), E::ScalarField::rand(rng))).collect();
    bench.each(LIB, curve, "g1_mul", 1, &terms, |(p, _, k)| *p * *k);
    bench.each(LIB, curve, "g2_mul", 1, &terms, |(_, q, k)| *q * *k);
    let pairs: Vec<usize> = (0..DISTINCT).collect();
    bench.each(LIB, curve, "miller_loop", 1, &pairs, |&k| E::miller_loop(ps[k], qs[k]));
    let loops: Vec<_> = pairs.iter().map(|&k| E::miller_loop(ps[k], qs[k])).collect();
    bench.each(LIB, curve, "final_exp", 1, &loops, |f| E::final_exponentiation(*f));
    bench.each(LIB, curve, "pairing", 1, &pairs, |&k| E::pairing(ps[k], qs[k]));
    for n in [2usize, 64, 256] {
        bench.pass(LIB, curve, "multi_pairing", n, n, || {
            black_box(E::multi_pairing(ps[..n].iter().copied(), qs[..n].iter().copied()).0);
        });
    }
    let bytes = |point: &dyn Fn(&mut Vec<u8>)| {
        let mut out = Vec::new();
        point(&mut out);
        out
    };
    let encoded: Vec<Vec<u8>> = ps[..DISTINCT].iter().map(|p| bytes(&|out| p.serialize_compressed(out).unwrap())).collect();
    bench.each(LIB, curve, "g1_decompress", 1, &encoded, |b| E::G1Affine::deserialize_compressed_unchecked(&b[..]).unwrap());
    let encoded: Vec<Vec<u8>> = qs[..DISTINCT].iter().map(|q| bytes(&|out| q.serialize_compressed(out).unwrap())).collect();
    bench.each(LIB, curve, "g2_decompress", 1, &encoded, |b| E::G2Affine::deserialize_compressed_unchecked(&b[..]).unwrap());
    let largest = bench.sums().last().unwrap_or(64);
    let points = sequence::<E::G1>(rng, largest);
    let scalars: Vec<E::ScalarField> = (0..largest).map(|_| E::ScalarField::rand(rng)).collect();
    let short: Vec<E::ScalarField> = (0..largest).map(|_| E::ScalarField::from(u128::rand(rng))).collect();
    for n in bench.sums() {
        for (op, ks) in [("msm_g1", &scalars), ("msm_g1_128bit", &short)] {
            bench.pass(LIB, curve, op, n, n, || {
                black_box(E::G1::msm_unchecked(&points[..n], &ks[..n]));
            });
        }
    }
    (ps, qs)
}

/// Proofs that need no circuit: with the key's trapdoor known, C solves A B = alpha beta + gamma sum + delta C.
fn groth16(bench: &Bench, rng: &mut StdRng) {
    use ark_bn254::{Bn254, Fr, G1Projective as G1, G2Projective as G2};
    for n in [1usize, 4, 16] {
        let [alpha, beta, gamma, delta]: [Fr; 4] = std::array::from_fn(|_| Fr::rand(rng));
        let abc: Vec<Fr> = (0..=n).map(|_| Fr::rand(rng)).collect();
        let on_g1 = |k: Fr| (G1::generator() * k).into_affine();
        let on_g2 = |k: Fr| (G2::generator() * k).into_affine();
        let key = prepare_verifying_key(&VerifyingKey::<Bn254> {
            alpha_g1: on_g1(alpha),
            beta_g2: on_g2(beta),
            gamma_g2: on_g2(gamma),
            delta_g2: on_g2(delta),
            gamma_abc_g1: abc.iter().map(|k| on_g1(*k)).collect(),
        });
        let claims: Vec<(Vec<u8>, Vec<Fr>)> = (0..DISTINCT)
            .map(|_| {
                let (a, b) = (Fr::rand(rng), Fr::rand(rng));
                let inputs: Vec<Fr> = (0..n).map(|_| Fr::rand(rng)).collect();
                let sum = abc[0] + abc[1..].iter().zip(&inputs).map(|(k, x)| *k * x).sum::<Fr>();
                let c = (a * b - alpha * beta - gamma * sum) * delta.inverse().unwrap();
                let mut out = Vec::new();
                Proof::<Bn254> { a: on_g1(a), b: on_g2(b), c: on_g1(c) }.serialize_compressed(&mut out).unwrap();
                (out, inputs)
            })
            .collect();
        let decoded: Vec<(Proof<Bn254>, &Vec<Fr>)> =
            claims.iter().map(|(data, x)| (Proof::deserialize_compressed(&data[..]).unwrap(), x)).collect();
        bench.each(LIB, "bn254", "groth16_verify", n, &decoded, |(proof, x)| {
            assert!(Groth16::<Bn254>::verify_proof(&key, proof, x).unwrap());
        });
        bench.each(LIB, "bn254", "groth16_verify_from_bytes", n, &claims, |(data, x)| {
            let proof = Proof::<Bn254>::deserialize_compressed(&data[..]).unwrap();
            assert!(Groth16::<Bn254>::verify_proof(&key, &proof, x).unwrap());
        });
    }
}
