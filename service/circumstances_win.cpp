// SPDX-License-Identifier: Apache-2.0
#include "circumstances.h"

#include <windows.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "platform/platform.h"
#include "platform/win/machine.h"
#include "platform/win/service_table.h"

namespace vigil::service {
namespace {

constexpr std::size_t kBusiest = 5;
constexpr std::size_t kMaxServices = 20;
constexpr std::uint64_t kKiB = 1024;
/// The busiest threads are counted from one look to the next.
constexpr std::int64_t kPpm = 1'000'000;

std::uint32_t capped(std::uint64_t value) {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

std::uint32_t ms_between(Timestamp from, Timestamp to) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(to - from).count();
  return capped(static_cast<std::uint64_t>(std::max<std::int64_t>(ms, 0)));
}

report::FlightRecord record_of(const std::vector<watch::Sample>& samples, Timestamp now) {
  report::FlightRecord record;
  for (const auto& [at, reading] : samples) {
    record.ms_before.push_back(ms_between(at, now));
    record.cpu_ppm.push_back(reading.cpu_ppm);
    record.private_kib.push_back(capped(reading.private_bytes / kKiB));
    record.working_set_kib.push_back(capped(reading.working_set / kKiB));
    record.io_kib_per_second.push_back(capped(reading.io_per_second / kKiB));
    record.handles.push_back(reading.handles);
    record.threads.push_back(reading.threads);
  }
  return record;
}

/// \p interval: between the last two looks.
std::vector<report::BusyThread> threads_of(const ProcessKey& process,
                                           const platform::ProcessTable& table,
                                           Microseconds interval) {
  std::vector<report::BusyThread> threads;
  if (interval <= Microseconds(0)) return threads;
  for (const auto& thread : table.busiest_threads(process, kBusiest)) {
    const auto ppm = thread.cpu.count() * kPpm / interval.count();
    threads.push_back({thread.id, capped(static_cast<std::uint64_t>(ppm))});
  }
  return threads;
}

std::vector<report::BusyProcess> processes_of(const Measurements& measurements) {
  std::vector<std::pair<std::uint32_t, const platform::ProcessRow*>> found;
  for (const auto& row : measurements.table.rows()) {
    const auto* reading = measurements.sampler.reading(row.key);
    if (reading != nullptr && reading->cpu_ppm > 0) found.emplace_back(reading->cpu_ppm, &row);
  }
  const auto shown = std::min(found.size(), kBusiest);
  std::ranges::partial_sort(found, found.begin() + static_cast<std::ptrdiff_t>(shown),
                            std::ranges::greater{}, &decltype(found)::value_type::first);
  std::vector<report::BusyProcess> processes;
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& [ppm, row] = found[i];
    processes.push_back({row->key.pid.value, row->name(), ppm, row->private_bytes});
  }
  return processes;
}

std::string_view state_name(std::uint32_t state) {
  switch (state) {
    case SERVICE_STOPPED: return "stopped";
    case SERVICE_START_PENDING: return "start pending";
    case SERVICE_STOP_PENDING: return "stop pending";
    case SERVICE_CONTINUE_PENDING: return "continue pending";
    case SERVICE_PAUSE_PENDING: return "pause pending";
    case SERVICE_PAUSED: return "paused";
    default: return "running";
  }
}

std::vector<report::TroubledService> services_in_trouble() {
  std::vector<report::TroubledService> services;
  const auto found = platform::troubled_services(kMaxServices);
  if (!found.ok()) return services;
  for (const auto& service : *found)
    services.push_back({service.name, std::string(state_name(service.state)), service.exit_code});
  return services;
}

}  // namespace

report::Circumstances circumstances_of(const ProcessKey& process,
                                       const Measurements& measurements,
                                       Timestamp now) {
  report::Circumstances result;
  result.at = now;
  result.processors = platform::processor_count();
  if (const auto memory = platform::machine_memory(); memory.ok()) {
    result.physical_total = memory->physical_total;
    result.physical_available = memory->physical_available;
    result.commit_total = memory->commit_total;
    result.commit_limit = memory->commit_limit;
  }
  if (const auto free = platform::free_disk_bytes(measurements.dumps); free.ok())
    result.disk_free = *free;
  const auto samples = measurements.sampler.samples(process);
  result.record = record_of(samples, now);
  result.threads = threads_of(process, measurements.table, measurements.sampler.interval());
  result.processes = processes_of(measurements);
  result.services = services_in_trouble();
  return result;
}

std::string to_json(const report::Circumstances& circumstances) {
  report::Report report;
  report.circumstances = circumstances;
  return report::to_json(report, false);
}

}  // namespace vigil::service
