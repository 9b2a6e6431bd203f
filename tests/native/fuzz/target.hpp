// The fuzz target: one argument buffer through everything that an argument buffer can reach.
#pragma once
#include "abi.hpp"

namespace fuzz {

using namespace native;

// How an input of bytes is read: four bytes of choices, then the argument buffer.
struct Header {
  u8 layout;    // enum coproc_layout, modulo their number
  u8 version;   // bits 0-1: PLONK version - 1; bit 2: BLS version - 1
  u8 placement; // bits 0-1: log2 of the declared alignment of the base; bits 2-4: real misalignment in bytes
  u8 effort;    // 0: parsing, matching and one point; else all the work behind it
};
constexpr int LAYOUTS = 9;

// How deep the inputs went, over all runs of this process.
struct Tally {
  u64 runs, parsed, worked, points, pairings, accepted;
};
extern Tally tally;

// Runs one input on one instruction set. Returns a digest of all that came out; stops the program if an output breaks the contract
// of coproc.h.
u64 run(const Kernels *k, const u8 *input, usize size);

// Runs one input on all the given instruction sets and stops the program if their digests differ.
void run_all(const std::vector<const Kernels *> &tables, const u8 *input, usize size);

} // namespace fuzz
