"""Mutants of folding and of what claims rest on: file, what is replaced by what, and the test that notices."""

from __future__ import annotations

from typing import Final, NamedTuple


class Mutant(NamedTuple):
    """The first `old` of `file` becomes `new`; `test` is a node of pytest, without the engine."""

    name: str
    file: str
    old: str
    new: str
    test: str


FOLD, OPS, T = "coproc/fold/", "coproc/ops/", "tests/fold/"
COEFFICIENTS, SEARCH, SETTLE = FOLD + "coefficients.py", FOLD + "search.py", FOLD + "settle.py"
TERMS, PRODUCT, HONEST = FOLD + "terms.py", FOLD + "product.py", "coproc/honest.py"
DIGEST, SEAL = T + "test_coefficients.py::test_whatever_is_read_moves_the_digest", OPS + "verification.py"
FIELDS = "tests/ops/test_folding.py::test_coefficients_depend_on_every_field_the_rules_the_order_and_the_number"
LIES, VECTORS = "tests/ops/test_hostile_keys.py::test_only_honest_keys_are_folded", "tests/ops/test_vectors.py"
CRAFTED = "tests/ops/test_crafted.py::test_a_point_outside_its_group_is_refused_though_the_equation_holds"
GARBAGE = "tests/ops/test_folding.py::test_a_groth16_point_that_does_not_decode_is_false_though_the_equation_holds"
VALUES = T + "test_product.py::test_a_fold_is_the_pairing_of_the_weighted_errors"
PATTERNS = T + "test_search.py::test_patterns_of_every_size_of_batch_are_found_within_the_bound"

