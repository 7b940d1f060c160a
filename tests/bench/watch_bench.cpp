// SPDX-License-Identifier: Apache-2.0
// watch_bench [--processes N] [--rules N] [--looks N]
//
// What the sampler and the rules cost at one look a second, in processor time, and how much memory
// they keep.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <numeric>
#include <span>
#include <string_view>

#include <unistd.h>

#include <fmt/format.h>

#include "bench/bench_table.h"
#include "bench/watch_cost.h"

namespace vigil::bench {
namespace {

constexpr int kUsage = 2;
/// Of one core, at one look a second.
constexpr double kBarPercent = 0.5;

double processor_seconds() {
  std::timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::uint64_t resident_bytes() {
  std::uint64_t total = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

int run(std::span<char* const> arguments) {
  WatchLoad load;
  for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
    const std::string_view option = arguments[i];
    const auto number = std::strtoull(arguments[i + 1], nullptr, 10);
    auto* target = option == "--processes" ? &load.processes
                   : option == "--rules"   ? &load.rules
                   : option == "--looks"   ? &load.looks
                                           : nullptr;
    if (target == nullptr || number == 0) return kUsage;
    *target = number;
  }
  const auto before = resident_bytes();
  const auto cost = measure_watch(load, processor_seconds);
  const auto kept = resident_bytes() - before;
  const double all = std::accumulate(cost.seconds.begin(), cost.seconds.end(), 0.0);
  const double percent = all / static_cast<double>(cost.seconds.size()) * 100.0;
  const auto spread = spread_of(cost.seconds);
  fmt::print("{} processes, {} rules, {} looks; {} fired\n\n", load.processes, load.rules,
             load.looks, cost.fired);
  fmt::print(
      "{}",
      table_text({{"what", "measured", "bar"},
                  {"one look", duration_text(spread), ""},
                  {"of one core, a look a second", fmt::format("{:.3f} %", percent),
                   fmt::format("{} %: {}", kBarPercent, percent < kBarPercent ? "met" : "missed")},
                  {"memory", size_text(kept), ""},
                  {"a process", size_text(kept / load.processes), ""}}));
  return percent < kBarPercent ? 0 : 1;
}

}  // namespace
}  // namespace vigil::bench

int main(int argc, char** argv) {
  return vigil::bench::run(std::span<char* const>(argv + 1, static_cast<std::size_t>(argc - 1)));
}
