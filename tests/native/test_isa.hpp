// TEST_ISA: a test compiled once an instruction set, named after it, which runs where the machine has it.
#pragma once
#include "check.hpp"
#include "coproc.h"
#include "isa/config.hpp"

#define TEST_TEXT_(a) #a
#define TEST_TEXT(a) TEST_TEXT_(a)
#define TEST_ISA(name)                                                                           \
  void test_##name();                                                                            \
  native::Test registered_##name(TEST_TEXT(COPROC_ISA) "_" #name, run_where_it_can<test_##name>); \
  void test_##name()

COPROC_BEGIN
template <void (*run)()> void run_where_it_can() {
  if (coproc_unavailable(TEST_TEXT(COPROC_ISA)) == nullptr) run();
}
COPROC_END
