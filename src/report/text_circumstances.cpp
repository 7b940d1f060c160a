// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/words.h"
#include "report/text_page.h"
#include "report/text_sections.h"

namespace vigil::report {
namespace {

constexpr std::size_t kMaxShown = 8;  ///< Lines of the flight recorder.
constexpr std::size_t kMaxBusyShown = 5;
constexpr std::size_t kMaxLogShown = 10;

std::string percent(std::uint32_t ppm) {
  constexpr double kPpmOfPercent = 10'000.0;
  return fmt::format("{:.1f} %", ppm / kPpmOfPercent);
}

std::string in_bytes(std::uint32_t kib) {
  constexpr std::uint64_t kKiB = 1024;
  return format_bytes(kib * kKiB);
}

/// Lines spread over the whole time, the last one always among them.
void add_record(TextPage& page, const FlightRecord& record) {
  const auto count = record.ms_before.size();
  if (count == 0) return;
  page.blank();
  page.line(fmt::format("{:>9}  {:>10}  {:>11}  {:>11}  {:>9}  {:>8}  {:>12}", "Before",
                        "CPU, a core", "Private", "Working set", "Handles", "Threads",
                        "I/O a second"));
  const auto lines = std::min(count, kMaxShown);
  for (std::size_t i = 1; i <= lines; ++i) {
    const auto at = i * count / lines - 1;
    constexpr double kMsPerSecond = 1000.0;
    page.line(fmt::format("{:>7.1f} s  {:>11}  {:>11}  {:>11}  {:>9}  {:>8}  {:>12}",
                          record.ms_before[at] / kMsPerSecond, percent(record.cpu_ppm[at]),
                          in_bytes(record.private_kib[at]), in_bytes(record.working_set_kib[at]),
                          record.handles[at], record.threads[at],
                          in_bytes(record.io_kib_per_second[at])));
  }
}

std::string memory_of(const Circumstances& circumstances) {
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
  if (circumstances.physical_available && circumstances.physical_total) {
    add(fmt::format("{} of {} available", format_bytes(*circumstances.physical_available),
                    format_bytes(*circumstances.physical_total)));
  }
  if (circumstances.commit_total && circumstances.commit_limit) {
    add(fmt::format("commit {} of {}", format_bytes(*circumstances.commit_total),
                    format_bytes(*circumstances.commit_limit)));
  }
  return text;
}

std::string threads_of(const Circumstances& circumstances) {
  std::string text;
  const auto shown = std::min(circumstances.threads.size(), kMaxBusyShown);
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& thread = circumstances.threads[i];
    text += fmt::format("{}{} ({})", i == 0 ? "" : ", ", thread.thread_id, percent(thread.cpu_ppm));
  }
  return text;
}

std::string services_of(const Circumstances& circumstances) {
  std::string text;
  for (const auto& service : circumstances.services) {
    text += fmt::format("{}{} ({}", text.empty() ? "" : ", ", service.name, service.state);
    if (service.exit_code != 0) text += fmt::format(", error {}", service.exit_code);
    text += ')';
  }
  return text;
}

/// The last ones: they are the nearest to what happened.
void add_log(TextPage& page, const Circumstances& circumstances) {
  const auto& log = circumstances.log;
  const auto shown = std::min(log.size(), kMaxLogShown);
  for (auto i = log.size() - shown; i < log.size(); ++i) {
    const auto& entry = log[i];
    constexpr double kUsPerSecond = 1e6;
    const auto before = static_cast<double>((circumstances.at - entry.at).count()) / kUsPerSecond;
    page.field(i + shown == log.size() ? "Log" : "",
               fmt::format("{:.1f} s before, {} {}, {} {}: {}", before, entry.channel, entry.level,
                           entry.provider, entry.event_id, entry.text));
  }
  if (shown < log.size()) page.field("", fmt::format("and {} before those", log.size() - shown));
}

}  // namespace

void add_circumstances(TextPage& page, const Circumstances& circumstances) {
  page.blank();
  page.line("When it happened, by the service's own measurements:");
  page.field("Memory", memory_of(circumstances));
  if (circumstances.disk_free)
    page.field("Disk", format_bytes(*circumstances.disk_free) + " free where the dumps go");
  page.field("Hot threads", threads_of(circumstances));
  const auto shown = std::min(circumstances.processes.size(), kMaxBusyShown);
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& process = circumstances.processes[i];
    page.field(i == 0 ? "Busiest" : "",
               fmt::format("{} ({}): {} of a core, {}", process.name, process.pid,
                           percent(process.cpu_ppm), format_bytes(process.private_bytes)));
  }
  page.field("Services", services_of(circumstances));
  add_log(page, circumstances);
  add_record(page, circumstances.record);
}

std::string to_text(const Circumstances& circumstances, const TextOptions& options) {
  TextPage page(options.color);
  add_circumstances(page, circumstances);
  return std::move(page).take();
}

}  // namespace vigil::report
