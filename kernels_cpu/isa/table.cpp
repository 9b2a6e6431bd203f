// The table of this instruction set. Its symbol, coproc_table_<isa>, is the one name of these objects outside their namespace.
#include "isa/entries.hpp"

#define COPROC_JOIN_(a, b) a##b
#define COPROC_JOIN(a, b) COPROC_JOIN_(a, b)
#define COPROC_TEXT_(a) #a
#define COPROC_TEXT(a) COPROC_TEXT_(a)

namespace isa = coproc::COPROC_ISA;

extern "C" {
extern const coproc_kernels_table COPROC_JOIN(coproc_table_, COPROC_ISA);

const coproc_kernels_table COPROC_JOIN(coproc_table_, COPROC_ISA) = {
    .abi_version = COPROC_ABI_VERSION,
    .reserved = 0,
    .name = COPROC_TEXT(COPROC_ISA),
    .parse = isa::k_parse,
    .match = isa::k_match,
    .group = isa::k_group,
    .blake2b_512 = isa::k_blake2b_512,
    .sha256 = isa::k_sha256,
    .keccak256 = isa::k_keccak256,
    .hash_to_fr = isa::k_hash_to_fr,
    .poseidon_hash = isa::k_poseidon_hash,
    .hades_permute = isa::k_hades_permute,
    .field = isa::k_field,
    .fp12 = isa::k_fp12,
    .decode = isa::k_decode,
    .encode = isa::k_encode,
    .check = isa::k_check,
    .add = isa::k_add,
    .scalar_mul = isa::k_scalar_mul,
    .msm = isa::k_msm,
    .msm_table_words = isa::k_msm_table_words,
    .msm_table = isa::k_msm_table,
    .hash_to_g1 = isa::k_hash_to_g1,
    .map_to_g1 = isa::k_map_to_g1,
    .lines_words = isa::k_lines_words,
    .lines = isa::k_lines,
    .pairing_check = isa::k_pairing_check,
    .pairing = isa::k_pairing,
    .miller_loop = isa::k_miller_loop,
    .miller_loop_lines = isa::k_miller_loop_lines,
    .final_exponentiation = isa::k_final_exponentiation,
    .plonk_key_words = isa::k_plonk_key_words,
    .plonk_key = isa::k_plonk_key,
    .plonk_scalars = isa::k_plonk_scalars,
    .groth16_key_words = isa::k_groth16_key_words,
    .groth16_key = isa::k_groth16_key,
    .schnorr = isa::k_schnorr,
    .bls_exact = isa::k_bls_exact,
};
}
