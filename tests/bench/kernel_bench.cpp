// SPDX-License-Identifier: Apache-2.0
// kernel_bench [--gib N] [--runs N]
//
// What the analysis of a large kernel dump costs beside the least that it can: reading the bitmap
// of its pages and the page tables that its address space has. The dump is of a made machine, a
// file with holes, and read from the disk's cache.
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>

#include "base/utf.h"
#include "bench/bench_table.h"
#include "kerneldump/kerneldump.h"
#include "pipeline/pipeline.h"
#include "platform/platform.h"
#include "support/kernel_machine.h"

namespace vigil::bench {
namespace {

constexpr double kBarRatio = 5;
constexpr std::uint64_t kBarBytes = std::uint64_t{64} << 20;
constexpr std::uint64_t kPage = 4096, kHeader = 0x2000, kBitmapAt = kHeader + 0x38;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// `VmHWM` of this process.
std::uint64_t peak_resident_bytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  std::uint64_t kib = 0;
  while (status >> word)
    if (word == "VmHWM:" && status >> kib) return kib * 1024;
  return 0;
}

std::uint64_t number(ByteView file, std::uint64_t at) {
  const auto value = file.read<std::uint64_t>(at);
  return value.ok() ? *value : 0;
}

/// The floor: every bit of the bitmap is looked at, and every table of four levels is read.
class Floor {
 public:
  explicit Floor(ByteView file) : file_(file) {}

  std::uint64_t run() {
    first_page_ = number(file_, kHeader + 0x20);
    const auto bits = number(file_, kHeader + 0x30);
    ranks_.reserve(static_cast<std::size_t>(bits / 64 + 1));
    std::uint64_t rank = 0;
    for (std::uint64_t word = 0; word < bits / 64; ++word) {
      ranks_.push_back(rank);
      rank += static_cast<std::uint64_t>(std::popcount(number(file_, kBitmapAt + word * 8)));
    }
    return rank + tables(number(file_, 0x10) & 0xffffffffff000, 4);
  }

 private:
  std::uint64_t tables(std::uint64_t table, int level) {
    const auto pfn = table / kPage;
    if (pfn / 64 >= ranks_.size() || !seen_.insert(pfn).second) return 0;
    const auto word = number(file_, kBitmapAt + pfn / 64 * 8);
    if ((word >> (pfn % 64) & 1) == 0) return 0;
    const auto below = word & ((std::uint64_t{1} << (pfn % 64)) - 1);
    const auto rank = ranks_[static_cast<std::size_t>(pfn / 64)] +
                      static_cast<std::uint64_t>(std::popcount(below));
    const auto at = first_page_ + rank * kPage;
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < kPage / 8; ++i) {
      const auto entry = number(file_, at + i * 8);
      sum += entry & 1;
      const bool leads_on = (entry & 1) != 0 && (entry & 0x80) == 0 && level > 1;
      if (leads_on) sum += tables(entry & 0xffffffffff000, level - 1);
    }
    return sum;
  }

  ByteView file_;
  std::uint64_t first_page_ = 0;
  std::vector<std::uint64_t> ranks_;
  std::set<std::uint64_t> seen_;
};

struct Times {
  std::vector<double> floor, parse, report;
};

int run(std::uint64_t gib, int runs) {
  const auto path = std::filesystem::temp_directory_path() / "vigil_kernel_bench.dmp";
  test::write_sparse_dump(test::make_kernel_machine(), test::KernelDumpKind::BitmapKernel,
                          gib << 30, utf8_from_path(path));
  Times times;
  for (int i = 0; i < runs; ++i) {
    auto start = std::chrono::steady_clock::now();
    auto file = platform::MappedFile::open(path);
    if (!file.ok() || Floor((*file)->bytes()).run() == 0) return EXIT_FAILURE;
    times.floor.push_back(seconds_since(start));

    start = std::chrono::steady_clock::now();
    file = platform::MappedFile::open(path);
    if (!file.ok()) return EXIT_FAILURE;
    const auto dump =
        kerneldump::KernelDump::parse(std::unique_ptr<ByteSource>(std::move(file).take()));
    if (!dump.ok() || (*dump)->snapshot().kernel->processes.empty()) return EXIT_FAILURE;
    times.parse.push_back(seconds_since(start));

    start = std::chrono::steady_clock::now();
    symbols::Library library({.module_paths = false});
    const auto report = pipeline::analyze(path, library);
    if (!report.ok() || report->kernel->blame.module.empty()) return EXIT_FAILURE;
    times.report.push_back(seconds_since(start));
  }
  const auto size = std::filesystem::file_size(path);
  std::filesystem::remove(path);

  const auto floor = spread_of(times.floor);
  const auto row = [&](const char* what, const std::vector<double>& values) {
    const auto spread = spread_of(values);
    return Row{what, duration_text(spread), ratio_text(spread.median / floor.median)};
  };
  std::fputs(
      fmt::format("{} GiB of memory, {} of file, {} runs\n", gib, size_text(size), runs).c_str(),
      stdout);
  std::fputs(table_text({{"what", "time", "floor"},
                         row("bitmap and page tables", times.floor),
                         row("KernelDump::parse", times.parse),
                         row("whole report", times.report)})
                 .c_str(),
             stdout);
  const auto peak = peak_resident_bytes();
  std::fputs(
      fmt::format("peak resident, with the maker of the dump: {}\n", size_text(peak)).c_str(),
      stdout);
  const bool fast = spread_of(times.report).median < kBarRatio * floor.median;
  const bool small = peak < kBarBytes;
  std::fputs(fmt::format("bar: report under {}x: {}; under {}: {}\n", kBarRatio,
                         fast ? "yes" : "NO", size_text(kBarBytes), small ? "yes" : "NO")
                 .c_str(),
             stdout);
  return fast && small ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace vigil::bench

int main(int count, char** values) {
  std::uint64_t gib = 32;
  int runs = 9;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = values[i];
    if (name == "--gib") gib = std::strtoull(values[i + 1], nullptr, 10);
    if (name == "--runs") runs = std::atoi(values[i + 1]);
  }
  return vigil::bench::run(gib, runs);
}
