// sum of k_i P_i, by the method that suits the terms.
//
// Up to FEW_TERMS without key tables: windows with mixed additions, no inversion. Then windows added up in affine form, as long as the
// terms without table are fewer than WINDOW_TERMS + a fifth of those with one; then buckets.
#pragma once
#include "curve/msm_pippenger.hpp"

COPROC_BEGIN

// Terms that are added up together; bounds the memory of a call (about 300 bytes a short scalar).
inline constexpr usize MSM_CHUNK = usize{1} << 18;

template <class G> Jacobian<typename G::F> msm(const Term<typename G::F> *terms, usize n) {
  using F = typename G::F;
  usize tabled = 0;
  for (usize i = 0; i < n; i++) tabled += terms[i].table != nullptr;
  if (n > G::FEW_TERMS || tabled > 0) {
    Jacobian<F> sum;
    const bool windows = n - tabled < G::WINDOW_TERMS + tabled / 5;
    if (n <= MSM_CHUNK && (windows ? msm_straus<G>(terms, n, sum) : msm_pippenger<G>(terms, n, sum))) return sum;
    // Too many, or no memory for so many.
    if (n > G::FEW_TERMS) return add(msm<G>(terms, n / 2), msm<G>(terms + n / 2, n - n / 2));
  }
  Affine<F> points[G::FEW_TERMS];
  const u64 *scalars[G::FEW_TERMS];
  for (usize i = 0; i < n; i++) points[i] = *terms[i].point, scalars[i] = terms[i].scalar;
  return straus<G, static_cast<int>(G::FEW_TERMS)>(points, scalars, static_cast<int>(n));
}

COPROC_END
