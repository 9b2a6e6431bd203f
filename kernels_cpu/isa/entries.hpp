// Every function that this instruction set puts into its table: the signatures of coproc.h, one declaration a member.
#pragma once
#include "coproc.h"
#include "isa/config.hpp"

COPROC_BEGIN

// wire
void k_parse(int layout, usize n, coproc_data args, const u64 *lens, const u8 *aligns, const u8 **fields, u64 *counts, u8 *status);
void k_match(usize n, coproc_data data, const u64 *lens, usize m, coproc_data known, const u64 *known_lens, i64 *index);
void k_group(usize n, coproc_data data, const u64 *lens, u64 *index);

// hashes
void k_blake2b_512(usize n, coproc_data data, const u64 *lens, u8 *out);
void k_sha256(usize n, coproc_data data, const u64 *lens, u8 *out);
void k_keccak256(usize n, coproc_data data, const u64 *lens, u8 *out);
void k_hash_to_fr(usize n, const u8 *prefix, usize prefix_len, coproc_data data, const u64 *lens, u64 *mont, u64 *scalar);
void k_poseidon_hash(usize n, coproc_data scalars, const u64 *counts, u64 *out, u8 *status);
void k_hades_permute(usize n, u64 *states);

// fields
void k_field(int field, int op, usize n, const u64 *a, const u64 *b, u64 *out);
void k_fp12(int curve, int op, usize n, const u64 *a, const u64 *b, u64 *out);

// groups
void k_decode(int group, int encoding, int checks, usize n, coproc_data data, u64 *points, u8 *status);
void k_encode(int group, int encoding, usize n, const u64 *points, u8 *out);
void k_check(int group, int checks, usize n, const u64 *points, u8 *status);
void k_add(int group, usize n, const u64 *a, const u64 *b, u64 *out);
void k_scalar_mul(int group, usize n, const u64 *points, const u64 *scalars, u64 *out);
void k_msm(int group, usize m, const u64 *offsets, coproc_words points, coproc_words tables, const u64 *scalars, u64 *out);
usize k_msm_table_words(int group);
void k_msm_table(int group, usize n, const u64 *points, u64 *tables);
void k_hash_to_g1(usize n, coproc_data data, const u64 *lens, const u8 *dst, usize dst_len, u64 *points);
void k_map_to_g1(usize n, const u64 *u, u64 *points);

// pairings
usize k_lines_words(int curve);
void k_lines(int curve, usize n, const u64 *g2_points, u64 *lines);
void k_pairing_check(int curve, usize m, const u64 *offsets, const u64 *g1, coproc_words lines, coproc_words targets, u8 *verdict);
void k_pairing(int curve, usize m, const u64 *offsets, const u64 *g1, const u64 *g2, u64 *gt);
void k_miller_loop(int curve, usize m, const u64 *offsets, const u64 *g1, const u64 *g2, u64 *out);
void k_miller_loop_lines(int curve, usize m, const u64 *offsets, const u64 *g1, coproc_words lines, u64 *out);
void k_final_exponentiation(int curve, usize n, const u64 *in, u64 *gt);

// protocols
usize k_plonk_key_words(usize data_len);
void k_plonk_key(usize n, coproc_data data, const u64 *lens, u64 *const *keys, u8 *status);
void k_plonk_scalars(usize n, coproc_words keys, const u8 *versions, coproc_data proofs, const u64 *proof_lens, coproc_data inputs,
                     const u64 *counts, u64 *scalars, u64 *scalars_x, u8 *status);
usize k_groth16_key_words(void);
void k_groth16_key(usize n, coproc_data data, const u64 *lens, u64 *const *keys, u8 *status);
void k_schnorr(usize n, coproc_data msgs, coproc_data pks, coproc_data sigs, u8 *verdict, u8 *status);
void k_bls_exact(usize n, int multisig, const u8 *versions, coproc_data msgs, const u64 *lens, const u64 *key_offsets, coproc_data keys,
                 coproc_data sigs, u8 *verdict);

COPROC_END
