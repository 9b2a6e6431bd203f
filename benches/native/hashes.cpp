// Hades permutations, Poseidon, and the byte hashes.
#include "cases.hpp"

namespace coproc::bench {
namespace {

// Distinct items, 1,024 a call: hashes of four scalars, and byte hashes of 32 bytes.
void batches(const Bench &bench, const coproc_kernels_table &t) {
  constexpr std::size_t N = 1024, SCALARS = 4, BYTES = 32;
  Random random(33);
  const Curve curve = bls12_381();
  const Words elements = scalars(random, curve, SCALARS * N), counts(N, SCALARS), lens(N, BYTES);
  std::vector<const u8 *> lists(N);
  for (std::size_t i = 0; i < N; i++) lists[i] = reinterpret_cast<const u8 *>(&elements[4 * SCALARS * i]);
  Words out(4 * N);
  std::vector<u8> status(N), digests(64 * N);
  bench.run(curve.name, "poseidon_hash_batch", N, N, [&] { t.poseidon_hash(N, lists.data(), counts.data(), out.data(), status.data()); });
  bench.run("", "keccak256_batch", N, N, [&] { t.keccak256(N, lists.data(), lens.data(), digests.data()); });
  bench.run("", "sha256_batch", N, N, [&] { t.sha256(N, lists.data(), lens.data(), digests.data()); });
  bench.run("", "blake2b512_batch", N, N, [&] { t.blake2b_512(N, lists.data(), lens.data(), digests.data()); });
  bench.run("", "hash_to_fr_batch", N, N, [&] { t.hash_to_fr(N, nullptr, 0, lists.data(), lens.data(), out.data(), nullptr); });
}

} // namespace

void hash_cases(const Bench &bench, const coproc_kernels_table &t) {
  Random random(31);
  const Curve curve = bls12_381();
  // the permutation in place: each state feeds the next
  Words state(20), state_mont(20);
  for (u64 &w : state) w = random.next();
  t.field(COPROC_BLS12_381_FR, COPROC_TO_MONT, 5, state.data(), nullptr, state_mont.data());
  bench.run(curve.name, "poseidon_w5_permutation", 1, 1, [&] { t.hades_permute(1, state_mont.data()); });
  for (const std::size_t n : {4, 404}) {
    Words mont(4 * n);
    const Words k = scalars(random, curve, n);
    t.field(COPROC_BLS12_381_FR, COPROC_TO_MONT, n, k.data(), nullptr, mont.data());
    const u8 *data = reinterpret_cast<const u8 *>(mont.data());
    const u64 count = n;
    u64 out[4];
    u8 status = 0;
    bench.run(curve.name, "poseidon_hash_elements", n, 1, [&] { t.poseidon_hash(1, &data, &count, out, &status); });
    t.poseidon_hash(1, &data, &count, out, &status);
    require(status == COPROC_OK, "poseidon_hash refused scalars");
  }
  batches(bench, t);
  std::vector<u8> bytes(1 << 16);
  for (u8 &b : bytes) b = static_cast<u8>(random.next());
  const u8 *data = bytes.data();
  u8 digest[64];
  for (const std::size_t n : {std::size_t{64}, bytes.size()}) {
    const u64 len = n;
    bench.run("", "keccak256_ns_per_byte", n, n, [&] { t.keccak256(1, &data, &len, digest); });
    bench.run("", "blake2b512_ns_per_byte", n, n, [&] { t.blake2b_512(1, &data, &len, digest); });
    bench.run("", "sha256_ns_per_byte", n, n, [&] { t.sha256(1, &data, &len, digest); });
  }
  // throughput of the field multiplications through the ABI: independent operands, nothing to wait for
  struct Field {
    int id;
    const char *curve, *op;
    std::size_t limbs;
  };
  constexpr std::size_t N = 1024;
  for (const Field f :
       {Field{COPROC_BLS12_381_FP, "bls12-381", "fp_mul_batch", 6}, Field{COPROC_BLS12_381_FR, "bls12-381", "fr_mul_batch", 4},
        Field{COPROC_BN254_FP, "bn254", "fp_mul_batch", 4}, Field{COPROC_BN254_FR, "bn254", "fr_mul_batch", 4}}) {
    Words a(f.limbs * N), b(f.limbs * N), out(f.limbs * N);
    for (u64 &w : a) w = random.next();
    t.field(f.id, COPROC_TO_MONT, N, a.data(), nullptr, b.data());
    t.field(f.id, COPROC_SQR, N, b.data(), nullptr, a.data());
    bench.run(f.curve, f.op, N, N, [&] { t.field(f.id, COPROC_MUL, N, a.data(), b.data(), out.data()); });
  }
}

} // namespace coproc::bench
