/* coproc.h: the C ABI of the CPU kernels.
 *
 * Batches in, batches out. One table of functions per instruction set; no global state, no exceptions, no allocation that
 * outlives a call; every function may be called from any number of threads at once.
 *
 * Conventions
 *   n, m            number of elements of the batch; 0 is legal.
 *   data, lens      one pointer and one length in bytes an element (never joined). No alignment is assumed.
 *   field element   little-endian 64-bit limbs in Montgomery form, R = 2^(64 limbs), below the modulus: 4 limbs for Fr of
 *                   BLS12-381, Fp and Fr of BN254 and Fr of JubJub, 6 for Fp of BLS12-381.
 *   scalar          4 little-endian 64-bit limbs, plain (not Montgomery), any value below 2^256.
 *   point           affine (x, y), each coordinate a field element (for G2: c0, c1); the point at infinity is all zeros.
 *                   Words a point: BLS12-381 G1 12, G2 24; BN254 G1 8, G2 16.
 *   Gt              twelve field elements in the order c0.c0.c0 c0.c0.c1 c0.c1.c0 ... c1.c2.c1: 72 words (BLS12-381), 48 (BN254).
 *   status          one byte an element, enum coproc_status. verdict: one byte an element, 0 or 1.
 * An output element whose status is not COPROC_OK is zeroed.
 */
#ifndef COPROC_H
#define COPROC_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define COPROC_ABI_VERSION 2

enum coproc_status {
  COPROC_OK = 0,
  COPROC_MALFORMED = 1, /* the rkyv check rejects the buffer */
  COPROC_PANIC = 2,     /* Dusk's own host function panics on these bytes */
  COPROC_UNSERVED = 3,  /* out of memory or not built: never an answer */
  COPROC_INVALID = 4,   /* not an encoding, not on the curve, not in the subgroup, infinity where none may be */
  COPROC_UNREDUCED = 5  /* limbs not below the modulus: take the limb-exact path */
};

enum coproc_field { COPROC_BLS12_381_FP = 0, COPROC_BLS12_381_FR = 1, COPROC_BN254_FP = 2, COPROC_BN254_FR = 3, COPROC_JUBJUB_FR = 4 };
enum coproc_field_op {
  COPROC_ADD = 0, COPROC_SUB = 1, COPROC_MUL = 2,                      /* binary */
  COPROC_NEG = 3, COPROC_SQR = 4, COPROC_INV = 5, COPROC_SQRT = 6,     /* unary; INV of 0 is 0; SQRT of a non-square is 0 */
  COPROC_TO_MONT = 7, COPROC_FROM_MONT = 8                             /* unary; TO_MONT takes any value below 2^(64 limbs) */
};
enum coproc_curve { COPROC_BLS12_381 = 0, COPROC_BN254 = 1 };
enum coproc_group { COPROC_BLS12_381_G1 = 0, COPROC_BLS12_381_G2 = 1, COPROC_BN254_G1 = 2, COPROC_BN254_G2 = 3 };
enum coproc_encoding {
  COPROC_ZCASH = 0,            /* BLS12-381 compressed, 48 / 96 bytes, big-endian, flags in byte 0 */
  COPROC_ZCASH_UNCOMPRESSED = 1, /* BLS12-381 uncompressed, 96 / 192 bytes */
  COPROC_ARK_COMPRESSED = 2,   /* BN254, 32 / 64 bytes, little-endian, flags in the last byte */
  COPROC_ARK_UNCOMPRESSED = 3, /* BN254, 64 / 128 bytes */
  COPROC_DUSK_RAW = 4,         /* BLS12-381, archived affine point, 104 / 200 bytes: Montgomery limbs, infinity byte, padding.
                                  Infinity (any non-zero byte) is COPROC_INVALID; limbs >= p are COPROC_UNREDUCED */
  COPROC_EVM = 5               /* big-endian coordinates as in EIP-196/197 (c1 first) and EIP-2537 (64-byte padded, c0 first); all zeros = infinity */
};
enum coproc_check { COPROC_ON_CURVE = 1, COPROC_IN_SUBGROUP = 2 };
enum coproc_layout { /* argument tuples of the host functions */
  COPROC_LAYOUT_BYTES = 0,    /* hash, keccak256, sha256: Vec<u8> */
  COPROC_LAYOUT_SCALARS = 1,  /* poseidon_hash: Vec<Fr> */
  COPROC_LAYOUT_PLONK = 2,    /* Vec<u8> verifier data, Vec<u8> proof, Vec<Fr> public inputs */
  COPROC_LAYOUT_GROTH16 = 3,  /* Vec<u8> key, Vec<u8> proof, Vec<u8> inputs */
  COPROC_LAYOUT_SCHNORR = 4,  /* msg 32, pk 160, sig 192 */
  COPROC_LAYOUT_BLS = 5,      /* Vec<u8> msg, pk 200, sig 104 */
  COPROC_LAYOUT_MULTISIG = 6, /* Vec<u8> msg, Vec<G2> keys, sig 104 */
  COPROC_LAYOUT_KZG = 7,      /* z 32, y 32, commitment 48, proof 48 (in this order) */
  COPROC_LAYOUT_RECOVER = 8   /* msg_hash 32, sig 65 */
};
#define COPROC_MAX_FIELDS 4

