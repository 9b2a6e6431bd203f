// sum of k_i P_i, by the method that suits the number of terms.
#pragma once
#include "curve/msm_pippenger.hpp"

COPROC_BEGIN

// Terms that are added up together; bounds the memory of a call (about 300 bytes a short scalar).
inline constexpr usize MSM_CHUNK = usize{1} << 19;
inline constexpr usize FEW_TERMS = 4;

template <class G> Jacobian<typename G::F> msm(const Term<typename G::F> *terms, usize n) {
  using F = typename G::F;
  bool tables = false;
  for (usize i = 0; i < n; i++) tables |= terms[i].table != nullptr;
  Jacobian<F> sum;
  if (n > MSM_CHUNK || (n > FEW_TERMS && !(n < G::PIPPENGER_FROM ? msm_straus<G>(terms, n, sum) : msm_pippenger<G>(terms, n, sum)))) {
    // Too many, or no memory for so many.
    return add(msm<G>(terms, n / 2), msm<G>(terms + n / 2, n - n / 2));
  }
  if (n > FEW_TERMS || (tables && n > 0 && msm_straus<G>(terms, n, sum))) return sum;
  Affine<F> points[FEW_TERMS];
  const u64 *scalars[FEW_TERMS];
  for (usize i = 0; i < n; i++) points[i] = *terms[i].point, scalars[i] = terms[i].scalar;
  return straus<G, FEW_TERMS>(points, scalars, static_cast<int>(n));
}

COPROC_END
