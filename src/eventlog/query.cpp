// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "eventlog/eventlog.h"

namespace vigil::eventlog {
namespace {

// XPath of the event log: no more than some twenty terms in one expression.
constexpr std::string_view kApplication =
    "(Provider[@Name='Application Error'] and EventID=1000) or "
    "(Provider[@Name='Application Hang'] and EventID=1002) or "
    "(Provider[@Name='Windows Error Reporting'] and EventID=1001) or "
    "(Provider[@Name='.NET Runtime'] and "
    "(EventID=1023 or EventID=1025 or EventID=1026 or EventID=1027)) or "
    "(Provider[@Name='Microsoft-Windows-ProcessExitMonitor'] and (EventID=3000 or EventID=3001))";

constexpr std::string_view kServices =
    "Provider[@Name='Service Control Manager'] and (EventID=7009 or EventID=7011 or "
    "EventID=7022 or EventID=7031 or EventID=7034)";

constexpr std::string_view kKernel =
    "(Provider[@Name='Microsoft-Windows-WER-SystemErrorReporting'] and EventID=1001) or "
    "(Provider[@Name='Microsoft-Windows-Kernel-Power'] and EventID=41)";

constexpr std::string_view kTrouble = "Level=1 or Level=2 or Level=3";

std::string select(std::string_view channel,
                   std::string_view what,
                   const std::optional<Microseconds>& back) {
  const auto young =
      back ? fmt::format(" and TimeCreated[timediff(@SystemTime) &lt;= {}]",
                         std::chrono::duration_cast<std::chrono::milliseconds>(*back).count())
           : std::string();
  return fmt::format("<Select Path=\"{}\">*[System[({}){}]]</Select>", channel, what, young);
}

}  // namespace

std::string news_query(std::optional<Microseconds> back) {
  return fmt::format("<QueryList><Query Id=\"0\">{}{}{}{}{}</Query></QueryList>",
                     select("Application", kApplication, back), select("System", kServices, back),
                     select("System", kKernel, back), select("Application", kTrouble, kTroubleAge),
                     select("System", kTrouble, kTroubleAge));
}

}  // namespace vigil::eventlog
