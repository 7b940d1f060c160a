// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <iterator>

#include <fmt/format.h>

#include "base/exception_codes.h"
#include "base/utf.h"
#include "eventlog/eventlog.h"

/// The layouts of the events, by position: what each value is stands in the order in which the
/// providers' manifests name them (Windows 11; earlier systems write the same without names).
namespace vigil::eventlog {
namespace {

using store::Kind;
using store::Signal;

constexpr std::size_t kMaxName = 260;
constexpr std::size_t kMaxPath = 4096;
constexpr std::size_t kMaxText = 8 << 10;
constexpr std::size_t kMaxReportId = 64;

/// One record's values, safe to ask for by any position.
class Values {
 public:
  explicit Values(const Record& record) : record_(record) {}
  [[nodiscard]] std::string text(std::size_t index, std::size_t limit = kMaxPath) const {
    return index < record_.values.size()
               ? printable_utf8(std::string_view(record_.values[index]).substr(0, limit))
               : std::string();
  }
  [[nodiscard]] std::string name(std::size_t index) const {
    return std::string(windows_file_name(text(index, kMaxName)));
  }
  /// With or without `0x`.
  [[nodiscard]] std::optional<std::uint64_t> hex(std::size_t index) const {
    return number(index, 16);
  }
  [[nodiscard]] std::optional<std::uint64_t> decimal(std::size_t index) const {
    return number(index, 10);
  }

 private:
  [[nodiscard]] std::optional<std::uint64_t> number(std::size_t index, int base) const {
    if (index >= record_.values.size()) return std::nullopt;
    std::string_view digits = record_.values[index];
    if (base == 16 && (digits.starts_with("0x") || digits.starts_with("0X")))
      digits.remove_prefix(2);
    std::uint64_t value = 0;
    const auto* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value, base);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return value;
  }

