// An interpreter of the inline assembly in field/limbs_adx*.hpp, with registers of a few bits instead of 64.
//
// The text that runs here is the text that the kernels assemble: it is captured by the preprocessor (toy_adx.cpp), not copied. What
// an instruction does to registers and flags follows the Intel SDM, at a register width of `bits`: mulx leaves the flags alone, adcx
// touches CF only, adox OF only, mov and cmov none. Anything unknown stops the program.
#pragma once
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "check.hpp"

namespace native {

// A register holds a number, or an address: an array and nothing else, since the routines do no pointer arithmetic.
struct Register {
  u64 number = 0;
  u64 *array = nullptr;
};

class Assembly {
 public:
  // `statement`: everything between the parentheses of an asm statement, stringified.
  explicit Assembly(const std::string &statement) {
    std::string text;
    std::size_t i = 0;
    for (; i < statement.size() && statement[i] != ':'; i++) {
      if (statement[i] != '"') continue;
      for (i++; statement[i] != '"'; i++) {
        if (statement[i] != '\\') text += statement[i];
        else if (statement[++i] == 'n') text += '\n';
      }
    }
    std::string line;
    for (const char c : text + "\n") {
      if (c != '\n') line += c;
      else if (line.find_first_not_of(" \t") != std::string::npos) parse(line), line.clear();
      else line.clear();
    }
  }

  std::size_t size() const { return code_.size(); }
  int slot(const std::string &name) {
    const auto found = names_.find(name);
    if (found != names_.end()) return found->second;
    const int fresh = static_cast<int>(names_.size());
    names_[name] = fresh;
    return fresh;
  }

  // Registers by slot; `bits` is the width of a limb, memory operands count 8 bytes a limb.
  void run(Register *r, int bits) const {
    const u64 mask = (u64{1} << bits) - 1;
    bool cf = true, of = true, zf = false; // whatever the caller left: no routine may count on them
    for (std::size_t i = 0; i < code_.size(); i++) {
      const Instruction &in = code_[i];
      const u64 x = load(in.a, r), y = in.b.kind == NONE || in.op == MULX ? 0 : load(in.b, r);
      u64 s;
      switch (in.op) {
      case MOV:
        if (in.a.kind == REGISTER && r[in.a.index].array != nullptr) std::abort();
        store(in.b, r, x);
        break;
      case CMOVC:
        if (cf) store(in.b, r, x);
        break;
      case CMOVNC:
        if (!cf) store(in.b, r, x);
        break;
      case XOR: // a register with itself
        store(in.b, r, 0);
        cf = of = false;
        break;
      case ADD:
      case ADC:
        s = x + y + (in.op == ADC && cf ? 1 : 0);
        cf = s > mask;
        of = (~(x ^ y) & (x ^ s)) >> (bits - 1) & 1;
        store(in.b, r, s & mask);
        break;
      case SUB:
      case SBB:
        s = y - x - (in.op == SBB && cf ? 1 : 0);
        cf = s > mask;
        of = ((x ^ y) & (y ^ s)) >> (bits - 1) & 1;
        store(in.b, r, s & mask);
        break;
      case ADCX:
        s = x + y + (cf ? 1 : 0);
        cf = s > mask;
        store(in.b, r, s & mask);
        break;
      case ADOX:
        s = x + y + (of ? 1 : 0);
        of = s > mask;
        store(in.b, r, s & mask);
        break;
      case IMUL:
        store(in.b, r, x * y & mask);
        cf = of = x * y > mask; // signed in truth; no routine reads it
        break;
      case LEA: // of a sum of two registers
        store(in.c, r, (x + y) & mask);
        break;
      case DEC: // of the loop counter, a number of any size; CF stays
        zf = x == 1;
        of = false;
        store(in.a, r, x - 1);
        break;
      case JNZ: // back to the one label
        if (!zf) i = label_ - 1;
        break;
      case MULX: // source, low, high: the low half is written first, so the high one wins if they are one register
        s = x * r[rdx_].number;
        store(in.b, r, s & mask);
        store(in.c, r, s >> bits);
        break;
      }
    }
  }