MUTANTS: Final = (
    Mutant("zero coefficients", COEFFICIENTS, "while len(zero :=", "while False and len(zero :=",
           T + "test_coefficients.py::test_no_coefficient_is_zero_however_short"),
    Mutant("equal coefficients", COEFFICIENTS, "    again = 0\n", "    pairs[:] = pairs[0]\n    again = 0\n",
           T + "test_search.py::test_errors_that_cancel_under_equal_or_indexed_coefficients_are_found"),
    Mutant("short coefficients", COEFFICIENTS, "(1 << max(bits - 64, 0)) - 1", "0",
           T + "test_coefficients.py::test_whole_coefficients_use_all_their_bits_and_do_not_repeat"),
    Mutant("another multiplier", COEFFICIENTS, "bls12_381.X_ABS**2", "bls12_381.X_ABS",
           T + "test_coefficients.py::test_mu_is_a_sixth_or_third_root_of_unity"),
    Mutant("no seed", COEFFICIENTS, "key=seed", "key=bytes(32)", DIGEST),
    Mutant("no curve", COEFFICIENTS, "    state.update(bytes([curve]))\n", "", DIGEST),
    Mutant("no lengths of parts", COEFFICIENTS, "len(part).to_bytes(8, \"little\") + part", "part", DIGEST),
    Mutant("a seed for all", SETTLE, "os.urandom(SEED_BYTES)", "bytes(SEED_BYTES)",
           T + "test_search.py::test_every_fold_has_a_seed_of_its_own"),
    Mutant("no seal of blocks", SETTLE, "[block.seal() for block in blocks]", "[]", FIELDS),
    Mutant("fields not sealed", SEAL, "            state.update(engine.blake2b_512(field).tobytes())\n", "", FIELDS),
    Mutant("rules not sealed", SEAL, "+ batch.rules.tobytes()", "", FIELDS),
    Mutant("keys not sealed", SEAL, "if keys is not None:", "if False:", FIELDS),
    Mutant("rules of others not sealed", SEAL, "batch.rules.tobytes()", "batch.rules[:1].tobytes()", FIELDS),
    Mutant("a fold always passes", SETTLE, "if fold.is_one(root)[0]:", "if True:",
           T + "test_search.py::test_true_folds_find_the_false_claims"),
    Mutant("the switch for all", SETTLE, "bits: int = BITS", "bits: int = 8",
           T + "test_calibration.py::test_nothing_outside_the_tests_shortens"),
    Mutant("dishonest keys are folded", OPS + "verify_groth16_bn254.py", "foldable=at_alpha != 0", "foldable=None", LIES),
    Mutant("exact path forgotten", SETTLE, "verdicts[i][others] = settle_singly", "verdicts[i][others] = 0 * settle_singly",
           "tests/ops/test_hostile_keys.py::test_hostile_keys_answer_in_batches_as_alone"),
    Mutant("right halves are good", SEARCH, "if bad_rest[i]:", "if False:", PATTERNS),
    Mutant("left halves are good", SEARCH, "int(first[i])) if bad[k]]", "int(first[i])) if False]", PATTERNS),
    Mutant("quotient forgotten", SEARCH, "rest[index] = fold.quotients(rest[index], values[first[index] + j])", "pass", PATTERNS),
    Mutant("no sample", SEARCH, "if most or fold.n == 1:", "if fold.n == 1:", T + "test_search.py::test_where_most_are_false"),
    Mutant("contradictions pass", SEARCH, "if verdict[blamed].any() or verdict.all()", "if False and verdict.all()",
           T + "test_search.py::test_a_fold_that_contradicts_the_single_check_is_noticed"),
    Mutant("quotients are products", PRODUCT, "FieldOp.INV, b)", "FieldOp.SQR, b)",
           T + "test_product.py::test_quotients_and_kept_products_are_those_of_the_stretches"),
    Mutant("lonely pairs are not weighted", TERMS, "scaled = engine.scalar_mul(G1_OF[curve], g1, r.plain[claim])", "scaled = g1", VALUES),
    Mutant("bare points are not weighted", TERMS, "at, r.plain[claim],", "at, r.plain[claim] * 0 + r.plain[:1],", VALUES),
    Mutant("sums are not weighted", TERMS, "np.repeat(r.mont[claim], t, axis=0)", "np.repeat(r.mont[claim * 0], t, axis=0)", VALUES),
    Mutant("odd digits of sums", TERMS, "FieldOp.ADD, mont[: g * c], odd)", "FieldOp.ADD, mont[: g * c], odd * 0)",
           T + "test_product.py::test_sums_of_scalars_are_exact"),
    Mutant("closing pair forgotten", TERMS, "if block.closing is not None:", "if False:",
           "tests/ops/test_folding.py::test_claims_of_several_operations_share_one_fold"),
    Mutant("target not proven", HONEST, "(target, target_at), ", "", LIES),
    Mutant("lines of gamma not proven", HONEST, "(lines[1], gamma_at), ", "", LIES),
    Mutant("lines of delta not proven", HONEST, ", (lines[2], delta_at)", "", LIES),
    Mutant("infinity flags not proven", HONEST, "(header.gamma_count, header.gamma_infinity, header.delta_count, header.delta_infinity)",
           "(header.gamma_count, 0, header.delta_count, 0)", LIES),
    Mutant("counts not proven", HONEST, "(header.gamma_count, header.gamma_infinity, header.delta_count, header.delta_infinity)",
           "(91, header.gamma_infinity, 91, header.delta_infinity)", LIES),
    Mutant("z and y may be large", OPS + "verify_kzg_proof.py", "(z_y < _R) & ", "",
           VECTORS + " -k verify_kzg_proof"),
    Mutant("bad points of an opening", OPS + "verify_kzg_proof.py", "& (invalid.reshape(n, 2) == Status.OK)", "",
           VECTORS + " -k verify_kzg_proof"),
    Mutant("bad points of a PLONK proof", OPS + "verify_plonk.py", " & all_of(invalid == Status.OK, PLONK_PROOF_POINTS)", "",
           CRAFTED + " -k verify_plonk"),
    Mutant("bad scalars of a PLONK proof", OPS + "verify_plonk.py", "(status == Status.OK) & ", "", VECTORS + " -k verify_plonk"),
    Mutant("bad B of a Groth16 proof", OPS + "verify_groth16_bn254.py", "(invalid_b == Status.OK) & ", "", GARBAGE),
    Mutant("bad A, C or inputs", OPS + "verify_groth16_bn254.py", " & (invalid.reshape(3, n) == Status.OK).all(axis=0)", "",
           GARBAGE),
    Mutant("panics answer", OPS + "verify_groth16_bn254.py", "result.status[index[panic]] = Status.PANIC", "pass",
           VECTORS + " -k verify_groth16"),
    Mutant("bad signatures", OPS + "verify_bls.py", "(bad_signature == Status.OK) & ", "", VECTORS + " -k 'verify_bls and not multisig'"),
    Mutant("bad keys", OPS + "verify_bls.py", " & (bad_key == Status.OK)", "", VECTORS + " -k 'verify_bls and not multisig'"),
    Mutant("one bad key of many", OPS + "verify_bls_multisig.py", "invalid |= _any(bad_key == Status.INVALID, offsets)", "pass",
           VECTORS + " -k multisig"),
    Mutant("tenants share a shelf", "coproc/keys.py", "        if not tenant:\n", "        if tenant is not None:\n",
           "tests/ops/test_registry_of_keys.py::test_fresh_keys_of_one_tenant"),
)  # fmt: skip
