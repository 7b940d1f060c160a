// SPDX-License-Identifier: Apache-2.0
#include "snapshot/snapshot.h"

#include <span>

namespace vigil::snapshot {
namespace {

struct Feature {
  Cpu cpu;
  unsigned bit;
  std::string_view name;
};

constexpr std::array kFeatureBits = {
#define VIGIL_FEATURE(cpu, bit, name) Feature{Cpu::cpu, bit, name},
#include "snapshot/cpu_features.inc"
#undef VIGIL_FEATURE
};

struct CpuidBit {
  unsigned bit;
  std::string_view name;
};

/// Of CPUID 1, EDX.
constexpr std::array kStandardBits = {
    CpuidBit{0, "fpu"},   CpuidBit{4, "rdtsc"}, CpuidBit{6, "pae"},  CpuidBit{8, "cmpxchg8b"},
    CpuidBit{15, "cmov"}, CpuidBit{23, "mmx"},  CpuidBit{25, "sse"}, CpuidBit{26, "sse2"},
};
/// Of CPUID 80000001, EDX.
constexpr std::array kExtendedBits = {CpuidBit{20, "nx"}, CpuidBit{27, "rdtscp"},
                                      CpuidBit{29, "x86-64"}};

constexpr unsigned kBitsInWord = 64;

void add_cpuid(std::span<const CpuidBit> bits,
               std::uint32_t word,
               std::vector<std::string_view>& names) {
  for (const auto& [bit, name] : bits) {
    if ((word >> bit & 1) != 0) names.push_back(name);
  }
}

}  // namespace

std::vector<std::string_view> cpu_features(const SystemInfo& system) {
  std::vector<std::string_view> names;
  add_cpuid(kStandardBits, system.cpuid[1], names);
  add_cpuid(kExtendedBits, system.cpuid[2], names);
  for (const auto& [cpu, bit, name] : kFeatureBits) {
    const auto word = system.feature_bits[bit / kBitsInWord];
    if (cpu == system.cpu && (word >> bit % kBitsInWord & 1) != 0) names.push_back(name);
  }
  return names;
}

}  // namespace vigil::snapshot