 private:
  enum Kind { NONE, REGISTER, MEMORY, NUMBER };
  enum Op { MOV, CMOVC, CMOVNC, XOR, ADD, ADC, SUB, SBB, ADCX, ADOX, IMUL, MULX, LEA, DEC, JNZ };
  struct Operand {
    Kind kind = NONE;
    int index = 0;  // register
    u64 offset = 0; // limbs, or the number
  };
  struct Instruction {
    Op op;
    Operand a, b, c; // AT&T order: source first
  };

  static u64 load(const Operand &o, const Register *r) {
    if (o.kind == NUMBER) return o.offset;
    const Register &reg = r[o.index];
    if (o.kind == REGISTER) return reg.number;
    if (reg.array == nullptr) std::abort(); // an address that has been overwritten
    return reg.array[o.offset];
  }
  static void store(const Operand &o, Register *r, u64 value) {
    if (o.kind == REGISTER) r[o.index] = {value, nullptr};
    else if (o.kind == MEMORY && r[o.index].array != nullptr) r[o.index].array[o.offset] = value;
    else std::abort();
  }

  Operand operand(std::string s) {
    s.erase(0, s.find_first_not_of(" \t"));
    s.erase(s.find_last_not_of(" \t") + 1);
    const std::size_t bracket = s.find('(');
    if (s[0] == '$') return {NUMBER, 0, std::strtoull(s.c_str() + 1, nullptr, 0)};
    if (bracket != std::string::npos) {
      const u64 bytes = std::strtoull(s.c_str(), nullptr, 0);
      if (bytes % 8 != 0) std::abort();
      return {MEMORY, slot(name(s.substr(bracket + 1, s.size() - bracket - 2))), bytes / 8};
    }
    return {REGISTER, slot(name(s)), 0};
  }
  // %[t0], %k[t0] -> t0; %%rax, %%eax -> rax
  static std::string name(const std::string &s) {
    const std::size_t bracket = s.find('[');
    if (bracket != std::string::npos) return s.substr(bracket + 1, s.find(']') - bracket - 1);
    if (s == "%%eax" || s == "%%rax") return "rax";
    if (s == "%%rdx") return "rdx";
    std::abort();
  }
  void parse(const std::string &line) {
    static const std::map<std::string, Op> OPS = {{"movq", MOV},   {"movl", MOV},   {"cmovcq", CMOVC}, {"cmovncq", CMOVNC},
                                                  {"xorl", XOR},   {"addq", ADD},   {"adcq", ADC},     {"subq", SUB},
                                                  {"sbbq", SBB},   {"adcxq", ADCX}, {"adoxq", ADOX},   {"imulq", IMUL},
                                                  {"mulxq", MULX}, {"leaq", LEA},   {"decq", DEC},     {"jnz", JNZ}};
    const std::size_t start = line.find_first_not_of(" \t"), space = line.find(' ', start);
    const auto op = OPS.find(line.substr(start, space - start));
    if (line.substr(start) == "1:") {
      label_ = code_.size();
      return;
    }
    if (op == OPS.end()) std::abort();
    if (op->second == JNZ) {
      if (line.substr(space) != " 1b") std::abort();
      code_.push_back({JNZ, {NUMBER, 0, 0}, {}, {}});
      return;
    }
    if (op->second == LEA) { // (base,index), register: three operands
      const std::size_t comma = line.find(','), close = line.find("),"), open = line.find('(');
      code_.push_back({LEA, operand(line.substr(open + 1, comma - open - 1)), operand(line.substr(comma + 1, close - comma - 1)),
                       operand(line.substr(close + 2))});
      return;
    }
    std::vector<Operand> operands;
    std::string rest;
    for (const char c : line.substr(space) + ",") {
      if (c != ',') rest += c;
      else operands.push_back(operand(rest)), rest.clear();
    }
    if (operands.size() != (op->second == MULX ? 3 : op->second == DEC ? 1 : 2)) std::abort();
    operands.resize(3);
    code_.push_back({op->second, operands[0], operands[1], operands[2]});
    rdx_ = slot("rdx");
  }

  std::vector<Instruction> code_;
  std::map<std::string, int> names_;
  int rdx_ = 0;
  std::size_t label_ = 0;
};

} // namespace native
