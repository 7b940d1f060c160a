// SPDX-License-Identifier: Apache-2.0
#include "pipeline/samples.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "analysis/analysis.h"
#include "base/utf.h"
#include "minidump/minidump.h"
#include "pipeline/stacks.h"
#include "pipeline/text_budget.h"
#include "platform/platform.h"

namespace vigil::pipeline {
namespace {

Result<std::unique_ptr<minidump::Minidump>> open(const Sample& sample, const Limits& limits) {
  auto file = sample.handle ? platform::MappedFile::from_native_handle(*sample.handle)
                            : platform::MappedFile::open(sample.file);
  if (!file.ok()) return std::move(file).take_error();
  return minidump::Minidump::parse(std::unique_ptr<ByteSource>(std::move(file).take()),
                                   {.max_unpacked_bytes = limits.max_unpacked_bytes_of_sample,
                                    .more_unpacked_bytes = limits.more_unpacked_bytes});
}

/// Why \p sample is no later one of the process that \p dump is of, the last of them taken at
/// \p last; empty: it is.
std::string objection(const snapshot::Snapshot& dump,
                      const snapshot::Snapshot& sample,
                      Timestamp last) {
  const auto &before = dump.process, &after = sample.process;
  const auto pid = after.pid.value_or(ProcessId{});
  if (before.pid && after.pid && *before.pid != pid)
    return fmt::format("it is of process {}, not {}", pid.value, before.pid->value);
  if (before.create_time && after.create_time && *before.create_time != *after.create_time)
    return fmt::format("it is of another process that had the id {} too", pid.value);
  if (sample.written < last) return "it was taken before the one that it follows";
  return {};
}

/// The stacks of \p sample, without names.
std::vector<report::Thread> stacks_of(minidump::Minidump& sample,
                                      symbols::Library& library,
                                      const Limits& limits) {
  const auto& snapshot = sample.snapshot();
  const snapshot::ModuleMap modules(snapshot.modules);
  symbols::ModuleImages images(snapshot.modules, sample.memory(), library);
  symbols::SymbolFiles files(snapshot.modules, library, &images);
  TextBudget budget(limits.max_text_bytes);
  report::Report scratch;
  scratch.modules.resize(snapshot.modules.size());
  add_stacks({.snapshot = snapshot,
              .memory = sample.memory(),
              .module_map = modules,
              .images = images,
              .symbols = files,
              .library = library,
              .named = false},
             limits, budget, scratch);
  return std::move(scratch.threads);
}

}  // namespace

std::vector<std::string> add_samples(const snapshot::Snapshot& dump,
                                     const std::vector<Sample>& samples,
                                     symbols::Library& library,
                                     const Limits& limits,
                                     report::Report& report) {
  std::vector<std::string> objections;
  const auto count = std::min(samples.size(), kMaxSamples);
  if (count < samples.size()) {
    objections.push_back(
        fmt::format("{} samples are left out: the limit is {}", samples.size() - count, count));
  }
  if (count == 0) return objections;
  auto own = limits;
  own.time = own.crashed_thread_time = limits.samples_time / static_cast<int>(count);
  analysis::Movements movements(dump, report.threads);
  auto last = dump.written;
  std::size_t used = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& sample = samples[i];
    const auto opened = open(sample, limits);
    auto why =
        opened.ok() ? objection(dump, (*opened)->snapshot(), last) : opened.error().message();
    if (!why.empty()) {
      objections.push_back(
          fmt::format("sample {} is not used: {}", printable_utf8(sample.name), why));
      continue;
    }
    movements.add((*opened)->snapshot(), stacks_of(**opened, library, own));
    last = (*opened)->snapshot().written;
    ++used;
  }
  if (used == 0) return objections;
  auto of_threads = movements.of_threads();
  for (std::size_t i = 0; i < report.threads.size(); ++i)
    report.threads[i].movement = std::move(of_threads[i]);
  report.samples = movements.in_numbers(last - dump.written);
  return objections;
}

}  // namespace vigil::pipeline