typedef const uint8_t *const *coproc_data;
typedef const uint64_t *const *coproc_words;

/* Terms of a prepared PLONK claim, in the order of plonk_scalars. */
#define COPROC_PLONK_KEY_POINTS 16   /* q_m q_l q_r q_o q_f q_c q_arith q_logic q_range q_fixed q_variable s_sigma_1..4, then g */
#define COPROC_PLONK_PROOF_POINTS 11 /* a b c d z t_low t_mid t_high t_fourth w_z w_zw */
#define COPROC_PLONK_TERMS (COPROC_PLONK_KEY_POINTS + COPROC_PLONK_PROOF_POINTS)

/* First words of a prepared PLONK key; offsets count 64-bit words from the start of the key. */
typedef struct coproc_plonk_key_header {
  uint64_t words;           /* length of the whole key */
  uint64_t public_inputs;   /* how many a proof must bring */
  uint64_t points;          /* offset: COPROC_PLONK_KEY_POINTS affine G1 points */
  uint64_t tables;          /* offset: msm tables of these points, one after the other */
  uint64_t lines_h;         /* offset: prepared lines of h, 0 where h is infinity */
  uint64_t lines_x_h;       /* offset: prepared lines of x_h, 0 where x_h is infinity */
  uint64_t reserved[2];
} coproc_plonk_key_header;

/* First words of a prepared Groth16 key. */
typedef struct coproc_groth16_key_header {
  uint64_t words;
  uint64_t target;          /* offset: alpha_g1_beta_g2, a Gt value as given */
  uint64_t lines_gamma, gamma_count, gamma_infinity; /* offset of the first 91 coefficients; how many were given; flag byte */
  uint64_t lines_delta, delta_count, delta_infinity;
} coproc_groth16_key_header;

