// SPDX-License-Identifier: Apache-2.0
// watch_bench [--children N]
//
// What one look costs beside the question to the system that it begins with
// (NtQuerySystemInformation), both for each process in the table. The table is that of this
// machine, with some idle children more.
#include <windows.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "bench/bench_table.h"
#include "bench/watch_cost.h"
#include "platform/platform.h"
#include "platform/win/child_process.h"
#include "platform/win/process_table.h"

namespace vigil::bench {
namespace {

constexpr int kFailed = 1, kUsage = 2;
constexpr double kBarRatio = 1.5;
constexpr int kRounds = 50;

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Until whoever started it ends it.
int be_idle() {
  ::WaitForSingleObject(::GetCurrentProcess(), INFINITE);
  return 0;
}

std::vector<platform::ChildProcess> start_idle(std::size_t count) {
  std::vector<platform::ChildProcess> children;
  const auto self = platform::current_program();
  for (std::size_t i = 0; self.ok() && i < count; ++i) {
    auto child = platform::start_child({.program = *self, .arguments = {"--idle"}});
    if (!child.ok()) break;
    children.push_back(std::move(child).take());
  }
  return children;
}

int run(std::span<char* const> arguments) {
  std::size_t count = 60;
  if (!arguments.empty() && std::string_view(arguments[0]) == "--idle") return be_idle();
  if (arguments.size() == 2 && std::string_view(arguments[0]) == "--children") {
    count = std::strtoull(arguments[1], nullptr, 10);
  } else if (!arguments.empty()) {
    return kUsage;
  }
  const auto children = start_idle(count);
  platform::ProcessTable table;
  std::vector<double> asked;
  std::size_t rows = 0;
  for (int i = 0; i < kRounds; ++i) {
    const double begin = seconds();
    const auto read = table.read();
    asked.push_back(seconds() - begin);
    rows = read.ok() ? read->size() : 0;
  }
  for (const auto& child : children) ::TerminateProcess(child.process.get(), 0);
  if (rows == 0) return kFailed;
  const WatchLoad load{.processes = 2'000, .rules = 200, .looks = 120};
  const auto cost = measure_watch(load, seconds);
  const double question = spread_of(asked).median / static_cast<double>(rows);
  const double look = spread_of(cost.seconds).median / static_cast<double>(load.processes);
  const double ratio = look / question;
  fmt::print("for each process; the table had {}\n\n", rows);
  fmt::print(
      "{}",
      table_text({{"what", "measured", "bar"},
                  {"NtQuerySystemInformation", fmt::format("{:.2f} us", question * 1e6), ""},
                  {"sampler and 200 rules", fmt::format("{:.2f} us", look * 1e6), ""},
                  {"ratio", ratio_text(ratio),
                   fmt::format("{}: {}", kBarRatio, ratio <= kBarRatio ? "met" : "missed")}}));
  return ratio <= kBarRatio ? 0 : kFailed;
}

}  // namespace
}  // namespace vigil::bench

int main(int argc, char** argv) {
  return vigil::bench::run(std::span<char* const>(argv + 1, static_cast<std::size_t>(argc - 1)));
}
