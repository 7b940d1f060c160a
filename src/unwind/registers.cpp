// SPDX-License-Identifier: Apache-2.0
#include "unwind/registers.h"

#include <array>
#include <cstddef>
#include <utility>

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
  const std::array<std::pair<std::string_view, std::uint32_t*>, 9> all = {{{"eip", &context.eip},
                                                                           {"esp", &context.esp},
                                                                           {"ebp", &context.ebp},
                                                                           {"ebx", &context.ebx},
                                                                           {"esi", &context.esi},
                                                                           {"edi", &context.edi},
                                                                           {"eax", &context.eax},
                                                                           {"ecx", &context.ecx},
                                                                           {"edx", &context.edx}}};
  for (const auto& [known, value] : all) {
    if (name == known) return value;
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
