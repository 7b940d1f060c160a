// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/utf.h"
#include "wer/wer.h"

namespace vigil::wer {
namespace {

constexpr std::size_t kMaxValue = 1'024;

template <class Number>
std::optional<Number> number_of(std::string_view text, int base) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// `000029d8-0002-000d-45ec-78a85646da01`: the process id, and in the last eight bytes, which stand
/// as they lie in memory, the FILETIME at which it started.
void take_session(std::string_view guid, Report& report) {
  constexpr std::size_t kLength = 36, kStart = 19;
  if (guid.size() != kLength) return;
  std::uint64_t filetime = 0;
  unsigned shift = 0;
  for (std::size_t i = kStart; i < kLength;) {
    if (guid[i] == '-') {
      ++i;
      continue;
    }
    const auto byte = number_of<std::uint8_t>(guid.substr(i, 2), 16);
    if (!byte) return;
    filetime |= std::uint64_t{*byte} << shift;
    shift += 8;
    i += 2;
  }
  const auto pid = number_of<std::uint32_t>(guid.substr(0, 8), 16);
  if (!pid || shift != 64) return;
  report.pid = ProcessId{*pid};
  if (filetime != 0) report.process_start = timestamp_from_filetime(filetime);
}

/// The place of `Sig[3].Value`; nothing: it is another key.
std::optional<std::size_t> parameter_of(std::string_view key) {
  constexpr std::string_view kBefore = "Sig[", kBehind = "].Value";
  if (!key.starts_with(kBefore) || !key.ends_with(kBehind)) return std::nullopt;
  const auto place = number_of<std::size_t>(
      key.substr(kBefore.size(), key.size() - kBefore.size() - kBehind.size()), 10);
  return place && *place < std::tuple_size_v<decltype(Report::parameters)> ? place : std::nullopt;
}

void take(std::string_view key, std::string_view value, Report& report) {
  if (key == "EventType") {
    report.event_type = printable_utf8(value);
  } else if (key == "EventTime") {
    if (const auto time = number_of<std::uint64_t>(value, 10))
      report.at = timestamp_from_filetime(*time);
  } else if (key == "AppSessionGuid") {
    take_session(value, report);
  } else if (key == "IntegratorReportIdentifier") {
    report.report_id = ascii_lower(printable_utf8(value));
  } else if (key == "Response.BucketId") {
    report.bucket = printable_utf8(value);
  } else if (key == "AppPath") {
    report.application_path = printable_utf8(value);
  } else if (const auto place = parameter_of(key)) {
    report.parameters[*place] = printable_utf8(value);
  }
}

}  // namespace

Result<Report> parse_report(ByteView file) {
  if (file.size() > kMaxReportBytes) {
    return Error{Errc::LimitExceeded, fmt::format("a report has {} bytes, over the limit of {}",
                                                  file.size(), kMaxReportBytes)};
  }
  constexpr std::uint16_t kByteOrderMark = 0xfeff;
  const auto mark = file.read<std::uint16_t>(0);
  if (!mark.ok() || *mark != kByteOrderMark)
    return Error{Errc::Malformed, "a report is not UTF-16 with a byte order mark"};
  VIGIL_TRY_ASSIGN(const auto body, file.slice(2, file.size() - 2));
  const auto text = utf8_from_utf16_bytes(body).text;
  Report report;
  std::set<std::string_view> seen;  // of keys that stand twice the first counts
  for (std::string_view rest = text; !rest.empty();) {
    const auto end = rest.find('\n');
    auto line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || !seen.insert(line.substr(0, equals)).second) continue;
    take(line.substr(0, equals), line.substr(equals + 1).substr(0, kMaxValue), report);
  }
  if (report.event_type.empty()) return Error{Errc::Malformed, "a report names no type of event"};
  return report;
}

}  // namespace vigil::wer