typedef struct coproc_kernels_table {
  uint32_t abi_version;
  uint32_t reserved;
  const char *name;

  /* ---- wire: the argument layouts ------------------------------------------------------------------------------ */
  /* The acceptance rule of rkyv's check_archived_root. aligns: alignment of each buffer's base (1, 2, 4, 8).
   * fields[i * COPROC_MAX_FIELDS + k] points at field k of element i in the order of enum coproc_layout (Vec: its first element),
   * counts[same] is the number of elements of a Vec (its bytes for Vec<u8>) or the size in bytes of an inline field. */
  void (*parse)(int layout, size_t n, coproc_data args, const uint64_t *lens, const uint8_t *aligns, const uint8_t **fields,
                uint64_t *counts, uint8_t *status);
  /* index[i] = the j < m whose bytes equal element i's, or -1. */
  void (*match)(size_t n, coproc_data data, const uint64_t *lens, size_t m, coproc_data known, const uint64_t *known_lens, int64_t *index);
  /* index[i] = the least j <= i whose bytes equal element i's. */
  void (*group)(size_t n, coproc_data data, const uint64_t *lens, uint64_t *index);

  /* ---- hashes --------------------------------------------------------------------------------------------------- */
  void (*blake2b_512)(size_t n, coproc_data data, const uint64_t *lens, uint8_t *out /* 64 n */);
  void (*sha256)(size_t n, coproc_data data, const uint64_t *lens, uint8_t *out /* 32 n */);
  void (*keccak256)(size_t n, coproc_data data, const uint64_t *lens, uint8_t *out /* 32 n */);
  /* blake2b-512 of prefix || data, as a little-endian integer mod r of BLS12-381: mont (Montgomery limbs) and scalar (plain), either may be NULL. */
  void (*hash_to_fr)(size_t n, const uint8_t *prefix, size_t prefix_len, coproc_data data, const uint64_t *lens, uint64_t *mont, uint64_t *scalar);
  /* scalars[i]: counts[i] Montgomery elements, 32 bytes each, unreduced ones too; no scalar at all is COPROC_PANIC. */
  void (*poseidon_hash)(size_t n, coproc_data scalars, const uint64_t *counts, uint64_t *out /* 4 n, Montgomery */, uint8_t *status);
  void (*hades_permute)(size_t n, uint64_t *states /* 20 n, in place */);

  /* ---- fields: for tests, benches and whoever builds on top ------------------------------------------------------- */
  void (*field)(int field, int op, size_t n, const uint64_t *a, const uint64_t *b, uint64_t *out);
  /* Fp12: op is COPROC_MUL, COPROC_SQR or COPROC_INV */
  void (*fp12)(int curve, int op, size_t n, const uint64_t *a, const uint64_t *b, uint64_t *out);

  /* ---- groups ----------------------------------------------------------------------------------------------------- */
  /* checks: COPROC_ON_CURVE always implied by a compressed form; COPROC_IN_SUBGROUP if that bit is set. */
  void (*decode)(int group, int encoding, int checks, size_t n, coproc_data data, uint64_t *points, uint8_t *status);
  void (*encode)(int group, int encoding, size_t n, const uint64_t *points, uint8_t *out);
  void (*check)(int group, int checks, size_t n, const uint64_t *points, uint8_t *status);
  /* any points of the curve */
  void (*add)(int group, size_t n, const uint64_t *a, const uint64_t *b, uint64_t *out);
  /* points in the group of prime order (of BN254 G1: any) or at infinity; any other point gives a wrong answer, no error */
  void (*scalar_mul)(int group, size_t n, const uint64_t *points, const uint64_t *scalars, uint64_t *out);
  /* out[i] = sum of scalars[j] * points[j], offsets[i] <= j < offsets[i+1]; points[j] points at one affine point in the group of
   * prime order; tables[j] (or tables = NULL) at its table from msm_table, or is NULL. */
  void (*msm)(int group, size_t m, const uint64_t *offsets, coproc_words points, coproc_words tables, const uint64_t *scalars, uint64_t *out);
  size_t (*msm_table_words)(int group);
  void (*msm_table)(int group, size_t n, const uint64_t *points, uint64_t *tables);
  /* RFC 9380 hash_to_curve, BLS12381G1_XMD:SHA-256_SSWU_RO_ */
  void (*hash_to_g1)(size_t n, coproc_data data, const uint64_t *lens, const uint8_t *dst, size_t dst_len, uint64_t *points);
  /* map_to_curve and clear_cofactor of one element of Fp (EIP-2537 MAP_FP_TO_G1) */
  void (*map_to_g1)(size_t n, const uint64_t *u, uint64_t *points);

  /* ---- pairings --------------------------------------------------------------------------------------------------- */
  size_t (*lines_words)(int curve);
  void (*lines)(int curve, size_t n, const uint64_t *g2_points, uint64_t *lines);
  /* verdict[i] = (product over offsets[i] <= j < offsets[i+1] of e(g1[j], lines[j])) == targets[i]; a pair whose g1 is infinity or
   * whose lines[j] is NULL is left out; targets = NULL or targets[i] = NULL: one. */
  void (*pairing_check)(int curve, size_t m, const uint64_t *offsets, const uint64_t *g1, coproc_words lines, coproc_words targets, uint8_t *verdict);
  /* gt[i] = final_exponentiation(miller_loop(...)) of the pairs of element i, g2 as points; all on their curves. A value of a Miller loop is
   * defined up to factors that the final exponentiation removes. */
  void (*pairing)(int curve, size_t m, const uint64_t *offsets, const uint64_t *g1, const uint64_t *g2, uint64_t *gt);
  void (*miller_loop)(int curve, size_t m, const uint64_t *offsets, const uint64_t *g1, const uint64_t *g2, uint64_t *out);
  /* The same on prepared lines, pairs left out as in pairing_check; 1 where none is left; may be 0 where lines were supplied. */
  void (*miller_loop_lines)(int curve, size_t m, const uint64_t *offsets, const uint64_t *g1, coproc_words lines, uint64_t *out);
  void (*final_exponentiation)(int curve, size_t n, const uint64_t *in, uint64_t *gt);

  /* ---- protocols -------------------------------------------------------------------------------------------------- */
  /* Verifier data of Dusk's PLONK -> a prepared key (coproc_plonk_key_header first). keys: key_words(len) words an element, placed by
   * the caller at keys[i]. status: COPROC_OK or COPROC_INVALID. */
  size_t (*plonk_key_words)(size_t data_len);
  void (*plonk_key)(size_t n, coproc_data data, const uint64_t *lens, uint64_t *const *keys, uint8_t *status);
  /* Transcript and linearisation. versions[i]: 1, 2 or 3; proofs[i]: at least 1,008 bytes; inputs[i]: counts[i] Montgomery scalars.
   * scalars: COPROC_PLONK_TERMS an element, the terms of  z[W_z] + u z w [W_zw] + F - E g  (pairs with h);
   * scalars_x: 2 an element, of -([W_z] + u[W_zw]) over (w_z, w_zw) (pairs with x_h).
   * status: COPROC_INVALID where an evaluation is not canonical, the count of inputs is wrong or the domain too large. */
  void (*plonk_scalars)(size_t n, coproc_words keys, const uint8_t *versions, coproc_data proofs, const uint64_t *proof_lens, coproc_data inputs,
                        const uint64_t *counts, uint64_t *scalars, uint64_t *scalars_x, uint8_t *status);
  /* ark PreparedVerifyingKey<Bn254>, uncompressed -> a prepared key (coproc_groth16_key_header first) of groth16_key_words() words.
   * status: COPROC_OK (also with short lists: see *_count) or COPROC_INVALID. */
  size_t (*groth16_key_words)(void);
  void (*groth16_key)(size_t n, coproc_data data, const uint64_t *lens, uint64_t *const *keys, uint8_t *status);
  /* msgs 32, pks 160, sigs 192 bytes as archived, unreduced limbs too. status: COPROC_OK or COPROC_PANIC. */
  void (*schnorr)(size_t n, coproc_data msgs, coproc_data pks, coproc_data sigs, uint8_t *verdict, uint8_t *status);
  /* verify_bls (multisig = 0, one key an element) and verify_bls_multisig (multisig = 1) on limbs as given, reduced or not, in
   * upstream's own order of operations. versions[i]: 1 or 2; keys[key_offsets[i]..]: 200 bytes each; sigs[i]: 104. */
  void (*bls_exact)(size_t n, int multisig, const uint8_t *versions, coproc_data msgs, const uint64_t *lens, const uint64_t *key_offsets,
                    coproc_data keys, coproc_data sigs, uint8_t *verdict);
} coproc_kernels_table;

/* name: "portable", "adx", "ifma", or NULL for the best of this machine; NULL where it is absent or cannot run here. */
const coproc_kernels_table *coproc_kernels(const char *name);
/* Why an instruction set cannot be used here; NULL if it can. */
const char *coproc_unavailable(const char *name);

#ifdef __cplusplus
}
#endif
#endif
