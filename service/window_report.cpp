// SPDX-License-Identifier: Apache-2.0
#include "window_report.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace vigil::service {
namespace {

constexpr std::string_view kWord = "hung";

}  // namespace

std::string window_report(std::span<const ProcessId> hung) {
  std::string line(kWord);
  for (const auto process : hung.first(std::min(hung.size(), kMaxHung)))
    line += fmt::format(" {}", process.value);
  return line;
}

Result<std::vector<ProcessId>> parse_window_report(std::string_view line) {
  const Error malformed{Errc::Malformed, "a window helper says what it should not"};
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (!line.starts_with(kWord) || line.size() > kMaxWindowReportBytes) return malformed;
  line.remove_prefix(kWord.size());
  std::vector<ProcessId> hung;
  while (!line.empty()) {
    if (line.front() != ' ' || hung.size() == kMaxHung) return malformed;
    line.remove_prefix(1);
    ProcessId process;
    const auto [end, error] =
        std::from_chars(line.data(), line.data() + line.size(), process.value);
    if (error != std::errc{}) return malformed;
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    hung.push_back(process);
  }
  return hung;
}

}  // namespace vigil::service
