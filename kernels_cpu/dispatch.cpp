// Which instruction sets are built in (COPROC_HAVE_ADX, COPROC_HAVE_IFMA), which of them this machine runs, and which is the best.
// Compiled once, for the base instruction set.
#include <string.h>

#include "coproc.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

extern "C" {
extern const coproc_kernels_table coproc_table_portable;
#ifdef COPROC_HAVE_ADX
extern const coproc_kernels_table coproc_table_adx;
#endif
#ifdef COPROC_HAVE_IFMA
extern const coproc_kernels_table coproc_table_ifma;
#endif
}

namespace {

#if defined(__x86_64__)
[[maybe_unused]] unsigned leaf7_ebx() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 ? ebx : 0;
}

// bits of leaf 7, ebx
[[maybe_unused]] constexpr unsigned BMI2 = 1u << 8, ADX = 1u << 19, AVX512F = 1u << 16, AVX512DQ = 1u << 17, AVX512IFMA = 1u << 21,
                                    AVX512BW = 1u << 30, AVX512VL = 1u << 31;

[[maybe_unused]] bool os_saves_zmm() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || (ecx & (1u << 27)) == 0) return false; // OSXSAVE
  unsigned low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & 0xe6u) == 0xe6u; // xmm, ymm, opmask, both halves of zmm
}
#endif

const char *adx_unavailable() {
#if !defined(__x86_64__)
  return "adx: this processor is not x86-64";
#elif !defined(COPROC_HAVE_ADX)
  return "adx: not built";
#else
  const unsigned ebx = leaf7_ebx();
  if ((ebx & BMI2) == 0) return "adx: this processor has no BMI2 (mulx)";
  if ((ebx & ADX) == 0) return "adx: this processor has no ADX (adcx, adox)";
  return nullptr;
#endif
}

const char *ifma_unavailable() {
#if !defined(__x86_64__)
  return "ifma: this processor is not x86-64";
#elif !defined(COPROC_HAVE_IFMA)
  return "ifma: not built";
#else
  constexpr unsigned NEEDED = AVX512F | AVX512DQ | AVX512IFMA | AVX512BW | AVX512VL | BMI2 | ADX;
  if ((leaf7_ebx() & NEEDED) != NEEDED) return "ifma: this processor lacks AVX-512 IFMA, DQ, BW or VL, BMI2 or ADX";
  if (!os_saves_zmm()) return "ifma: the operating system does not save 512-bit registers";
  return nullptr;
#endif
}

} // namespace

extern "C" {

const char *coproc_unavailable(const char *name) {
  if (name == nullptr || strcmp(name, "portable") == 0) return nullptr;
  if (strcmp(name, "adx") == 0) return adx_unavailable();
  if (strcmp(name, "ifma") == 0) return ifma_unavailable();
  return "no instruction set of this name: portable, adx and ifma are known";
}

const coproc_kernels_table *coproc_kernels(const char *name) {
  if (name == nullptr) {
    if (ifma_unavailable() == nullptr) return coproc_kernels("ifma");
    if (adx_unavailable() == nullptr) return coproc_kernels("adx");
    return &coproc_table_portable;
  }
  if (coproc_unavailable(name) != nullptr) return nullptr;
#ifdef COPROC_HAVE_IFMA
  if (strcmp(name, "ifma") == 0) return &coproc_table_ifma;
#endif
#ifdef COPROC_HAVE_ADX
  if (strcmp(name, "adx") == 0) return &coproc_table_adx;
#endif
  return &coproc_table_portable;
}
}
