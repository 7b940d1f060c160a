// SPDX-License-Identifier: Apache-2.0
#include "analysis/bugcheck_value.h"

#include <algorithm>

#include <fmt/format.h>

#include "analysis/bugcheck.h"
#include "analysis/ntstatus.h"
#include "base/exception_codes.h"

namespace vigil::analysis {
namespace {

/// Codes come with the sign in their upper half on 64-bit machines, and without it.
std::uint32_t low_half(std::uint64_t value) {
  return static_cast<std::uint32_t>(value);
}

std::string irql_in_words(std::uint64_t irql) {
  const auto named = [&](std::string_view name) { return fmt::format("{}, {}", irql, name); };
  switch (irql) {
    case 0: return named("passive");
    case 1: return named("APC");
    case 2: return named("dispatch");
    case 12: return named("synchronization");
    case 13: return named("clock");
    case 14: return named("interprocessor");
    case 15: return named("high");
    default: return irql < 12 ? named("of a device") : "";
  }
}

std::string exception_in_words(std::uint64_t value) {
  const auto code = low_half(value);
  if (const auto* info = find_exception_code(code)) return std::string(info->name);
  return ntstatus_name(code);
}

/// The bytes of \p number, the lowest first, where all are letters, digits, signs or spaces.
std::string bytes_as_text(std::uint64_t number) {
  std::string text;
  for (; number != 0; number >>= 8U) {
    const auto byte = static_cast<char>(number & 0xffU);
    if (byte < ' ' || byte > '~') return {};
    text += byte;
  }
  return text;
}

std::string tag_in_words(std::uint64_t value) {
  // Whoever frees by ExFreePoolWithTag may say that the block is protected.
  constexpr std::uint32_t kProtected = 0x80000000;
  const auto text = bytes_as_text(low_half(value) & ~kProtected);
  return text.empty() ? "" : fmt::format("'{}'", text);
}

std::string text_in_words(std::uint64_t value) {
  auto text = bytes_as_text(value);
  std::ranges::reverse(text);
  return text;
}

/// The error code of a page fault as Windows 10 and later pass it on: bit 1 is a write, bit 4 an
/// execution. Before, and on ARM, bits 0 and 3 are, as those of other bugchecks.
std::string_view access_of_page_fault(std::uint64_t value) {
  constexpr std::uint64_t kOldWrite = 1, kWrite = 2, kOldExecute = 8, kExecute = 0x10;
  if ((value & kExecute) != 0) return "execute";
  if ((value & kWrite) != 0) return "write";
  if ((value & kOldExecute) != 0) return "execute";
  return (value & kOldWrite) != 0 ? "write" : "read";
}

bool has_page_fault_bits(std::uint32_t code) {
  switch (code) {
    case 0x50:
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
    case 0xd5:
    case 0xd6: return true;
    default: return false;
  }
}

}  // namespace

std::string_view access_in_words(std::uint32_t code, std::uint64_t value) noexcept {
  constexpr std::uint64_t kWrite = 1, kExecute = 8, kOtherExecutes = 0x12;
  constexpr std::uint64_t kKnown = kWrite | kExecute | kOtherExecutes;
  if ((value & ~kKnown) != 0) return "";
  if (has_page_fault_bits(code)) return access_of_page_fault(value);
  if ((value & (kExecute | kOtherExecutes)) != 0) return "execute";
  return (value & kWrite) != 0 ? "write" : "read";
}

std::string value_by_label(std::uint32_t code, std::string_view label, std::uint64_t value) {
  if (label.starts_with("IRQL")) return irql_in_words(value);
  if (label.starts_with("kind of access")) return std::string(access_in_words(code, value));
  if (label.starts_with("exception code")) return exception_in_words(value);
  if (label.starts_with("status")) return value == 0 ? "" : ntstatus_name(low_half(value));
  if (label.starts_with("tag") || label.starts_with("four letters")) return tag_in_words(value);
  if (label.starts_with("text")) return text_in_words(value);
  return {};
}

}  // namespace vigil::analysis
