// SPDX-License-Identifier: Apache-2.0
#include "unwind/registers.h"

#include <array>
#include <cstddef>

namespace vigil::unwind {
namespace {

std::string_view without_sigil(std::string_view name) noexcept {
  return name.starts_with('$') ? name.substr(1) : name;
}

/// In the order of snapshot::Amd64Register.
constexpr std::array<std::string_view, 16> kAmd64Names = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp",
                                                          "rsi", "rdi", "r8",  "r9",  "r10", "r11",
                                                          "r12", "r13", "r14", "r15"};

}  // namespace

std::uint64_t* find_register(snapshot::Amd64Context& context, std::string_view name) noexcept {
  name = without_sigil(name);
  if (name == "rip") return &context.rip;
  for (std::size_t i = 0; i < kAmd64Names.size(); ++i) {
    if (name == kAmd64Names[i]) return &context.gpr[i];
  }
  return nullptr;
}

std::uint32_t* find_register(snapshot::X86Context& context, std::string_view name) noexcept {
  name = without_sigil(name);
  struct Named {
    std::string_view name, number;  // CodeView's, which PDBs have
    std::uint32_t* value;
  };
  const std::array<Named, 9> all = {{{"eip", "33", &context.eip},
                                     {"esp", "21", &context.esp},
                                     {"ebp", "22", &context.ebp},
                                     {"ebx", "20", &context.ebx},
                                     {"esi", "23", &context.esi},
                                     {"edi", "24", &context.edi},
                                     {"eax", "17", &context.eax},
                                     {"ecx", "18", &context.ecx},
                                     {"edx", "19", &context.edx}}};
  for (const auto& known : all) {
    if (name == known.name || name == known.number) return known.value;
  }
  return nullptr;
}

std::uint64_t* find_register(snapshot::Arm64Context& context, std::string_view name) noexcept {
  constexpr std::size_t kFp = 29, kLr = 30;
  name = without_sigil(name);
  if (name == "sp") return &context.sp;
  if (name == "pc") return &context.pc;
  if (name == "fp") return &context.x[kFp];
  if (name == "lr") return &context.x[kLr];
  if (name.size() < 2 || name.size() > 3 || name[0] != 'x') return nullptr;
  std::size_t number = 0;
  for (const char c : name.substr(1)) {
    if (c < '0' || c > '9') return nullptr;
    number = number * 10 + static_cast<std::size_t>(c - '0');
  }
  return number < context.x.size() ? &context.x[number] : nullptr;
}

}  // namespace vigil::unwind