  const Record& record_;
};

std::optional<std::uint32_t> as_code(std::optional<std::uint64_t> value) {
  if (!value || *value > UINT32_MAX) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

Signal signal_of(const Record& record, Kind kind) {
  Signal signal;
  signal.source = store::Source::EventLog;
  signal.kind = kind;
  signal.at = record.at;
  return signal;
}

void set_process(Signal& signal,
                 std::optional<std::uint64_t> pid,
                 std::optional<std::uint64_t> start) {
  const auto id = as_code(pid);
  // Without an id a start says nothing: it is not told apart from others of that moment.
  if (!id || *id == 0) return;
  signal.pid = ProcessId{*id};
  if (start && *start != 0) signal.process_start = timestamp_from_filetime(*start);
}

/// The fault's place makes no fault key: it is that of RaiseException for every C++ exception, and
/// limits by signature would take them all for one.
/// AppName, AppVersion, AppTimeStamp, ModuleName, ModuleVersion, ModuleTimeStamp, ExceptionCode,
/// FaultingOffset, ProcessId, ProcessCreationTime, AppPath, ModulePath, IntegratorReportId.
std::optional<News> application_error(const Record& record, News news) {
  const Values values(record);
  const auto pid = values.hex(8);
  const auto code = as_code(values.hex(6));
  if (!pid || !code) return std::nullopt;
  auto signal = signal_of(record, Kind::Crash);
  set_process(signal, pid, values.hex(9));
  signal.process = values.name(0);
  signal.path = values.text(10);
  signal.exception_code = code;
  news.event.process = signal.process;
  news.event.report_id = ascii_lower(values.text(12, kMaxReportId));
  news.event.text = fmt::format("{} {} died of {} in {} {} at offset {:#x}", signal.process,
                                values.text(1, kMaxName), code_in_words(*code), values.name(3),
                                values.text(4, kMaxName), values.hex(7).value_or(0));
  news.signal = std::move(signal);
  return news;
}

/// AppName, AppVersion, ProcessId, StartTime, TerminationTime, ExeFileName, ReportId,
/// PackageFullName, PackageRelativeAppId, HangType.
std::optional<News> application_hang(const Record& record, News news) {
  const Values values(record);
  const auto pid = values.hex(2);
  if (!pid) return std::nullopt;
  auto signal = signal_of(record, Kind::Hang);
  set_process(signal, pid, values.hex(3));
  signal.process = values.name(0);
  signal.path = values.text(5);
  const auto type = values.text(9, kMaxName);
  signal.detail = "a window did not answer and the program was closed";
  if (!type.empty() && type != "Unknown") signal.detail += fmt::format(" ({})", type);
  news.event.process = signal.process;
  news.event.report_id = ascii_lower(values.text(6, kMaxReportId));
  news.event.text =
      fmt::format("{} {}: {}", signal.process, values.text(1, kMaxName), signal.detail);
  news.signal = std::move(signal);
  return news;
}

/// Bucket, BucketType, EventName, Response, CabId, P1 to P10, AttachedFiles, StorePath,
/// AnalysisSymbol, Rechecking, ReportId, ReportStatus, HashedBucket, CabGuid.
std::optional<News> error_report(const Record& record, News news) {
  constexpr std::size_t kFirstParameter = 5, kParameters = 10;
  const Values values(record);
  const auto type = values.text(2, kMaxName);
  if (type.empty() || record.values.size() < 20) return std::nullopt;
  news.event.report_id = ascii_lower(values.text(19, kMaxReportId));
  news.event.process = values.name(kFirstParameter);
  const auto bucket = values.text(0, kMaxName);
  news.event.bucket = type;
  if (!bucket.empty() && bucket != "0") news.event.bucket += ' ' + bucket;
  news.event.text = fmt::format("WER report {}:", type);
  for (std::size_t i = 0; i < kParameters; ++i) {
    const auto parameter = values.text(kFirstParameter + i, kMaxName);
    if (!parameter.empty()) news.event.text += fmt::format(" P{} {}", i + 1, parameter);
  }
  news.report_folder = values.text(16);
  if (!news.report_folder.empty()) news.event.text += "; kept in " + news.report_folder;
  return news;
}

std::optional<News> dotnet_runtime(const Record& record, News news) {
  if (record.values.empty()) return std::nullopt;
  const std::string_view text = record.values.front();
  auto said = parse_dotnet_text(text);
  if (said.process.empty()) return std::nullopt;
  news.event.process = std::move(said.process);
  news.event.summary = std::move(said.exception);
  news.event.text = printable_utf8(text.substr(0, kMaxText));
  return news;
}

/// 3000: image, exit code, creation time, from Windows 11 on the process id. 3001: image, image of
/// who ended it, exit code, creation time, from Windows 11 on both process ids.
std::optional<News> process_exit(const Record& record, News news) {
  const Values values(record);
  const bool killed = record.id == 3001;
  const std::size_t first = killed ? 2 : 1;
  const auto code = as_code(values.decimal(first));
  const auto start = values.hex(first + 1);
  if (!code || !start) return std::nullopt;
  auto signal = signal_of(record, Kind::Exit);
  set_process(signal, values.decimal(first + 2), start);
  signal.path = values.text(0);
  signal.process = std::string(windows_file_name(signal.path));
  signal.exit_code = code;
  signal.detail = killed ? fmt::format("ended by {}", values.text(1)) : "ended by itself";
  news.event.process = signal.process;
  news.event.text = fmt::format("{} {} with exit code {:#x}", signal.process, signal.detail, *code);
  news.signal = std::move(signal);
  return news;
}

/// The key of a service, which 7031 has as UTF-16 in hex digits behind its values.
std::string text_of_hex(std::string_view digits) {
  std::u16string text;
  for (std::size_t i = 0; i + 4 <= digits.size() && text.size() < kMaxName; i += 4) {
    unsigned low = 0, high = 0;
    const auto* at = digits.data() + i;
    if (std::from_chars(at, at + 2, low, 16).ec != std::errc{} ||
        std::from_chars(at + 2, at + 4, high, 16).ec != std::errc{}) {
      return {};
    }
    if (low == 0 && high == 0) break;
    text += static_cast<char16_t>(low | high << 8);
  }
  return printable_utf8(utf8_from_utf16(text).text);
}

/// 7031: name, how often, milliseconds, action, its text. 7034: name, how often. 7009 and 7011:
/// milliseconds, name. 7022: name.
std::optional<News> service_trouble(const Record& record, News news) {
  constexpr std::uint32_t kIds[] = {7009, 7011, 7022, 7031, 7034};
  if (std::ranges::find(kIds, record.id) == std::end(kIds)) return std::nullopt;
  const Values values(record);
  const bool timeout = record.id == 7009 || record.id == 7011;
  const auto display_name = values.text(timeout ? 1 : 0, kMaxName);
  if (display_name.empty()) return std::nullopt;
  const bool ended = record.id == 7031 || record.id == 7034;
  auto signal = signal_of(record, ended ? Kind::Exit : Kind::Hang);
  const auto ms = values.decimal(0).value_or(0);
  if (ended) {
    signal.detail = fmt::format("the service {} ended unexpectedly", display_name);
    if (const auto times = values.decimal(1).value_or(0); times > 1)
      signal.detail += fmt::format(", {} times by now", times);
  } else if (record.id == 7022) {
    signal.detail = fmt::format("the service {} hung while it started", display_name);
  } else {
    signal.detail = fmt::format("the service {} did not {} within {} ms", display_name,
                                record.id == 7009 ? "connect" : "answer a control", ms);
  }
  news.service = record.id == 7031 ? text_of_hex(record.binary) : std::string();
  if (news.service.empty()) news.service = display_name;
  signal.process = news.service;
  news.event.text = signal.detail;
  news.signal = std::move(signal);
  return news;
}

constexpr std::string_view kKernelImage = "ntoskrnl.exe";

/// What `bugcheck 0x00000050 (0x…, 0x…, 0x…, 0x…)` tells apart from other stops, however its
/// numbers are written: `50 fffff801013caad3 10 fffff8017ba5f4a1 2`; empty: these are not five
/// numbers.
std::string stop_key(std::string_view text) {
  constexpr std::size_t kNumbers = 5;
  std::string key;
  std::size_t count = 0;
  for (auto at = text.find("0x"); at != std::string_view::npos; at = text.find("0x", at)) {
    at += 2;
    std::uint64_t number = 0;
    const auto [end, error] =
        std::from_chars(text.data() + at, text.data() + text.size(), number, 16);
    if (error != std::errc{} || ++count > kNumbers) return {};
    key += fmt::format("{}{:x}", key.empty() ? "" : " ", number);
  }
  return count == kNumbers ? key : std::string();
}

/// `0x00000050 (0x…, 0x…, 0x…, 0x…)`, where Windows wrote the dump, the report's id.
std::optional<News> bugcheck(const Record& record, News news) {
  auto text = Values(record).text(0);
  std::uint32_t code = 0;
  if (!text.starts_with("0x") ||
      std::from_chars(text.data() + 2, text.data() + text.size(), code, 16).ec != std::errc{}) {
    return std::nullopt;
  }
  auto signal = signal_of(record, Kind::Bugcheck);
  signal.process = kKernelImage;
  signal.exception_code = code;
  signal.fault_key = stop_key(text);
  signal.detail = fmt::format("bugcheck {}", text);
  if (const auto dump = Values(record).text(1); !dump.empty())
    signal.detail += fmt::format("; Windows wrote {}", dump);
  news.event.process = kKernelImage;
  news.event.text = signal.detail;
  news.signal = std::move(signal);
  return news;
}

/// BugcheckCode (decimal), BugcheckParameter1 to 4.
std::optional<News> unclean_start(const Record& record, News news) {
  const Values values(record);
  const auto code = as_code(values.decimal(0));
  if (!code) return std::nullopt;
  auto signal = signal_of(record, Kind::Bugcheck);
  signal.process = kKernelImage;
  if (*code == 0) {
    signal.detail = "the machine stopped without shutting down: power, a reset, or a hang";
  } else {
    signal.exception_code = code;
    signal.detail =
        fmt::format("bugcheck {:#010x} ({}, {}, {}, {})", *code, values.text(1, kMaxName),
                    values.text(2, kMaxName), values.text(3, kMaxName), values.text(4, kMaxName));
    signal.fault_key = stop_key(signal.detail);
  }
  news.event.process = kKernelImage;
  news.event.text = signal.detail;
  news.signal = std::move(signal);
  return news;
}

struct Layout {
  std::string_view provider;
  std::uint32_t first_id, last_id;
  std::optional<News> (*read)(const Record&, News);
};
constexpr Layout kLayouts[] = {
    {"Application Error", 1000, 1000, application_error},
    {"Application Hang", 1002, 1002, application_hang},
    {"Windows Error Reporting", 1001, 1001, error_report},
    {".NET Runtime", 1023, 1027, dotnet_runtime},
    {"Microsoft-Windows-ProcessExitMonitor", 3000, 3001, process_exit},
    {"Service Control Manager", 7009, 7034, service_trouble},
    {"Microsoft-Windows-WER-SystemErrorReporting", 1001, 1001, bugcheck},
    {"Microsoft-Windows-Kernel-Power", 41, 41, unclean_start},
};

}  // namespace

std::optional<News> news_of(const Record& record) {
  const auto* layout = std::ranges::find_if(kLayouts, [&](const Layout& known) {
    return known.provider == record.provider && record.id >= known.first_id &&
           record.id <= known.last_id;
  });
  if (layout == std::end(kLayouts)) return std::nullopt;
  News news;
  news.event.channel = record.channel.substr(0, kMaxName);
  news.event.provider = layout->provider;
  news.event.event_id = record.id;
  news.event.record_id = record.record_id;
  news.event.at = record.at;
  return layout->read(record, std::move(news));
}

}  // namespace vigil::eventlog
