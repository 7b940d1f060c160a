// SPDX-License-Identifier: Apache-2.0
#include "log.h"

#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "base/utf.h"
#include "options.h"
#include "platform/win/event_log.h"

namespace vigil::service {
namespace {

constexpr std::uint32_t kWarningEvent = 300;
constexpr std::uint32_t kErrorEvent = 400;

/// Warnings and errors go to the Application log of the machine, where administrators look first.
class EventLogSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit EventLogSink(platform::EventLog log) : log_(std::move(log)) {
    set_level(spdlog::level::warn);
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const bool error = message.level >= spdlog::level::err;
    const auto text = std::string_view(message.payload.data(), message.payload.size());
    // A failure has nowhere to go: the log file has the same line.
    (void)log_.report(error ? platform::EventSeverity::Error : platform::EventSeverity::Warning,
                      error ? kErrorEvent : kWarningEvent, text);
  }
  void flush_() override {}

  platform::EventLog log_;
};

spdlog::level::level_enum level_from(std::string_view name) {
  return spdlog::level::from_str(name == "warning" ? "warn" : std::string(name));
}

}  // namespace

Result<std::unique_ptr<spdlog::logger>> open_log(const std::filesystem::path& folder,
                                                 const settings::Settings& settings,
                                                 bool console) {
  std::vector<spdlog::sink_ptr> sinks;
  try {
    sinks.push_back(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
        utf8_from_path(folder / "vigil.log"), settings.log_max_bytes, settings.log_files));
    if (console) sinks.push_back(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  } catch (const spdlog::spdlog_ex& e) {
    return Error{Errc::Io, std::string("cannot open the log: ") + e.what()};
  }
  if (settings.event_log) {
    auto event_log = platform::EventLog::open(kServiceName);
    if (event_log.ok()) {
      sinks.push_back(std::make_shared<EventLogSink>(std::move(event_log).take()));
    }
  }
  auto log = std::make_unique<spdlog::logger>("vigil", sinks.begin(), sinks.end());
  log->set_level(level_from(settings.log_level));
  log->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %-7l %v", spdlog::pattern_time_type::utc);
  // A service that is killed must have said what it did last.
  log->flush_on(spdlog::level::trace);
  return log;
}

}  // namespace vigil::service
