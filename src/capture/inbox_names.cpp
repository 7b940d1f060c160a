// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include <fmt/format.h>

#include "base/utf.h"
#include "capture/capture.h"

namespace vigil::capture {
namespace {

constexpr std::size_t kMaxProcessInStem = 64;

/// A process's name as part of a file name that no system, shell or pattern takes amiss.
std::string plain_name(std::string_view process) {
  std::string result(process.substr(0, kMaxProcessInStem));
  for (char& c : result) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    if (!letter && !digit && c != '.' && c != '_' && c != '-') c = '_';
  }
  if (result.empty()) return "process";
  if (result.front() == '.') result.front() = '_';
  return result;
}

}  // namespace

std::optional<WerDumpName> parse_wer_dump_name(std::string_view file_name) {
  constexpr std::string_view kSuffix = ".dmp";
  if (file_name.size() <= kSuffix.size()) return std::nullopt;
  const auto stem = file_name.substr(0, file_name.size() - kSuffix.size());
  if (ascii_lower(file_name.substr(stem.size())) != kSuffix) return std::nullopt;
  const auto dot = stem.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == stem.size()) return std::nullopt;
  const auto digits = stem.substr(dot + 1);
  std::uint32_t pid = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), pid);
  if (failed != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return WerDumpName{.process = std::string(stem.substr(0, dot)), .pid = {pid}};
}

std::string inbox_stem(const store::Signal& signal) {
  const auto start = signal.process_start.value_or(Timestamp{}).us;
  return fmt::format("{}-{}-{:x}-{:x}", plain_name(signal.process), signal.pid.value,
                     static_cast<std::uint64_t>(start), static_cast<std::uint64_t>(signal.at.us));
}

}  // namespace vigil::capture
