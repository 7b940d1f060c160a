// SPDX-License-Identifier: Apache-2.0
// crasher WAY [--value N] [--wait-debugger SECONDS] [--wait-stdin]
//
// Prints `pid N`, waits for what it is told to wait for, and dies in the way it is told to.
#include <windows.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "crashers/wait.h"
#include "crashers/ways.h"

using vigil::crasher::Way;

namespace {

constexpr int kUsage = 2;
constexpr int kNoDebugger = 9;

struct Options {
  const Way* way = nullptr;
  std::uint32_t value = 0;
  std::uint32_t wait_debugger = 0;  // seconds
  bool wait_stdin = false;
};

std::optional<Options> parse(std::span<char* const> arguments) {
  if (arguments.empty()) return std::nullopt;
  const auto ways = vigil::crasher::ways();
  const auto way = std::ranges::find(ways, std::string_view(arguments[0]), &Way::name);
  if (way == ways.end()) return std::nullopt;
  Options options{.way = &*way, .value = way->default_value};
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::string_view option = arguments[i];
    if (option == "--wait-stdin") {
      options.wait_stdin = true;
      continue;
    }
    if (++i == arguments.size()) return std::nullopt;
    constexpr int kAnyBase = 0;
    const auto number = static_cast<std::uint32_t>(std::strtoull(arguments[i], nullptr, kAnyBase));
    if (option == "--value") {
      options.value = number;
    } else if (option == "--wait-debugger") {
      options.wait_debugger = number;
    } else {
      return std::nullopt;
    }
  }
  return options;
}

int usage() {
  std::fputs("usage: crasher WAY [--value N] [--wait-debugger SECONDS] [--wait-stdin]\n", stderr);
  for (const Way& way : vigil::crasher::ways()) {
    std::fprintf(stderr, "  %-16s  %s\n", way.name.data(), way.what.data());
  }
  return kUsage;
}

}  // namespace

// Each calls the next through a volatile pointer and adds to its result: so no compiler inlines or
// drops a frame.
extern "C" __declspec(dllexport) int middle_frame(const Way* way, std::uint32_t value) {
  int (*volatile next)(std::uint32_t) = way->die;
  return next(value) + 1;
}

extern "C" __declspec(dllexport) int outer_frame(const Way* way, std::uint32_t value) {
  int (*volatile next)(const Way*, std::uint32_t) = middle_frame;
  return next(way, value) + 1;
}

int main(int argc, char** argv) {
  const auto options = parse(std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
  if (!options) return usage();
  ::SetErrorMode(SEM_FAILCRITICALERRORS);
  std::printf("pid %lu\n", ::GetCurrentProcessId());
  std::fflush(stdout);
  if (options->wait_debugger != 0 && !vigil::crasher::wait_for_debugger(options->wait_debugger)) {
    return kNoDebugger;
  }
  if (options->wait_stdin) vigil::crasher::wait_until_stdin_closes();
  int (*volatile next)(const Way*, std::uint32_t) = outer_frame;
  return next(options->way, options->value) == 2 ? EXIT_SUCCESS : EXIT_FAILURE;
}
