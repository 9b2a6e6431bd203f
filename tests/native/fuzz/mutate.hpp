// Inputs for the fuzz target, each a function of a seed: argument buffers of the corpus, damaged where it hurts, and random ones.
#pragma once
#include "target.hpp"

namespace fuzz {

class Mutator {
 public:
  // Reads a file of corpus.py; stops the program if it is not one.
  explicit Mutator(const char *path);

  usize corpus_size() const;
  // Input number `index` under `seed`, a Header first.
  Bytes input(u64 seed, u64 index) const;

 private:
  struct Entry {
    u8 version;
    Bytes bytes;
  };
  std::vector<Entry> corpus_[LAYOUTS];
};

} // namespace fuzz
