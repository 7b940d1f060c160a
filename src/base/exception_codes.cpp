// SPDX-License-Identifier: Apache-2.0
#include "base/exception_codes.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/utf.h"

namespace vigil {
namespace {

constexpr ExceptionCodeInfo kCodes[] = {
#define VIGIL_EXCEPTION(code, name, meaning, crash) {code, name, meaning, crash},
#include "base/exception_codes.inc"
#undef VIGIL_EXCEPTION
};

constexpr bool by_code(const ExceptionCodeInfo& a, const ExceptionCodeInfo& b) {
  return a.code < b.code;
}
static_assert(std::is_sorted(std::begin(kCodes), std::end(kCodes), by_code));

}  // namespace

std::span<const ExceptionCodeInfo> exception_codes() noexcept {
  return kCodes;
}

const ExceptionCodeInfo* find_exception_code(std::uint32_t code) noexcept {
  const auto* found = std::lower_bound(std::begin(kCodes), std::end(kCodes),
                                       ExceptionCodeInfo{code, {}, {}, false}, by_code);
  return found != std::end(kCodes) && found->code == code ? found : nullptr;
}

std::string exception_name(std::uint32_t code) {
  const auto* info = find_exception_code(code);
  return info != nullptr ? std::string(info->name) : fmt::format("{:#010x}", code);
}

std::string code_in_words(std::uint32_t code) {
  const auto* info = find_exception_code(code);
  return info != nullptr ? fmt::format("{:#x} ({})", code, info->name) : fmt::format("{:#x}", code);
}

std::string exit_code_in_words(std::uint32_t code) {
  constexpr std::uint32_t kFirstStatusCode = 0x4000'0000;
  return code < kFirstStatusCode ? fmt::format("{}", code) : code_in_words(code);
}

std::optional<std::uint32_t> exception_code_from_name(std::string_view name) {
  const auto wanted = ascii_lower(name);
  for (const auto& info : kCodes) {
    if (ascii_lower(info.name) == wanted) return info.code;
  }
  return std::nullopt;
}

bool is_crash_exit_code(std::uint32_t exit_code) noexcept {
  if (const auto* info = find_exception_code(exit_code)) return info->crash;
  const auto severity = exit_code >> 28;
  return severity == 0xc || severity == 0xe;
}

}  // namespace vigil
