// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/utf.h"
#include "eventlog/eventlog.h"

namespace vigil::eventlog {
namespace {

constexpr std::uint32_t kCritical = 1, kError = 2, kWarning = 3;
constexpr std::size_t kMaxName = 260;
constexpr std::size_t kMaxText = 300;

}  // namespace

std::string_view level_name(std::uint32_t level) noexcept {
  switch (level) {
    case kCritical: return "critical";
    case kError: return "error";
    case kWarning: return "warning";
    default: return "information";
  }
}

std::optional<Trouble> trouble_of(const Record& record) {
  if (record.level < kCritical || record.level > kWarning) return std::nullopt;
  Trouble trouble;
  trouble.at = record.at;
  trouble.level = record.level;
  trouble.channel = printable_utf8(std::string_view(record.channel).substr(0, kMaxName));
  trouble.provider = printable_utf8(std::string_view(record.provider).substr(0, kMaxName));
  trouble.event_id = record.id;
  for (const auto& value : record.values) {
    if (value.empty()) continue;
    if (!trouble.text.empty()) trouble.text += "; ";
    trouble.text += value.substr(0, kMaxText);
    if (trouble.text.size() >= kMaxText) break;
  }
  std::ranges::replace_if(
      trouble.text, [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  trouble.text = printable_utf8(trouble.text);
  trouble.text.resize(std::min(trouble.text.size(), kMaxText));
  trouble.text.resize(well_formed_utf8_length(trouble.text));  // a character may be cut in two
  return trouble;
}

}  // namespace vigil::eventlog
