/* One dialect for NVRTC (CUDA), OpenCL C 1.2 and g++: the only place that knows which compiler reads.
 *
 * Defined before this text: BLOCK (work-items in a group) and FP_LIMBS (32-bit words of the module's base field).
 * KERNEL(name)(GLOBAL const u32 *a, ..., const u32 n SCRATCH_PARAM) { SCRATCH_BEGIN; ... }   scratch is the last parameter
 * DEVICE is inlined, NOINLINE is kept as a call; a NOINLINE function that uses slots begins with SCRATCH_FIRST (or SCRATCH_ONLY
 * where it has no other parameter) and is called with SCRATCH_PASS (SCRATCH_PASS_ONLY).
 * TABLE defines a constant array, CONSTANT qualifies a pointer to one. A NOINLINE function reads through pointers with
 * GLOBAL_READ, GLOBAL_WRITE and CONSTANT_READ, because CUDA knows the space of a pointer only where it is inlined.
 * BARRIER() orders local and global memory within the group; every work-item of a group reaches the same barriers.
 *
 * Slots: word w of slot s of this work-item is SLOT_WORD(s, w); of work-item t of the group, SLOT_WORD_OF(t, s, w).
 */
#define SLOT (FP_LIMBS * BLOCK) /* words from one slot to the next */
#define GROUP_SIZE BLOCK

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int i32;

/* One group a multiprocessor is enough: without the 1 ptxas spills rather than take a few registers more. */
#define KERNEL(name) extern "C" __global__ void __launch_bounds__(BLOCK, 1) name
#define DEVICE static __device__ __forceinline__
#define NOINLINE static __device__ __noinline__
#define GLOBAL
#define LOCAL
#define CONSTANT
#define TABLE static __device__ __constant__ const
#define TID ((u32)threadIdx.x)
#define GROUP ((u32)blockIdx.x)
#define GROUPS ((u32)gridDim.x)
#define ITEM (GROUP * BLOCK + TID)
#define BARRIER() __syncthreads()
#define UNROLL _Pragma("unroll")
#define ROLLED _Pragma("unroll 1")

extern __shared__ u32 scratch_words[];
#define SCRATCH_PARAM
#define SCRATCH_BEGIN const u32 S = TID
#define SCRATCH_FIRST const u32 S,
#define SCRATCH_ONLY const u32 S
#define SCRATCH_PASS S,
#define SCRATCH_PASS_ONLY S
#define COLUMN(offset) (scratch_words + S + (offset))
#define COLUMN_OF(t, offset) (scratch_words + (t) + (offset))

DEVICE u32 global_read(const u32 *p) {
  u32 v;
  asm volatile("{ .reg .u64 g; cvta.to.global.u64 g, %1; ld.global.u32 %0, [g]; }" : "=r"(v) : "l"(p) : "memory");
  return v;
}
DEVICE void global_write(u32 *p, u32 v) {
  asm volatile("{ .reg .u64 g; cvta.to.global.u64 g, %0; st.global.u32 [g], %1; }" : : "l"(p), "r"(v) : "memory");
}
DEVICE u32 constant_read(const u32 *p) {
  u32 v;
  asm("{ .reg .u64 c; cvta.to.const.u64 c, %1; ld.const.u32 %0, [c]; }" : "=r"(v) : "l"(p));
  return v;
}
#define GLOBAL_READ(p) global_read(p)
#define GLOBAL_WRITE(p, v) global_write((p), (v))
#define CONSTANT_READ(p) constant_read(p)

#elif defined(__OPENCL_VERSION__)

typedef uchar u8;
typedef uint u32;
typedef ulong u64;
typedef int i32;

#define KERNEL(name) __kernel __attribute__((reqd_work_group_size(BLOCK, 1, 1))) void name
#define DEVICE static inline
#define NOINLINE static __attribute__((noinline))
#define GLOBAL __global
#define LOCAL __local
#define CONSTANT __constant
#define TABLE __constant
#define TID ((u32)get_local_id(0))
#define GROUP ((u32)get_group_id(0))
#define GROUPS ((u32)get_num_groups(0))
#define ITEM ((u32)get_global_id(0))
#define BARRIER() barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)
#define UNROLL
#define ROLLED

#define SCRATCH_PARAM , LOCAL u32 *scratch_words
#define SCRATCH_BEGIN LOCAL u32 *const S = scratch_words + TID
#define GLOBAL_READ(p) (*(p))
#define GLOBAL_WRITE(p, v) (*(p) = (v))
#define CONSTANT_READ(p) (*(p))

#else /* C++ on the host: tests/device/fibers.hpp runs the work-items and defines platform_* */

#include <stdint.h>
typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t i32;

extern "C" u32 platform_tid(void);
extern "C" u32 platform_group(void);
extern "C" u32 platform_groups(void);
extern "C" void platform_barrier(void);
#ifdef COUNTED
extern "C" u64 platform_counts[64];
#define COUNT(primitive) (platform_counts[COUNT_##primitive]++)
#endif

#define KERNEL(name) extern "C" void name
#define DEVICE [[maybe_unused]] static inline
#define NOINLINE [[maybe_unused, gnu::noinline]] static
#define GLOBAL
#define LOCAL
#define CONSTANT
#define TABLE [[maybe_unused]] static const
#define TID platform_tid()
#define GROUP platform_group()
#define GROUPS platform_groups()
#define ITEM (GROUP * BLOCK + TID)
#define BARRIER() platform_barrier()
#define UNROLL
#define ROLLED

#define SCRATCH_PARAM , u32 *scratch_words
#define SCRATCH_BEGIN u32 *const S = scratch_words + TID
#define GLOBAL_READ(p) (*(p))
#define GLOBAL_WRITE(p, v) (*(p) = (v))
#define CONSTANT_READ(p) (*(p))

#endif

#ifndef COLUMN /* OpenCL and the host: S points at this work-item's column */
#define SCRATCH_FIRST LOCAL u32 *const S,
#define SCRATCH_ONLY LOCAL u32 *const S
#define SCRATCH_PASS S,
#define SCRATCH_PASS_ONLY S
#define COLUMN(offset) (S + (offset))
#define COLUMN_OF(t, offset) (S - TID + (t) + (offset))
#endif

/* The primitives on registers count themselves where the host is asked to: the work of a kernel by number. */
enum { COUNT_fpr_mul, COUNT_fpr_sqr, COUNT_fpr_add, COUNT_fpr_sub, COUNT_fpr2_mul, COUNT_fpr2_sqr, COUNT_fpr_get, COUNT_fpr_put, COUNT_hades_row };
#ifndef COUNT
#define COUNT(primitive) ((void)0)
#endif

#define SLOT_WORD(s, w) (*(COLUMN((s) * SLOT) + (w) * BLOCK))
#define SLOT_WORD_OF(t, s, w) (*(COLUMN_OF(t, (s) * SLOT) + (w) * BLOCK))
#define MASK(condition) ((u32)0 - (u32)((condition) ? 1 : 0))
